// SPDX-License-Identifier: Apache-2.0
#pragma once

// The accepted entries of lists in a nameless temporary file, in the order in which they came: millions need no memory. Written once,
// then read as often as needed. Control thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "signatures/signature.h"

namespace telefence {

struct StoredEntry {
  Signature signature;       // canonical value; no place
  std::uint32_t file = 0;    // index of the list it is from
  std::uint64_t line = 0;
  std::uint64_t ordinal = 0;  // from 0
};

// Has something that few entries have, and only an op line says: it is kept as one.
bool needs_op_line(const Signature& signature);

class EntryFile {
 public:
  EntryFile() = default;
  ~EntryFile();
  EntryFile(const EntryFile&) = delete;
  EntryFile& operator=(const EntryFile&) = delete;

  // In $TMPDIR, else /var/tmp: /tmp is often memory.
  Result<void> open();
  // Longest texts: value 8192 bytes, all others 1024.
  Result<void> append(const Signature& signature, std::uint32_t file, std::uint64_t line);
  std::uint64_t count() const { return count_; }

  // To the begin, for reading.
  Result<void> rewind();
  // False: no more.
  Result<bool> next(StoredEntry& entry);

 private:
  Result<bool> next_line(StoredEntry& entry);
  Result<void> flush();
  Result<bool> need(std::size_t bytes);

  int file_ = -1;
  std::uint64_t count_ = 0, read_ = 0;
  std::uint64_t offset_ = 0;  // of the file, for reading
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace telefence
