// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "enforce/action.h"
#include "enforce/connection.h"
#include "enforce/wrap.h"

namespace telefence::answer_action {
namespace {

// Larger than any refusal: a DNS answer within 1232 octets, a SIP response, a small page.
constexpr std::size_t kMaxRefusal = 8192;
// Payload of one segment of ours: fits 1500 octets with IPv6 and one tunnel.
constexpr std::size_t kSegment = 1360;
constexpr std::size_t kOneTunnel = 80;  // octets in front of the packet that kSegment leaves room for

// The same with more of them around it.
std::size_t segment_in(const Layers& layers) {
  const std::size_t in_front = layers.network;
  return in_front <= kOneTunnel ? kSegment : kSegment - std::min(in_front - kOneTunnel, kSegment / 2);
}

std::string_view impossible(const Protocol& protocol) {
  if (protocol.refuse == nullptr) return "it has no refusal of its own that could be sent back";
  return {};
}

Fate answer_udp(ActionInput& input, Bytes refusal, std::uint16_t to_port) {
  const std::size_t before = input.replies.used();
  Frame* back = input.replies.take(true);
  if (back == nullptr) return Fate::kForwardedActionFailed;
  Layers layers = input.layers;
  if (to_port != 0) layers.source_port = to_port;
  const TunnelHeaders* const known = input.replies.way_back(input.frame, input.layers);
  if (wrap_udp(input.frame, layers, Heading::kBack, refusal, *back, known)) return Fate::kAnswered;
  input.replies.keep_only(before);
  return fate_without_way(layers);
}

// The refusal in the server's name with the server's next sequence number, then FIN; the server itself is reset. All of it or
// nothing: half a page would keep the client waiting for the rest. Whether there is a way back is known with the first part.
Fate answer_tcp(ActionInput& input, Bytes refusal) {
  const TcpHeader judged = tcp_header(input.frame, input.layers);
  const std::size_t before = input.replies.used();
  TcpFields fields{judged.acknowledgement, sequence_after(judged, input.layers), kTcpAck};
  const TunnelHeaders* const known = input.replies.way_back(input.frame, input.layers);
  const std::size_t segment = segment_in(input.layers);
  while (!refusal.empty()) {
    const Bytes part = refusal.first(std::min(refusal.size(), segment));
    refusal = refusal.subspan(part.size());
    fields.flags = static_cast<std::uint8_t>(refusal.empty() ? kTcpAck | kTcpPsh | kTcpFin : kTcpAck);
    Frame* back = input.replies.take(true);
    if (back == nullptr || !wrap_tcp(input.frame, input.layers, Heading::kBack, fields, part, *back, known)) {
      input.replies.keep_only(before);
      const Fate fate = back == nullptr ? Fate::kForwardedActionFailed : fate_without_way(input.layers);
      if (fate == Fate::kDroppedByVerdict) reset_receiver(input.frame, input.layers, input.replies);
      return fate;
    }
    fields.sequence += static_cast<std::uint32_t>(part.size());
  }
  reset_receiver(input.frame, input.layers, input.replies);
  return Fate::kAnswered;
}

// The protocol has no fitting "no" for this message: the next best that keeps it from its receiver.
Fate without_words(ActionInput& input) {
  if (input.layers.transport != Transport::kTcp) return Fate::kDroppedByVerdict;
  if (input.protocol.shares_connections) return Fate::kForwardedActionFailed;
  return reset_both_ends(input.frame, input.layers, input.replies);
}

WrittenRefusal write_refusal(const ActionInput& input, Writer& writer) {
  RefusalTerms terms = input.terms;
  terms.only_this_name = input.verdict.only_this_name;
  WrittenRefusal refusal = input.reader != nullptr ? input.reader->refuse(input.event, input.payload, terms, writer)
                                                   : input.protocol.refuse(input.event, input.payload, terms, writer);
  refusal.is_written = refusal.is_written && writer.ok();
  return refusal;
}

bool can_turn(ActionInput& input) {
  constexpr std::size_t kRoom = 1232;  // of a DNS answer, the only kind so far
  return input.may_turn && input.protocol.refuses_in_place && can_turn_udp(input.frame, input.layers) && input.replies.has_room() &&
         room_to_turn(input.frame, input.layers).size() >= kRoom && input.replies.way_back(input.frame, input.layers) == nullptr;
}

// The refusal is written over the message, and the frame goes back: as nearly all look-ups are answered.
Fate turn(ActionInput& input) {
  Writer writer(room_to_turn(input.frame, input.layers));
  if (!write_refusal(input, writer).is_written) return without_words(input);
  turn_udp(input.replies.turn(input.frame), input.layers, writer.size());
  input.is_turned = true;
  return Fate::kAnswered;
}

Fate apply(ActionInput& input) {
  if (can_turn(input)) return turn(input);
  std::array<std::uint8_t, kMaxRefusal> buffer;
  Writer writer(buffer);
  const WrittenRefusal refusal = write_refusal(input, writer);
  if (!refusal.is_written) return without_words(input);
  if (input.layers.transport != Transport::kTcp) return answer_udp(input, writer.written(), refusal.to_port);
  // An answer would be taken for that to the message before, and without an acknowledgement it has no place in the stream.
  const bool has_place = input.is_first && (tcp_header(input.frame, input.layers).flags & kTcpAck) != 0;
  return has_place ? answer_tcp(input, writer.written()) : without_words(input);
}

}  // namespace

// The protocol's own "no" goes back to the sender; the message itself goes nowhere.
extern constinit const Action kAction{.name = "answer",
                                      .takes_frame = true,
                                      .closes_connection = true,
                                      .works_on_copies = true,
                                      .impossible = impossible,
                                      .apply = apply};

}  // namespace telefence::answer_action
