// SPDX-License-Identifier: Apache-2.0
#pragma once

// AES-128-GCM (NIST SP 800-38D) and single blocks of AES-128 (FIPS 197), for messages that each have a key of their own. One
// instance per thread, made at start: nothing is allocated afterwards (tests/crypto counts it). Setting a key takes about as long
// as 600 bytes of message.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace telefence {

using AesKey = std::array<std::uint8_t, 16>;
using AesBlock = std::array<std::uint8_t, 16>;
using GcmNonce = std::array<std::uint8_t, 12>;

class AesGcm {
 public:
  static constexpr std::size_t kTag = 16;

  AesGcm();
  ~AesGcm();
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;

  // `sealed` ends with the tag; the text is as long as it without the tag. False: it is not what was sealed under this key, nonce
  // and associated data; `text` then holds bytes that must not be used. Requires: sealed.size() >= kTag, text.size() fits.
  bool open(const AesKey& key, const GcmNonce& nonce, Bytes associated, Bytes sealed, MutableBytes text);

  // Requires: sealed.size() == text.size() + kTag. They may not overlap.
  void seal(const AesKey& key, const GcmNonce& nonce, Bytes associated, Bytes text, MutableBytes sealed);

  // One block in ECB mode, which is what QUIC hides header bits with.
  AesBlock encrypt_block(const AesKey& key, const AesBlock& block);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace telefence
