// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bytes as hexadecimal digits, as keys, fingerprints and signatures are written. Control threads.

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace telefence {

// Two lower-case digits for each byte.
std::string hex_of(Bytes bytes);

// Fills all of `out`. False when `text` is not exactly so many bytes; capitals are taken.
bool from_hex(std::string_view text, MutableBytes out);

}  // namespace telefence
