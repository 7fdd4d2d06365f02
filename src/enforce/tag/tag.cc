// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"

namespace telefence::tag_action {
namespace {
std::string_view impossible(const Protocol&) { return {}; }
Fate apply(ActionInput&) { return Fate::kForwardedActionFailed; }
}  // namespace
extern constinit const Action kAction{.name = "tag", .impossible = impossible, .apply = apply};
}  // namespace telefence::tag_action
