// SPDX-License-Identifier: Apache-2.0
#pragma once

// What stands in front of the IP header of a made packet: the link header and, where the judged packet lies in tunnels, theirs.
// Worker thread; writes only into the frame given.
//
// A packet that goes on in place of the judged one gets that one's own headers. One that goes back needs headers of the other
// direction. Those of IP-in-IP, VXLAN, PPPoE, Teredo and usual GRE are the own ones with ends swapped: both directions bear the same VNI
// (RFC 7348, 4.1), session id (RFC 2516, 4) and, as a rule, key. A TEID (3GPP TS 29.281, 5.1), a label (RFC 3031, 3.1) and a session of
// L2TP (RFC 2661, 3.1) are given out by who receives the packet, and port and radio of a station behind CAPWAP are the access controller's
// to know (RFC 5415, 3.1), so they must have been seen on a packet that went there: `known`. Numbered GRE (RFC 2890, 2.2;
// RFC 2637, 4.1) can't be answered at all: its receiver throws away whatever bears a number twice. Nor is anything made that is to lie in
// a tunnel whose packets are signed (AYIYA).

#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "base/uncleared.h"
#include "base/writer.h"
#include "decode/tunnel_path.h"

namespace telefence {

// Where a made frame goes: back to the sender of the judged frame, or onward to its receiver in the sender's name.
enum class Heading : std::uint8_t { kBack, kOnward };

class OuterHeaders {
 public:
  // known: headers of packets to the sender of the judged one, or nullptr. They are used only for kBack. False: what is needed
  // is not known, or the tunnels admit no packet of ours; then nothing sensible was written.
  bool write(const Frame& judged, const Layers& layers, Heading heading, const TunnelHeaders* known, Writer& writer) {
    if (layers.tunnels != 0 || known != nullptr) return write_tunnels(judged, layers, heading, known, writer);
    write_link(judged.bytes().first(layers.network), heading == Heading::kBack && judged.link == LinkType::kEthernet, writer);
    return true;
  }

  // Instead of write(): the headers that stand there already.
  void adopt(const TunnelPath& path, Bytes frame);
  // Lengths and checksums. frame: from the first byte written by write() to the last one of the whole packet.
  void finish(MutableBytes frame) const {
    if (count_ != 0) finish_tunnels(frame);
  }

 private:
  // A tunnel's headers in the made frame.
  struct Placed {
    TunnelKind kind = TunnelKind::kNone;
    std::uint16_t network = TunnelStep::kOnLink;  // of its carrier
    std::uint16_t at = 0;                         // of its own bytes
    std::uint16_t inside = 0;
    std::uint16_t control_word = 0;  // of a pseudowire; 0: none
    bool has_checksum = false;       // UDP
    bool has_gre_checksum = false;
  };
  // Whose headers are copied, and how.
  struct Source {
    Bytes bytes;
    const TunnelPath* path;
    bool reversed;       // ends are to be swapped
    bool unnumbered;     // sequence numbers in them are not ours to use
    std::uint8_t inner_version;
  };

  static void write_link(Bytes link, bool swapped, Writer& writer);
  bool write_tunnels(const Frame& judged, const Layers& layers, Heading heading, const TunnelHeaders* known, Writer& writer);
  static bool may_copy(const Source& source);
  void write_carrier(const Source& source, std::size_t index, Writer& writer);
  void write_tunnel(const Source& source, std::size_t index, Writer& writer);
  void write_labels(const Source& source, const TunnelStep& step, Placed& placed, Writer& writer);
  static void finish_gre(const Placed& placed, MutableBytes gre);
  void finish_tunnels(MutableBytes frame) const;
  void finish_tunnel(const Placed& placed, MutableBytes frame) const;

  Uncleared<Placed, kMostTunnels> placed_;
  std::size_t count_ = 0;
};

// How many bytes stand in front of the copied frame when this is a copy that a switch sent in a tunnel of its own (ERSPAN); 0: it is
// none. What is sent in reply to the copied frame belongs into that frame's network, not into this tunnel.
std::uint32_t bytes_before_copy(const Frame& frame, const Layers& layers);

// For a packet whose end has moved: the lengths and checksums of the tunnels around it, by the path that it had before. `frame` ends
// with the packet.
void refit_tunnels(const TunnelPath& path, MutableBytes frame);
// Whether two packets may be made of one: not where they bear numbers (GRE), of which there is one.
bool may_double(const TunnelPath& path, Bytes frame);

}  // namespace telefence
