// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys that sign batches, as files: NAME.key holds the secret and may be read by its owner alone, NAME.pub is given to the
// edges. Both are text, one "word: value" a line, # comments; docs/signatures.md has the format. Control threads.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/ed25519.h"

namespace telefence {

struct PublicKey {
  std::string id;  // fingerprint: the first 16 hexadecimal digits of SHA-256 over the key's 32 bytes
  std::string name;
  std::string made;  // when and by whom, for people; "" = not told
  Ed25519PublicKey key{};
};

// What a key is for: batches and snapshots, or the receipts of an edge. Only the comment in its file differs.
enum class KeyUse : std::uint8_t { kBatches, kReceipts };

// Its secret is overwritten when it goes.
class SigningKey {
 public:
  SigningKey(PublicKey described, Ed25519Secret secret) : public_(std::move(described)), secret_(std::move(secret)) {}
  SigningKey(SigningKey&&) = default;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  const PublicKey& described() const { return public_; }
  const std::string& id() const { return public_.id; }
  Ed25519Signature sign(std::string_view message) const { return secret_.sign(message); }

 private:
  friend std::string secret_text(const SigningKey& key, KeyUse use);
  PublicKey public_;
  Ed25519Secret secret_;
};

std::string key_id(const Ed25519PublicKey& key);

SigningKey make_signing_key(std::string name, std::string made);

// Writes `base`.key (mode 0600) and `base`.pub. Nothing is overwritten: kUsage when one of the two is there.
Result<void> write_key_files(const std::string& base, const SigningKey& key, KeyUse use = KeyUse::kBatches);

// kInvalid: no key, or a damaged one. kEnvironment: can't be read, or others than the owner may read the secret.
Result<SigningKey> read_signing_key(const std::string& file);
Result<PublicKey> read_public_key(const std::string& file);

}  // namespace telefence
