// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "base/check.h"

namespace telefence {
namespace {

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

EVP_PKEY* key_of(const std::shared_ptr<void>& key) { return static_cast<EVP_PKEY*>(key.get()); }

}  // namespace

Ed25519Seed new_ed25519_seed() {
  Ed25519Seed seed;
  // A key that can be guessed is worse than none.
  CHECK(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  return seed;
}

// What fails here fails only without memory or without the default provider: nothing that a caller could mend. OpenSSL overwrites a key
// that it frees.
Ed25519Secret::Ed25519Secret(const Ed25519Seed& seed)
    : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), [](void* key) { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }) {
  CHECK(key_ != nullptr);
}

Ed25519PublicKey Ed25519Secret::public_key() const {
  Ed25519PublicKey out;
  std::size_t length = out.size();
  CHECK(EVP_PKEY_get_raw_public_key(key_of(key_), out.data(), &length) == 1 && length == out.size());
  return out;
}

Ed25519Seed Ed25519Secret::seed() const {
  Ed25519Seed out;
  std::size_t length = out.size();
  CHECK(EVP_PKEY_get_raw_private_key(key_of(key_), out.data(), &length) == 1 && length == out.size());
  return out;
}

Ed25519Signature Ed25519Secret::sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  Ed25519Signature signature;
  std::size_t length = signature.size();
  const Bytes input = as_bytes(message);
  CHECK(context != nullptr && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_of(key_)) == 1);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &length, input.data(), input.size()) == 1);
  CHECK(length == signature.size());
  return signature;
}

bool ed25519_verify(const Ed25519PublicKey& key, const Ed25519Signature& signature, std::string_view message) {
  const Key known(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const Context context(EVP_MD_CTX_new());
  if (known == nullptr || context == nullptr) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, known.get()) != 1) return false;
  const Bytes input = as_bytes(message);
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), input.data(), input.size()) == 1;
}

void wipe(MutableBytes secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace telefence
