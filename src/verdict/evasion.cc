// SPDX-License-Identifier: Apache-2.0
#include "verdict/evasion.h"

#include <array>

namespace telefence {
namespace {

constexpr std::array<std::string_view, kEvasionKindCount> kNames = {
    "inconsistent_copy",     "bad_checksum",   "few_hops",     "odd_flags",      "data_after_reset",
    "overlapping_fragments", "ambiguous_host", "crowded_flow", "untried_packets"};

}  // namespace

std::string_view evasion_name(EvasionKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

}  // namespace telefence
