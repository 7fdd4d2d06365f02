// SPDX-License-Identifier: Apache-2.0
// Counts every allocation, also those inside OpenSSL, while keys are made and messages opened: workers do so and may not allocate.
#include <gtest/gtest.h>

#include "crypto/aes_gcm.h"
#include "crypto/hmac_sha256.h"
#include "support/count_allocations.h"

namespace telefence {
namespace {

TEST(CryptoAllocation, KeysAndMessagesNeedNone) {
  ASSERT_TRUE(testing::g_counts_openssl);
  AesGcm gcm;
  AesKey key{1, 2, 3};
  GcmNonce nonce{4, 5, 6};
  const std::array<std::uint8_t, 30> associated{7};
  std::array<std::uint8_t, 1200> text{8};
  std::array<std::uint8_t, 1200 + AesGcm::kTag> sealed{};
  int opened = 0;
  const std::uint64_t before = testing::g_allocations;
  ASSERT_GT(before, 10u) << "what was made at start";
  for (std::uint8_t round = 0; round < 100; ++round) {
    const HmacSha256 secret(key);
    hkdf_expand_label(secret, "quic key", key);
    nonce[0] = round;
    gcm.seal(key, nonce, associated, text, sealed);
    opened += gcm.open(key, nonce, associated, sealed, text) ? 1 : 0;
    sealed[round] ^= 1;
    opened += gcm.open(key, nonce, associated, sealed, text) ? 1 : 0;
    text[0] = gcm.encrypt_block(key, {round})[0];
  }
  EXPECT_EQ(testing::g_allocations - before, 0u);
  EXPECT_EQ(opened, 100) << "the changed ones fail";
}

}  // namespace
}  // namespace telefence
