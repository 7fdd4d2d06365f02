// SPDX-License-Identifier: Apache-2.0
#pragma once

// A frame's addresses, ports, VLANs, tunnel and wire as keyed 64-bit hashes. `forward` is this direction, `reverse` the other, `both`
// is the same for either. The secret is drawn once per process, so collisions can't be made by choosing addresses.
//
// Subscribers and companies behind different tunnels may have the same private addresses, so what tells tunnels apart belongs to
// the key, as far as both directions bear it: the unordered pair of outer addresses, a VNI, a session id, a key of GRE. A TEID
// and an MPLS label do not: each end gives out its own, and packets of one flow bear another one in each direction. Labels do not
// count at all, since they may even be missing in one (the last router but one takes them off: RFC 3031, 3.16). What is left to
// be mistaken for one another has all of addresses, ports and outer addresses in common at the same time, and what is remembered
// of a flow holds only near its own sequence numbers.

#include <cstdint>

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

struct FlowKey {
  std::uint64_t forward = 0;
  std::uint64_t reverse = 0;
  std::uint64_t both = 0;
};

// Zeros would fold everything to zero: what nobody has drawn is known to everybody, but sound (digits of pi).
struct HashSecret {
  std::uint64_t first = 0x243f6a8885a308d3;
  std::uint64_t second = 0x13198a2e03707345;
};

// From the operating system's random source. Control thread, at start.
HashSecret random_secret();

// Requires: layers.ip_version is 4 or 6.
void flow_key(const Frame& frame, const Layers& layers, const HashSecret& secret, FlowKey& key);
inline FlowKey flow_key(const Frame& frame, const Layers& layers, const HashSecret& secret) {
  FlowKey key;
  flow_key(frame, layers, secret, key);
  return key;
}

// The two addresses of the IP header at this offset alone, the same for either direction. Requires: decode() has found it there.
std::uint64_t address_pair_key(const Frame& frame, std::uint16_t network, const HashSecret& secret);

// One more value folded into a key: a sequence number, a message id.
std::uint64_t mixed(std::uint64_t key, std::uint64_t value, const HashSecret& secret);

// A run of bytes folded into a key.
std::uint64_t mixed(std::uint64_t key, Bytes bytes, const HashSecret& secret);

}  // namespace telefence
