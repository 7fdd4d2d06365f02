// SPDX-License-Identifier: Apache-2.0
#pragma once

// "127.0.0.1:9469", "[::1]:9469" or "localhost:9469": where to listen. The configuration checks with the same function that
// the server uses.

#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

struct ListenAddress {
  std::string host;  // without brackets
  int port = 0;      // 0: any free one
  bool loopback = false;
};

// Only addresses in digits, and localhost: no name is looked up. Errors say what would be right.
Result<ListenAddress> listen_address_from(std::string_view text);

}  // namespace telefence
