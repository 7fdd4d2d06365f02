// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answer `close`: an Initial in the server's name which says that the connection is refused, so that a browser need not wait
// before it tries TCP. The keys of Initials are public, so clients take it (RFC 9000, 10.2.3: as a hint that may be forged).

#include "base/bytes.h"
#include "base/writer.h"
#include "protocols/quic/initial_keys.h"
#include "protocols/quic/protection.h"

namespace telefence::quic {

// mark: version and first destination id of the client. datagram: of the client, with a packet of that version. False when there is
// none, or it does not fit.
bool write_close(Bytes mark, Bytes datagram, const KeyMaker& key_maker, Protection& protection, Writer& out);

}  // namespace telefence::quic
