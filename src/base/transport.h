// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace telefence {

enum class Transport : std::uint8_t { kNone, kUdp, kTcp };

}  // namespace telefence
