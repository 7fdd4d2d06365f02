// SPDX-License-Identifier: Apache-2.0
#include "pipeline/name_sieve.h"

#include "base/check.h"

namespace telefence {

NameSieve::NameSieve(Burst& burst, WorkerStats& stats) : burst_(burst), stats_(stats) {
  for (const Protocol* const one : registered_protocols())
    CHECK(one->plain_name == nullptr || (one->acknowledges == nullptr && one->make_reader == nullptr));
}

// Names in the plainest form, in the order of their frames.
std::size_t NameSieve::collect(const Classifier& classifier) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < burst_.count; ++i) {
    const Layers& layers = burst_.layers[i];
    if (layers.end != DecodeEnd::kPayload || layers.transport != Transport::kUdp) continue;
    const std::uint8_t protocol = classifier.by_destination(Transport::kUdp, layers.destination_port);
    if (protocol == kNoProtocol || !classifier.is_enabled(protocol)) continue;
    const auto plain_name = registered_protocols()[protocol]->plain_name;
    if (plain_name == nullptr) continue;
    if (!plain_name(payload_of(burst_.frames[i], layers), room_[count].data(), names_[count])) continue;
    burst_.protocol[i] = protocol;
    frames_[count++] = static_cast<std::uint16_t>(i);
  }
  return count;
}

std::size_t NameSieve::run(const MatchSet& set, const Classifier& classifier) {
  static_assert(Burst::kFrames <= MatchSet::kMostAsked);
  if (pause_ != 0) {
    --pause_;
    return 0;
  }
  const std::size_t count = collect(classifier);
  if (count == 0) return 0;
  const std::size_t listed = set.may_be_listed(names_.first(count), listed_);
  if (2 * listed > count) pause_ = kPause;
  turn_away(count, listed);
  return count - listed;
}

// Those of the names that are not among `listed_`. Neighbours mostly are of one protocol: it is counted when another one comes.
void NameSieve::turn_away(std::size_t count, std::size_t listed) {
  std::size_t next = 0;  // of `listed_`
  std::uint64_t alike = 0;
  std::uint8_t last = burst_.protocol[frames_[0]];
  for (std::size_t n = 0; n < count; ++n) {
    if (next < listed && listed_[next] == n) {
      ++next;
      continue;
    }
    const std::size_t frame = frames_[n];
    if (burst_.protocol[frame] != last) {
      count_innocent(last, alike);
      last = burst_.protocol[frame];
      alike = 0;
    }
    ++alike;
    burst_.is_turned_away[frame] = true;
    burst_.fates[frame] = Fate::kForwardedInspected;
  }
  count_innocent(last, alike);
  burst_.any_turned_away = listed < count;
}

// As the stages count messages without a hit.
void NameSieve::count_innocent(std::uint8_t protocol, std::uint64_t messages) {
  stats_.parsed[protocol][static_cast<std::size_t>(Progress::kDone)].add(messages);
  stats_.messages[protocol].add(messages);
  stats_.verdicts[protocol][static_cast<std::size_t>(Reason::kNoHit)].add(messages);
}

}  // namespace telefence
