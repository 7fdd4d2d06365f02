// SPDX-License-Identifier: Apache-2.0
#include "pipeline/name_sieve.h"

#include "base/check.h"

namespace telefence {

NameSieve::NameSieve(Burst& burst, WorkerStats& stats) : burst_(burst), stats_(stats) {
  for (const Protocol* const one : registered_protocols())
    CHECK(one->plain_names == nullptr || (one->acknowledges == nullptr && one->make_reader == nullptr));
}

// Names in the plainest form, in the order of their frames. Neighbours of one protocol are read together; what other protocols have between them
// does not part them.
std::size_t NameSieve::collect(const Classifier& classifier) {
  std::size_t count = 0, waiting = 0;
  std::uint8_t last = kNoProtocol;
  const std::span<const Frame> frames = burst_.received();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Layers& layers = burst_.layers[i];
    if (layers.end != DecodeEnd::kPayload || layers.transport != Transport::kUdp) continue;
    if (frames[i].tailroom < Protocol::kBehindPlain) [[unlikely]] continue;
    const std::uint8_t protocol = classifier.by_destination(Transport::kUdp, layers.destination_port);
    if (protocol == kNoProtocol) continue;
    if (protocol != last) [[unlikely]] {
      const bool has_plain = classifier.is_enabled(protocol) && registered_protocols()[protocol]->plain_names != nullptr;
      if (!has_plain) continue;
      if (waiting != 0) count += read_names(last, waiting, count);
      waiting = 0;
      last = protocol;
    }
    messages_[waiting] = payload_of(frames[i], layers);
    waiting_[waiting++] = static_cast<std::uint16_t>(i);
  }
  return waiting == 0 ? count : count + read_names(last, waiting, count);
}

// Of the waiting messages of a protocol; behind the first `count` names.
std::size_t NameSieve::read_names(std::uint8_t protocol, std::size_t waiting, std::size_t count) {
  std::array<std::uint16_t, Burst::kFrames> indexes;
  const std::size_t found = registered_protocols()[protocol]->plain_names(messages_.first(waiting), &names_[count], indexes.data());
  for (std::size_t n = 0; n < found; ++n) {
    const std::uint16_t frame = waiting_[indexes[n]];
    burst_.protocol[frame] = protocol;
    frames_[count + n] = frame;
  }
  return found;
}

std::size_t NameSieve::run(const MatchSet& set, const Classifier& classifier) {
  static_assert(Burst::kFrames <= MatchSet::kMostAsked);
  if (pause_ != 0) {
    --pause_;
    return 0;
  }
  const std::size_t count = collect(classifier);
  if (count == 0) return 0;
  const std::size_t listed = set.may_be_listed(std::span<const PlainName>(names_).first(count), listed_);
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
