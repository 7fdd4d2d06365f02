// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lines of a file, read in large pieces: millions of them are not worth a string each. Not mapped: a file that is made shorter
// meanwhile must end in an error, not in a signal. One thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace telefence {

class LineReader {
 public:
  static constexpr std::size_t kLongestLine = 1 << 16;  // what is longer is given in pieces of this

  // kInvalid: it can't be read, with the reason.
  static Result<LineReader> open(const std::string& file);
  ~LineReader();
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;

  // False at the end, or when reading failed. The line has no line end; views live until the next call.
  bool next(std::string_view& line);
  std::size_t number() const { return number_; }  // of the line given last, from 1
  bool has_failed() const { return has_failed_; }
  // Lines of a file, to know how much room they will take: counted in 15 ms for 100 MB. The last one may lack its end. The position is at the begin afterwards.
  std::size_t count_lines();

 private:
  explicit LineReader(int file) : file_(file), buffer_(4 * kLongestLine) {}
  bool fill();

  int file_ = -1;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t number_ = 0;
  bool is_at_end_ = false;
  bool has_failed_ = false;
};

}  // namespace telefence
