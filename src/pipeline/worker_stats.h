// SPDX-License-Identifier: Apache-2.0
#pragma once

// The figures of one worker: written by it alone, read by anyone. add_worker_families() sums them over all workers.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "decide/policy.h"
#include "decode/layers.h"
#include "pipeline/datagram_stats.h"
#include "pipeline/shedder.h"
#include "protocols/protocol.h"
#include "stats/catalog.h"
#include "stats/counter.h"
#include "verdict/evasion.h"
#include "verdict/verdict.h"

namespace telefence {

enum class Stage : std::uint8_t { kReceive, kDecode, kExtract, kNormalise, kMatch, kDecide, kEnforce, kTransmit, kRecord };
inline constexpr std::size_t kStageCount = 9;
std::string_view stage_name(Stage stage);

inline constexpr std::size_t kProgressCount = 4;
inline constexpr std::size_t kReasonCount = 6;

struct WorkerStats {
  Counters<kFateCount> fates;
  Counter received;
  Counter received_bytes;
  Counter bursts;
  Counter replies_sent;
  Counter replies_lost;                                        // no buffer, or the port did not take them
  std::array<Counters<kProgressCount>, kMaxProtocols> parsed;  // [protocol][Progress]
  std::array<Counter, kMaxProtocols> messages;                 // events read; repeated interceptions not counted
  std::array<Counter, kMaxProtocols> repeats;
  std::array<Counters<kReasonCount>, kMaxProtocols> verdicts;  // [protocol][Reason], repeats not counted
  std::array<Counters<kMaxActions>, kMaxProtocols> actions;    // carried out, repeats not counted
  std::array<Counters<kMaxActions>, kMaxProtocols> failed;     // could not be carried out
  Counters<kCategoryCount> categories;                         // blocked or would-be
  Counters<kStageCount> cycles;
  Counter encrypted_hellos;  // visits whose real name ECH hides
  Counter limits_reached;    // keys or hits that did not fit
  Counter spread_begun;         // messages that went on in another segment and were waited for
  Counter spread_read;          // of these, read to their end
  Counter spread_given_up;      // longer, or in more pieces, than is put together
  Counter spread_evicted;       // gave way to others
  Counter beginnings_evicted;   // of connections and of next messages, that gave way before their time
  Counter fragments_joined;       // packets that came in fragments and were read
  Counter fragments_replaced;     // of these, segments that left in one piece, or in several of their own
  Counter fragments_overlapping;  // parts that repeat bytes as other ones
  Counter fragments_given_up;     // parts of packets that can't be put together
  Counter fragments_evicted;      // packets that gave way to others
  Counters<kEvasionKindCount> evasions;  // frames with a sign of evasion
  Counter evasions_not_recorded;         // of these, beyond the limit of records
  Counter inconsistent_copies;  // bytes of such a message that came again as other ones
  DatagramStats datagrams;
  Counter streams;              // connections that are followed
  Counter streams_evicted;      // gave way to others
  Counter held_frames;
  Counter stream_inconsistent;  // bytes that came again as other ones
  Counter stream_no_room;       // segments that were more than may be held or kept
  Counter stream_late;          // messages that began to leave before they were whole
  Counter stream_holes;         // missing segments waited for in vain
  Counter stream_holes_told;    // selective acknowledgements sent in a receiver's name
  Counter stream_lost;          // positions lost
  Counter stream_overflows;     // messages that could not be judged: too many in a burst
  Counter sessions_evicted;  // remembered sessions that gave way before their time
  Counters<kTunnelKindCount> tunnels;  // packets that were looked at inside each kind
  Counter tunnels_passed_on;           // packets in tunnels that were handed to the worker that judges what is between their ends
  Counter tunnels_no_room;             // of another worker's, and judged here since its ring was full, or it had ended
  Counter returns_learned;             // ways back into tunnels, new or changed
  Counter returns_missing;             // looked for, and none was known
  Counter returns_evicted;             // gave way to others
  Counters<kShedCauses> shed;          // packets, or texts, that were not looked at
  Counter overload_level;              // so many causes are shed now
  Counter overload_rises;              // times that one more was
  Counter overload_beyond;             // times that the worker was behind though all was shed that may be
};

// Families of all workers together. The pointers outlive the catalog.
void add_worker_families(Catalog& catalog, std::vector<const WorkerStats*> workers);

// Sums for `status` and for checks: every fate, and what was received.
struct FateSums {
  std::array<std::uint64_t, kFateCount> fates{};
  std::uint64_t received = 0;
  std::uint64_t total() const;
};
FateSums sum_fates(const std::vector<const WorkerStats*>& workers);

}  // namespace telefence
