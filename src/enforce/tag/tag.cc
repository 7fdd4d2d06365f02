// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"
#include "enforce/mark.h"

namespace telefence::tag_action {
namespace {

std::string_view impossible(const Protocol&) { return {}; }

Fate apply(ActionInput& input) {
  mark(input.frame, input.layers, input.options.dscp);
  return Fate::kTagged;
}

}  // namespace

// Marks the packet's DSCP for equipment further on; nothing is blocked.
extern constinit const Action kAction{.name = "tag", .impossible = impossible, .apply = apply};

}  // namespace telefence::tag_action
