// SPDX-License-Identifier: Apache-2.0
#pragma once

// The memory of one flow for tests, without bounds: what the pipeline's does in fixed memory.

#include <algorithm>
#include <array>
#include <list>
#include <set>
#include <vector>

#include "protocols/datagram_reader.h"

namespace telefence::testing {

class MapMemory final : public FlowMemory {
 public:
  using Octets = std::vector<std::uint8_t>;

  Connection find(Bytes mark) override {
    for (const Octets& refused : refused_)
      if (std::ranges::equal(refused, mark)) return {Standing::kRefused, refused, {}};
    for (const Kept& kept : kept_)
      if (std::ranges::equal(kept.mark, mark)) return {Standing::kUnfinished, kept.mark, kept.note};
    return {};
  }
  std::size_t list(std::span<Connection> room) override {
    std::size_t count = 0;
    for (const Kept& kept : kept_)
      if (count < room.size()) room[count++] = {Standing::kUnfinished, kept.mark, kept.note};
    for (const Octets& refused : refused_)
      if (count < room.size()) room[count++] = {Standing::kRefused, refused, {}};
    return count;
  }
  void belongs_to(Bytes mark) override { belongings.insert(Octets(mark.begin(), mark.end())); }
  void keep(Bytes mark, Bytes note) override {
    if (find(mark).standing == Standing::kRefused) return;
    finish_quietly(mark);
    kept_.push_front({Octets(mark.begin(), mark.end()), Octets(note.begin(), note.end())});
  }
  void finish(Bytes mark, End end) override {
    const bool was_kept = finish_quietly(mark);
    if (end == End::kGivenUp) ++given_up;
    if (end == End::kRead && was_kept) ++read;
  }
  void note(Sight sight) override { ++sights[static_cast<std::size_t>(sight)]; }

  void refuse(Bytes mark) {
    finish_quietly(mark);
    refused_.emplace_front(mark.begin(), mark.end());
  }
  std::size_t unfinished() const { return kept_.size(); }
  unsigned seen(Sight sight) const { return sights[static_cast<std::size_t>(sight)]; }

  std::set<Octets> belongings;  // of all datagrams since it was cleared
  std::array<unsigned, kSights> sights{};
  unsigned read = 0;
  unsigned given_up = 0;

 private:
  struct Kept {
    Octets mark;
    Octets note;
  };
  bool finish_quietly(Bytes mark) {
    return kept_.remove_if([&](const Kept& kept) { return std::ranges::equal(kept.mark, mark); }) != 0;
  }
  std::list<Kept> kept_;
  std::list<Octets> refused_;
};

}  // namespace telefence::testing
