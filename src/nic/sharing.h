// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who gets which queue. Pure.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace telefence {

struct QueueShare {
  std::size_t worker = 0;
  std::uint16_t queue = 0;  // the same number on both ports of a pair
};

// For each in-line pair or mirror: queues[i] is how many queues (pairs: both ports) it has at most. Each gets
// min(queues[i], workers) different workers; the next one begins behind the last worker of the one before.
// Requires: workers > 0.
std::vector<std::vector<QueueShare>> share_queues(std::span<const std::uint16_t> queues, std::size_t workers);

}  // namespace telefence
