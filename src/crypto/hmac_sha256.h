// SPDX-License-Identifier: Apache-2.0
#pragma once

// HMAC-SHA-256 (RFC 2104) and of HKDF what TLS 1.3 makes keys with (RFC 8446, 7.1). For keys that a packet asks for: nothing is
// allocated and nothing shared, so any thread may call it. An EVP digest would be allocated anew for each hash (OpenSSL 3.0), and
// EVP_KDF costs eight times as much.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace telefence {

// A key of which the two blocks that HMAC begins with are hashed once. A plain value.
class HmacSha256 {
 public:
  static constexpr std::size_t kLongestKey = 64;

  // Requires: key.size() <= kLongestKey.
  explicit HmacSha256(Bytes key);

  Sha256Digest of(Bytes message) const;

 private:
  using State = std::array<std::uint32_t, 8>;  // of SHA-256 after one block

  State inner_;
  State outer_;
};

// HKDF-Expand-Label(secret, label, "", out.size()). Requires: label without "tls13 ", at most 32 characters; at most 32 bytes out.
void hkdf_expand_label(const HmacSha256& secret, std::string_view label, MutableBytes out);

}  // namespace telefence
