// SPDX-License-Identifier: Apache-2.0
#pragma once

// Datagrams of a QUIC client for tests of the pipeline.

#include <string>
#include <string_view>
#include <vector>

#include "payloads.h"
#include "protocols/tls/hello.h"
#include "support/quic_initial.h"

namespace telefence::testing {

inline Octets quic_hello(std::string_view host) { return tls::client_hello(tls::server_name(host)); }

// So long that it needs two datagrams, as with a post-quantum key share, and the name behind it.
inline Octets long_quic_hello(std::string_view host) {
  return tls::client_hello(tls::join({tls::extension(51, Octets(1300, 0x77)), tls::server_name(host)}));
}

// A part of a handshake message in one datagram.
inline Octets quic_part(const Octets& handshake, std::size_t from, std::size_t to, InitialShape shape = {}) {
  shape.frames = crypto_frame(from, Bytes(handshake).subspan(from, to - from));
  return initial(shape);
}
inline Octets quic_whole(const Octets& handshake, InitialShape shape = {}) {
  return quic_part(handshake, 0, handshake.size(), std::move(shape));
}

inline std::vector<std::uint8_t> quic_frame(const Octets& datagram, std::uint16_t from = 40000, std::uint16_t port = 443) {
  return udp_frame(as_text(datagram), port, from);
}

}  // namespace telefence::testing
