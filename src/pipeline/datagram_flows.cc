// SPDX-License-Identifier: Apache-2.0
#include "pipeline/datagram_flows.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "enforce/checksum.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
// Longer than a server waits for the rest of a hello. Where there is no room, the oldest give way before.
constexpr std::uint64_t kWaitsFor = 60 * kSecond;
// Longer than a client tries to open a connection, each probe renewing it.
constexpr std::uint64_t kRefusedFor = 60 * kSecond;
constexpr std::size_t kMostBelongings = Burst::kFrames * FlowMemory::kMostConnections;
// No client begins so many connections between the same ports before a hello is whole: they are to push out another one.
constexpr std::size_t kCrowd = ConnectionTable::kWays / 2;

// Chooses the sets of connection_table.h: the sender's address, of IPv6 what an access line gets (a /64), so that nobody has more
// sets for having more addresses. Eight for each, by the port: behind one IPv4 address there may be many people.
std::uint64_t sender_of(const Frame& frame, const Layers& layers, const HashSecret& secret) {
  const IpAddress address = source_address(frame, layers);
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, address.bytes.data(), address.version == 4 ? 4 : 8);
  const std::uint64_t tags = std::uint64_t{address.version} << 32 | std::uint64_t{layers.inner_vlan} << 16 | layers.vlan;
  return mixed(mixed(mixed(0, prefix, secret), tags, secret), layers.source_port & 7u, secret);
}

// Empty for events of other protocols.
Bytes connection_of(const Event& event) {
  const auto* const visit = std::get_if<UrlVisit>(&event.what);
  return visit == nullptr ? Bytes() : visit->connection;
}

}  // namespace

DatagramFlows::DatagramFlows(Burst& burst, SessionTable& sessions, WorkerStats& stats, Shedder& shedder, const HashSecret& secret,
                             const DatagramOptions& options)
    : burst_(burst),
      sessions_(sessions),
      stats_(stats),
      shedder_(shedder),
      secret_(secret),
      pool_(options.bytes),
      unfinished_(options.unfinished, kWaitsFor),
      refused_(options.refused, kRefusedFor),
      belongings_(std::make_unique<Belonging[]>(kMostBelongings)) {
  static_assert(kLongestMark == ConnectionTable::kLongestMark);
  const auto protocols = registered_protocols();
  for (std::size_t i = 0; i < protocols.size(); ++i)
    if (protocols[i]->make_reader != nullptr) readers_[i] = protocols[i]->make_reader();
}

DatagramFlows::~DatagramFlows() = default;

Step DatagramFlows::read(std::size_t frame, DatagramReader& reader) {
  frame_ = frame;
  has_key_ = false;
  is_checked_ = has_other_hops_ = false;
  fate_ = Fate::kForwardedNeedMore;
  return reader.read(burst_.payloads[frame], *this, burst_.events);
}

ConnectionTable::Key DatagramFlows::key_of(std::size_t frame) {
  if (frame != frame_ || !has_key_) {
    frame_ = frame;
    key_ = {sender_of(burst_.frames[frame], burst_.layers[frame], secret_), burst_.flow_of(frame, sessions_).forward};
    has_key_ = true;
  }
  return key_;
}

// Of all of the datagram, which may have come in fragments: what was put together lies behind its header, too.
bool DatagramFlows::checksum_holds() const {
  const Frame& frame = burst_.frames[frame_];
  const Layers& layers = burst_.layers[frame_];
  if (!burst_.is_joined[frame_]) return checksums_hold(frame, layers);
  return segment_checksum_holds(frame, layers, burst_.joined[frame_]);
}

// A datagram that its receiver will never take must not be put together with others.
bool DatagramFlows::may_be_kept() {
  if (burst_.frames[frame_].truncated) return false;
  if (!is_checked_ && !checksum_holds()) {
    fate_ = Fate::kForwardedBadChecksum;
    note_evasion(burst_, stats_, frame_, EvasionKind::kBadChecksum);
  }
  is_checked_ = true;
  return fate_ == Fate::kForwardedNeedMore;
}

// An unfinished connection that this datagram may be put together with.
ConnectionTable::Connection* DatagramFlows::unfinished(Bytes mark) {
  if (unfinished_.size() == 0) return nullptr;
  ConnectionTable::Connection* const found = unfinished_.find(key_of(frame_), mark, burst_.now_ns);
  return found != nullptr && may_be_kept() ? found : nullptr;
}

