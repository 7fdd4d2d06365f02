// SPDX-License-Identifier: Apache-2.0
#pragma once

// Copies what a record needs out of the burst, before the burst ends. Worker thread, no allocation.

#include "match/match_set.h"
#include "pipeline/burst.h"
#include "record/record.h"

namespace telefence {

// What was seen and why it is intercepted. Before actions: neutralise voids the very bytes that the event looks at.
// event: index in burst.events. Requires: the event's verdict is recorded().
void fill_record(const Burst& burst, std::size_t event, const RuleText& rule, std::uint64_t flow_id,
                 std::uint64_t policy_version, Record& record);

// A sign of evasion: the packet that shows it. index: of a frame of the burst.
void fill_evasion(const Burst& burst, std::size_t index, std::uint64_t flow_id, Record& record);

// What was done. After actions, for the same event.
void finish_record(const Burst& burst, std::size_t event, std::uint64_t now_ns, Record& record);

}  // namespace telefence
