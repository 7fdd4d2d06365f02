// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker that has fallen behind does not look at: one cause after another, in the order of Cause, dearest and least missed
// first. Forwarding is never shed, nor are connections that many users share: their bytes are held, so their order must be kept.
// One per worker, used by that thread alone.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "event/event.h"
#include "verdict/verdict.h"

namespace telefence {

enum class ShedCause : std::uint8_t {
  kFragments,  // IP fragments are not put together
  kQuic,       // QUIC is not opened: the dearest packets there are, and anybody can send them
  kSpread,     // no message is begun that goes on in another segment or datagram; those begun are finished
  kTexts,      // texts of short messages are not searched; their numbers are
  kNames,      // all other messages that lie whole in a packet
};
inline constexpr std::size_t kShedCauses = 5;
std::string_view shed_cause_name(ShedCause cause);

enum class ShedMode : std::uint8_t {
  kOpen,    // forwarded unread, counted
  kClosed,  // dropped, counted
  kNever,   // looked at all the same
};

struct OverloadOptions {
  std::array<ShedMode, kShedCauses> modes{};  // by ShedCause; all open
  // Levels of LoadGauge that there are.
  std::size_t levels() const;
  // True when nothing is held back from shedding, so that only bypass is left when that does not help.
  bool is_all_open() const;
};

struct WorkerStats;

class Shedder {
 public:
  explicit Shedder(WorkerStats& stats) : stats_(stats) {}

  // For the bursts that come: the first `level` of the causes that may be shed are.
  void set(const OverloadOptions& options, std::size_t level);
  bool is_shedding() const { return is_shedding_; }
  bool sheds(ShedCause cause) const { return sheds_[static_cast<std::size_t>(cause)]; }
  bool drops(ShedCause cause) const { return is_closed_[static_cast<std::size_t>(cause)]; }
  // Counts one, and returns the fate of its packet. Requires: sheds(cause).
  Fate shed(ShedCause cause);
  // The texts of this burst are not searched.
  void shed_texts(std::span<const Event> events);

 private:
  WorkerStats& stats_;
  bool is_shedding_ = false;
  std::array<bool, kShedCauses> sheds_{};
  std::array<bool, kShedCauses> is_closed_{};
};

}  // namespace telefence
