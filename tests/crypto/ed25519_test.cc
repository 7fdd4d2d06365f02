// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "crypto/hex.h"

namespace telefence {
namespace {

template <typename Array>
Array array_of(std::string_view hex) {
  Array out{};
  EXPECT_TRUE(from_hex(hex, out)) << hex;
  return out;
}

struct Vector {
  const char* seed;
  const char* key;
  const char* message;  // hexadecimal
  const char* signature;
};

// RFC 8032, 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a"
     "100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb"
     "0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1e"
     "c40a"},
};

TEST(Ed25519, TheVectorsOfTheStandard) {
  for (const Vector& vector : kVectors) {
    const auto seed = array_of<Ed25519Seed>(vector.seed);
    std::string message(std::string_view(vector.message).size() / 2, '\0');
    ASSERT_TRUE(from_hex(vector.message, MutableBytes(reinterpret_cast<std::uint8_t*>(message.data()), message.size())));
    EXPECT_EQ(hex_of(Ed25519Secret(seed).public_key()), vector.key);
    EXPECT_EQ(hex_of(Ed25519Secret(seed).sign(message)), vector.signature);
    EXPECT_TRUE(ed25519_verify(array_of<Ed25519PublicKey>(vector.key), array_of<Ed25519Signature>(vector.signature), message));
  }
}

TEST(Ed25519, AnyChangedBitOfMessageSignatureOrKeyFails) {
  const Ed25519Seed seed = new_ed25519_seed();
  const Ed25519PublicKey key = Ed25519Secret(seed).public_key();
  const std::string message = "header and body";
  const Ed25519Signature signature = Ed25519Secret(seed).sign(message);
  ASSERT_TRUE(ed25519_verify(key, signature, message));
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    std::string other = message;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(ed25519_verify(key, signature, other));
  }
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Ed25519Signature other = signature;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(ed25519_verify(key, other, message)) << bit;
  }
  for (std::size_t bit = 0; bit < 8 * key.size(); ++bit) {
    Ed25519PublicKey other = key;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(ed25519_verify(other, signature, message)) << bit;
  }
  EXPECT_FALSE(ed25519_verify(Ed25519Secret(new_ed25519_seed()).public_key(), signature, message));
}

TEST(Ed25519, SecretsDifferAndAreWiped) {
  Ed25519Seed seed = new_ed25519_seed();
  EXPECT_NE(seed, new_ed25519_seed());
  wipe(seed);
  EXPECT_EQ(seed, Ed25519Seed{});
}

TEST(Ed25519, TimeOfOneVerification) {
  const Ed25519Seed seed = new_ed25519_seed();
  const Ed25519PublicKey key = Ed25519Secret(seed).public_key();
  const std::string message(200, 'x');
  const Ed25519Signature signature = Ed25519Secret(seed).sign(message);
  constexpr int kTimes = 200;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i) ASSERT_TRUE(ed25519_verify(key, signature, message));
  const std::chrono::duration<double, std::micro> passed = std::chrono::steady_clock::now() - begin;
  std::printf("one verification: %.0f us\n", passed.count() / kTimes);
}

TEST(Hex, ThereAndBack) {
  std::array<std::uint8_t, 3> bytes{};
  EXPECT_TRUE(from_hex("00fFa1", bytes));
  EXPECT_EQ(hex_of(bytes), "00ffa1");
  for (const char* wrong : {"", "00ff", "00ffa", "00ffa1b2", "00ffg1", "00ff 1"}) EXPECT_FALSE(from_hex(wrong, bytes)) << wrong;
}

}  // namespace
}  // namespace telefence