// Evaders send datagrams with few hops for filters alone to see; but a path may have become longer, too.
FlowMemory::Hops DatagramFlows::hops_against(const ConnectionTable::Connection& connection) {
  const int hops = hops_left(burst_.frames[frame_], burst_.layers[frame_]);
  const Hops result = hops + kFewerHops <= connection.hops   ? Hops::kFewer
                      : hops - kFewerHops >= connection.hops ? Hops::kMore
                                                             : Hops::kSame;
  if (result == Hops::kSame || has_other_hops_) return result;
  has_other_hops_ = true;
  note_evasion(burst_, stats_, frame_, EvasionKind::kFewHops);
  return result;
}

ConnectionTable::Connection* DatagramFlows::refused(std::size_t frame, Bytes mark) {
  return refused_.size() == 0 ? nullptr : refused_.find(key_of(frame), mark, burst_.now_ns);
}

FlowMemory::Connection DatagramFlows::find(Bytes mark) {
  if (const ConnectionTable::Connection* const over = refused(frame_, mark)) return {Standing::kRefused, over->mark(), {}};
  const ConnectionTable::Connection* const found = unfinished(mark);
  return found == nullptr ? Connection{} : Connection{Standing::kUnfinished, found->mark(), found->note_bytes(), hops_against(*found)};
}

std::size_t DatagramFlows::list(std::span<Connection> room) {
  if (unfinished_.size() == 0 && refused_.size() == 0) return 0;
  std::array<ConnectionTable::Connection*, kMostListed> found;
  std::size_t count = 0;
  const auto take = [&](ConnectionTable& table, Standing standing, std::size_t most) {
    const std::size_t there = table.list(key_of(frame_), burst_.now_ns, std::span(found).first(std::min(most, found.size())));
    for (std::size_t i = 0; i < there; ++i) {
      const bool is_refused = standing == Standing::kRefused;
      const Bytes note = is_refused ? Bytes(found[i]->head).first(found[i]->head_size) : found[i]->note_bytes();
      room[count++] = {standing, found[i]->mark(), note};
    }
  };
  take(unfinished_, Standing::kUnfinished, room.size() / 2);
  take(refused_, Standing::kRefused, room.size() - count);
  return count;
}

void DatagramFlows::belongs_to(Bytes mark) {
  DCHECK(mark.size() <= kLongestMark);
  std::size_t mine = 0;
  for (std::size_t i = belonging_count_; i-- > 0 && belongings_[i].frame == frame_; ++mine)
    if (std::ranges::equal(belongings_[i].mark(), mark)) return;
  if (mine == kMostConnections || belonging_count_ == kMostBelongings) return;
  Belonging& belonging = belongings_[belonging_count_++];
  belonging.frame = static_cast<std::uint16_t>(frame_);
  belonging.size = static_cast<std::uint8_t>(mark.size());
  std::copy(mark.begin(), mark.end(), belonging.bytes.begin());
}

void DatagramFlows::keep(Bytes mark, Bytes note) {
  if (refused(frame_, mark) != nullptr || !may_be_kept()) return;
  ConnectionTable::Connection* connection = unfinished(mark);
  if (connection == nullptr) {
    if (shedder_.sheds(ShedCause::kSpread)) [[unlikely]] {
      fate_ = shedder_.shed(ShedCause::kSpread);
      return;
    }
    connection = &begin(mark);
  }
  connection->used_ns = burst_.now_ns;
  connection->hops = std::max(connection->hops, hops_left(burst_.frames[frame_], burst_.layers[frame_]));
  if (write(*connection, note)) return;
  stats_.datagrams.given_up.add(1);
  unfinished_.erase(*connection);
}

ConnectionTable::Connection& DatagramFlows::begin(Bytes mark) {
  std::array<ConnectionTable::Connection*, kCrowd> others;
  if (unfinished_.list(key_of(frame_), burst_.now_ns, others) == kCrowd) note_evasion(burst_, stats_, frame_, EvasionKind::kCrowdedFlow);
  stats_.datagrams.begun.add(1);
  return unfinished_.insert(key_of(frame_), mark, burst_.now_ns, [this](ConnectionTable::Connection& leaving) { give_back(leaving); });
}

// False when there is no memory; the connection has no note then.
bool DatagramFlows::write(ConnectionTable::Connection& connection, Bytes note) {
  if (connection.note.size < note.size()) {
    give_back(connection);
    connection.note = pool_.take(static_cast<std::uint32_t>(note.size()));
    if (connection.note.bytes == nullptr) return false;
  }
  std::copy(note.begin(), note.end(), connection.note.bytes);
  connection.note_size = static_cast<std::uint32_t>(note.size());
  return true;
}

