// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which batch stood where in the log: some of its (sequence, hash), close together near the end and ever wider apart before. A snapshot
// brings them along, so that an edge that knows nothing else of the log before can tell a server that is behind from one whose log is
// another. Of two neighbours that are d batches before the end, one is at most d / 32 behind the other; the first is kept. Pure.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace telefence {

class LogTrail {
 public:
  static constexpr std::size_t kMost = 2048;  // what there is of a log of 2^64 batches, and a few

  struct Place {
    std::uint64_t sequence = 0;
    std::string hash;
  };

  // The next one. A number that is not larger begins another log.
  void add(std::uint64_t sequence, std::string hash) {
    if (!places_.empty() && sequence <= places_.back().sequence) places_.clear();
    places_.push_back({sequence, std::move(hash)});
    if (places_.size() >= 2 * kMost) thin();
  }
  // Drops what is not needed any more.
  void thin() {
    if (places_.empty()) return;
    const std::uint64_t first = places_.front().sequence, end = places_.back().sequence;
    std::erase_if(places_, [&](const Place& place) {
      return place.sequence != first && place.sequence % std::bit_floor(std::max<std::uint64_t>((end - place.sequence) / kNear, 1)) != 0;
    });
  }
  // The last one that is not behind this sequence; nullptr: there is none.
  const Place* at_or_before(std::uint64_t sequence) const {
    const auto behind = std::upper_bound(places_.begin(), places_.end(), sequence, [](std::uint64_t a, const Place& b) { return a < b.sequence; });
    return behind == places_.begin() ? nullptr : &*std::prev(behind);
  }
  const std::vector<Place>& places() const { return places_; }

 private:
  static constexpr std::uint64_t kNear = 32;

  std::vector<Place> places_;  // by sequence
};

}  // namespace telefence
