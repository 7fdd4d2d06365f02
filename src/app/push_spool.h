// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lines in a nameless temporary file, written once and then read: what is published is what was judged, also of standard input, and
// millions of lines need no memory.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

class PushSpool {
 public:
  // In $TMPDIR, else /var/tmp: /tmp is often memory.
  Result<void> open() {
    const char* wanted = std::getenv("TMPDIR");
    std::string name = std::string(wanted == nullptr || *wanted == '\0' ? "/var/tmp" : wanted) + "/telefence-XXXXXX";
    const int descriptor = mkostemp(name.data(), O_CLOEXEC);
    if (descriptor < 0) return failed("can't be made");
    ::unlink(name.c_str());
    file_.reset(fdopen(descriptor, "w+"));
    return file_ == nullptr ? failed("can't be made") : Result<void>();
  }
  Result<void> append(std::string_view line) {
    ++count_;
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fputc('\n', file_.get()) == EOF) return failed("can't be written");
    return {};
  }
  std::uint64_t count() const { return count_; }
  Result<void> each(const std::function<Result<void>(std::string_view line)>& take) {
    if (count_ == 0) return {};
    if (std::fflush(file_.get()) != 0) return failed("can't be written");
    std::rewind(file_.get());
    char* line = nullptr;
    std::size_t room = 0;
    Result<void> taken;
    for (std::uint64_t i = 0; i < count_ && taken.ok(); ++i) {
      const ssize_t length = getline(&line, &room, file_.get());
      taken = length <= 0 ? failed("can't be read") : take(std::string_view(line, static_cast<std::size_t>(length) - 1));
    }
    std::free(line);
    return taken;
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  static Result<void> failed(const char* what) {
    return Error{ErrorCode::kFailed, "the temporary file " + std::string(what) + ": " + std::strerror(errno) + "; TMPDIR names another folder"};
  }

  std::unique_ptr<std::FILE, Closer> file_;
  std::uint64_t count_ = 0;
};

}  // namespace telefence
