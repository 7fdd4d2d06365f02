// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ClientHello that opens a TLS connection (RFC 8446, 4.1.2, the same shape since SSL 3.0): which server name it
// carries (RFC 6066, 3) and whether it hides another one (ECH, RFC 9849, 5). Over TCP it stands in records, over QUIC in CRYPTO
// frames; what is read here is the same.

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace telefence::wire {

// The type of the handshake message, its first byte.
inline constexpr std::uint8_t kClientHello = 1;

struct ClientHello {
  std::string_view server_name;  // as sent; "" when there is none. A view into the bytes read.
  bool has_encrypted_hello = false;
};

enum class HelloFound : std::uint8_t {
  kWhole,  // read to its end
  kNamed,  // the bytes end inside it, but behind the server name
  kCut,    // the bytes end before anything could be told
  kMalformed,
};

// `bytes` are those of the handshake layer, as many as there are. Requires: the first one says client_hello.
HelloFound read_client_hello(Bytes bytes, ClientHello& hello);

}  // namespace telefence::wire
