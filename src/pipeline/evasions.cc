// SPDX-License-Identifier: Apache-2.0
#include "pipeline/evasions.h"

#include "pipeline/fill_record.h"

namespace telefence {

void note_evasion(Burst& burst, WorkerStats& stats, std::size_t index, EvasionKind kind) {
  stats.evasions[static_cast<std::size_t>(kind)].add(1);
  if (burst.evasion_count < burst.evasions.size())
    burst.evasions[burst.evasion_count++] = {static_cast<std::uint16_t>(index), kind};
  else
    stats.evasions_not_recorded.add(1);
}

bool Evasions::may_record() {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (burst_.now_ns / kSecond != second_) {
    second_ = burst_.now_ns / kSecond;
    recorded_ = 0;
  }
  if (recorded_ < per_second_) {
    ++recorded_;
    return true;
  }
  ++suppressed_;
  stats_.evasions_not_recorded.add(1);
  return false;
}

void Evasions::begin_records(RecordRing& ring) {
  count_ = 0;
  for (const Burst::Evasion& one : std::span(burst_.evasions).first(burst_.evasion_count)) {
    if (!may_record()) continue;
    Record* const slot = ring.claim(burst_.record_count + count_);
    if (slot == nullptr) continue;
    fill_evasion(burst_, one.frame, burst_.flow_of(one.frame, sessions_).both, *slot);
    slot->evasion = one.kind;
    slot->suppressed = suppressed_;
    suppressed_ = 0;
    frames_[count_++] = one.frame;
  }
}

std::size_t Evasions::finish_records(RecordRing& ring) {
  for (std::size_t i = 0; i < count_; ++i) {
    Record& record = ring.claimed(burst_.record_count + i);
    record.is_held = burst_.held[frames_[i]];
    record.fate = burst_.fates[frames_[i]];
  }
  return count_;
}

}  // namespace telefence
