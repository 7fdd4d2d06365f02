// SPDX-License-Identifier: Apache-2.0
#include "nic/eal_log.h"

#include <rte_log.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>

namespace telefence {
namespace {

constexpr std::size_t kMostKept = 64 * 1024;

std::mutex log_mutex;
std::string log_text;           // NOLINT: lives as long as the process, since DPDK's threads may log until its end
std::size_t log_dropped = 0;    // bytes that were kept once
std::atomic<int> last_words{-1};  // where a panic is to be shown while the terminal is quiet

ssize_t keep(void*, const char* bytes, std::size_t length) {
  const std::string_view text(bytes, length);
  if (text.find("PANIC in ") != std::string_view::npos) {
    const int terminal = last_words.load();
    (void)!write(terminal >= 0 ? terminal : STDERR_FILENO, bytes, length);
  }
  const std::lock_guard lock(log_mutex);
  log_text.append(text);
  if (log_text.size() > kMostKept) {
    const std::size_t surplus = log_text.size() - kMostKept / 2;
    log_text.erase(0, surplus);
    log_dropped += surplus;
  }
  return static_cast<ssize_t>(length);
}

}  // namespace

Result<void> EalLog::capture() {
  static std::FILE* stream = nullptr;
  if (stream != nullptr) return {};
  cookie_io_functions_t functions{};
  functions.write = keep;
  stream = fopencookie(nullptr, "w", functions);
  if (stream == nullptr || rte_openlog_stream(stream) != 0)
    return Error{ErrorCode::kFailed, std::string("cannot capture DPDK's log: ") + std::strerror(errno)};
  std::setvbuf(stream, nullptr, _IOLBF, 0);
  return {};
}

std::string EalLog::text(std::size_t from) {
  const std::lock_guard lock(log_mutex);
  const std::size_t start = from > log_dropped ? from - log_dropped : 0;
  return start < log_text.size() ? log_text.substr(start) : "";
}

std::size_t EalLog::position() {
  const std::lock_guard lock(log_mutex);
  return log_dropped + log_text.size();
}

QuietTerminal::QuietTerminal() {
  std::fflush(nullptr);
  memory_ = memfd_create("telefence-terminal", MFD_CLOEXEC);
  if (memory_ < 0) return;  // then it is not quiet, but it works
  stdout_ = dup(STDOUT_FILENO);
  stderr_ = dup(STDERR_FILENO);
  if (stdout_ >= 0) dup2(memory_, STDOUT_FILENO);
  if (stderr_ >= 0) dup2(memory_, STDERR_FILENO);
  last_words = stderr_;
}

QuietTerminal::~QuietTerminal() {
  std::fflush(nullptr);
  last_words = -1;
  if (stdout_ >= 0) dup2(stdout_, STDOUT_FILENO);
  if (stderr_ >= 0) dup2(stderr_, STDERR_FILENO);
  for (const int file : {memory_, stdout_, stderr_})
    if (file >= 0) close(file);
}

std::string QuietTerminal::text() const {
  std::fflush(nullptr);
  std::string all;
  char part[4096];
  off_t at = 0;
  while (memory_ >= 0) {
    const ssize_t got = pread(memory_, part, sizeof part, at);
    if (got <= 0) break;
    all.append(part, static_cast<std::size_t>(got));
    at += got;
  }
  return all;
}

}  // namespace telefence
