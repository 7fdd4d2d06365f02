// SPDX-License-Identifier: Apache-2.0
#pragma once

// List files: one domain, url or number per line; blank lines and # comments; LF or CRLF; a byte order mark is skipped.
// Control thread.

#include <functional>

#include "base/result.h"
#include "signatures/options.h"
#include "signatures/signature.h"

namespace telefence {

// Calls `take` with every value, as written, with its place. Fails only when the file can't be read.
Result<void> read_list_file(const ListOptions& list, const std::function<void(Signature)>& take);

}  // namespace telefence
