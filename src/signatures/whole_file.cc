// SPDX-License-Identifier: Apache-2.0
#include "signatures/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace telefence {
namespace {

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (written == 0) errno = ENOSPC;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A new name is on the disk only when its folder is.
bool sync_folder_of(const std::string& file) {
  const int descriptor = open(file.substr(0, file.find_last_of('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool is_synced = fsync(descriptor) == 0;
  close(descriptor);
  return is_synced;
}

Error failed(const std::string& file) { return Error{ErrorCode::kEnvironment, "can't write " + file + ": " + std::strerror(errno)}; }

}  // namespace

Result<void> write_whole_file(const std::string& file, std::span<const std::string_view> pieces) {
  const std::string beside = file + ".new";
  const int descriptor = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (descriptor < 0) return failed(beside);
  bool is_written = true;
  for (const std::string_view piece : pieces) is_written = is_written && write_all(descriptor, piece);
  is_written = is_written && fsync(descriptor) == 0;
  const int number = errno;
  close(descriptor);
  if (is_written && rename(beside.c_str(), file.c_str()) == 0 && sync_folder_of(file)) return {};
  if (!is_written) errno = number;
  const Error error = failed(file);
  unlink(beside.c_str());
  return error;
}

bool is_in_place(int descriptor, const std::string& file) {
  struct stat ours{}, there{};
  return fstat(descriptor, &ours) == 0 && stat(file.c_str(), &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace telefence
