// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file of whole lines that is written in batches, each with one write(2), and rotated by size: FILE, FILE.1 ... FILE.N. When
// a batch does not fit on the disk its broken line is cut off again, so a reader never meets half a record. The file is locked
// (flock(2)): of two writers one would rotate the other's file away. Writer thread only.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

class FileSink {
 public:
  enum class Start : std::uint8_t { kAppend, kAnew };  // kAnew: the first open() empties the file

  // path "-": standard output, never rotated.
  FileSink(std::string path, std::uint64_t rotate_bytes, std::uint32_t keep_files, Start start = Start::kAppend);
  ~FileSink();
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  // Never waits: a pipe that nobody reads is an error.
  Result<void> open();
  bool is_open() const { return descriptor_ >= 0; }
  void close();

  // What became of a batch of whole lines.
  struct Outcome {
    std::size_t bytes = 0;   // written, ends with a line
    bool disk_full = false;  // with bytes < batch: why the rest is lost
    std::string problem;     // "" when all was written
  };
  Outcome write(std::string_view batch);

 private:
  void rotate();
  void look_at_size();

  const std::string path_;
  const std::uint64_t rotate_bytes_;
  const std::uint32_t keep_files_;
  Start start_;
  int descriptor_ = -1;
  bool regular_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace telefence
