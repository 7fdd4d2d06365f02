// SPDX-License-Identifier: Apache-2.0
#include "signatures/journal.h"

#include <utility>

namespace telefence {

void Journal::tell(Subject subject, std::string line, Clock::time_point now) {
  Held& held = held_[static_cast<std::size_t>(subject)];
  held.line = std::move(line);
  ++held.count;
  if (!held.was_written || now - held.written_at >= kPause) write(held, now);
}

void Journal::write_due(Clock::time_point now) {
  for (Held& held : held_)
    if (held.count > 0 && now - held.written_at >= kPause) write(held, now);
}

void Journal::close() {
  for (Held& held : held_)
    if (held.count > 0) write(held, held.written_at);
}

void Journal::write(Held& held, Clock::time_point now) {
  const std::uint64_t others = held.count - 1;
  if (others == 1) held.line += " (one more line since the last one is left out)";
  if (others > 1) held.line += " (" + std::to_string(others) + " more lines since the last one are left out)";
  write_(held.line);
  held = Held{now, {}, 0, true};
}

}  // namespace telefence
