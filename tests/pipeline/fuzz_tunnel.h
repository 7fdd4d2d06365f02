// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tunnels that a script's frames lie in: none, one, or one in another.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../enforce/tunnelled.h"
#include "fuzz_script.h"
#include "guarded_link.h"

namespace telefence::testing {

class Carrier {
 public:
  Carrier() = default;

  // Two octets of the script. `index`: of the connection, which has ids of its own.
  Carrier(Choices& script, std::uint32_t index, bool has_checksums) {
    const std::uint8_t first = script.octet();
    const std::uint8_t second = script.octet();
    static constexpr TunnelKind kFurther[] = {TunnelKind::kL2tp, TunnelKind::kCapwap, TunnelKind::kTeredo, TunnelKind::kGreInUdp,
                                              TunnelKind::kL2tp, TunnelKind::kCapwap, TunnelKind::kAyiya, TunnelKind::kGreInUdp};
    const TunnelKind kind = (first & 8) == 0 ? static_cast<TunnelKind>(first & 7) : kFurther[first & 7];
    if (kind == TunnelKind::kNone) return;
    TunnelShape shape = shape_of(kind, first, second, index, has_checksums);
    const bool may_nest = kind != TunnelKind::kMpls && kind != TunnelKind::kPppoe;
    if (may_nest && (first & 0x40) != 0) {
      static constexpr TunnelKind kOuter[] = {TunnelKind::kGtpU, TunnelKind::kGre, TunnelKind::kIpInIp, TunnelKind::kVxlan,
                                              TunnelKind::kMpls, TunnelKind::kL2tp, TunnelKind::kCapwap};
      shapes_.push_back(shape);
      shape = shape_of(kOuter[(second >> 5) % std::size(kOuter)], second, first, 100 + index, has_checksums);
    }
    shapes_.push_back(shape);
  }

  bool is_there() const { return !shapes_.empty(); }

  // An Ethernet frame's packet, with the same tag, in these tunnels.
  std::vector<std::uint8_t> carry(const std::vector<std::uint8_t>& bytes, bool reversed) const {
    if (shapes_.empty()) return bytes;
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(frame);
    std::vector<std::uint8_t> out(bytes.begin() + layers.network, bytes.end());
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      TunnelShape shape = shapes_[i];
      shape.reversed = reversed;
      shape.id += reversed && has_two_ids(shape.kind) ? 0x1000u : 0u;
      if (i != 0) out.erase(out.begin(), out.begin() + 14);
      if (!may_carry(shape.kind, out)) shape.kind = TunnelKind::kGreInUdp;
      out = in_tunnel(shape, out);
    }
    static constexpr std::uint8_t kTag[] = {0x81, 0, 0, 0x64};
    if (layers.vlan != 0) out.insert(out.begin() + 12, std::begin(kTag), std::end(kTag));
    return out;
  }

 private:
  static bool has_two_ids(TunnelKind kind) { return (bit_of(kind) & kOneWayTunnels) != 0; }

  static TunnelShape shape_of(TunnelKind kind, std::uint8_t first, std::uint8_t second, std::uint32_t index, bool has_checksums) {
    TunnelShape shape;
    shape.kind = kind;
    shape.outer_ipv6 = (first & 0x10) != 0;
    shape.bridged = (first & 0x80) != 0;
    shape.outer_checksum = has_checksums || shape.outer_ipv6;
    shape.id = 0x4000 + index;
    if ((second & 1) != 0) shape.gtp.sequence = 7, shape.gre.key = shape.id;
    if ((second & 2) != 0) shape.gtp.n_pdu = 5, shape.gre.sequence = 9, shape.l2tp.sequence = 9;
    if ((second & 4) != 0) shape.gtp.extensions.push_back(pdu_session_container(true, 9)), shape.geneve_options = Octets(8, 3);
    if ((second & 8) != 0) shape.gtp.extensions.push_back({std::uint8_t{0xc0}, Octets(6, 1)});
    shape.l2tp.has_length = (second & 1) == 0;
    shape.teredo = {.authenticates = (second & 1) != 0, .has_origin = (second & 2) != 0};
    shape.label_count = 1 + second % 3;
    shape.control_word = shape.bridged && (second & 0x10) != 0;
    return shape;
  }

  std::vector<TunnelShape> shapes_;  // the innermost first
};

// Which tunnels a frame lies in, and under which ids.
struct TunnelRoute {
  std::vector<TunnelKind> kinds;
  std::vector<std::uint32_t> ids;

  static TunnelRoute of(const std::vector<std::uint8_t>& bytes) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    TunnelPath path;
    (void)decode(frame, path);
    TunnelRoute route;
    for (const TunnelStep& step : path.all()) route.kinds.push_back(step.kind), route.ids.push_back(step.id);
    return route;
  }
  // What may stand for one another on a way back: the same kinds; and labels may be missing in one direction.
  bool is_alike(const TunnelRoute& other) const { return without_labels() == other.without_labels(); }
  friend bool operator==(const TunnelRoute&, const TunnelRoute&) = default;

 private:
  std::vector<TunnelKind> without_labels() const {
    std::vector<TunnelKind> out;
    std::copy_if(kinds.begin(), kinds.end(), std::back_inserter(out), [](TunnelKind kind) { return kind != TunnelKind::kMpls; });
    return out;
  }
};

inline void check_tunnels(const std::vector<std::uint8_t>& bytes, bool has_checksums) {
  Frame frame;
  frame.data = const_cast<std::uint8_t*>(bytes.data());
  frame.length = static_cast<std::uint32_t>(bytes.size());
  for (const std::string& problem : outer_problems(frame, has_checksums)) promise(false, problem.c_str());
}

}  // namespace telefence::testing
