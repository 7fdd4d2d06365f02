// SPDX-License-Identifier: Apache-2.0
#include "record/file_sink.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace telefence {
namespace {

Error unwritable(const std::string& path, int error) {
  std::string why = std::strerror(error);
  std::string remedy = "Make the directory writable or change records.file";
  if (error == ENXIO) {
    why = "it is a pipe that nobody reads";
    remedy = "Start its reader first";
  } else if (error == EISDIR) {
    why = "it is a folder";
    remedy = "Name a file in it";
  } else if (error == EWOULDBLOCK) {
    why = "another telefenced writes it";
    remedy = "Give each a file of its own (records.file)";
  }
  return {ErrorCode::kEnvironment, "records can't be written to " + path + ": " + why + ". " + remedy};
}

}  // namespace

FileSink::FileSink(std::string path, std::uint64_t rotate_bytes, std::uint32_t keep_files, Start start)
    : path_(std::move(path)), rotate_bytes_(rotate_bytes), keep_files_(keep_files), start_(start) {}

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
  // 0640: records speak about people, so the group may read them and the rest of the machine may not. O_NONBLOCK: the opening of a
  // pipe waits for its reader otherwise, and the start of the daemon with it.
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
  if (descriptor_ < 0) return unwritable(path_, errno);
  (void)::fcntl(descriptor_, F_SETFL, O_APPEND);
  struct stat status {};
  regular_ = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  // A file system that has no locks is no reason to write no records.
  if (regular_ && ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close();
    return unwritable(path_, EWOULDBLOCK);
  }
  if (regular_ && start_ == Start::kAnew && ::ftruncate(descriptor_, 0) != 0) return unwritable(path_, errno);
  start_ = Start::kAppend;
  look_at_size();
  return {};
}

// The file's own answer: it may have been truncated by others (logrotate's copytruncate).
void FileSink::look_at_size() {
  struct stat status {};
  size_ = regular_ && ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
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
  look_at_size();
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
  if (failure == 0) return {written, false, {}};
  const std::size_t whole = batch.substr(0, written).rfind('\n') + 1;  // npos + 1 is 0: not one whole line
  look_at_size();
  const std::uint64_t cut = std::min<std::uint64_t>(size_, written - whole);
  if (regular_ && ::ftruncate(descriptor_, static_cast<off_t>(size_ - cut)) != 0) failure = errno;
  const bool disk_full = failure == ENOSPC || failure == EDQUOT || failure == EFBIG;
  return {whole, disk_full, "records can't be written to " + path_ + ": " + std::strerror(failure)};
}

}  // namespace telefence
