// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"

namespace telefence::drop_action {
namespace {

std::string_view impossible(const Protocol& protocol) {
  if (protocol.shares_connections && protocol.udp_ports.empty())
    return "dropping a segment stalls every other message of the session and is only repeated: use neutralise";
  return {};
}

// A segment of a connection that many share can't be taken out: its retransmissions would be, too, and all would stand still.
Fate apply(ActionInput& input) {
  const bool stalls_others = input.layers.transport == Transport::kTcp && input.protocol.shares_connections;
  return stalls_others ? Fate::kForwardedActionFailed : Fate::kDroppedByVerdict;
}

}  // namespace

// Takes the packet off the wire and says nothing.
extern constinit const Action kAction{
    .name = "drop", .takes_frame = true, .impossible = impossible, .apply = apply};

}  // namespace telefence::drop_action
