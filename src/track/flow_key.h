// SPDX-License-Identifier: Apache-2.0
#pragma once

// A frame's addresses, ports, VLANs and wire as keyed 64-bit hashes. `forward` is this direction, `reverse` the other, `both` is the
// same for either. The secret is drawn once per process, so collisions can't be made by choosing addresses.

#include <cstdint>

#include "base/frame.h"
#include "decode/layers.h"

namespace telefence {

struct FlowKey {
  std::uint64_t forward = 0;
  std::uint64_t reverse = 0;
  std::uint64_t both = 0;
};

struct HashSecret {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

// From the operating system's random source. Control thread, at start.
HashSecret random_secret();

// Requires: layers.ip_version is 4 or 6.
FlowKey flow_key(const Frame& frame, const Layers& layers, const HashSecret& secret);

// One more value folded into a key: a sequence number, a message id.
std::uint64_t mixed(std::uint64_t key, std::uint64_t value, const HashSecret& secret);

// A run of bytes folded into a key.
std::uint64_t mixed(std::uint64_t key, Bytes bytes, const HashSecret& secret);

}  // namespace telefence
