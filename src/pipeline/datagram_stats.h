// SPDX-License-Identifier: Apache-2.0
#pragma once

// The figures of datagram_flows.h, of one worker: written by it alone, read by anyone.

#include <array>
#include <functional>
#include <vector>

#include "protocols/datagram_reader.h"
#include "stats/catalog.h"
#include "stats/counter.h"

namespace telefence {

struct DatagramStats {
  Counter begun;     // messages that went on in another datagram and were waited for
  Counter read;      // of these, read to their end
  Counter given_up;  // longer, or in more pieces, than is put together
  Counter evicted;   // gave way to others
  Counter refused_evicted;  // refused connections forgotten before their time
  Counters<FlowMemory::kSights> sights;
};

// Families of all workers together. The pointers outlive the catalog.
void add_datagram_families(Catalog& catalog, const std::vector<const DatagramStats*>& workers);

}  // namespace telefence
