// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace telefence {

// What of the traffic is sampled; nothing unless somebody says so.
struct SampleOptions {
  bool names = false;
  bool numbers = false;
  bool texts = false;           // of short messages, and URLs
  std::uint32_t one_of = 100;   // messages; which one is chance
  std::uint32_t keep = 100'000; // of each kind
  bool is_on() const { return names || numbers || texts; }
};

}  // namespace telefence
