// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include "base/check.h"

namespace telefence {
namespace {

// Linux gives a packet 30 s to become whole (ip(7), ipfrag_time); no receiver waits longer than RFC 8200's 60 s.
constexpr std::uint64_t kWaitsFor = 60'000'000'000;
constexpr std::uint32_t kLongest = 65535;

}  // namespace

FragmentTable::FragmentTable(const FragmentOptions& options) : pool_(options.bytes), packets_(options.packets), gone_(gone_for(options)) {}

FragmentTable::Packet& FragmentTable::at(std::uint64_t key, std::uint64_t now_ns) {
  if (Packet* const known = packets_.find(key)) {
    const std::uint64_t most = known->is_bearer || known->is_wrong ? kBriefly : kWaitsFor;
    if (now_ns - known->began_ns <= most) return *known;
    forget(*known);
  }
  Packet& packet = packets_.insert(key, [this](Packet& leaving) { leaving.buffer.release(pool_); });
  packet.buffer.start(0, pool_);
  packet.total = 0;
  packet.began_ns = now_ns;
  packet.is_wrong = packet.is_bearer = packet.has_first = packet.is_contradictory = packet.is_absorbed = false;
  return packet;
}

void FragmentTable::absorb(std::uint64_t key) {
  if (Packet* const packet = packets_.find(key)) packet->is_absorbed = true;
}

bool FragmentTable::is_absorbed(std::uint64_t key) {
  const Packet* const packet = packets_.find(key);
  return packet != nullptr && packet->is_absorbed;
}

void FragmentTable::forget(Packet& packet) {
  packet.buffer.release(pool_);
  packets_.erase(packet);
}

FragmentTable::Put FragmentTable::put(std::uint64_t key, const FragmentHeader& header, Bytes bytes, bool is_bearer, std::uint64_t now_ns) {
  if (const Gone* const gone = gone_.find(key, now_ns)) return *gone == Gone::kReplaced ? Put::kReplaced : Put::kRefused;
  Packet& packet = at(key, now_ns);
  constexpr std::size_t kUnit = 8;
  if (!header.is_last) bytes = bytes.first(bytes.size() / kUnit * kUnit);
  const std::uint32_t end = header.offset + static_cast<std::uint32_t>(bytes.size());
  const bool is_other_end = packet.is_wrong && packet.total != 0 && (header.is_last ? end != packet.total : end > packet.total);
  const bool was_there = packet.is_wrong && packet.buffer.has(header.offset, end);
  const bool contradicts = !is_other_end && packet.total != 0 && (end > packet.total || (header.is_last && end != packet.total));
  if (end > kLongest || contradicts || bytes.empty()) return Put::kNoRoom;
  const StreamBuffer::Put put =
      packet.buffer.put(header.offset, bytes, kLongest, pool_, packet.is_wrong ? StreamBuffer::Keep::kLast : StreamBuffer::Keep::kFirst);
  if (!put.stored) {
    if (put.had_room) return Put::kTooManyHoles;
    make_room(packet);
    return Put::kNoRoom;
  }
  const bool conflicts = put.conflicts || is_other_end || (header.offset == 0 && packet.has_first && packet.protocol != header.protocol);
  if (header.is_last || is_other_end) packet.total = header.is_last ? end : 0;
  if (header.offset == 0 && !packet.has_first) {
    packet.has_first = true;
    packet.protocol = header.protocol;
    packet.is_bearer = is_bearer;
    if (is_bearer) packet.began_ns = now_ns;
  }
  const bool is_whole = packet.total != 0 && packet.buffer.contiguous_end() >= packet.total && !packet.buffer.has_holes();
  packet.is_contradictory |= conflicts;
  if (was_there && !conflicts) return Put::kWaits;  // nothing has changed
  if (conflicts) return is_whole ? Put::kWholeOverlaps : Put::kOverlaps;
  return is_whole ? Put::kWhole : Put::kWaits;
}

// For want of memory the packets that wait longest give way. What they give back is there from the next burst on.
void FragmentTable::make_room(const Packet& wanted) {
  constexpr int kAtATime = 8;
  if (made_room_) return;
  made_room_ = true;
  for (int i = 0; i < kAtATime; ++i) {
    Packet* const oldest = packets_.oldest();
    if (oldest == nullptr || oldest == &wanted) return;
    forget(*oldest);
    ++gave_way_;
  }
}

FragmentTable::Whole FragmentTable::whole(std::uint64_t key) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  return {packet->buffer.view(0, packet->total), packet->protocol, packet->is_contradictory, packet->is_bearer};
}

void FragmentTable::take(std::uint64_t key) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  forget(*packet);
}

void FragmentTable::note_wrong(std::uint64_t key, std::uint64_t now_ns) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  packet->is_wrong = true;
  packet->began_ns = now_ns;
}

void FragmentTable::refuse(std::uint64_t key, Gone how, std::uint64_t for_ns, std::uint64_t now_ns) {
  if (Packet* const packet = packets_.find(key)) forget(*packet);  // what copies and decoys of this burst made under its number
  gone_.put(key, how, now_ns, now_ns + for_ns);
}

void FragmentTable::end_of_burst() {
  pool_.reclaim();
  made_room_ = false;
}

}  // namespace telefence
