// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way back into tunnels whose two directions bear different ids: TEIDs of GTP-U, labels of MPLS and sessions of L2TP are given out by
// who receives (3GPP TS 29.281, 5.1; RFC 3031, 3.1; RFC 2661, 3.1), and CAPWAP leads to a port and a station that only the access
// controller's packets tell (RFC 5415, 3.1), so a packet of ours to the sender of another one needs an id that only packets to that
// sender tell. Here it is learned which two directions belong together, and the headers of each are kept for the other.
//
// What proves that two packets are of the two directions of one flow, and not of two with the same private addresses: an
// acknowledgement of exactly what the other one sent (TCP), the number of the question (DNS); for other datagrams, in GTP-U
// only, that they go between the same ends, as long as no other tunnel was seen to bear such.
//
// Packets without any tunnel take part while labels are seen: the last router but one takes the labels off (RFC 3031, 3.16), so a
// flow may bear them in one direction only.
//
// What is known is forgotten when no packet has confirmed it for a while: a base station gives up the bearer of a silent
// subscriber after some ten seconds, and hands its TEID to another.
//
// Fixed memory, by default 9 MiB. Times are session times (session_clock.h). One per worker, used by that thread alone.

#include <array>
#include <cstdint>

#include "base/frame.h"
#include "decode/layers.h"
#include "decode/tunnel_path.h"
#include "track/flow_key.h"
#include "track/timed_cache.h"

namespace telefence {

struct ReturnOptions {
  std::uint32_t entries = 32768;  // ways back; a power of two
};

// What, beside the tunnel, the way back of a packet depends on.
enum class WayBy : std::uint8_t { kTunnel, kWhomItLeadsTo, kBothEnds };

class TunnelReturns {
 public:
  explicit TunnelReturns(const HashSecret& secret, const ReturnOptions& options = {});
  static std::uint64_t memory_for(const ReturnOptions& options);  // bytes

  // Whether the two directions of this packet's tunnels bear different ids.
  static bool is_one_way(const Layers& layers) { return (layers.tunnel_kinds & kOneWayTunnels) != 0; }
  // Whether labels were seen lately, so that packets without tunnels may be their other direction.
  bool sees_labels(std::uint64_t now_ns) const { return now_ns < labels_until_ns_; }
  bool takes_part(const Layers& layers, std::uint64_t now_ns) const {
    return is_one_way(layers) || (layers.tunnels == 0 && sees_labels(now_ns));
  }

  // What a packet has to tell. Its steps are taken for a whole burst one after the other, since each asks for the memory that the
  // next one reads: look(), begin() where that is news, learn().
  struct Lesson {
    std::uint64_t direction;
    std::uint64_t news;  // what it is known by when it was learned, or tried, a moment ago
    std::uint64_t said;  // what its opposite will repeat
    std::uint64_t repeated;
    bool has_said;
    bool has_repeated;
  };
  // Fills the first two; with labels, packets without tunnels behind it take part. Requires: takes_part(layers).
  void look(const Frame& frame, const Layers& layers, std::uint64_t now_ns, Lesson& lesson);
  // False for nearly every packet of a connection that lasts.
  bool is_news(const Lesson& lesson, std::uint64_t now_ns) const;
  // From now on it is no news for a while. flow: of the frame. Requires: layers.transport is UDP or TCP.
  void begin(Lesson& lesson, const Frame& frame, const Layers& layers, const FlowKey& flow, std::uint64_t now_ns);
  void learn(const Lesson& lesson, const Frame& frame, const Layers& layers, std::uint64_t now_ns);

  // Headers of packets that go to the sender of the judged one; nullptr when none are known. Valid until the next learn().
  // Requires: takes_part(layers).
  const TunnelHeaders* find(const Frame& judged, const Layers& layers, std::uint64_t now_ns);

  std::uint64_t learned() const { return learned_; }               // directions, each time that they were new or changed
  std::uint64_t evicted() const { return returns_.evicted(); }  // that gave way before their time

 private:
  // A direction that was learned, or tried, a moment ago, found in one look.
  struct Confirmed {
    std::uint64_t key = 0;
    std::uint64_t until_ns = 0;
  };
  // What the opposite direction of a packet would say to be known by.
  struct Sent {
    std::uint64_t direction = 0;
    bool is_ambiguous = false;  // packets of several tunnels would be known by the same
    WayBy by = WayBy::kTunnel;
  };
  static constexpr std::size_t kConfirmed = 8192;

  std::uint64_t direction_of(const Frame& frame, const Layers& layers) const;
  std::uint64_t return_key(std::uint64_t direction, WayBy by, const IpAddress& leads_to, const IpAddress& from) const;
  std::uint64_t news_key(std::uint64_t direction, const Frame& frame, const Layers& layers) const;
  void note_sent(std::uint64_t key, std::uint64_t direction, WayBy by, std::uint64_t now_ns);
  void keep(std::uint64_t key, const Frame& frame, const Layers& layers, std::uint64_t now_ns);
  static std::size_t confirmed_at(std::uint64_t key) { return key >> 20 & (kConfirmed - 1); }

  HashSecret secret_;
  std::array<Confirmed, kConfirmed> confirmed_{};
  TimedCache<Sent> sent_;               // by flow and number
  TimedCache<TunnelHeaders> returns_;  // by the direction that they are the way back of
  std::uint64_t learned_ = 0;
  std::uint64_t labels_until_ns_ = 0;
};

}  // namespace telefence
