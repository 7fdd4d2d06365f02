// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where bytes come from, in order. One thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the begin of `room`, and says how much; 0 = the end.
  virtual Result<std::size_t> read(std::span<char> room) = 0;
  // How much there will be in all; 0 = not known.
  virtual std::uint64_t size() const { return 0; }
};

// "-" is standard input. The error says why it can't be opened.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path);
// Takes the file descriptor.
std::unique_ptr<ByteSource> source_of(int file);
// `bytes` must outlive it.
std::unique_ptr<ByteSource> source_of(std::string_view bytes);

}  // namespace telefence
