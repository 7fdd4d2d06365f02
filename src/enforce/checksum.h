// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Internet checksum (RFC 1071) and its correction after a change (RFC 1624).

#include <array>
#include <bit>
#include <cstdint>

#include "base/bytes.h"
#include "base/frame.h"
#include "decode/layers.h"
#include "decode/tunnel_path.h"

namespace telefence {

// Ones' complement sum of 16-bit words, to be folded; an odd last byte is the high half of a word. start: a sum of less than 2^63.
std::uint64_t word_sum(Bytes bytes, std::uint64_t start = 0);

// Folded to 16 bits; not complemented. Each half is added to the other one: what is carried out of the lower sum counts in the upper. No
// branch, since it would depend on what the packet says.
inline std::uint16_t folded(std::uint64_t sum) {
  const auto half = static_cast<std::uint32_t>((sum + std::rotr(sum, 32)) >> 32);
  return static_cast<std::uint16_t>((half + std::rotr(half, 16)) >> 16);
}

// The field value for a header or segment whose word_sum is `sum`.
inline std::uint16_t checksum_of(std::uint64_t sum) { return static_cast<std::uint16_t>(~folded(sum)); }

// What a checksum field becomes when bytes that summed to `before` now sum to `after`. A wrong checksum stays wrong.
std::uint16_t corrected_checksum(std::uint16_t checksum, std::uint64_t before, std::uint64_t after);

// True when the checksums of the packet are right, absent (UDP over IPv4), or, where the frame may lack them, only begun: a sender
// that leaves checksums to its NIC gives captures and virtual links a header without one and the pseudo header's sum alone. From a
// wire such a packet is a decoy: its receiver throws it away. Requires: transport UDP or TCP, not truncated.
bool checksums_hold(const Frame& frame, const Layers& layers);
// The same of the IP header alone: true over IPv6, which has none. Requires: layers.ip_version is 4 or 6.
bool header_checksum_holds(const Frame& frame, const Layers& layers);
// The same of a segment, or datagram, that lies somewhere else: one that came in the fragments of which the frame is the last.
bool segment_checksum_holds(const Frame& frame, const Layers& layers, Bytes segment);

// The checksums of the tunnels around a packet (UDP, GRE) that is changed in place: remembers what they were over and corrects them
// afterwards, the innermost first. None stays none.
class OuterChecksums {
 public:
  // Requires: layers of this frame, which is whole. Costs a look at the packet's length when it lies in tunnels, else nothing.
  OuterChecksums(const Frame& frame, const Layers& layers);
  void correct(Frame& frame) const;

 private:
  struct Sum {
    std::uint32_t field = 0;  // offset of the checksum
    std::uint32_t start = 0;  // of what it is over
    std::uint32_t end = 0;    // of what may change
    bool is_udp = false;
    std::uint64_t before = 0;
  };
  void note(const Frame& frame, const Layers& layers, std::uint32_t start, std::uint32_t field, bool is_udp);

  std::array<Sum, 2 * kMostTunnels> sums_;  // the outermost first; a header of GRE in a datagram has one of its own
  std::size_t count_ = 0;
};

// Remembers the sum of a part of a UDP or TCP segment before it is changed in place, and corrects the transport checksum
// afterwards, and those of the tunnels around it. A UDP checksum of zero (none) stays.
class ChecksumKeeper {
 public:
  // place: inside the payload. Requires: layers of this frame, transport UDP or TCP.
  ChecksumKeeper(const Frame& frame, const Layers& layers, Place place);
  void correct(Frame& frame) const;

 private:
  void correct_own(Frame& frame) const;

  Layers layers_;
  OuterChecksums outer_;
  Place range_;  // from frame.data, at an even distance from the transport header
  std::uint64_t before_;
};

}  // namespace telefence
