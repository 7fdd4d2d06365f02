// SPDX-License-Identifier: Apache-2.0
#include "signatures/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace telefence {

Result<LineReader> LineReader::open(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat found{};
  if (descriptor < 0) return Error{ErrorCode::kInvalid, std::strerror(errno)};
  if (fstat(descriptor, &found) == 0 && S_ISDIR(found.st_mode)) {
    ::close(descriptor);
    return Error{ErrorCode::kInvalid, "it is a directory"};
  }
  std::array<char, 4> begin{};
  const ssize_t got = ::pread(descriptor, begin.data(), begin.size(), 0);
  const std::string_view magic(begin.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (magic.starts_with("\x1f\x8b") || magic == "\x28\xb5\x2f\xfd") {  // RFC 1952, 2.3.1; RFC 8878, 3.1.1
    ::close(descriptor);
    return Error{ErrorCode::kInvalid, "it is packed, and is no list before it is unpacked: telefence rules import FILE -o LIST"};
  }
  (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return LineReader(descriptor);
}

LineReader::LineReader(LineReader&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_),
      number_(other.number_),
      is_at_end_(other.is_at_end_),
      has_failed_(other.has_failed_) {}

LineReader::~LineReader() {
  if (file_ >= 0) ::close(file_);
}

// Moves what is left to the begin and reads behind it. False when there is nothing more.
bool LineReader::fill() {
  if (is_at_end_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  ssize_t got;
  do {
    got = ::read(file_, buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && errno == EINTR);
  has_failed_ |= got < 0;
  is_at_end_ = got <= 0;
  if (got > 0) end_ += static_cast<std::size_t>(got);
  return got > 0;
}

bool LineReader::next(std::string_view& line) {
  std::size_t looked_at = 0;
  while (true) {
    const char* const start = buffer_.data() + begin_;
    const std::size_t there = end_ - begin_;
    const void* found = std::memchr(start + looked_at, '\n', there - looked_at);
    if (found == nullptr && there < kLongestLine && fill()) {
      looked_at = there;
      continue;
    }
    if (found == nullptr && there == 0) return false;
    const std::size_t size = found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - start)
                                              : std::min(there, kLongestLine);
    line = {buffer_.data() + begin_, size};
    begin_ += size + (found != nullptr ? 1 : 0);
    ++number_;
    return true;
  }
}

std::size_t LineReader::count_lines() {
  std::size_t lines = 0;
  char last = '\n';
  while (true) {
    const ssize_t got = ::read(file_, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    lines += static_cast<std::size_t>(std::count(buffer_.data(), buffer_.data() + got, '\n'));
    last = buffer_[static_cast<std::size_t>(got) - 1];
  }
  (void)lseek(file_, 0, SEEK_SET);
  return lines + (last == '\n' ? 0 : 1);
}

}  // namespace telefence
