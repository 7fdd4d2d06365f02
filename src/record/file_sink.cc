// SPDX-License-Identifier: Apache-2.0
#include "record/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace telefence {

FileSink::FileSink(std::string path, std::uint64_t rotate_bytes, std::uint32_t keep_files)
    : path_(std::move(path)), rotate_bytes_(rotate_bytes), keep_files_(keep_files) {}

FileSink::~FileSink() { close(); }

void FileSink::close() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  descriptor_ = -1;
}

Result<void> FileSink::open() {
  close();
  if (path_ == "-") {
    descriptor_ = STDOUT_FILENO;
    regular_ = false;
    return {};
  }
  // 0640: records speak about people, so the group may read them and the rest of the machine may not.
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (descriptor_ < 0) {
    return Error{ErrorCode::kEnvironment, "records can't be written to " + path_ + ": " + std::strerror(errno) +
                                              ". Make the directory writable or change records.file"};
  }
  struct stat status {};
  regular_ = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  return {};
}

void FileSink::rotate() {
  const auto numbered = [this](std::uint32_t number) { return path_ + "." + std::to_string(number); };
  for (std::uint32_t number = keep_files_; number > 1; --number)
    (void)std::rename(numbered(number - 1).c_str(), numbered(number).c_str());
  if (keep_files_ == 0)
    (void)::unlink(path_.c_str());
  else
    (void)std::rename(path_.c_str(), numbered(1).c_str());
}

FileSink::Outcome FileSink::write(std::string_view batch) {
  if (regular_ && rotate_bytes_ != 0 && size_ != 0 && size_ + batch.size() > rotate_bytes_) {
    rotate();
    if (Result<void> opened = open(); !opened) return {0, errno == ENOSPC, opened.error().message};
  }
  std::size_t written = 0;
  int failure = 0;
  while (written < batch.size()) {
    const ssize_t count = ::write(descriptor_, batch.data() + written, batch.size() - written);
    if (count > 0) {
      written += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      failure = count == 0 ? ENOSPC : errno;
      break;
    }
  }
  if (failure == 0) {
    size_ += written;
    return {written, false, {}};
  }
  const std::size_t whole = batch.substr(0, written).rfind('\n') + 1;  // npos + 1 is 0: not one whole line
  if (regular_ && ::ftruncate(descriptor_, static_cast<off_t>(size_ + whole)) != 0) failure = errno;
  size_ += whole;
  const bool disk_full = failure == ENOSPC || failure == EDQUOT || failure == EFBIG;
  return {whole, disk_full, "records can't be written to " + path_ + ": " + std::strerror(failure)};
}

}  // namespace telefence
