// SPDX-License-Identifier: Apache-2.0
#include "signatures/receipt_proof.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

constexpr std::string_view kHere = "tf:1:node:e1";

class ReceiptProof : public testing::Test {
 protected:
  // Why it proves nothing; "" = it does.
  std::string why(const ReceiptFields& fields, std::string_view redis_key = kHere) const {
    const Result<ReceiptFields> proved = proved_fields(key_.described(), redis_key, fields);
    return proved.ok() ? "" : proved.error().message;
  }
  ReceiptFields signed_with(const SigningKey& key) const {
    ReceiptFields fields = plain_;
    fields.emplace_back("sig", sign_receipt(key, kHere, plain_));
    return fields;
  }
  const SigningKey key_ = make_signing_key("e1", "");
  const ReceiptFields plain_{{"seq", "7"}, {"problem", ""}, {"refusals", "3 ab x\n4 cd y"}};
  const ReceiptFields signed_ = signed_with(key_);
};

TEST_F(ReceiptProof, WhatWasSignedIsProvedInWhateverOrder) {
  EXPECT_EQ(proved_fields(key_.described(), kHere, signed_).value(), plain_);
  ReceiptFields other = signed_;
  std::swap(other[0], other[3]);
  other.insert(other.begin(), {"added", "by somebody"});
  EXPECT_EQ(proved_fields(key_.described(), kHere, other).value(), plain_);
}

TEST_F(ReceiptProof, WhatWasChangedOrMovedIsNot) {
  for (std::size_t i = 0; i < plain_.size(); ++i) {
    ReceiptFields fields = signed_;
    fields[i].second += "0";
    EXPECT_NE(why(fields).find("its signature is wrong"), std::string::npos) << i;
    fields = signed_;
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(why(fields), "a field that was signed is not there");
  }
  EXPECT_NE(why(signed_, "tf:1:node:e2"), "");
  EXPECT_EQ(why(plain_), "it is not signed");
}

// Octets may not wander from one field to the next.
TEST_F(ReceiptProof, FieldsDoNotRunIntoEachOther) {
  ReceiptFields fields = signed_;
  fields[0].second = "";
  fields[1].second = "7";
  EXPECT_NE(why(fields), "");
}

TEST_F(ReceiptProof, AnotherKeyIsNamed) {
  const SigningKey other = make_signing_key("e1", "");
  EXPECT_EQ(why(signed_with(other)), "it is signed with the key " + other.id() + ", and the key of this node is " + key_.id());
}

TEST_F(ReceiptProof, EveryFlippedBitOfTheSignatureSpoilsIt) {
  const std::string whole = signed_.back().second;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    ReceiptFields fields = signed_;
    fields.back().second[i] ^= 1;
    EXPECT_NE(why(fields), "") << i;
  }
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ReceiptFields fields = signed_;
    fields.back().second.resize(length);
    EXPECT_NE(why(fields), "") << length;
  }
}

}  // namespace
}  // namespace telefence
