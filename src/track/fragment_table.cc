// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_table.h"

#include "base/check.h"

namespace telefence {
namespace {

// Linux gives a packet 30 s to become whole (ip(7), ipfrag_time); no receiver waits longer than RFC 8200's 60 s.
constexpr std::uint64_t kWaitsFor = 60'000'000'000;
// Parts that come so far apart are not certain to meet at their receiver: some wait for seconds only.
constexpr std::uint64_t kAtOnce = 2'000'000'000;
constexpr std::uint32_t kLongest = 65535;

}  // namespace

FragmentTable::FragmentTable(const FragmentOptions& options)
    : pool_(options.bytes), packets_(options.packets), others_(others_for(options)), gone_(gone_for(options)) {}

void FragmentTable::Packet::start(std::uint64_t now_ns) {
  total = 0;
  began_ns = last_ns = now_ns;
  least_hops = around = 255;
  most_hops = total_hops = first_hops = 0;
  is_odd = is_bearer = has_first = is_contradictory = is_absorbed = is_unread = false;
}

void FragmentTable::Packet::note(const Part& part) {
  is_odd |= !part.is_plain || (around != 255 && around != part.hops_around);
  around = part.hops_around;
  least_hops = std::min(least_hops, part.hops);
  most_hops = std::max(most_hops, part.hops);
}

void FragmentTable::Packet::note_first(const Part& part) {
  has_first = true;
  first_hops = part.hops;
  protocol = part.header.protocol;
  is_bearer = part.is_bearer;
}

// What this part says of the packet's end against what others said.
bool FragmentTable::Packet::ends_elsewhere(const Part& part, std::uint32_t end) const {
  const bool is_last = part.header.is_last;
  return (total != 0 && (end > total || (is_last && end != total))) || (is_last && end < buffer.end());
}

void FragmentTable::forget(Packets& table, Packet& packet) {
  packet.buffer.release(pool_);
  table.erase(packet);
}

// Not counted among those that had to give way: who is in no hurry any more goes first.
void FragmentTable::forget_what_is_over(std::uint64_t now_ns) {
  for (Packets* const table : {&packets_, &others_}) {
    for (int i = 0; i < 2; ++i) {
      Packet* const oldest = table->oldest();
      if (oldest == nullptr || now_ns - oldest->last_ns <= oldest->waits_for()) break;
      forget(*table, *oldest);
    }
  }
}

FragmentTable::Packet& FragmentTable::at(std::uint64_t key, std::uint64_t now_ns) {
  if (Packet* const known = packets_.find(key)) {
    if (now_ns - known->last_ns <= known->waits_for()) return *known;
    forget(packets_, *known);
  }
  forget_what_is_over(now_ns);
  Packet& packet = packets_.insert(key, [this](Packet& leaving) { leaving.buffer.release(pool_); });
  packet.start(now_ns);
  return packet;
}

std::uint64_t FragmentTable::Packet::waits_for() const { return is_surely_bearer() ? kBriefly : kWaitsFor; }

FragmentTable::Packet* FragmentTable::other_of(std::uint64_t key, std::uint64_t now_ns) {
  if (others_.size() == 0) [[likely]] return nullptr;
  Packet* const other = others_.find(key);
  if (other == nullptr || now_ns - other->last_ns <= kWaitsFor) return other;
  forget(others_, *other);
  return nullptr;
}

// As the first one is, with memory of its own. Nullptr when there is none, or too much was copied in this burst.
FragmentTable::Packet* FragmentTable::make_other(std::uint64_t key, Packet& of) {
  if (copied_ >= kMostCopied) return nullptr;
  copied_ += std::size_t{of.buffer.units()} * PagePool::kUnit;
  Packet& other = others_.insert(key, [this](Packet& leaving) { leaving.buffer.release(pool_); });
  static_cast<PacketState&>(other) = of;
  for (std::uint32_t at = 0; at < of.buffer.end(); at += PagePool::kPageBytes) {
    if (!of.buffer.has_page(at) || make_room(other, at, at + 1, &of)) continue;
    forget(others_, other);
    return nullptr;
  }
  other.buffer.copy_from(of.buffer, pool_);
  return &other;
}

void FragmentTable::absorb(std::uint64_t key) {
  if (Packet* const packet = packets_.find(key)) packet->is_absorbed = true;
}

bool FragmentTable::is_absorbed(std::uint64_t key) {
  const Packet* const packet = packets_.find(key);
  return packet != nullptr && packet->is_absorbed;
}

FragmentTable::Done FragmentTable::put(std::uint64_t key, Part part, std::uint64_t now_ns) {
  if (const Gone* const gone = gone_.find(key, now_ns)) return {*gone == Gone::kReplaced ? Put::kReplaced : Put::kRefused};
  const FragmentHeader& header = part.header;
  if (!header.is_last) part.bytes = part.bytes.first(part.bytes.size() / PagePool::kUnit * PagePool::kUnit);
  const std::uint32_t end = header.offset + static_cast<std::uint32_t>(part.bytes.size());
  if (end > kLongest || part.bytes.empty()) return {Put::kNoRoom};
  Packet& packet = at(key, now_ns);
  packet.last_ns = now_ns;
  Packet* other = other_of(key, now_ns);
  const bool contradicts = packet.ends_elsewhere(part, end) || packet.buffer.differs(header.offset, part.bytes, pool_) ||
                           (header.offset == 0 && packet.has_first && packet.protocol != header.protocol);
  if (contradicts && other == nullptr) {
    other = make_other(key, packet);
    const bool is_bearers = packet.is_surely_bearer() && part.hops == packet.most_hops && (header.offset != 0 || part.is_bearer);
    if (other == nullptr && !is_bearers) return {Put::kUnjudged};
  }
  Done done{add(packet, part, end, contradicts, other)};
  if (other != nullptr) done.is_other_whole = replace(*other, part, end, packet);
  return done;
}

// The first copies count.
FragmentTable::Put FragmentTable::add(Packet& packet, const Part& part, std::uint32_t end, bool contradicts, const Packet* other) {
  const FragmentHeader& header = part.header;
  packet.is_odd |= contradicts;
  const auto told = [&](bool is_whole) {
    if (contradicts && !packet.is_bearer) return is_whole ? Put::kWholeContradicts : Put::kContradicts;
    return is_whole ? Put::kWhole : Put::kWaits;
  };
  if (packet.ends_elsewhere(part, end)) return told(false);
  if (!make_room(packet, header.offset, end, other)) return Put::kNoRoom;
  const FragmentBuffer::Put put = packet.buffer.put(header.offset, part.bytes, part.hops, FragmentBuffer::Keep::kFirst, pool_);
  if (header.is_last) packet.total = end, packet.total_hops = std::max(packet.total_hops, part.hops);
  if (header.offset == 0 && !packet.has_first) packet.note_first(part);
  packet.note(part);
  packet.is_odd |= put.repeats && put.adds;
  packet.is_contradictory |= contradicts;
  return told(packet.is_whole());
}

// Those that go farthest do, of such as go equally far the last. True when it is whole, and was not like this before.
bool FragmentTable::replace(Packet& packet, const Part& part, std::uint32_t end, const Packet& first) {
  const FragmentHeader& header = part.header;
  packet.last_ns = first.last_ns;
  packet.least_hops = std::min(packet.least_hops, part.hops);
  packet.most_hops = std::max(packet.most_hops, part.hops);
  const bool was_whole = packet.is_whole();
  const std::uint32_t total_before = packet.total;
  if (packet.ends_elsewhere(part, end)) {
    const std::uint32_t unit = end / PagePool::kUnit * PagePool::kUnit;
    const bool is_before = header.is_last && end < packet.buffer.end();
    const std::uint8_t behind = is_before ? packet.buffer.most_hops(unit, packet.buffer.end(), pool_) : std::uint8_t{0};
    if (part.hops < std::max(behind, packet.total_hops)) return false;
    // Of the last part less than a unit may be there.
    if (packet.total != 0) packet.buffer.cut(packet.total / PagePool::kUnit * PagePool::kUnit, pool_);
    packet.total = packet.total_hops = 0;
  }
  if (!make_room(packet, header.offset, end, &first)) return false;
  if (header.is_last) {
    packet.buffer.cut(end, pool_);
    packet.total = end;
    packet.total_hops = std::max(packet.total_hops, part.hops);
  }
  const FragmentBuffer::Put put = packet.buffer.put(header.offset, part.bytes, part.hops, FragmentBuffer::Keep::kLast, pool_);
  const bool is_first = header.offset == 0 && (!packet.has_first || part.hops >= packet.first_hops);
  const bool is_of_another = is_first && packet.has_first && packet.protocol != header.protocol;
  if (is_first) packet.note_first(part);
  const bool changes = put.adds || put.displaces || packet.total != total_before || is_of_another || packet.is_unread;
  if (!packet.is_whole() || (was_whole && !changes)) return false;
  packet.is_unread = false;
  return true;
}

// For want of memory packets give way that were whole, and then those that began first: each has a page at least. Neither this one nor the
// other one under its number does.
bool FragmentTable::make_room(Packet& packet, std::uint32_t from, std::uint32_t to, const Packet* spared) {
  while (!packet.buffer.reserve(from, to, pool_)) {
    Packet* const other = others_.oldest();
    const bool is_own = other == &packet || other == spared;
    if (is_own && others_.size() > 1) {
      others_.touch(*other);
      continue;
    }
    if (other != nullptr && !is_own) {
      ++gave_way_;
      forget(others_, *other);
      continue;
    }
    Packet* const oldest = packets_.oldest();
    if (oldest == nullptr) return false;
    if (oldest == &packet || oldest == spared) {
      if (packets_.size() == 1) return false;
      packets_.touch(*oldest);
      continue;
    }
    ++gave_way_;
    forget(packets_, *oldest);
  }
  return true;
}

FragmentTable::Whole FragmentTable::copy(Packet& packet, MutableBytes room) {
  Whole whole{{}, packet.protocol, packet.is_contradictory, packet.is_bearer, packet.is_surely_bearer()};
  if (packet.total > room.size()) return whole;
  whole.bytes = room.first(packet.total);
  packet.buffer.copy(room.first(packet.total), pool_);
  return whole;
}

FragmentTable::Whole FragmentTable::whole(std::uint64_t key, MutableBytes room) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  return copy(*packet, room);
}

