// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha256.h"

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/check.h"

namespace telefence {

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest;
  unsigned int length = 0;
  const Bytes input = as_bytes(bytes);
  // Fails only without memory or without the default provider: nothing that a caller could mend.
  CHECK(EVP_Digest(input.data(), input.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  CHECK(length == digest.size());
  return digest;
}

}  // namespace telefence
