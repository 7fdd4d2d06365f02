// SPDX-License-Identifier: Apache-2.0
#pragma once

// Character tables, generated at build time by make_tables.py. Constant data; any thread.

#include <cstddef>
#include <cstdint>

namespace telefence {

// UTF-16 unit to folded unit; 0 = dropped. Closed: folding twice changes nothing. Surrogates are 0 here.
extern const std::uint16_t kFoldTable[65536];
// Bit u: unit u folds to itself, is nothing that the folding of its neighbours depends on, no dot of any kind and no byte order mark.
// 8 KiB, which stay in the cache.
extern const std::uint64_t kFoldPlain[1024];
inline bool folds_to_itself(char16_t unit) { return (kFoldPlain[unit / 64] >> (unit % 64) & 1) != 0; }
// The same for U+1D400..1D7FF (styled letters) and U+1F100..1F1FF (enclosed letters).
extern const std::uint16_t kFoldMathematical[1024];
extern const std::uint16_t kFoldEnclosed[256];

// GB18030-2005: [(lead - 0x81) * 190 + trail index], 0 = unassigned.
extern const std::uint16_t kGbTwoBytes[126 * 190];
// Four-byte codes of the basic plane: from `linear` on, code points count up from `code`.
struct GbRange {
  std::uint16_t linear;
  std::uint16_t code;
};
extern const GbRange kGbFourByteRanges[];
extern const std::size_t kGbFourByteRangeCount;

}  // namespace telefence