FragmentTable::Whole FragmentTable::other(std::uint64_t key, MutableBytes room) {
  Packet* const packet = others_.find(key);
  CHECK(packet != nullptr);
  return copy(*packet, room);
}

void FragmentTable::leave_unread(std::uint64_t key) {
  if (Packet* const packet = others_.find(key)) packet->is_unread = true;
}

void FragmentTable::take(std::uint64_t key, bool is_wrong, std::uint64_t now_ns) {
  Packet* const packet = packets_.find(key);
  CHECK(packet != nullptr);
  const bool may_be_another = is_wrong || packet->is_odd || packet->least_hops != packet->most_hops || now_ns - packet->began_ns > kAtOnce;
  if (may_be_another && other_of(key, now_ns) == nullptr) {
    Packet& other = others_.insert(key, [this](Packet& leaving) { leaving.buffer.release(pool_); });
    static_cast<PacketState&>(other) = *packet;
    other.is_contradictory = other.is_absorbed = false;
    other.buffer.take_over(packet->buffer);
  }
  forget(packets_, *packet);
}

void FragmentTable::drop(std::uint64_t key) {
  if (Packet* const packet = packets_.find(key)) forget(packets_, *packet);
  if (Packet* const other = others_.find(key)) forget(others_, *other);
}

void FragmentTable::refuse(std::uint64_t key, Gone how, std::uint64_t for_ns, std::uint64_t now_ns) {
  drop(key);  // what copies and decoys of this burst made under its number
  gone_.put(key, how, now_ns, now_ns + for_ns);
}

}  // namespace telefence
