// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace telefence {

// Where records go and what they may say about people. Sealed at start.
struct RecordOptions {
  std::string file;                       // EVE JSON lines; "" = none, "-" = standard output
  std::uint64_t rotate_bytes = 1u << 30;  // a new file after this many bytes
  std::uint32_t keep_files = 10;          // rotated files kept
  std::uint32_t evasions = 10;            // records of evasion, per worker and second
  std::uint32_t ring_records = 4096;      // per worker; a power of two
  bool from_capture = false;              // replay: frame numbers are those of a capture, and the file is written anew
  enum class Numbers : std::uint8_t { kMask, kFull };
  enum class Bodies : std::uint8_t { kNone, kSnippet, kFull };
  Numbers numbers = Numbers::kMask;
  Bodies bodies = Bodies::kNone;
};

}  // namespace telefence
