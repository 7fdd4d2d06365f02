// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "enforce/action.h"
#include "enforce/wrap.h"

namespace telefence::answer_action {
namespace {

// Larger than any refusal: a DNS answer within 1232 octets, a SIP response, a small page.
constexpr std::size_t kMaxRefusal = 8192;
// Payload of one segment of ours: fits 1500 octets with IPv6 and room for a tunnel.
constexpr std::size_t kSegment = 1360;

std::string_view impossible(const Protocol& protocol) {
  if (protocol.refuse == nullptr) return "it has no refusal of its own that could be sent back";
  return {};
}

Fate answer_udp(ActionInput& input, Bytes refusal) {
  Frame* back = input.replies.take(true);
  if (back == nullptr) return Fate::kForwardedActionFailed;
  if (!wrap_udp(input.frame, input.layers, Heading::kBack, refusal, *back)) {
    input.replies.give_back_last();
    return Fate::kForwardedActionFailed;
  }
  return Fate::kAnswered;
}

// The refusal in the server's name with the server's next sequence number, then FIN; the server itself is reset.
Fate answer_tcp(ActionInput& input, Bytes refusal) {
  const TcpHeader judged = tcp_header(input.frame, input.layers);
  if ((judged.flags & kTcpAck) == 0) return Fate::kForwardedActionFailed;
  TcpFields fields{judged.acknowledgement, sequence_after(judged, input.layers), kTcpAck};
  bool sent = false;
  while (!refusal.empty()) {
    const Bytes part = refusal.first(std::min(refusal.size(), kSegment));
    refusal = refusal.subspan(part.size());
    fields.flags = static_cast<std::uint8_t>(refusal.empty() ? kTcpAck | kTcpPsh | kTcpFin : kTcpAck);
    Frame* back = input.replies.take(true);
    if (back == nullptr || !wrap_tcp(input.frame, input.layers, Heading::kBack, fields, part, *back)) {
      if (back != nullptr) input.replies.give_back_last();
      return sent ? Fate::kAnswered : Fate::kForwardedActionFailed;
    }
    sent = true;
    fields.sequence += static_cast<std::uint32_t>(part.size());
  }
  Frame* onward = input.replies.take(false);
  if (onward != nullptr &&
      !wrap_tcp(input.frame, input.layers, Heading::kOnward, reset_onward(judged), {}, *onward))
    input.replies.give_back_last();
  return sent ? Fate::kAnswered : Fate::kForwardedActionFailed;
}

Fate apply(ActionInput& input) {
  std::array<std::uint8_t, kMaxRefusal> buffer;
  Writer writer(buffer);
  const Payload payload{payload_of(input.frame, input.layers), input.layers.transport, input.layers.source_port,
                        input.layers.destination_port};
  if (!input.protocol.refuse(input.event, payload, input.terms, writer) || !writer.ok())
    return Fate::kForwardedActionFailed;
  return input.layers.transport == Transport::kTcp ? answer_tcp(input, writer.written())
                                                   : answer_udp(input, writer.written());
}

}  // namespace

// The protocol's own "no" goes back to the sender; the message itself goes nowhere.
extern constinit const Action kAction{.name = "answer",
                                      .takes_frame = true,
                                      .closes_connection = true,
                                      .impossible = impossible,
                                      .apply = apply};

}  // namespace telefence::answer_action
