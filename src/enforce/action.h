// SPDX-License-Identifier: Apache-2.0
#pragma once

// The contract of an action folder. Each folder defines one `extern constinit const Action` named <folder>_action::kAction;
// the registry is generated from the list in enforce/meson.build. Worker thread, no allocation.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/frame.h"
#include "decode/layers.h"
#include "decode/tunnel_path.h"
#include "event/event.h"
#include "protocols/datagram_reader.h"
#include "protocols/protocol.h"
#include "verdict/verdict.h"

namespace telefence {

// Where spare frames come from. The worker's pool, seen from here.
class FrameSupply {
 public:
  virtual bool take(Frame& frame) = 0;
  virtual void give_back(Frame& frame) = 0;

 protected:
  ~FrameSupply() = default;
};

// What is known of the way back into tunnels whose two directions bear different ids. What the worker has learned, seen from here.
class WaysBack {
 public:
  // Headers of packets that go to the sender of the judged one; nullptr: none were seen. Valid until the end of the burst.
  virtual const TunnelHeaders* find(const Frame& judged, const Layers& layers) = 0;

 protected:
  ~WaysBack() = default;
};

// Frames made by actions in this burst.
class Replies {
 public:
  // room, back: as many frames as may be made. ways: nullptr when nothing is known of any tunnel.
  Replies(std::span<Frame> room, std::span<bool> back, FrameSupply& supply, WaysBack* ways = nullptr)
      : room_(room), back_(back), supply_(supply), ways_(ways) {}

  // An empty frame to fill. back: it leaves by the port that the judged frame came in on; else it goes on to the peer port.
  // nullptr when there is no room or no spare frame left.
  Frame* take(bool back) {
    if (used_ == room_.size() || !supply_.take(room_[used_])) return nullptr;
    back_[used_] = back;
    return &room_[used_++];
  }
  // The judged frame itself, to be filled anew and go back: who sends replies has it from now on. Requires: has_room().
  Frame& turn(const Frame& judged) {
    back_[used_] = true;
    return room_[used_++] = judged;
  }
  bool has_room() const { return used_ != room_.size(); }
  // Takes back what was made beyond `count`: an action that could not make all of its frames makes none.
  void keep_only(std::size_t count) {
    while (used_ > count) supply_.give_back(room_[--used_]);
  }
  // For wrap_udp() and wrap_tcp().
  const TunnelHeaders* way_back(const Frame& judged, const Layers& layers) {
    return ways_ == nullptr ? nullptr : ways_->find(judged, layers);
  }
  // The judged segment is a copy, and the segment itself goes on: its receiver will then expect this sequence number. None: the
  // segment itself is here, and the receiver does not get it.
  void set_receiver_expects(std::optional<std::uint32_t> sequence) { receiver_expects_ = sequence; }
  std::optional<std::uint32_t> receiver_expects() const { return receiver_expects_; }
  std::span<Frame> made() const { return room_.first(used_); }
  bool goes_back(std::size_t index) const { return back_[index]; }
  std::size_t used() const { return used_; }

 private:
  std::span<Frame> room_;
  std::span<bool> back_;
  FrameSupply& supply_;
  WaysBack* ways_;
  std::size_t used_ = 0;
  std::optional<std::uint32_t> receiver_expects_;
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
  const Payload& payload;  // what the event was read from; of a message over several segments, all of it
  const Protocol& protocol;
  const Event& event;
  const Verdict& verdict;
  const EnforceOptions& options;
  const RefusalTerms& terms;
  Replies& replies;
  bool is_first = true;  // no other message stands before it in the packet
  bool may_turn = false;  // nobody needs the frame any more: what goes back may be written into it (Replies::turn)
  bool is_turned = false;  // set by the action: that was done
  DatagramReader* reader = nullptr;  // that the event came from: it refuses in place of the protocol; mostly there is none
};

struct Action {
  std::string_view name;  // folder name = config word = record word
  // Takes the whole packet off the wire (drop, reset, answer). Otherwise it changes the packet, which is forwarded.
  bool takes_frame = false;
  bool closes_connection = false;  // later segments of a TCP connection are dropped (answer, reset)
  bool expects_response = false;   // the response on its way back is to be restated (neutralise)
  bool works_on_copies = false;    // all that it does is done by frames of its own, so it can be tried though the packet goes on
  // Why this protocol can't do it; empty when it can. Called when policy is loaded.
  std::string_view (*impossible)(const Protocol&);
  // Carries it out. kForwardedActionFailed: nothing was changed and the frame is to be forwarded as it is.
  Fate (*apply)(ActionInput&);
};

// Generated from enforce/meson.build.
extern const Action* const kActions[];
extern const std::size_t kActionCount;
inline std::span<const Action* const> registered_actions() { return {kActions, kActionCount}; }
const Action* action_named(std::string_view name);
// Index in the registry; kNoAction when there is none of that name.
ActionId action_id(std::string_view name);

}  // namespace telefence
