// SPDX-License-Identifier: Apache-2.0
#pragma once

// What decode.h and layers.h promise for any bytes whatever, checked on one frame. The every-cut test and the fuzzer share it.

#include <string>

#include "base/bytes.h"
#include "base/frame.h"
#include "support/guarded_bytes.h"

namespace telefence::testing {

// "" when all promises are kept, else the broken one in words. The bytes are copied to `memory` first, behind which no read
// is allowed.
std::string broken_decode_promise(Bytes bytes, LinkType link, GuardedBytes& memory);

}  // namespace telefence::testing
