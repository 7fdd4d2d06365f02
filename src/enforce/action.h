// SPDX-License-Identifier: Apache-2.0
#pragma once

// The contract of an action folder. Each folder defines one `extern constinit const Action` named <folder>_action::kAction;
// the registry is generated from the list in enforce/meson.build. Worker thread, no allocation.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/frame.h"
#include "decode/layers.h"
#include "event/event.h"
#include "protocols/protocol.h"
#include "verdict/verdict.h"

namespace telefence {

// Frames made by actions in this burst. Spare frames are lent by the worker before enforce runs.
class Replies {
 public:
  Replies(std::span<Frame> spare, std::span<bool> back) : spare_(spare), back_(back) {}

  // An empty frame to fill. back: it leaves by the port that the judged frame came in on; else it goes on to the peer port.
  // nullptr when no spare frame is left.
  Frame* take(bool back) {
    if (used_ == spare_.size()) return nullptr;
    back_[used_] = back;
    return &spare_[used_++];
  }
  void give_back_last() { --used_; }
  std::span<Frame> made() const { return spare_.first(used_); }
  bool goes_back(std::size_t index) const { return back_[index]; }
  std::size_t used() const { return used_; }

 private:
  std::span<Frame> spare_;
  std::span<bool> back_;
  std::size_t used_ = 0;
};

// Live part of the configuration of actions. One RefusalTerms per protocol.
struct EnforceOptions {
  std::vector<RefusalTerms> terms;           // by protocol index
  struct Codes {
    std::uint32_t content = 0, calling = 0, called = 0;
  };
  std::vector<Codes> codes;                  // refusal codes of restate(), by protocol index
  std::uint8_t dscp = 1;                     // what `tag` writes: 6 bits; 1 = lower effort (RFC 8622)
};

// One blocked event of one frame.
struct ActionInput {
  Frame& frame;
  const Layers& layers;
  const Protocol& protocol;
  const Event& event;
  const Verdict& verdict;
  const EnforceOptions& options;
  const RefusalTerms& terms;
  Replies& replies;
};

struct Action {
  std::string_view name;  // folder name = config word = record word
  // Takes the whole packet off the wire (drop, reset, answer). Otherwise it changes the packet, which is forwarded.
  bool takes_frame = false;
  bool closes_connection = false;  // later segments of a TCP connection are dropped (answer, reset)
  bool expects_response = false;   // the response on its way back is to be restated (neutralise)
  // Why this protocol can't do it; empty when it can. Called when policy is loaded.
  std::string_view (*impossible)(const Protocol&);
  // Carries it out. kForwardedActionFailed: nothing was changed and the frame is to be forwarded as it is.
  Fate (*apply)(ActionInput&);
};

std::span<const Action* const> registered_actions();
const Action* action_named(std::string_view name);
// Index in the registry; kNoAction when there is none of that name.
ActionId action_id(std::string_view name);

}  // namespace telefence
