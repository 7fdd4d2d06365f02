// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of the benchmarks of extract(): bursts of payloads, as the worker gives them, through one protocol.

#include <benchmark/benchmark.h>

#include <vector>

#include "protocols/protocol.h"

namespace telefence {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kBurst = 64;

// Items are payloads. Requires: payloads.size() is a multiple of kBurst.
inline void bench_extract(benchmark::State& state, const Protocol& protocol, const std::vector<Octets>& payloads,
                          Transport transport, std::uint16_t port) {
  EventList events;
  std::size_t at = 0;
  for (auto _ : state) {
    events.clear();
    for (std::uint16_t i = 0; i < kBurst; ++i) {
      events.begin_frame(i, 0);
      const Payload payload{payloads[at + i], transport, 40000, port};
      benchmark::DoNotOptimize(protocol.extract(payload, events));
    }
    benchmark::DoNotOptimize(events.events().size());
    at = (at + kBurst) % payloads.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kBurst);
}

// Payloads that extract() must pass over without an event.
inline void bench_recognise(benchmark::State& state, const Protocol& protocol, const std::vector<Octets>& payloads) {
  std::size_t at = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i)
      benchmark::DoNotOptimize(protocol.recognise({payloads[at + i], Transport::kTcp, 40000, 12345}));
    at = (at + kBurst) % payloads.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kBurst);
}

inline void bench_refuse(benchmark::State& state, const Protocol& protocol, const Octets& request, Transport transport,
                         const RefusalTerms& terms) {
  EventList events;
  events.begin_frame(0, 0);
  const Payload payload{request, transport, 40000, 0};
  protocol.extract(payload, events);
  std::array<std::uint8_t, 1400> room;
  for (auto _ : state) {
    Writer writer(room);
    benchmark::DoNotOptimize(protocol.refuse(events.events().front(), payload, terms, writer));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

}  // namespace telefence
