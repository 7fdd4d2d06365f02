// SPDX-License-Identifier: Apache-2.0
#pragma once

// Many connections that read the change log as edges do (XREAD COUNT 64 BLOCK 1000, questions that bring news 5 ms apart), from one epoll loop: what Redis has to do for
// them, for little CPU here. Nothing is verified or applied.

#include <cstdint>
#include <string>
#include <vector>

namespace telefence::perf {

struct Deliveries {
  std::uint64_t entries = 0, bytes = 0;
  std::uint64_t readers = 0;
  std::vector<float> ms;  // of each, from the publisher's ts (whole milliseconds: up to one too long) until it was read
};

// What comes behind the id `from`, until `seconds` are over, or SIGTERM. `host` and `port`: a server on loopback.
Deliveries read_streams(const std::string& host, std::uint16_t port, const std::string& from, unsigned count, double seconds);

}  // namespace telefence::perf
