// SPDX-License-Identifier: Apache-2.0
#pragma once

// Messages that were answered though only a copy of them came in (a mirror port with a port to respond by). What was answered goes
// on, so its connection lives until our resets arrive: what both ends had under way by then makes their numbers stale, and a few
// more resets are due, not endlessly many. Switches that copy a port in both directions send each packet twice: the second copy is
// not answered. One per worker, used by that thread alone. Times are session times (session_clock.h).

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/frame.h"
#include "decode/layers.h"
#include "track/flow_key.h"
#include "track/recent_filter.h"
#include "track/timed_cache.h"

namespace telefence {

class AnsweredCopies {
 public:
  // Resets that follow the first ones of a connection.
  static constexpr std::uint8_t kFurtherResets = 4;

  // used: false where no link is answered: then nothing is kept.
  AnsweredCopies(const HashSecret& secret, bool used);

  // True when the same was answered a moment ago, sooner than anybody repeats himself. what: tells messages of a flow apart.
  bool is_second_copy(const FlowKey& flow, std::uint64_t what, std::uint64_t now_ns);
  void note(const FlowKey& flow, std::uint64_t what, std::uint64_t now_ns);
  std::uint64_t identity(Bytes message) const { return mixed(0, message, secret_); }

  // A connection whose ends were reset.
  struct Numbers {
    std::uint32_t receiver_expects = 0;  // of the judged message, by our reset
    std::uint32_t sender_expects = 0;
    bool sender_was_reset = false;       // and not given an answer
  };
  void note_reset(const FlowKey& flow, const Numbers& numbers, std::uint64_t now_ns);
  // A segment that goes on such a connection beyond the numbers of our resets: the number that its receiver expects after it, for
  // one more reset. Requires: TCP.
  std::optional<std::uint32_t> further_reset(const FlowKey& flow, const TcpHeader& header, const Layers& layers, std::uint64_t now_ns);
  // False for nearly all connections of which further_reset() would know nothing.
  bool may_be_reset(const FlowKey& flow, std::uint64_t now_ns) { return reset_lately_.may_hold(flow.both, now_ns); }
  bool any_reset(std::uint64_t now_ns) const { return now_ns < reset_until_ns_; }

 private:
  struct Nothing {};
  struct Connection {
    std::uint64_t judged_side = 0;  // FlowKey::forward of the message
    Numbers numbers;
    std::uint8_t resets_left = 0;
  };

  const HashSecret secret_;
  TimedCache<Nothing> answered_;
  TimedCache<Connection> connections_;  // by FlowKey::both
  RecentFilter reset_lately_;
  std::uint64_t reset_until_ns_ = 0;
};

}  // namespace telefence
