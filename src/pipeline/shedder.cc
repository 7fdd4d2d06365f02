// SPDX-License-Identifier: Apache-2.0
#include "pipeline/shedder.h"

#include <algorithm>

#include "pipeline/worker_stats.h"

namespace telefence {
namespace {

constexpr std::array<std::string_view, kShedCauses> kNames = {"fragments", "quic", "spread", "texts", "names"};

}  // namespace

std::string_view shed_cause_name(ShedCause cause) { return kNames[static_cast<std::size_t>(cause)]; }

std::size_t OverloadOptions::levels() const {
  return static_cast<std::size_t>(std::count_if(modes.begin(), modes.end(), [](ShedMode mode) { return mode != ShedMode::kNever; }));
}

bool OverloadOptions::is_all_open() const {
  return std::all_of(modes.begin(), modes.end(), [](ShedMode mode) { return mode == ShedMode::kOpen; });
}

void Shedder::set(const OverloadOptions& options, std::size_t level) {
  is_shedding_ = level != 0;
  for (std::size_t i = 0; i < kShedCauses; ++i) {
    const bool may_be = options.modes[i] != ShedMode::kNever;
    sheds_[i] = may_be && level != 0;
    is_closed_[i] = options.modes[i] == ShedMode::kClosed;
    if (sheds_[i]) --level;
  }
}

Fate Shedder::shed(ShedCause cause) {
  const auto index = static_cast<std::size_t>(cause);
  stats_.shed[index].add(1);
  return is_closed_[index] ? Fate::kDroppedOverload : Fate::kForwardedOverload;
}

void Shedder::shed_texts(std::span<const Event> events) {
  for (const Event& event : events) {
    const auto* const sms = std::get_if<Sms>(&event.what);
    if (sms != nullptr && !sms->body.empty()) stats_.shed[static_cast<std::size_t>(ShedCause::kTexts)].add(1);
  }
}

}  // namespace telefence
