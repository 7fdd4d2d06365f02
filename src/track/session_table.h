// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one worker remembers between packets. Times are session times (session_clock.h). Fixed memory, by default about 9 MiB.

#include <cstdint>

#include "decode/layers.h"
#include "track/flow_key.h"
#include "track/recent_filter.h"
#include "track/timed_cache.h"

namespace telefence {

// One message as a retransmission repeats it.
struct MessageIdentity {
  Place place;                  // inside `bytes`
  std::uint16_t ordinal = 0;    // of several events of one message, which
  Bytes bytes;                  // what it was read from
  std::uint32_t sequence = 0;   // TCP: of the first of them
};

// How a connection was closed because of one of its messages.
enum class Ending : std::uint8_t { kAnswered, kReset, kDropped };

// The message that a connection was closed for: `first` and `count` say where its bytes are, of all its segments.
struct Judged {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t other = 0;  // the next sequence number of the other side
  Ending ending = Ending::kAnswered;
};

// How a packet stands to such a connection.
enum class Closed : std::uint8_t {
  kNo,
  kJudgedAgain,  // some of the judged bytes once more: their sender has not seen our answer
  kFromSender,   // later bytes of the sender of the judged message
  kFromReceiver, // bytes of the other side
};

struct SessionOptions {
  std::uint32_t entries = 65536;  // of each kind: messages counted, connections closed, responses awaited; a power of two
};

class SessionTable {
 public:
  explicit SessionTable(const HashSecret& secret, const SessionOptions& options = {});
  static std::uint64_t memory_for(const SessionOptions& options);  // bytes

  FlowKey key_of(const Frame& frame, const Layers& layers) const { return flow_key(frame, layers, secret_); }
  // Into place: one that is returned is copied, and the copy waits for its parts.
  void key_of(const Frame& frame, const Layers& layers, FlowKey& key) const { flow_key(frame, layers, secret_, key); }

  // What a message is remembered by. UDP: the same bytes between the same ends; TCP: the same sequence numbers.
  std::uint64_t sight_key(const FlowKey& flow, Transport transport, const MessageIdentity& message) const;
  // Brings what first_sight() will touch into the cache.
  void prefetch_sight(std::uint64_t key) const { seen_.prefetch(key); }
  // True the first time a message is seen, false for its retransmissions.
  bool first_sight(std::uint64_t key, std::uint64_t now_ns);
  bool first_sight(const FlowKey& flow, Transport transport, const MessageIdentity& message, std::uint64_t now_ns) {
    return first_sight(sight_key(flow, transport, message), now_ns);
  }

  // The connection, whose message was refused, is over: what still arrives on it is not forwarded. flow: of the message.
  void close(const FlowKey& flow, const Judged& message, std::uint64_t now_ns);
  // Only segments near the judged one count: who forges a segment somewhere else in the sequence space must not be able to
  // close a connection that goes on. A SYN ends the memory: the ports are used for a new connection.
  // `ending` is set for what is Closed at all.
  Closed closed(const Frame& frame, const Layers& layers, const FlowKey& flow, std::uint64_t now_ns, Ending& ending);
  // The steps of closed() for a burst, each of which brings what the next one touches into the cache. may_be_closed(): false when
  // closed() would say no.
  void prefetch_closed(const FlowKey& flow) const { closed_lately_.prefetch(flow.both); }
  bool may_be_closed(const FlowKey& flow, std::uint64_t now_ns) {
    if (!is_closed_lately(flow.both, now_ns)) [[likely]] return false;
    closed_.prefetch(flow.both);
    return true;
  }
  void prefetch_closed_rest(const FlowKey& flow) const { closed_.prefetch_value(flow.both); }
  // Cheap check that spares computing a key while nothing is closed.
  bool any_closed(std::uint64_t now_ns) const { return now_ns < closed_until_ns_; }

  // The response to a neutralised request is to say `code`. flow: of the request; repeated: it is a retransmission, whose
  // response may have been seen already.
  void expect_response(const FlowKey& flow, std::uint32_t session_number, std::uint32_t code, bool repeated,
                       std::uint64_t now_ns);
  // Brings what forget_response() and refusal_for() will touch into the cache. direction: in which the response goes.
  void prefetch_response(std::uint64_t direction, std::uint64_t both, std::uint32_t session_number, std::uint64_t now_ns);
  // A request of that number is forwarded as it is: its response is its own.
  void forget_response(const FlowKey& flow, std::uint32_t session_number, std::uint64_t now_ns);
  // The connection is opened anew: numbers start again.
  void forget_responses(const FlowKey& flow, std::uint64_t now_ns);
  bool any_pending(std::uint64_t now_ns) const { return now_ns < pending_until_ns_; }
  // The code that this response is to say, or nullptr. flow: of the response; sequence: where it stands in the stream. The
  // first one takes the entry for itself: its retransmissions are told the same, a later response of that number is not.
  const std::uint32_t* refusal_for(const FlowKey& flow, std::uint32_t session_number, std::uint32_t sequence,
                                   std::uint64_t now_ns);

  std::uint64_t evicted() const { return seen_.evicted() + closed_.evicted() + pending_.evicted() + epochs_.evicted(); }

 private:
  struct Nothing {};
  struct ClosedConnection {
    std::uint64_t judged_side = 0;  // FlowKey::forward of the message
    Judged message;
  };
  struct Pending {
    std::uint32_t code = 0;
    std::uint32_t sequence = 0;
    bool taken = false;
  };
  bool is_closed_lately(std::uint64_t both, std::uint64_t now_ns) {
    return closed_lately_.may_hold(both, now_ns) || (now_ns < dropped_until_ns_ && dropped_lately_.may_hold(both, now_ns));
  }
  std::uint64_t pending_key(std::uint64_t direction, std::uint64_t both, std::uint32_t session_number, std::uint64_t now_ns);

  HashSecret secret_;
  TimedCache<Nothing> seen_;
  TimedCache<ClosedConnection> closed_;
  TimedCache<Pending> pending_;
  TimedCache<std::uint32_t> epochs_;  // by FlowKey::both: how often the connection was opened while something was pending
  RecentFilter closed_lately_;   // by FlowKey::both; those of which the sender was told
  RecentFilter dropped_lately_;  // by FlowKey::both; the others, few, which are remembered longer
  RecentFilter pending_lately_;  // by the key of the pending entry
  RecentFilter connections_lately_;  // by FlowKey::both: something of theirs is awaited
  std::uint64_t closed_until_ns_ = 0;
  std::uint64_t dropped_until_ns_ = 0;
  std::uint64_t pending_until_ns_ = 0;
};

}  // namespace telefence
