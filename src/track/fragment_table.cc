// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include "base/check.h"

namespace telefence {
namespace {

// Linux gives a packet 30 s to become whole (ip(7), ipfrag_time); no receiver waits longer than RFC 8200's 60 s.
constexpr std::uint64_t kWaitsFor = 60'000'000'000;
// What is this old the first of them have forgotten.
constexpr std::uint64_t kReceiversForget = 30'000'000'000;
// Parts that come so far apart are not certain to meet at their receiver: some wait for seconds only.
constexpr std::uint64_t kAtOnce = 2'000'000'000;
constexpr std::uint32_t kLongest = 65535;

}  // namespace

FragmentTable::FragmentTable(const FragmentOptions& options) : pool_(options.bytes), packets_(options.packets), gone_(gone_for(options)) {}

bool FragmentTable::Packet::is_over(std::uint64_t now_ns) const {
  return now_ns - last_ns > (is_bearer && has_even_hops() ? kBriefly : kWaitsFor);
}

FragmentTable::Packet& FragmentTable::at(std::uint64_t key, std::uint64_t now_ns) {
  if (Packet* const known = packets_.find(key)) {
    if (!known->is_over(now_ns)) return *known;
    forget(*known);
  }
  // What nobody waits for any more goes before others have to: as fast as new ones come.
  for (int i = 0; i < 2 && packets_.oldest() != nullptr && packets_.oldest()->is_over(now_ns); ++i) forget(*packets_.oldest());
  if (packets_.size() == packets_.capacity() && packets_.oldest()->stays) forget(*packets_.oldest());
  Packet& packet = packets_.insert(key, [this](Packet& leaving) { leaving.buffer.release(pool_); });
  packet.total = 0;
  packet.began_ns = packet.last_ns = now_ns;
  packet.least_hops = 255;
  packet.most_hops = packet.total_hops = packet.first_hops = 0;
  packet.stays = packet.is_odd = packet.is_bearer = packet.has_first = packet.is_contradictory = packet.is_absorbed = false;
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

// What this part says of the packet's end against what others said.
FragmentTable::End FragmentTable::end_of(const Packet& packet, const Part& part, std::uint32_t end, bool last_counts) {
  const bool is_last = part.header.is_last;
  const bool is_beyond = packet.total != 0 && (end > packet.total || (is_last && end != packet.total));
  const bool is_before = is_last && end < packet.buffer.end();
  if (!is_beyond && !is_before) return End::kFits;
  const std::uint8_t against = std::max(is_beyond ? packet.total_hops : std::uint8_t{0},
                                        is_before ? packet.buffer.most_hops(end / PagePool::kUnit * PagePool::kUnit, packet.buffer.end(), pool_) : std::uint8_t{0});
  return part.hops > against || (last_counts && part.hops == against) ? End::kMoves : End::kContradicts;
}

void FragmentTable::note_end(Packet& packet, const Part& part, std::uint32_t end, End moves) {
  if (moves == End::kMoves) {
    // Of the last part less than a unit may be there.
    if (packet.total != 0) packet.buffer.cut(whole_units(packet.total), pool_);
    packet.total = 0;
    packet.total_hops = 0;
  }
  if (!part.header.is_last) return;
  packet.buffer.cut(end, pool_);
  packet.total = end;
  packet.total_hops = std::max(packet.total_hops, part.hops);
}

void FragmentTable::note_first(Packet& packet, const Part& part) {
  packet.has_first = true;
  packet.first_hops = part.hops;
  packet.protocol = part.header.protocol;
  packet.is_bearer = part.is_bearer;
}

FragmentTable::Put FragmentTable::put(std::uint64_t key, Part part, std::uint64_t now_ns) {
  if (const Gone* const gone = gone_.find(key, now_ns)) return *gone == Gone::kReplaced ? Put::kReplaced : Put::kRefused;
  const FragmentHeader& header = part.header;
  if (!header.is_last) part.bytes = part.bytes.first(part.bytes.size() / PagePool::kUnit * PagePool::kUnit);
  const std::uint32_t end = header.offset + static_cast<std::uint32_t>(part.bytes.size());
  if (end > kLongest || part.bytes.empty()) return Put::kNoRoom;
  Packet& packet = at(key, now_ns);
  const bool was_whole = packet.is_whole();
  const std::uint32_t total_before = packet.total;
  const bool is_late = now_ns - packet.began_ns > kReceiversForget;
  packet.last_ns = now_ns;
  const bool last_counts = packet.stays || packet.is_bearer || is_late || (part.is_bearer && !packet.has_first);
  const End moves = end_of(packet, part, end, last_counts);
  if (moves == End::kContradicts) {
    packet.is_odd = true;
    return packet.stays || packet.is_bearer ? Put::kWaits : Put::kContradicts;
  }
  if (!make_room(packet, header.offset, end, now_ns)) return Put::kNoRoom;
  note_end(packet, part, end, moves);
  const auto keep = last_counts ? FragmentBuffer::Keep::kLast : FragmentBuffer::Keep::kFirst;
  const FragmentBuffer::Put put = packet.buffer.put(header.offset, part.bytes, part.hops, keep, pool_);
  const bool is_of_another = header.offset == 0 && packet.has_first && packet.protocol != header.protocol;
  const bool is_first = header.offset == 0 && (!packet.has_first || part.hops > packet.first_hops || (part.hops == packet.first_hops && last_counts));
  if (is_first) note_first(packet, part);
  packet.least_hops = std::min(packet.least_hops, part.hops);
  packet.most_hops = std::max(packet.most_hops, part.hops);
  const bool contradicts = put.differs || moves == End::kMoves || is_of_another;
  packet.is_odd |= contradicts || is_late || (put.repeats && put.adds);
  packet.is_contradictory |= (put.differs && !put.displaces && part.hops == packet.most_hops) || (is_of_another && !is_first);
  const bool changes = put.adds || put.displaces || moves == End::kMoves || packet.total != total_before || (is_of_another && is_first);
  const bool is_whole = packet.is_whole() && (changes || !was_whole);
  if (contradicts && !packet.stays && !packet.is_bearer) return is_whole ? Put::kWholeContradicts : Put::kContradicts;
  return is_whole ? Put::kWhole : Put::kWaits;
}

// For want of memory the packets that wait longest give way: each has a page at least.
bool FragmentTable::make_room(Packet& packet, std::uint32_t from, std::uint32_t to, std::uint64_t now_ns) {
  while (!packet.buffer.reserve(from, to, pool_)) {
    Packet* const oldest = packets_.oldest();
    if (oldest == &packet) {
      if (packets_.size() == 1) return false;
      packets_.touch(packet);
      continue;
    }
    if (!oldest->is_over(now_ns) && !oldest->stays) ++gave_way_;
    forget(*oldest);
  }
  return true;
}

FragmentTable::Whole FragmentTable::whole(std::uint64_t key, MutableBytes room) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  Whole whole{{}, packet->protocol, packet->is_contradictory, packet->is_bearer, packet->stays};
  if (packet->total > room.size()) return whole;
  whole.bytes = room.first(packet->total);
  packet->buffer.copy(room.first(packet->total), pool_);
  return whole;
}

void FragmentTable::take(std::uint64_t key, std::uint64_t now_ns) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  const bool came_at_once = now_ns - packet->began_ns <= kAtOnce;
  if (packet->has_even_hops() && !packet->is_odd && came_at_once) return forget(*packet);
  note_wrong(key);
}

void FragmentTable::note_wrong(std::uint64_t key) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  packet->stays = true;
  packet->is_absorbed = false;
  packet->is_contradictory = false;
}

void FragmentTable::refuse(std::uint64_t key, Gone how, std::uint64_t for_ns, std::uint64_t now_ns) {
  if (Packet* const packet = packets_.find(key)) forget(*packet);  // what copies and decoys of this burst made under its number
  gone_.put(key, how, now_ns, now_ns + for_ns);
}

}  // namespace telefence
