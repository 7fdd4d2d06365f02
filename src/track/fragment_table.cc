// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include "base/check.h"

namespace telefence {
namespace {

// Linux gives a packet 30 s to become whole (ip(7), ipfrag_time); no receiver waits longer than RFC 8200's 60 s.
constexpr std::uint64_t kWaitsFor = 60'000'000'000;
constexpr std::uint32_t kLongest = 65535;

}  // namespace

FragmentTable::FragmentTable(const FragmentOptions& options) : pool_(options.bytes), packets_(options.packets) {}

FragmentTable::Packet& FragmentTable::at(std::uint64_t key, std::uint64_t now_ns) {
  if (Packet* const known = packets_.find(key)) {
    const std::uint64_t most = known->is_refused ? known->refused_for_ns : known->is_bearer || known->is_wrong ? kBriefly : kWaitsFor;
    if (now_ns - known->began_ns <= most) return *known;
    forget(*known);
  }
  if (packets_.size() == packets_.capacity()) keep_refusals(now_ns);
  Packet& packet = packets_.insert(key, [&](Packet& leaving) {
    ended_ += leaving.is_refused && !is_remembered(leaving, now_ns);
    leaving.buffer.release(pool_);
  });
  packet.buffer.start(0, pool_);
  packet.total = 0;
  packet.began_ns = now_ns;
  packet.is_refused = packet.is_wrong = packet.is_bearer = packet.has_first = packet.is_contradictory = packet.is_absorbed = false;
  return packet;
}

// Nobody shall push out a refusal with parts of other packets: what waits in vain gives way before.
void FragmentTable::keep_refusals(std::uint64_t now_ns) {
  constexpr int kLooksAt = 64;
  for (int i = 0; i < kLooksAt; ++i) {
    Packet* const oldest = packets_.oldest();
    if (oldest == nullptr || !is_remembered(*oldest, now_ns)) return;
    packets_.touch(*oldest);
  }
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
  Packet& packet = at(key, now_ns);
  if (packet.is_refused) return packet.is_replaced ? Put::kReplaced : Put::kRefused;
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
    make_room(packet, now_ns);
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
void FragmentTable::make_room(const Packet& wanted, std::uint64_t now_ns) {
  constexpr int kAtATime = 8, kLooksAt = 64;
  if (made_room_) return;
  made_room_ = true;
  int gone = 0;
  for (int i = 0; i < kLooksAt && gone < kAtATime; ++i) {
    Packet* const oldest = packets_.oldest();
    if (oldest == nullptr || oldest == &wanted) return;
    // A refusal takes no memory, and must not be forgotten for want of it.
    if (is_remembered(*oldest, now_ns)) {
      packets_.touch(*oldest);
      continue;
    }
    forget(*oldest);
    ++gone;
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
  Packet& packet = at(key, now_ns);
  packet.buffer.release(pool_);
  packet.began_ns = now_ns;
  packet.is_refused = true;
  packet.is_replaced = how == Gone::kReplaced;
  packet.is_wrong = false;  // what copies and decoys of this burst made under its number
  packet.refused_for_ns = for_ns;
}

void FragmentTable::end_of_burst() {
  pool_.reclaim();
  made_room_ = false;
}

}  // namespace telefence
