// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac_sha256.h"

// SHA256_* are deprecated in favour of EVP, which can't hash without allocating.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>

#include "base/check.h"
#include "base/writer.h"

namespace telefence {
namespace {

constexpr std::size_t kBlock = 64;

template <typename State>
State state_after(const std::array<std::uint8_t, kBlock>& block) {
  SHA256_CTX hash;
  SHA256_Init(&hash);
  SHA256_Transform(&hash, block.data());
  State state;
  std::copy_n(std::begin(hash.h), state.size(), state.begin());
  return state;
}

// Goes on from a state that one block led to.
template <typename State>
Sha256Digest finish(const State& state, Bytes message) {
  SHA256_CTX hash;
  SHA256_Init(&hash);
  std::copy(state.begin(), state.end(), std::begin(hash.h));
  hash.Nl = 8 * kBlock;  // bits hashed so far
  SHA256_Update(&hash, message.data(), message.size());
  Sha256Digest digest;
  SHA256_Final(digest.data(), &hash);
  return digest;
}

}  // namespace

HmacSha256::HmacSha256(Bytes key) {
  CHECK(key.size() <= kLongestKey);
  std::array<std::uint8_t, kBlock> block{};
  std::copy(key.begin(), key.end(), block.begin());
  for (std::uint8_t& byte : block) byte ^= 0x36;
  inner_ = state_after<State>(block);
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  outer_ = state_after<State>(block);
}

Sha256Digest HmacSha256::of(Bytes message) const { return finish(outer_, finish(inner_, message)); }

// RFC 8446, 7.1, and RFC 5869, 2.3: one block of output is enough for 32 bytes.
void hkdf_expand_label(const HmacSha256& secret, std::string_view label, MutableBytes out) {
  constexpr std::string_view kPrefix = "tls13 ";
  std::array<std::uint8_t, kBlock> room;
  Writer info(room);
  info.u16(static_cast<std::uint16_t>(out.size()));
  info.u8(static_cast<std::uint8_t>(kPrefix.size() + label.size()));
  info.text(kPrefix);
  info.text(label);
  info.u8(0);  // no context
  info.u8(1);  // the first block
  CHECK(info.ok() && out.size() <= Sha256Digest().size());
  const Sha256Digest block = secret.of(info.written());
  std::copy_n(block.begin(), out.size(), out.begin());
}

}  // namespace telefence
