// SPDX-License-Identifier: Apache-2.0
#include "app/block_guard.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace telefence {
namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string shown(double percent) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%%", percent);
  return text;
}

}  // namespace

std::optional<BlockGuard::Jump> BlockGuard::look(const GuardOptions& options, Look look) {
  if (!looks_.empty() && (look.version < looks_.back().version || look.channels.size() != looks_.back().channels.size())) looks_.clear();
  const auto oldest = look.now - kBefore - std::chrono::seconds(options.window_s);
  looks_.push_back(std::move(look));
  while (looks_.size() > 1 && looks_.front().now < oldest) looks_.pop_front();
  if (options.action == GuardOptions::Action::kOff) return std::nullopt;
  // Where it is steepest: changes shortly before and after the harmful one show a part of it only.
  std::optional<Jump> steepest;
  for (std::size_t i = 0; i + 1 < looks_.size(); ++i) {
    if (looks_[i].version == 0 || looks_[i].version == looks_[i + 1].version) continue;
    std::optional<Jump> jump = jump_at(options, i);
    if (jump && (!steepest || jump->percent_after - jump->percent_before > steepest->percent_after - steepest->percent_before)) steepest = jump;
  }
  return steepest;
}

// change: the last look with the version before.
std::optional<BlockGuard::Jump> BlockGuard::jump_at(const GuardOptions& options, std::size_t change) const {
  const Look& turn = looks_[change];
  const Look& now = looks_.back();
  if (now.now - looks_[change + 1].now > std::chrono::seconds(options.window_s)) return std::nullopt;
  const auto begin = std::find_if(looks_.begin(), looks_.end(), [&](const Look& one) { return one.now >= turn.now - kBefore; });
  for (std::size_t c = 0; c < now.channels.size(); ++c) {
    const auto since = [c](const Look& from, const Look& to) {
      return std::pair(to.channels[c].inspected - from.channels[c].inspected, to.channels[c].blocked - from.channels[c].blocked);
    };
    const auto [read_before, blocked_before] = since(*begin, turn);
    const auto [read_after, blocked_after] = since(turn, now);
    if (read_before < options.least || blocked_after < options.least) continue;
    const double before = percent(blocked_before, read_before), after = percent(blocked_after, read_after);
    if (after <= options.most_jump * std::max<double>(before, options.least_percent)) continue;
    return Jump{now.channels[c].name, looks_[change + 1].version, turn.version, before, after};
  }
  return std::nullopt;
}

std::string to_text(const BlockGuard::Jump& jump) {
  return jump.channel + ": " + shown(jump.percent_before) + " of messages were blocked, and " + shown(jump.percent_after) + " after version " +
         std::to_string(jump.version) + " of the signatures came in force";
}

}  // namespace telefence
