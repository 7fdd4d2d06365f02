// SPDX-License-Identifier: Apache-2.0
#include "track/session_table.h"

#include <algorithm>

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
// SIP repeats a request for 64 x T1 = 32 s (RFC 3261, 17.1.1.2); DNS and TCP give up earlier or back off beyond use.
constexpr std::uint64_t kSeenFor = 32 * kSecond;
// Longer than a peer's retransmissions of what it had in flight.
constexpr std::uint64_t kClosedFor = 60 * kSecond;
// Where nobody was told, the sender repeats after two minutes at most (Linux; RFC 6298, 2.5 admits a minute), for a quarter of an hour: each
// time it is remembered anew.
constexpr std::uint64_t kDroppedFor = 180 * kSecond;
// Senders repeat an unanswered SMS after 30 to 60 s; a response later than this belongs to another request.
constexpr std::uint64_t kPendingFor = 300 * kSecond;
constexpr std::size_t kEpochEntries = 1 << 12;
// Enough of a datagram to tell two messages apart; retransmissions are identical.
constexpr std::size_t kIdentityBytes = 512;
// More than either side may have in flight beyond the judged segment (windows of 1 MiB are seldom filled).
constexpr std::uint32_t kNear = 1 << 20;

// Distance from a to b in the sequence space (RFC 9293, 3.4).
std::int32_t distance(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(b - a); }

bool is_near(std::uint32_t a, std::uint32_t b) { return b - a + kNear < 2 * kNear; }

}  // namespace

std::uint64_t SessionTable::memory_for(const SessionOptions& options) {
  return TimedCache<Nothing>::memory_for(options.entries) + TimedCache<ClosedConnection>::memory_for(options.entries) +
         TimedCache<Pending>::memory_for(options.entries) + TimedCache<std::uint32_t>::memory_for(kEpochEntries);
}

SessionTable::SessionTable(const HashSecret& secret, const SessionOptions& options)
    : secret_(secret),
      seen_(options.entries),
      closed_(options.entries),
      pending_(options.entries),
      epochs_(kEpochEntries),
      closed_lately_(kClosedFor),
      dropped_lately_(kDroppedFor),
      pending_lately_(kPendingFor),
      connections_lately_(kPendingFor) {}

std::uint64_t SessionTable::sight_key(const FlowKey& flow, Transport transport, const MessageIdentity& message) const {
  std::uint64_t key = flow.forward;
  if (transport == Transport::kTcp) {
    // Where it begins says which it is: how much of it is there may differ from copy to copy.
    key = mixed(key, message.sequence + message.place.offset, secret_);
  } else {
    const Bytes bytes = message.bytes.subspan(message.place.offset, message.place.length);
    key = mixed(key, bytes.first(std::min(bytes.size(), kIdentityBytes)), secret_);
    key = mixed(key, std::uint64_t{message.place.offset} << 32 | message.place.length, secret_);
  }
  return message.ordinal == 0 ? key : mixed(key, message.ordinal, secret_);
}

bool SessionTable::first_sight(std::uint64_t key, std::uint64_t now_ns) {
  if (seen_.find(key, now_ns) != nullptr) return false;
  seen_.put(key, {}, now_ns, now_ns + kSeenFor);
  return true;
}

void SessionTable::close(const FlowKey& flow, const Judged& message, std::uint64_t now_ns) {
  const bool is_told = message.ending != Ending::kDropped;
  const std::uint64_t end_ns = now_ns + (is_told ? kClosedFor : kDroppedFor);
  closed_.put(flow.both, {flow.forward, message}, now_ns, end_ns);
  (is_told ? closed_lately_ : dropped_lately_).put(flow.both, now_ns);
  closed_until_ns_ = std::max(closed_until_ns_, end_ns);
  if (!is_told) dropped_until_ns_ = end_ns;
}