void DatagramFlows::give_back(ConnectionTable::Connection& connection) {
  pool_.give_back(connection.note);
  connection.note = {};
  connection.note_size = 0;
}

void DatagramFlows::erase(ConnectionTable::Connection& connection) {
  give_back(connection);
  unfinished_.erase(connection);
}

void DatagramFlows::finish(Bytes mark, End end) {
  if (end == End::kGivenUp) stats_.datagrams.given_up.add(1);
  ConnectionTable::Connection* const connection = unfinished(mark);
  if (connection == nullptr || connection->is_done) return;
  if (end == End::kRead) stats_.datagrams.read.add(1);
  if (done_count_ == done_.size()) return erase(*connection);
  connection->is_done = true;
  done_[done_count_++] = connection;
}

void DatagramFlows::note(Sight sight) {
  stats_.datagrams.sights[static_cast<std::size_t>(sight)].add(1);
  if (sight == Sight::kUntried) note_evasion(burst_, stats_, frame_, EvasionKind::kUntriedPackets);
  if (sight != Sight::kInconsistent) return;
  stats_.inconsistent_copies.add(1);
  note_evasion(burst_, stats_, frame_, EvasionKind::kInconsistentCopy);
}

bool DatagramFlows::was_refused(const Event& event) {
  const Bytes mark = connection_of(event);
  return !mark.empty() && refused(event.frame, mark) != nullptr;
}

void DatagramFlows::refuse(const Event& event) {
  const Bytes mark = connection_of(event);
  if (mark.empty()) return;
  if (ConnectionTable::Connection* const known = refused(event.frame, mark)) {
    known->used_ns = burst_.now_ns;
    return;
  }
  ConnectionTable::Connection& over = refused_.insert(key_of(event.frame), mark, burst_.now_ns, [](ConnectionTable::Connection&) {});
  if (ConnectionTable::Connection* const waiting = unfinished_.find(key_of(event.frame), mark, burst_.now_ns)) {
    static_assert(kHead == std::tuple_size_v<decltype(over.head)>);
    const Bytes head = waiting->note_bytes().first(std::min<std::size_t>(kHead, waiting->note_size));
    std::copy(head.begin(), head.end(), over.head.begin());
    over.head_size = static_cast<std::uint8_t>(head.size());
    erase(*waiting);
  }
  if (refusal_count_ < refusals_.size()) refusals_[refusal_count_++] = {event.frame, &over};
}

bool DatagramFlows::is_repeated(std::uint16_t frame, const ConnectionTable::Connection& connection) const {
  const auto here = std::span(refusals_).first(refusal_count_);
  return std::none_of(here.begin(), here.end(), [&](const Refusal& refusal) {
    return refusal.connection == &connection && frame < refusal.frame;
  });
}

void DatagramFlows::drop_refused() {
  if (refused_.size() == 0) return;
  for (const Belonging& belonging : std::span(belongings_.get(), belonging_count_)) {
    Fate& fate = burst_.fates[belonging.frame];
    if (!leaves(fate)) continue;
    ConnectionTable::Connection* const found = refused(belonging.frame, belonging.mark());
    if (found == nullptr) continue;
    found->used_ns = burst_.now_ns;
    fate = Fate::kDroppedDeadConnection;
    if (is_repeated(belonging.frame, *found)) stats_.repeats[burst_.protocol[belonging.frame]].add(1);
  }
}

void DatagramFlows::end_of_burst() {
  belonging_count_ = refusal_count_ = 0;
  // One whose place another took meanwhile is not done.
  for (ConnectionTable::Connection* const connection : std::span(done_).first(done_count_))
    if (connection->is_done) erase(*connection);
  done_count_ = 0;
  pool_.reclaim();
  // Sees to it that the next burst finds memory.
  const std::size_t reserve = std::min<std::size_t>(pool_.total() / 2, Burst::kFrames * std::size_t{8192});
  while (pool_.total() - pool_.used() < reserve) {
    ConnectionTable::Connection* const leaving = unfinished_.next_to_go();
    if (leaving == nullptr) break;
    erase(*leaving);
    ++freed_;
    pool_.reclaim();
  }
  stats_.datagrams.evicted.set(unfinished_.evicted() + freed_);
  stats_.datagrams.refused_evicted.set(refused_.evicted());
}

}  // namespace telefence
