// SPDX-License-Identifier: Apache-2.0
#include "enforce/connection.h"

#include "enforce/wrap.h"

namespace telefence {
namespace {

bool send(const Frame& judged, const Layers& layers, Heading heading, const TcpFields& fields, Replies& replies) {
  const std::size_t before = replies.used();
  Frame* frame = replies.take(heading == Heading::kBack);
  if (frame == nullptr) return false;
  if (wrap_tcp(judged, layers, heading, fields, {}, *frame)) return true;
  replies.keep_only(before);
  return false;
}

}  // namespace

bool reset_both_ends(const Frame& judged, const Layers& layers, Replies& replies) {
  if (!send(judged, layers, Heading::kBack, reset_back(tcp_header(judged, layers), layers), replies)) return false;
  reset_receiver(judged, layers, replies);
  return true;
}

// A courtesy: without it the receiver keeps a half-open connection until its own time-out.
void reset_receiver(const Frame& judged, const Layers& layers, Replies& replies) {
  (void)send(judged, layers, Heading::kOnward, reset_onward(tcp_header(judged, layers)), replies);
}

void answer_late_segment(const Frame& late, const Layers& layers, bool acknowledge, Replies& replies) {
  const TcpHeader header = tcp_header(late, layers);
  const std::uint32_t after = sequence_after(header, layers);
  if (after == header.sequence || (header.flags & kTcpRst) != 0) return;
  const bool can_acknowledge = acknowledge && (header.flags & kTcpAck) != 0;
  const TcpFields fields = can_acknowledge ? TcpFields{.sequence = header.acknowledgement, .acknowledgement = after, .flags = kTcpAck, .options = {}} : reset_back(header, layers);
  (void)send(late, layers, Heading::kBack, fields, replies);
}

}  // namespace telefence
