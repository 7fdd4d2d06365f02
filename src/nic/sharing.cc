// SPDX-License-Identifier: Apache-2.0
#include "nic/sharing.h"

#include <algorithm>

namespace telefence {

std::vector<std::vector<QueueShare>> share_queues(std::span<const std::uint16_t> queues, std::size_t workers) {
  std::vector<std::vector<QueueShare>> shares;
  std::size_t next = 0;
  for (const std::uint16_t most : queues) {
    const auto count = static_cast<std::uint16_t>(std::min<std::size_t>(most, workers));
    std::vector<QueueShare>& share = shares.emplace_back();
    for (std::uint16_t queue = 0; queue < count; ++queue) {
      share.push_back({next, queue});
      next = (next + 1) % workers;
    }
  }
  return shares;
}

}  // namespace telefence
