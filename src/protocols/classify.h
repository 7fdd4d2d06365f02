// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which protocol a payload is: its ports first, then its content. Made from the configuration and published with the policy,
// read-only then; the port map has 128 KiB, of which traffic touches a few lines.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "protocols/protocol.h"

namespace telefence {

class Classifier {
 public:
  // All registered protocols on their default ports.
  Classifier();

  // Its packets are still told apart, but not looked into.
  void disable(std::uint8_t protocol);
  bool is_enabled(std::uint8_t protocol) const { return enabled_[protocol]; }
  // Replaces the ports of one protocol.
  void set_ports(std::uint8_t protocol, std::span<const std::uint16_t> tcp, std::span<const std::uint16_t> udp);

  // Index in the registry, or kNoProtocol. A protocol that is known by its content alone wins over a port that merely
  // suggests another. from_opener: its sender opened the connection, so the port it comes from says nothing.
  std::uint8_t classify(const Payload& payload, bool from_opener = false) const {
    const std::uint8_t destination = by_destination(payload);
    if (destination != kNoProtocol) [[likely]] return destination;
    return by_source_or_content(payload, from_opener);
  }

  // The one whose port it is sent to; kNoProtocol when that is nobody's.
  std::uint8_t by_destination(const Payload& payload) const { return by_destination(payload.transport, payload.destination_port); }
  std::uint8_t by_destination(Transport transport, std::uint16_t port) const {
    return (transport == Transport::kUdp ? ports_->udp : ports_->tcp)[port];
  }

  // The next protocol to try after `tried` said kNotMine; kNoProtocol when none is left.
  std::uint8_t next_by_content(const Payload& payload, std::uint8_t tried) const;
  // True when a message of a protocol that is read from several segments begins here, by its content.
  bool begins_spread(const Payload& payload) const {
    for (const Protocol* one : std::span(spread_).first(spread_count_))
      if (one->recognise(payload)) return true;
    return false;
  }

 private:
  std::uint8_t by_source_or_content(const Payload& payload, bool from_opener) const;

  struct PortMap {
    std::array<std::uint8_t, 65536> tcp;
    std::array<std::uint8_t, 65536> udp;
  };
  std::unique_ptr<PortMap> ports_;
  std::array<bool, 32> enabled_{};
  std::array<const Protocol*, 32> spread_{};  // that are known by their content
  std::size_t spread_count_ = 0;
};

}  // namespace telefence
