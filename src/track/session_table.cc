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
// Senders repeat an unanswered SMS after 30 to 60 s; a response later than this belongs to another request.
constexpr std::uint64_t kPendingFor = 300 * kSecond;
constexpr std::size_t kSeenEntries = 1 << 16;
constexpr std::size_t kClosedEntries = 1 << 16;
constexpr std::size_t kPendingEntries = 1 << 16;
// Enough of a datagram to tell two messages apart; retransmissions are identical.
constexpr std::size_t kIdentityBytes = 512;

}  // namespace

SessionTable::SessionTable(const HashSecret& secret)
    : secret_(secret), seen_(kSeenEntries), closed_(kClosedEntries), pending_(kPendingEntries) {}

bool SessionTable::first_sight(const Frame& frame, const Layers& layers, Place message) {
  std::uint64_t key = key_of(frame, layers).forward;
  if (layers.transport == Transport::kTcp) {
    const std::uint32_t start = tcp_header(frame, layers).sequence + message.offset;
    key = mixed(key, std::uint64_t{start} << 32 | message.length, secret_);
  } else {
    const Bytes bytes = payload_of(frame, layers).subspan(message.offset, message.length);
    key = mixed(key, bytes.first(std::min(bytes.size(), kIdentityBytes)), secret_);
    key = mixed(key, std::uint64_t{message.offset} << 32 | message.length, secret_);
  }
  if (seen_.find(key, frame.time_ns) != nullptr) return false;
  seen_.put(key, {}, frame.time_ns, frame.time_ns + kSeenFor);
  return true;
}

void SessionTable::close(const FlowKey& flow, std::uint64_t now_ns) {
  closed_.put(flow.both, {}, now_ns, now_ns + kClosedFor);
  closed_until_ns_ = std::max(closed_until_ns_, now_ns + kClosedFor);
}

void SessionTable::expect_response(const FlowKey& flow, std::uint32_t session_number, std::uint32_t code,
                                   std::uint64_t now_ns) {
  pending_.put(mixed(flow.reverse, session_number, secret_), code, now_ns, now_ns + kPendingFor);
}

const std::uint32_t* SessionTable::refusal_for(const FlowKey& flow, std::uint32_t session_number,
                                               std::uint64_t now_ns) {
  return pending_.find(mixed(flow.forward, session_number, secret_), now_ns);
}

}  // namespace telefence
