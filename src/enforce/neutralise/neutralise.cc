// SPDX-License-Identifier: Apache-2.0
#include "enforce/action.h"
#include "enforce/checksum.h"

namespace telefence::neutralise_action {
namespace {

std::string_view impossible(const Protocol& protocol) {
  if (protocol.neutralise == nullptr) return "its messages can't be voided in place";
  if (!protocol.answers.empty()) return "its way of refusing is `answer`, which voids a message in place where that is needed";
  return {};
}

Fate apply(ActionInput& input) {
  // Of a message that was put together from several segments only a part is here.
  if (input.event.message.offset + std::size_t{input.event.message.length} > input.layers.payload_length) return Fate::kForwardedActionFailed;
  const ChecksumKeeper keeper(input.frame, input.layers, input.event.message);
  const MutableBytes message =
      payload_of(input.frame, input.layers).subspan(input.event.message.offset, input.event.message.length);
  if (!input.protocol.neutralise(input.event, message, {0, input.verdict.refused_recipients()})) return Fate::kForwardedActionFailed;
  keeper.correct(input.frame);
  return Fate::kNeutralised;
}

}  // namespace

// Voids one message in place, same length, so that every sequence number of the session stays true; the response is restated
// on its way back.
extern constinit const Action kAction{
    .name = "neutralise", .expects_response = true, .impossible = impossible, .apply = apply};

}  // namespace telefence::neutralise_action
