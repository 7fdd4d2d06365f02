// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads gzip and zstd as what they hold, everything else as it is. One thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "packed/byte_source.h"

namespace telefence {

enum class Packing : std::uint8_t { kNone, kGzip, kZstd };

// What may come out of a packed source. Lists of names shrink to a tenth, hardly ever to a hundredth.
struct UnpackLimits {
  std::uint64_t most_bytes = 0;  // 0 = any
  std::uint64_t most_times = 0;  // as many as went in, past the first 64 MiB; 0 = any
};

class Unpacker {
 public:
  Unpacker(std::unique_ptr<ByteSource> source, UnpackLimits limits);
  ~Unpacker();

  // Fills the begin of `room`, and says how much; 0 = the end. The error: it can't be read, is damaged, is cut off, or unpacks to
  // more than the limits. Every call after it gives it again.
  Result<std::size_t> read(std::span<char> room);

  Packing packing() const;          // known after the first read()
  std::uint64_t packed_bytes() const;  // read of the source
  std::uint64_t packed_size() const;   // of the source as a whole; 0 = not known

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
