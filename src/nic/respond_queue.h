// SPDX-License-Identifier: Apache-2.0
#pragma once

// A queue that only sends, for answers to copies that came in on another port. They bear the link header of the copied frame; here
// it becomes one of this port. Worker thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/frame.h"
#include "nic/mac_address.h"
#include "nic/queue.h"

namespace telefence {

struct SentLink {
  // The port's own: with the address of the station that it speaks for, switches would send that one's traffic to this port.
  MacAddress source{};
  std::optional<MacAddress> gateway;  // a router that takes all answers; none: to the station that the copied frame names
  std::uint16_t vlan = 0;             // 802.1Q id; 0: the tags of the copied frame, to a gateway none
};

// Gives an Ethernet frame that header. False, and nothing is changed: it is none, or has no room for a tag.
bool address_frame(const SentLink& link, Frame& frame);

class RespondQueue final : public Queue {
 public:
  RespondQueue(Queue& port, const SentLink& link) : port_(port), link_(link) {}

  std::size_t receive(std::span<Frame>) override { return 0; }
  std::size_t transmit(std::span<Frame> frames) override;
  std::uint64_t now_ns() const override { return port_.now_ns(); }

 private:
  Queue& port_;
  const SentLink link_;
};

}  // namespace telefence
