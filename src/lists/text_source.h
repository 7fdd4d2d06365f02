// SPDX-License-Identifier: Apache-2.0
#pragma once

// The text of a list: unpacked, as UTF-8 (GB18030 is converted), line by line. Bounded whatever the file holds: a line has at most
// kLongestLine bytes, and what unpacks to far more than a list is an error. One thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "packed/unpacker.h"

namespace telefence {

// From GB18030 to UTF-8, by iconv.
class Gb18030 {
 public:
  Gb18030();
  ~Gb18030();
  Gb18030(const Gb18030&) = delete;
  Gb18030& operator=(const Gb18030&) = delete;
  // False: it is no GB18030.
  bool convert(std::string_view text, std::string& utf8);

 private:
  void* converter_;
};

bool is_ascii(std::string_view text);
bool is_utf8(std::string_view text);

class TextSource {
 public:
  static constexpr std::size_t kLongestLine = 65536;
  static constexpr std::size_t kBeginning = 65536;

  // "-" is standard input.
  static Result<std::unique_ptr<TextSource>> open(const std::string& file);
  TextSource(std::string name, std::unique_ptr<ByteSource> bytes);

  const std::string& name() const { return name_; }
  // The first lines as UTF-8, at most kBeginning bytes: to tell the format. Before the first next() or read(); lives until then.
  std::string_view beginning();

  // The next line, without its end; lives until the next call. False: no more, or error().
  bool next(std::string_view& line);
  std::uint64_t line() const { return line_; }  // its number, from 1
  bool is_cut() const { return is_cut_; }         // it was longer than kLongestLine: this is its begin
  bool is_readable() const { return is_readable_; }  // false: neither UTF-8 nor GB18030, the bytes as they are

  // The same as it comes, for documents that are more than lines. line() then is how many were read. 0 = the end, or
  // error().
  std::size_t read(char* to, std::size_t room);

  // Why it ended before its end.
  const std::optional<Error>& error() const { return error_; }
  // Whoever reads it as a document found that it ends before its end.
  void break_off(std::uint64_t line, const std::string& mistake) {
    if (!error_) error_ = Error{ErrorCode::kInvalid, name_ + ":" + std::to_string(line) + ": " + mistake};
  }

  std::uint64_t bytes_read() const { return unpacker_.packed_bytes(); }  // of the file, for a progress bar
  std::uint64_t size() const { return unpacker_.packed_size(); }         // 0 = not known

 private:
  void fill();
  std::string_view take_line();
  std::string_view decoded(std::string_view line);

  const std::string name_;
  Unpacker unpacker_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t line_ = 0;
  bool is_begun_ = false;
  bool is_inside_line_ = false;
  bool is_at_end_ = false;
  bool is_cut_ = false;
  bool is_readable_ = true;
  bool is_gb18030_ = false;  // a line was: all others are as well
  std::string converted_;
  std::unique_ptr<Gb18030> gb18030_;
  std::optional<Error> error_;
};

}  // namespace telefence