Closed SessionTable::closed(const Frame& frame, const Layers& layers, const FlowKey& flow, std::uint64_t now_ns, Ending& ending) {
  if (!is_closed_lately(flow.both, now_ns)) return Closed::kNo;
  const ClosedConnection* entry = closed_.find(flow.both, now_ns);
  if (entry == nullptr) return Closed::kNo;
  const TcpHeader header = tcp_header(frame, layers);
  if ((header.flags & (kTcpSyn | kTcpAck)) == kTcpSyn) {
    closed_.put(flow.both, *entry, now_ns, now_ns);
    return Closed::kNo;
  }
  const Judged& message = entry->message;
  ending = message.ending;
  if (flow.forward != entry->judged_side) return is_near(header.sequence, message.other) ? Closed::kFromReceiver : Closed::kNo;
  if (!is_near(header.sequence, message.first)) return Closed::kNo;
  if (ending == Ending::kDropped) close(flow, Judged(message), now_ns);
  const bool overlaps = layers.payload_length != 0 && distance(header.sequence, message.first + message.count) > 0 &&
                        distance(message.first, header.sequence + layers.payload_length) > 0;
  return overlaps ? Closed::kJudgedAgain : Closed::kFromSender;
}

std::uint64_t SessionTable::pending_key(std::uint64_t direction, std::uint64_t both, std::uint32_t session_number,
                                        std::uint64_t now_ns) {
  const std::uint32_t* epoch = epochs_.find(both, now_ns);  // at once when no connection was opened while something was pending
  return mixed(direction, std::uint64_t{epoch == nullptr ? 0 : *epoch} << 32 | session_number, secret_);
}

void SessionTable::expect_response(const FlowKey& flow, std::uint32_t session_number, std::uint32_t code, bool repeated,
                                   std::uint64_t now_ns) {
  const std::uint64_t key = pending_key(flow.reverse, flow.both, session_number, now_ns);
  const Pending* known = repeated ? pending_.find(key, now_ns) : nullptr;
  pending_.put(key, known == nullptr ? Pending{code, 0, false} : Pending{code, known->sequence, known->taken}, now_ns,
               now_ns + kPendingFor);
  pending_lately_.put(key, now_ns);
  connections_lately_.put(flow.both, now_ns);
  // As long as this one is awaited, numbers of before the connection was opened anew must not count.
  if (const std::uint32_t* const epoch = epochs_.find(flow.both, now_ns)) epochs_.put(flow.both, *epoch, now_ns, now_ns + kPendingFor);
  pending_until_ns_ = std::max(pending_until_ns_, now_ns + kPendingFor);
}

void SessionTable::prefetch_response(std::uint64_t direction, std::uint64_t both, std::uint32_t session_number, std::uint64_t now_ns) {
  const std::uint64_t key = pending_key(direction, both, session_number, now_ns);
  pending_lately_.prefetch(key);
  pending_.prefetch(key);
}

void SessionTable::forget_response(const FlowKey& flow, std::uint32_t session_number, std::uint64_t now_ns) {
  const std::uint64_t key = pending_key(flow.reverse, flow.both, session_number, now_ns);
  if (pending_lately_.may_hold(key, now_ns) && pending_.find(key, now_ns) != nullptr) pending_.put(key, {}, now_ns, now_ns);
}

void SessionTable::forget_responses(const FlowKey& flow, std::uint64_t now_ns) {
  if (!connections_lately_.may_hold(flow.both, now_ns)) return;  // nothing of it is awaited
  const std::uint32_t* epoch = epochs_.find(flow.both, now_ns);
  epochs_.put(flow.both, epoch == nullptr ? 1 : *epoch + 1, now_ns, now_ns + kPendingFor);
}

const std::uint32_t* SessionTable::refusal_for(const FlowKey& flow, std::uint32_t session_number, std::uint32_t sequence,
                                               std::uint64_t now_ns) {
  const std::uint64_t key = pending_key(flow.forward, flow.both, session_number, now_ns);
  if (!pending_lately_.may_hold(key, now_ns)) return nullptr;
  Pending* pending = pending_.find(key, now_ns);
  if (pending == nullptr || (pending->taken && pending->sequence != sequence)) return nullptr;
  pending->taken = true;
  pending->sequence = sequence;
  return &pending->code;
}

}  // namespace telefence
