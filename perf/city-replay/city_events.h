// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events of a city, each a packet that is known to be fraud or not. From a fixed seed: event n is always the same.

#include <cstdint>
#include <memory>
#include <string>

#include "base/frame.h"
#include "traffic.h"

namespace telefence::perf {

// Spreads n over 64 bits.
inline std::uint64_t mixed(std::uint64_t n) {
  n = (n + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
  n = (n ^ n >> 27) * 0x94d049bb133111eb;
  return n ^ n >> 31;
}

class Events {
 public:
  virtual ~Events() = default;
  // Writes event n into an empty frame, and says whether it is fraud. Asked in order, n from 0.
  virtual bool write(std::uint64_t n, Frame& frame) = 0;
};

// INVITEs, each with a caller, a callee and a Call-ID of its own; every other one is fraud. Of a hundred fraud callers
// one is listed by its prefix alone.
std::unique_ptr<Events> city_calls(const Sizes& sizes);
// submit_sm on 1,000 connections that go on; some half of them are fraud by their text, as `Sizes::patterns` says.
std::unique_ptr<Events> city_messages(const Sizes& sizes);
// Of 2,500 visits one is to a fraud site: 60% DNS, 35% TLS, 5% HTTP. `fraud`: how many different ones there are.
std::unique_ptr<Events> city_visits(const Sizes& sizes, std::size_t fraud);

inline constexpr std::uint64_t kVisitsPerHit = 2'500;  // 0.04%

}  // namespace telefence::perf
