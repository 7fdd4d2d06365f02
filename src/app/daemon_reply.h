// SPDX-License-Identifier: Apache-2.0
#pragma once

// A question to the daemon and its reply as JSON.

#include <string>

#include "app/json_lines.h"
#include "base/result.h"

namespace telefence {

// A reply that says ok. The error is the daemon's own, with its code, when it refuses.
Result<Json> reply_of_daemon(const std::string& socket, const Json& request);

}  // namespace telefence
