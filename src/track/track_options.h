// SPDX-License-Identifier: Apache-2.0
#pragma once

// All that one worker remembers between packets, as sizes: what the configuration may change, sealed at start.

#include <cstdint>

#include "track/connection_table.h"
#include "track/fragment_table.h"
#include "track/message_streams.h"
#include "track/part_table.h"
#include "track/session_table.h"
#include "track/tunnel_returns.h"

namespace telefence {

struct TrackOptions {
  PartOptions parts;
  StreamOptions streams;
  FragmentOptions fragments;
  DatagramOptions datagrams;
  SessionOptions sessions;
  ReturnOptions returns;
};

// Bytes that one worker sets aside for all of it. The kernel gives them only when they are used.
inline std::uint64_t memory_for(const TrackOptions& options) {
  return PartTable::memory_for(options.parts) + MessageStreams::memory_for(options.streams) +
         FragmentTable::memory_for(options.fragments) + ConnectionTable::memory_for(options.datagrams) +
         SessionTable::memory_for(options.sessions) + TunnelReturns::memory_for(options.returns);
}

}  // namespace telefence
