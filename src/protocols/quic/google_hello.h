// SPDX-License-Identifier: Apache-2.0
#pragma once

// The hello of Google's own QUIC, Q024 to Q050, which came before the IETF's: CHLO, a table of tags and their values in little-endian
// order ("QUIC Crypto", Langley and Chang, 2016). In Q050 it stands in the CRYPTO frames of sealed Initials; before that in the clear
// ("QUIC Wire Layout Specification", Hamilton and others, 2016), whole in one packet, since a smaller one got no answer.

#include <cstddef>

#include "base/bytes.h"
#include "protocols/wire/client_hello.h"

namespace telefence::quic {

// True when the packet that a datagram begins with tells such a version that is not sealed. Sure on any port.
bool tells_google_version(Bytes datagram);

// Where in the datagram a hello in the clear begins; 0 when there is none, or the datagram is not one of Google's. The version is told
// only until the server has answered.
std::size_t find_google_hello(Bytes datagram);

// `message`: from CHLO on, as much as there is. Only server_name is filled; it is a view into the message.
wire::HelloFound read_google_hello(Bytes message, wire::ClientHello& hello);

}  // namespace telefence::quic
