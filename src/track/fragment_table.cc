// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include "base/check.h"

namespace telefence {
namespace {

// Linux gives a packet 30 s to become whole (ip(7), ipfrag_time); no receiver waits longer than RFC 8200's 60 s.
constexpr std::uint64_t kWaitsFor = 60'000'000'000;
// Of what was refused nothing may come through while receivers keep its other parts; later the identification is that of another packet.
constexpr std::uint64_t kRefusedFor = 30'000'000'000;
constexpr std::uint64_t kBearersWaitFor = 1'000'000'000;
constexpr std::uint32_t kLongest = 65535;

}  // namespace

FragmentTable::FragmentTable(const FragmentOptions& options) : pool_(options.bytes), packets_(options.packets) {}

FragmentTable::Packet& FragmentTable::at(std::uint64_t key, std::uint64_t now_ns) {
  if (Packet* const known = packets_.find(key)) {
    const std::uint64_t most = known->is_bearer ? kBearersWaitFor : known->is_refused ? kRefusedFor : kWaitsFor;
    if (now_ns - known->began_ns <= most) return *known;
    forget(*known);
  }
  Packet& packet = packets_.insert(key, [&](Packet& leaving) { leaving.buffer.release(pool_); });
  packet.buffer.start(0, pool_);
  packet.total = 0;
  packet.began_ns = now_ns;
  packet.is_refused = packet.is_bearer = packet.has_first = packet.is_contradictory = false;
  return packet;
}

void FragmentTable::forget(Packet& packet) {
  packet.buffer.release(pool_);
  packets_.erase(packet);
}

FragmentTable::Put FragmentTable::put(std::uint64_t key, const FragmentHeader& header, Bytes bytes, bool is_bearer, std::uint64_t now_ns) {
  Packet& packet = at(key, now_ns);
  if (packet.is_refused) return Put::kRefused;
  constexpr std::size_t kUnit = 8;
  if (!header.is_last) bytes = bytes.first(bytes.size() / kUnit * kUnit);
  const std::uint32_t end = header.offset + static_cast<std::uint32_t>(bytes.size());
  const bool contradicts = packet.total != 0 && (end > packet.total || (header.is_last && end != packet.total));
  if (end > kLongest || contradicts || bytes.empty()) return Put::kNoRoom;
  const StreamBuffer::Put put = packet.buffer.put(header.offset, bytes, kLongest, pool_);
  if (!put.stored) {
    make_room(packet);
    return Put::kNoRoom;
  }
  const bool conflicts = put.conflicts || (header.offset == 0 && packet.has_first && packet.protocol != header.protocol);
  if (header.is_last) packet.total = end;
  if (header.offset == 0 && !packet.has_first) {
    packet.has_first = true;
    packet.protocol = header.protocol;
    packet.is_bearer = is_bearer;
  }
  const bool is_whole = packet.total != 0 && packet.buffer.contiguous_end() >= packet.total && !packet.buffer.has_holes();
  packet.is_contradictory |= conflicts;
  if (conflicts) return is_whole ? Put::kWholeOverlaps : Put::kOverlaps;
  return is_whole ? Put::kWhole : Put::kWaits;
}

// For want of memory the packets that wait longest give way. What they give back is there from the next burst on.
void FragmentTable::make_room(const Packet& wanted) {
  constexpr int kAtATime = 8;
  if (pool_.used() < pool_.total() / 2) return;  // it was something else that was too much
  for (int i = 0; i < kAtATime; ++i) {
    Packet* const oldest = packets_.oldest();
    if (oldest == nullptr || oldest == &wanted) return;
    forget(*oldest);
    ++gave_way_;
  }
}

FragmentTable::Whole FragmentTable::take_whole(std::uint64_t key) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  const Whole whole = {packet->buffer.view(0, packet->total), packet->protocol, packet->is_contradictory, packet->is_bearer};
  forget(*packet);
  return whole;
}

void FragmentTable::refuse(std::uint64_t key, bool is_bearer, std::uint64_t now_ns) {
  Packet& packet = at(key, now_ns);
  packet.buffer.release(pool_);
  packet.began_ns = now_ns;
  packet.is_refused = true;
  packet.is_bearer = is_bearer;
}

void FragmentTable::end_of_burst() { pool_.reclaim(); }

}  // namespace telefence
