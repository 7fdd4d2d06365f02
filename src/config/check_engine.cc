// SPDX-License-Identifier: Apache-2.0
// Sizes of what each worker remembers: against one another, and against this machine.
#include <unistd.h>

#include <bit>

#include "config/check.h"

namespace telefence {
namespace {

constexpr std::uint64_t kBytesPerMiB = 1u << 20;

std::string text(std::uint64_t number) { return std::to_string(number); }

void check_power_of_two(const Checked& checked, std::string_view path, std::uint64_t value) {
  if (std::has_single_bit(value)) return;
  const std::uint64_t above = std::bit_ceil(value);
  checked.mistake(path, "must be a power of two: " + text(above / 2) + " or " + text(above));
}

void check_hold(const Checked& checked, const StreamOptions& streams) {
  constexpr std::uint64_t kMs = 1'000'000;
  if (streams.hold_ns > streams.rest_ns)
    checked.mistake("engine.hold.sender_ms", "a sender that waits is held no longer than others: at most engine.hold.receiver_ms, " +
                                                 text(streams.rest_ns / kMs));
  if (streams.hold_frames > streams.held_frames)
    checked.mistake("engine.hold.packets", "one direction can't hold more than all together: at most engine.streams.packets, " +
                                               text(streams.held_frames));
  if (streams.directions > 2 * std::uint64_t{streams.connections})
    checked.mistake("engine.streams.busy", "a connection has two directions: at most twice engine.streams.connections, " +
                                               text(2 * std::uint64_t{streams.connections}));
}

// What waits for a verdict takes buffers away from what comes in.
void check_frames(const Checked& checked) {
  const NicOptions& nic = checked.config.nic;
  const std::uint64_t held = nic.worker_cores.size() * std::uint64_t{nic.held_frames};
  if (nic.frames != 0 && nic.frames < 2 * held)
    checked.warn("engine.frames", text(nic.worker_cores.size()) + " worker(s) may hold " + text(held) +
                                      " packets (engine.streams.packets), and then too few buffers are left to receive into: use " +
                                      text(2 * held) + " or more, or 0");
}

void check_memory(const Checked& checked) {
  const std::uint64_t wanted = checked.config.nic.worker_cores.size() * memory_for(checked.config.track);
  const std::uint64_t there = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (wanted <= there / 2) return;
  checked.warn("engine", "all workers together may come to use " + text(wanted / kBytesPerMiB) + " MiB to remember connections and messages; this machine has " +
                             text(there / kBytesPerMiB) + " MiB in all");
}

}  // namespace

void check_engine(const Checked& checked) {
  const TrackOptions& track = checked.config.track;
  check_power_of_two(checked, "engine.spread.openings", track.parts.openings);
  check_power_of_two(checked, "engine.datagrams.connections", track.datagrams.unfinished);
  check_power_of_two(checked, "engine.datagrams.refused", track.datagrams.refused);
  check_power_of_two(checked, "engine.sessions.entries", track.sessions.entries);
  check_power_of_two(checked, "engine.tunnels.returns", track.returns.entries);
  check_hold(checked, track.streams);
  check_frames(checked);
  check_memory(checked);
}

}  // namespace telefence
