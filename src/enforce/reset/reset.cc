// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"
#include "enforce/wrap.h"

namespace telefence::reset_action {
namespace {

std::string_view impossible(const Protocol& protocol) {
  if (protocol.neutralise != nullptr)
    return "a reset cuts off every other message of the session: use neutralise";
  if (!protocol.udp_ports.empty()) return "its messages come over UDP, which has no connection to reset: use answer";
  return {};
}

Fate apply(ActionInput& input) {
  if (input.layers.transport != Transport::kTcp) return Fate::kForwardedActionFailed;
  const TcpHeader judged = tcp_header(input.frame, input.layers);
  Frame* back = input.replies.take(true);
  if (back == nullptr) return Fate::kForwardedActionFailed;
  if (!wrap_tcp(input.frame, input.layers, Heading::kBack, reset_back(judged, input.layers), {}, *back)) {
    input.replies.give_back_last();
    return Fate::kForwardedActionFailed;
  }
  // The server's side is a courtesy: without it the server keeps a half-open connection until its own time-out.
  Frame* onward = input.replies.take(false);
  if (onward != nullptr &&
      !wrap_tcp(input.frame, input.layers, Heading::kOnward, reset_onward(judged), {}, *onward))
    input.replies.give_back_last();
  return Fate::kReset;
}

}  // namespace

// RST to both ends, in each other's name, with the sequence numbers that they expect next.
extern constinit const Action kAction{.name = "reset",
                                      .takes_frame = true,
                                      .closes_connection = true,
                                      .impossible = impossible,
                                      .apply = apply};

}  // namespace telefence::reset_action
