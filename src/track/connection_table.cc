// SPDX-License-Identifier: Apache-2.0
#include "track/connection_table.h"

#include "base/check.h"

namespace telefence {

ConnectionTable::ConnectionTable(std::size_t entries, std::uint64_t lives_ns)
    : flows_(make_large<std::uint64_t>(entries)),
      connections_(make_large<Connection>(entries)),
      set_mask_(entries / kWays - 1),
      lives_ns_(lives_ns) {
  CHECK(entries >= kWays && (entries & (entries - 1)) == 0);
}

ConnectionTable::Connection* ConnectionTable::find(const Key& key, Bytes mark, std::uint64_t now_ns) {
  if (size_ == 0) return nullptr;
  const std::size_t set = set_of(key);
  for (std::size_t slot = set; slot < set + kWays; ++slot) {
    if (flows_[slot] != flow_of(key)) continue;
    Connection& connection = connections_[slot];
    if (!is_over(connection, now_ns) && std::ranges::equal(connection.mark(), mark)) return &connection;
  }
  return nullptr;
}

std::size_t ConnectionTable::list(const Key& key, std::uint64_t now_ns, std::span<Connection*> room) {
  if (size_ == 0 || room.empty()) return 0;
  std::size_t count = 0;
  const std::size_t set = set_of(key);
  for (std::size_t slot = set; slot < set + kWays; ++slot) {
    if (flows_[slot] != flow_of(key) || is_over(connections_[slot], now_ns)) continue;
    Connection* next = &connections_[slot];
    // Into its place among those found, the oldest falling off the end.
    for (std::size_t at = 0; at < count; ++at)
      if (room[at]->used_ns < next->used_ns) std::swap(room[at], next);
    if (count < room.size()) room[count++] = next;
  }
  return count;
}

// A free one of the set, or one whose time is over, or the one used longest ago.
std::size_t ConnectionTable::slot_for(const Key& key, std::uint64_t now_ns) const {
  const std::size_t set = set_of(key);
  std::size_t oldest = set;
  for (std::size_t slot = set; slot < set + kWays; ++slot) {
    if (flows_[slot] == kFree) return slot;
    if (now_ns - connections_[slot].used_ns > now_ns - connections_[oldest].used_ns) oldest = slot;
  }
  return oldest;
}

void ConnectionTable::erase(Connection& connection) {
  const auto slot = static_cast<std::size_t>(&connection - connections_.get());
  DCHECK(flows_[slot] != kFree);
  flows_[slot] = kFree;
  connection = {};
  --size_;
}

ConnectionTable::Connection* ConnectionTable::next_to_go() {
  if (size_ == 0) return nullptr;
  for (;;) {
    const std::size_t set = hand_ * kWays;
    hand_ = (hand_ + 1) & set_mask_;
    Connection* oldest = nullptr;
    for (std::size_t slot = set; slot < set + kWays; ++slot) {
      if (flows_[slot] == kFree) continue;
      if (oldest == nullptr || connections_[slot].used_ns < oldest->used_ns) oldest = &connections_[slot];
    }
    if (oldest != nullptr) return oldest;
  }
}

}  // namespace telefence
