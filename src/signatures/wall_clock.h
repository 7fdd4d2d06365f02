// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unix time in milliseconds, as batches, snapshots, receipts and audit files are dated. Any thread.

#include <chrono>
#include <cstdint>

namespace telefence {

inline std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace telefence
