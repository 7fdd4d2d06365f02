// SPDX-License-Identifier: Apache-2.0
#pragma once

// SHA-256 (FIPS 180-4). For stable ids of signatures and for the chain of batches in the change log. Control threads.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace telefence {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(std::string_view bytes);

}  // namespace telefence
