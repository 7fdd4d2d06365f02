// SPDX-License-Identifier: Apache-2.0
#include "app/rules_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace telefence {
namespace {

constexpr auto kBetween = std::chrono::milliseconds(200);
constexpr std::size_t kBarColumns = 20;

}  // namespace

RulesProgress::RulesProgress(Language language) : language_(language), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void RulesProgress::show(const TextSource& source) {
  if (!is_terminal_) return;
  const Clock::time_point now = Clock::now();
  if (source_ != &source) {
    source_ = &source;
    begun_ = shown_ = now;
  }
  if (now - shown_ < kBetween) return;
  shown_ = now;
  is_shown_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  std::fprintf(stderr, "\r%s\033[K", progress_line(language_, source.name(), source.bytes_read(), source.size(), source.line(), seconds).c_str());
}

void RulesProgress::clear() {
  if (is_shown_) std::fprintf(stderr, "\r\033[K");
  is_shown_ = false;
}

std::string progress_line(Language language, const std::string& name, std::uint64_t read, std::uint64_t size, std::uint64_t lines,
                          double seconds) {
  std::string out = name + "  ";
  if (size != 0) {
    const double share = std::min(1.0, static_cast<double>(read) / static_cast<double>(size));
    const auto filled = static_cast<std::size_t>(share * kBarColumns);
    out += "[" + std::string(filled, '=') + std::string(kBarColumns - filled, ' ') + "]  " +
           std::to_string(static_cast<int>(share * 100)) + " %  ";
  }
  out += counted(language, lines, {"line", "行"}, {"lines", "行"});
  if (seconds <= 0) return out;
  const double rate = static_cast<double>(lines) / seconds;
  out += rate >= 1e6 ? fmt::format("  {:.2f} M/s", rate / 1e6) : fmt::format("  {:.0f} k/s", rate / 1e3);
  if (size == 0 || read == 0) return out;
  const double left = seconds * static_cast<double>(size - std::min(size, read)) / static_cast<double>(read);
  return out + "  " + say(language, {"{} left", "剩余 {}"}, duration(language, static_cast<std::uint64_t>(left + 0.5)));
}

}  // namespace telefence
