// SPDX-License-Identifier: Apache-2.0
#include "enforce/connection.h"

#include "enforce/wrap.h"

namespace telefence {
namespace {

enum class Sent : std::uint8_t { kYes, kNoFrame, kNoWay };

Sent send(const Frame& judged, const Layers& layers, Heading heading, const TcpFields& fields, Replies& replies) {
  const std::size_t before = replies.used();
  Frame* frame = replies.take(heading == Heading::kBack);
  if (frame == nullptr) return Sent::kNoFrame;
  const TunnelHeaders* const known = heading == Heading::kBack ? replies.way_back(judged, layers) : nullptr;
  if (wrap_tcp(judged, layers, heading, fields, {}, *frame, known)) return Sent::kYes;
  replies.keep_only(before);
  return Sent::kNoWay;
}

}  // namespace

Fate reset_both_ends(const Frame& judged, const Layers& layers, Replies& replies) {
  const Sent back = send(judged, layers, Heading::kBack, reset_back(tcp_header(judged, layers), layers), replies);
  const Fate fate = back == Sent::kYes ? Fate::kReset : back == Sent::kNoWay ? fate_without_way(layers) : Fate::kForwardedActionFailed;
  if (fate != Fate::kForwardedActionFailed) reset_receiver(judged, layers, replies);
  return fate;
}

Fate fate_without_way(const Layers& layers) {
  return layers.tunnels != 0 ? Fate::kDroppedByVerdict : Fate::kForwardedActionFailed;
}

// A courtesy: without it the receiver keeps a half-open connection until its own time-out.
void reset_receiver(const Frame& judged, const Layers& layers, Replies& replies) {
  TcpFields fields = reset_onward(tcp_header(judged, layers));
  fields.sequence = replies.receiver_expects().value_or(fields.sequence);
  (void)send(judged, layers, Heading::kOnward, fields, replies);
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
