// SPDX-License-Identifier: Apache-2.0
#pragma once

// Units of text that need no work: they fold to themselves, have no part in any rule about their neighbours, and no site can be written
// with them alone (kFoldPlain). Nearly all of every Chinese text is such units; here sixteen of them are looked at together. Worker
// thread, no allocation.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace telefence {

inline constexpr std::size_t kMostPlainBits = 64;

// Bit i: units[i] is plain. Requires: at most kMostPlainBits units.
std::uint64_t plain_bits(std::span<const char16_t> units);

// Decodes a body of UCS-2 that is plain throughout: its folded text, in which no site stands, is at `out` then. Room for body.size() / 2
// units. False: at least one unit is not; what is at `out` is of no use.
bool decode_plain_ucs2(Bytes body, char16_t* out);

// For tests: how many ways there are on this processor, all with the same texts in the end, and to take one of them. 0 says of no unit
// that it is plain.
int plain_unit_ways();
void force_plain_unit_way(int way);

}  // namespace telefence
