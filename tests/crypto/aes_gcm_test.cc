// SPDX-License-Identifier: Apache-2.0
#include "crypto/aes_gcm.h"

#include <gtest/gtest.h>

#include "octets.h"

namespace telefence {
namespace {

using namespace testing;
using Octets = std::vector<std::uint8_t>;

// Test case 4 of the GCM specification (McGrew and Viega, appendix B).
const AesKey kKey = fixed<AesKey>("feffe9928665731c6d6a8f9467308308");
const GcmNonce kNonce = fixed<GcmNonce>("cafebabefacedbaddecaf888");
const Octets kAssociated = octets("feedfacedeadbeeffeedfacedeadbeefabaddad2");
const Octets kText = octets(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
const Octets kSealed = octets(
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
    "5bc94fbc3221a5db94fae95ae7121a47");

TEST(AesGcm, SealsAsTheSpecificationDoes) {
  AesGcm gcm;
  Octets sealed(kText.size() + AesGcm::kTag);
  gcm.seal(kKey, kNonce, kAssociated, kText, sealed);
  EXPECT_EQ(sealed, kSealed);
}

TEST(AesGcm, OpensWhatWasSealed) {
  AesGcm gcm;
  Octets text(kText.size());
  EXPECT_TRUE(gcm.open(kKey, kNonce, kAssociated, kSealed, text));
  EXPECT_EQ(text, kText);
}

TEST(AesGcm, ASingleChangedBitIsNoticed) {
  AesGcm gcm;
  Octets text(kText.size());
  for (std::size_t i = 0; i < kSealed.size(); ++i) {
    Octets changed = kSealed;
    changed[i] ^= 1;
    EXPECT_FALSE(gcm.open(kKey, kNonce, kAssociated, changed, text)) << i;
  }
  Octets associated = kAssociated;
  associated[3] ^= 0x80;
  EXPECT_FALSE(gcm.open(kKey, kNonce, associated, kSealed, text));
  EXPECT_TRUE(gcm.open(kKey, kNonce, kAssociated, kSealed, text)) << "a failure leaves nothing behind";
}

TEST(AesGcm, AnEmptyTextHasATagToo) {
  AesGcm gcm;
  Octets tag(AesGcm::kTag);
  gcm.seal(kKey, kNonce, kAssociated, {}, tag);
  EXPECT_TRUE(gcm.open(kKey, kNonce, kAssociated, tag, {}));
  tag[0] ^= 1;
  EXPECT_FALSE(gcm.open(kKey, kNonce, kAssociated, tag, {}));
}

// FIPS 197, appendix C.1.
TEST(AesGcm, EncryptsSingleBlocks) {
  AesGcm gcm;
  const auto key = fixed<AesKey>("000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(gcm.encrypt_block(key, fixed<AesBlock>("00112233445566778899aabbccddeeff")),
            fixed<AesBlock>("69c4e0d86a7b0430d8cdb78070b4c55a"));
}

}  // namespace
}  // namespace telefence
