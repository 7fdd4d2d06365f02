// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ed25519 signatures (RFC 8032, the pure form: the message itself is signed). Control threads.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace telefence {

using Ed25519Seed = std::array<std::uint8_t, 32>;  // the secret key, RFC 8032, 5.1.5
using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

// From the system's source of randomness.
Ed25519Seed new_ed25519_seed();

// A secret key, ready to sign with. It is overwritten when it goes; a copy shares it.
class Ed25519Secret {
 public:
  explicit Ed25519Secret(const Ed25519Seed& seed);

  Ed25519PublicKey public_key() const;
  Ed25519Signature sign(std::string_view message) const;
  // To be wiped by who asked for it.
  Ed25519Seed seed() const;

 private:
  std::shared_ptr<void> key_;  // EVP_PKEY
};

// False also for bytes that are no public key.
bool ed25519_verify(const Ed25519PublicKey& key, const Ed25519Signature& signature, std::string_view message);

// Overwrites what was secret; the compiler does not leave it out.
void wipe(MutableBytes secret);

}  // namespace telefence
