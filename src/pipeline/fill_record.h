// SPDX-License-Identifier: Apache-2.0
#pragma once

// Copies what a record needs out of the burst, before the burst ends. Worker thread, no allocation.

#include "match/rule.h"
#include "pipeline/burst.h"
#include "record/record.h"

namespace telefence {

// event: index in burst.events. Requires: the event's verdict is recorded().
void fill_record(const Burst& burst, std::size_t event, const Rule& rule, std::uint64_t flow_id,
                 std::uint64_t policy_version, std::uint64_t now_ns, Record& record);

}  // namespace telefence
