// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way from the first byte of a frame to its innermost packet, tunnel by tunnel, as offsets. Layers only say how it begins and
// ends; who changes or makes a packet inside a tunnel needs all of it, and asks for it then.

#include <array>
#include <cstdint>
#include <span>

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

// Real networks nest two, seldom three; what is nested deeper is there to hide something or to burn time.
inline constexpr std::size_t kMostTunnels = 4;

struct TunnelStep {
  static constexpr std::uint16_t kOnLink = 0xffff;

  TunnelKind kind = TunnelKind::kNone;
  std::uint16_t network = kOnLink;  // offset of the IP header that carries it; kOnLink: a link header does
  std::uint16_t at = 0;             // offset of its own bytes, which begin behind that header; a UDP header is one of them
  std::uint16_t inside = 0;         // offset of what it carries: an IP header, or an Ethernet header in front of one
  std::uint32_t id = 0;             // as Layers::tunnel_id
};

struct TunnelPath {
  std::uint8_t count = 0;
  std::array<TunnelStep, kMostTunnels> steps{};

  std::span<const TunnelStep> all() const { return std::span(steps).first(count); }
};

// What stands in front of the innermost packet of a frame, as an owned copy: everything that is needed to send another one the
// same way.
struct TunnelHeaders {
  // Ethernet with two tags, three labels, IPv6, UDP and GTP-U with an extension take 112.
  static constexpr std::size_t kMostBytes = 128;

  TunnelPath path;
  LinkType link = LinkType::kUnknown;
  std::uint8_t ip_version = 0;  // of the packet behind them, which the last of them may name
  std::uint8_t length = 0;
  std::array<std::uint8_t, kMostBytes> octets{};

  Bytes bytes() const { return Bytes(octets).first(length); }
};

}  // namespace telefence
