// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac_sha256.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/hex.h"
#include "octets.h"

namespace telefence {
namespace {

using namespace testing;

std::string hmac(Bytes key, std::string_view message) { return hex_of(HmacSha256(key).of(as_bytes(message))); }

// RFC 4231, 4.2 to 4.5.
TEST(HmacSha256, KnownMessagesHaveTheirKnownCodes) {
  EXPECT_EQ(hmac(std::vector<std::uint8_t>(20, 0x0b), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac(as_bytes("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(std::vector<std::uint8_t>(20, 0xaa), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

TEST(HmacSha256, AMessageMayBeEmptyOrLongerThanABlock) {
  const HmacSha256 key(as_bytes("k"));
  EXPECT_NE(key.of({}), key.of(as_bytes(std::string(200, 'x'))));
  EXPECT_EQ(key.of(as_bytes("abc")), HmacSha256(as_bytes("k")).of(as_bytes("abc"))) << "it has no state";
}

// RFC 9001, A.1: the same steps as every QUIC connection begins with.
TEST(HkdfExpandLabel, GivesTheSecretsOfTheStandard) {
  const auto salt = octets("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
  const Sha256Digest initial = HmacSha256(salt).of(octets("8394c8f03e515708"));
  EXPECT_EQ(hex_of(initial), "7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44");
  Sha256Digest client;
  hkdf_expand_label(HmacSha256(initial), "client in", client);
  EXPECT_EQ(hex_of(client), "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
  std::array<std::uint8_t, 12> iv;
  hkdf_expand_label(HmacSha256(client), "quic iv", iv);
  EXPECT_EQ(iv, fixed<decltype(iv)>("fa044b2f42a3fd3b46fb255c"));
}

}  // namespace
}  // namespace telefence
