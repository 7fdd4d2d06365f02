// SPDX-License-Identifier: Apache-2.0
#include "app/push_progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace telefence {
namespace {

constexpr auto kBetween = std::chrono::milliseconds(200);
constexpr auto kBetweenLines = std::chrono::seconds(5);
constexpr std::size_t kBarColumns = 20;

}  // namespace

PushProgress::PushProgress(Language language, std::uint64_t total)
    : language_(language), total_(total), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

double PushProgress::seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

bool PushProgress::is_time() {
  const Clock::time_point now = Clock::now();
  if (now - shown_ < (is_terminal_ ? Clock::duration(kBetween) : Clock::duration(kBetweenLines))) return false;
  shown_ = now;
  return true;
}

void PushProgress::show(std::uint64_t done) {
  if (is_time()) print(push_progress_line(language_, done, total_, seconds(), is_terminal_));
}

void PushProgress::show_asked(std::uint64_t done) {
  if (is_time()) print(say(language_, {"the edges are asked what it would have hit: {} of {}", "正在查询各节点会命中多少：{} / {}"}, grouped(done),
                           counted(language_, total_, {"entry", "个条目"}, {"entries", "个条目"})));
}

void PushProgress::print(const std::string& line) {
  if (is_terminal_)
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
  else
    std::fprintf(stderr, "telefence push apply: %s\n", line.c_str());
  is_shown_ = is_terminal_;
}

void PushProgress::clear() {
  if (is_shown_) std::fprintf(stderr, "\r\033[K");
  is_shown_ = false;
}

std::string rate_text(double per_second) {
  if (per_second >= 1e6) return fmt::format("{:.2f} M/s", per_second / 1e6);
  return per_second >= 1e4 ? fmt::format("{:.0f} k/s", per_second / 1e3) : fmt::format("{:.0f}/s", per_second);
}

std::string push_progress_line(Language language, std::uint64_t done, std::uint64_t total, double seconds, bool with_bar) {
  const double share = total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  std::string out;
  if (with_bar) {
    const auto filled = static_cast<std::size_t>(share * kBarColumns);
    out = "[" + std::string(filled, '=') + std::string(kBarColumns - filled, ' ') + "]  ";
  }
  out += std::to_string(static_cast<int>(share * 100)) + " %  ";
  out += say(language, {"{} of {}", "{} / {}"}, grouped(done), counted(language, total, {"change", "条变更"}, {"changes", "条变更"}));
  if (seconds <= 0 || done == 0) return out;
  const double rate = static_cast<double>(done) / seconds;
  const double left = static_cast<double>(total - std::min(done, total)) / rate;
  return out + "  " + rate_text(rate) + "  " + say(language, {"{} left", "剩余 {}"}, duration(language, static_cast<std::uint64_t>(left + 0.5)));
}

}  // namespace telefence
