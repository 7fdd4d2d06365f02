// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"

namespace telefence::answer_action {
namespace {
std::string_view impossible(const Protocol&) { return {}; }
Fate apply(ActionInput&) { return Fate::kForwardedActionFailed; }
}  // namespace
extern constinit const Action kAction{.name = "answer", .impossible = impossible, .apply = apply};
}  // namespace telefence::answer_action
