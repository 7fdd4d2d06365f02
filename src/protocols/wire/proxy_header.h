// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a load balancer may put before the first bytes of a connection to say who the client is: the PROXY protocol
// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt; 2.1 a line of text, 2.2 a binary block). What follows
// it is the client's own message, so the protocols of connections look behind it.

#include <cstddef>

#include "base/bytes.h"

namespace telefence::wire {

// The same when the first octet is one that such a header begins with.
std::size_t likely_proxy_header_length(Bytes bytes);

// Octets of the header that `bytes` begin with; 0 when there is none, or not all of it.
inline std::size_t proxy_header_length(Bytes bytes) {
  const bool is_likely = !bytes.empty() && (bytes[0] == 'P' || bytes[0] == '\r');
  return is_likely ? likely_proxy_header_length(bytes) : 0;
}

}  // namespace telefence::wire
