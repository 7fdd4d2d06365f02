// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether DPDK takes its memory from hugepages. Control thread, at start.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace telefence {

struct HugepageChoice {
  bool use = false;
  std::uint64_t mib = 0;  // to reserve at start; 0 = as much as needed
  std::string note;       // "" = nothing to say
};

// wish: NicOptions::hugepages. auto takes them when enough are free and this user may; "off" never; a size insists on it, and
// is an error where it cannot be had.
Result<HugepageChoice> choose_hugepages(const std::string& wish, std::uint64_t needed_bytes);

}  // namespace telefence
