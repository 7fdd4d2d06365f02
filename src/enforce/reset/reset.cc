// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"
#include "enforce/connection.h"

namespace telefence::reset_action {
namespace {

std::string_view impossible(const Protocol& protocol) {
  if (!protocol.udp_ports.empty()) return "its messages come over UDP, which has no connection to reset: use answer";
  if (protocol.shares_connections) return "a reset cuts off every other message of the session: use neutralise";
  return {};
}

Fate apply(ActionInput& input) {
  if (input.layers.transport != Transport::kTcp) return Fate::kForwardedActionFailed;
  return reset_both_ends(input.frame, input.layers, input.replies);
}

}  // namespace

// RST to both ends, in each other's name, with the sequence numbers that they expect next.
extern constinit const Action kAction{.name = "reset",
                                      .takes_frame = true,
                                      .closes_connection = true,
                                      .works_on_copies = true,
                                      .impossible = impossible,
                                      .apply = apply};

}  // namespace telefence::reset_action
