// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one worker remembers between packets. Times are Frame::time_ns. Fixed memory: about 7 MiB per worker.

#include <cstdint>

#include "decode/layers.h"
#include "track/flow_key.h"
#include "track/timed_cache.h"

namespace telefence {

class SessionTable {
 public:
  explicit SessionTable(const HashSecret& secret);

  FlowKey key_of(const Frame& frame, const Layers& layers) const { return flow_key(frame, layers, secret_); }

  // True the first time a message is seen, false for its retransmissions. UDP: the same bytes between the same ends;
  // TCP: the same sequence numbers.
  bool first_sight(const Frame& frame, const Layers& layers, Place message);

  // A connection that we closed: what still arrives on it is not forwarded.
  void close(const FlowKey& flow, std::uint64_t now_ns);
  bool is_closed(const FlowKey& flow, std::uint64_t now_ns) { return closed_.find(flow.both, now_ns) != nullptr; }
  // A new SYN on the same ports opens a new connection.
  void reopen(const FlowKey& flow, std::uint64_t now_ns) {
    if (closed_.find(flow.both, now_ns) != nullptr) closed_.put(flow.both, {}, now_ns, now_ns);
  }
  // Cheap check that spares computing a key while nothing is closed.
  bool any_closed(std::uint64_t now_ns) const { return now_ns < closed_until_ns_; }

  // The response to a neutralised request is to say `code`. flow: of the request.
  void expect_response(const FlowKey& flow, std::uint32_t session_number, std::uint32_t code, std::uint64_t now_ns);
  // The code that this response is to say, or nullptr. flow: of the response. The entry stays for retransmissions.
  const std::uint32_t* refusal_for(const FlowKey& flow, std::uint32_t session_number, std::uint64_t now_ns);

  std::uint64_t evicted() const { return seen_.evicted() + closed_.evicted() + pending_.evicted(); }

 private:
  struct Nothing {};
  HashSecret secret_;
  TimedCache<Nothing> seen_;
  TimedCache<Nothing> closed_;
  TimedCache<std::uint32_t> pending_;
  std::uint64_t closed_until_ns_ = 0;
};

}  // namespace telefence
