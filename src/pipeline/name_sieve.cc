// SPDX-License-Identifier: Apache-2.0
#include "pipeline/name_sieve.h"

#include <algorithm>

#include "base/check.h"
#include "pipeline/payload_reader.h"

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
  run_count_ = 0;
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
  if (found != 0) runs_[run_count_++] = {protocol, static_cast<std::uint16_t>(count + found)};
  return found;
}

std::size_t NameSieve::run(const MatchSet& set, const Classifier& classifier) {
  if (pause_ != 0) {
    --pause_;
    return 0;
  }
  const std::size_t count = collect(classifier);
  if (count == 0) return 0;
  const std::size_t listed = which_may_be_listed(set, count);
  if (2 * listed > count) pause_ = kPause;
  turn_away(count, listed);
  count_innocents(listed);
  return count - listed;
}

// Fills `listed_`. Returns how many.
std::size_t NameSieve::which_may_be_listed(const MatchSet& set, std::size_t count) {
  std::size_t listed = 0;
  for (std::size_t first = 0; first < count; first += MatchSet::kMostAsked) {
    const std::span<const PlainName> some = std::span<const PlainName>(names_).subspan(first, std::min(count - first, MatchSet::kMostAsked));
    const std::size_t before = listed;
    listed += set.may_be_listed(some, std::span(listed_).subspan(before));
    for (std::size_t i = before; i < listed; ++i) listed_[i] = static_cast<std::uint16_t>(first + listed_[i]);
  }
  return listed;
}

// All of the names, and then not those that are among `listed_`: which these are can't be foretold.
void NameSieve::turn_away(std::size_t count, std::size_t listed) {
  if (frames_[count - 1] == count - 1) [[likely]] {  // every frame so far has one
    std::fill_n(burst_.is_turned_away.begin(), count, true);
    std::fill_n(burst_.fates.begin(), count, Fate::kForwardedInspected);
  } else {
    for (std::size_t n = 0; n < count; ++n) {
      burst_.is_turned_away[frames_[n]] = true;
      burst_.fates[frames_[n]] = Fate::kForwardedInspected;
    }
  }
  for (std::size_t n = 0; n < listed; ++n) {
    const std::size_t frame = frames_[listed_[n]];
    burst_.is_turned_away[frame] = false;
    burst_.fates[frame] = PayloadReader::kUnread;
  }
  burst_.any_turned_away = listed < count;
}

void NameSieve::count_innocents(std::size_t listed) {
  std::size_t next = 0, begin = 0;  // of `listed_`, and of the names
  for (const Run& run : std::span(runs_).first(run_count_)) {
    const std::size_t before = next;
    while (next < listed && listed_[next] < run.end) ++next;
    count_innocent(run.protocol, run.end - begin - (next - before));
    begin = run.end;
  }
}

// As the stages count messages without a hit.
void NameSieve::count_innocent(std::uint8_t protocol, std::uint64_t messages) {
  stats_.parsed[protocol][static_cast<std::size_t>(Progress::kDone)].add(messages);
  stats_.messages[protocol].add(messages);
  stats_.verdicts[protocol][static_cast<std::size_t>(Reason::kNoHit)].add(messages);
}

}  // namespace telefence
