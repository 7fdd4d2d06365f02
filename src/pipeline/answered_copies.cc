// SPDX-License-Identifier: Apache-2.0
#include "pipeline/answered_copies.h"

#include <algorithm>

namespace telefence {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
// Copies of one packet come within one millisecond; the quickest timer of a sender is 200 ms (RFC 8985, 7.2; RFC 6298 with the usual
// lower bound; resolvers wait for longer).
constexpr std::uint64_t kCopiesWithin = 20 * kMillisecond;
// Longer than what was under way when the resets left.
constexpr std::uint64_t kResetFor = 5000 * kMillisecond;
constexpr std::size_t kEntries = 1 << 14;
constexpr std::size_t kFewest = 4;
// As in session_table.cc: who forges a segment elsewhere in the sequence space must not cause resets.
constexpr std::int32_t kNear = 1 << 20;

bool is_beyond(std::uint32_t expected, std::uint32_t after) {
  const auto ahead = static_cast<std::int32_t>(after - expected);
  return ahead > 0 && ahead < kNear;
}

}  // namespace

AnsweredCopies::AnsweredCopies(const HashSecret& secret, bool used)
    : secret_(secret), answered_(used ? kEntries : kFewest), connections_(used ? kEntries : kFewest), reset_lately_(kResetFor) {}

bool AnsweredCopies::is_second_copy(const FlowKey& flow, std::uint64_t what, std::uint64_t now_ns) {
  return answered_.find(mixed(flow.forward, what, secret_), now_ns) != nullptr;
}

void AnsweredCopies::note(const FlowKey& flow, std::uint64_t what, std::uint64_t now_ns) {
  answered_.put(mixed(flow.forward, what, secret_), {}, now_ns, now_ns + kCopiesWithin);
}

void AnsweredCopies::note_reset(const FlowKey& flow, const Numbers& numbers, std::uint64_t now_ns) {
  connections_.put(flow.both, {flow.forward, numbers, kFurtherResets}, now_ns, now_ns + kResetFor);
  reset_lately_.put(flow.both, now_ns);
  reset_until_ns_ = std::max(reset_until_ns_, now_ns + kResetFor);
}

std::optional<std::uint32_t> AnsweredCopies::further_reset(const FlowKey& flow, const TcpHeader& header, const Layers& layers,
                                                           std::uint64_t now_ns) {
  if (!reset_lately_.may_hold(flow.both, now_ns)) return std::nullopt;
  Connection* const known = connections_.find(flow.both, now_ns);
  if (known == nullptr) return std::nullopt;
  if ((header.flags & kTcpSyn) != 0) known->resets_left = 0;  // the ports are used for a new connection
  if ((header.flags & (kTcpSyn | kTcpRst)) != 0 || known->resets_left == 0 || layers.payload_length == 0) return std::nullopt;
  const bool from_sender = flow.forward == known->judged_side;
  // Who was answered may well have the answer, and what comes to him then is of no use to him.
  if (!from_sender && !known->numbers.sender_was_reset) return std::nullopt;
  std::uint32_t& expected = from_sender ? known->numbers.receiver_expects : known->numbers.sender_expects;
  const std::uint32_t after = sequence_after(header, layers);
  if (!is_beyond(expected, after)) return std::nullopt;
  expected = after;
  --known->resets_left;
  return after;
}

}  // namespace telefence
