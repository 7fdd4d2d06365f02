// SPDX-License-Identifier: Apache-2.0
#include "packed/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace telefence {
namespace {

class File : public ByteSource {
 public:
  explicit File(int file) : file_(file) {
    struct stat found {};
    if (fstat(file, &found) == 0 && S_ISREG(found.st_mode)) size_ = static_cast<std::uint64_t>(found.st_size);
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~File() override { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Result<std::size_t> read(std::span<char> room) override {
    for (;;) {
      const ssize_t count = ::read(file_, room.data(), room.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return Error{ErrorCode::kFailed, std::string("can't be read: ") + std::strerror(errno)};
    }
  }
  std::uint64_t size() const override { return size_; }

 private:
  const int file_;
  std::uint64_t size_ = 0;
};

class Memory : public ByteSource {
 public:
  explicit Memory(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}
  Result<std::size_t> read(std::span<char> room) override {
    const std::size_t count = std::min(room.size(), rest_.size());
    std::copy_n(rest_.begin(), count, room.begin());
    rest_.remove_prefix(count);
    return count;
  }
  std::uint64_t size() const override { return size_; }

 private:
  std::string_view rest_;
  const std::uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path) {
  const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat found {};
  if (file < 0) return Error{ErrorCode::kInvalid, std::string("can't be read: ") + std::strerror(errno)};
  if (fstat(file, &found) == 0 && S_ISDIR(found.st_mode)) {
    ::close(file);
    return Error{ErrorCode::kInvalid, "it is a folder; name a file in it"};
  }
  return source_of(file);
}

std::unique_ptr<ByteSource> source_of(int file) { return std::make_unique<File>(file); }
std::unique_ptr<ByteSource> source_of(std::string_view bytes) { return std::make_unique<Memory>(bytes); }

}  // namespace telefence
