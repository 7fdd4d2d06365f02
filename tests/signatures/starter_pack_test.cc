// SPDX-License-Identifier: Apache-2.0
// The pack in patterns/: every pattern compiles, hits its own samples, and no innocent sample is hit by anything of the
// pack.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "signatures/match_helpers.h"
#include "signatures/pattern_files.h"

namespace telefence {
namespace {

class StarterPack : public testing::Test {
 protected:
  void SetUp() override {
    const auto names = expand_file_name(std::string(PATTERNS_DIR) + "/*.yaml");
    ASSERT_TRUE(names.ok());
    for (const std::string& name : names.value()) {
      Result<PatternFile> file = read_pattern_file(name);
      ASSERT_TRUE(file.ok());
      for (const Complaint& complaint : file.value().complaints)
        ADD_FAILURE() << complaint.where << " " << complaint.value << ": " << complaint.reason;
      for (Pattern& pattern : file.value().patterns) patterns_.push_back(std::move(pattern));
    }
    SignatureOptions options;
    options.patterns = {std::string(PATTERNS_DIR) + "/*.yaml"};
    std::vector<Complaint> complaints;
    ASSERT_TRUE(store_.load(options, complaints).ok());
    set_ = store_.build(0, complaints);
    for (const Complaint& complaint : complaints)
      ADD_FAILURE() << complaint.where << " " << complaint.value << ": " << complaint.reason;
  }

  std::vector<Pattern> patterns_;
  SignatureStore store_{test_terms()};
  std::unique_ptr<const MatchSet> set_;
};

TEST_F(StarterPack, CoversEveryCategoryOfMessages) {
  EXPECT_GE(patterns_.size(), 60u);
  EXPECT_EQ(store_.counts().patterns + store_.counts().urls, patterns_.size());
  std::map<Category, int> by_category;
  for (const Pattern& pattern : patterns_) ++by_category[pattern.signature.category];
  for (const Category category :
       {Category::kLoan, Category::kClickFarm, Category::kFakePolice, Category::kRomanceInvest, Category::kFakeService,
        Category::kImpersonation, Category::kPrize, Category::kCredit, Category::kPhishing, Category::kMalwareApp,
        Category::kGambling})
    EXPECT_GE(by_category[category], 5) << category_name(category);
}

TEST_F(StarterPack, EveryPatternHitsItsOwnSamples) {
  Asker ask(*set_);
  for (const Pattern& pattern : patterns_) {
    EXPECT_GE(pattern.must_match.size(), 2u) << pattern.signature.name;
    for (const std::string& sample : pattern.must_match) {
      const std::vector<std::string> hits = ask.sms(sample);
      EXPECT_NE(std::find(hits.begin(), hits.end(), pattern.signature.name), hits.end())
          << pattern.signature.name << ": " << sample;
    }
  }
}

TEST_F(StarterPack, NoInnocentSampleIsHitByAnything) {
  Asker ask(*set_);
  for (const Pattern& pattern : patterns_) {
    EXPECT_GE(pattern.must_not_match.size(), 2u) << pattern.signature.name;
    for (const std::string& sample : pattern.must_not_match)
      for (const std::string& hit : ask.sms(sample)) ADD_FAILURE() << hit << " hits: " << sample;
  }
}

TEST_F(StarterPack, DisguisedSamplesAreHitToo) {
  Asker ask(*set_);
  EXPECT_FALSE(
      ask.sms("恭喜您的手机号被抽选为场外幸運觀眾，獲得奖金９８０００元，请登录 ｗｗｗ．ｈｓｙ．ｃｃ 领取，验证码8898")
          .empty());
  EXPECT_FALSE(ask.sms("无 抵 押 免-担-保，凭身份证即可贷*款1至30万，当天放款，薇 信13800009876").empty());
}

}  // namespace
}  // namespace telefence
