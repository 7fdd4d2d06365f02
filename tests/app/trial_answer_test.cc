// SPDX-License-Identifier: Apache-2.0
#include "app/trial_answer.h"

#include <gtest/gtest.h>

#include "signatures/batch.h"
#include "signatures/op_line.h"
#include "signatures/trial.h"

namespace telefence {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

class TrialAnswer : public ::testing::Test {
 protected:
  void see(std::string_view name, int times) {
    SampleRing ring;
    for (int i = 0; i < times; ++i) {
      ring.put(SampledKind::kName, name);
      sample_.take(*ring.front(), kNow);
      ring.release();
    }
  }
  Json ask(std::string_view lines) {
    const Trial trial = read_trial(std::string(32, 'a'), lines).value();
    return answer_trial(trial.changes, {sample_, terms_, [this](const TestRequest& request) {
                                          asked_ += request.kind + " " + request.value + "\n";
                                          return Result<Json>(Json{{"reason", "no_hit"}, {"hits", hits_}});
                                        }, kNow});
  }
  static std::string line(std::string_view name, std::string_view more = "") {
    return R"({"op":"add","kind":"domain","value":")" + std::string(name) + R"(","category":"phishing")" + std::string(more) + "}\n";
  }

  LiveSample sample_{{true, true, true, 1, 10'000}, {1, 2}};
  CompileTerms terms_;
  Json hits_ = Json::array();
  std::string asked_;
};

TEST_F(TrialAnswer, FewHitsAreNotTold) {
  see("www.good.example", 1997);
  see("one.example", 1);
  see("two.example", 2);
  const Json answer = ask(line("good.example") + line("one.example") + line("two.example") + line("none.example"));
  EXPECT_EQ(answer["lines"][0]["hits"], 1997);
  EXPECT_EQ(answer["lines"][0]["sampled"], 2000);
  for (const std::size_t i : {1u, 2u, 3u}) {
    EXPECT_FALSE(answer["lines"][i].contains("hits")) << answer;
    EXPECT_EQ(answer["lines"][i]["sampled"], 2000);
  }
  see("two.example", 1);
  EXPECT_EQ(ask(line("two.example"))["lines"][0]["hits"], 3);
}

TEST_F(TrialAnswer, ASmallSampleTellsNoHits) {
  see("www.good.example", 999);
  EXPECT_FALSE(ask(line("good.example"))["lines"][0].contains("hits"));
  see("www.good.example", 1);
  EXPECT_EQ(ask(line("good.example"))["lines"][0]["hits"], 1000);
}

TEST_F(TrialAnswer, WhatIsInForceIsTold) {
  const Json same = {{"kind", "domain"}, {"value", "bad.example"}, {"tier", 2}}, wider = {{"kind", "domain"}, {"value", "example"}};
  hits_ = {{{"wins", false}, {"signature", same}}, {{"wins", true}, {"signature", wider}}};
  const Json now = ask(line("*.Bad.example"))["lines"][0]["now"];
  EXPECT_EQ(now["entry"], same);
  EXPECT_EQ(now["by"], wider);
  EXPECT_EQ(asked_, "domain bad.example\n");
  hits_ = Json::array();
  EXPECT_FALSE(ask(line("bad.example"))["lines"][0]["now"].contains("entry"));
}

TEST_F(TrialAnswer, AReleaseOfTheSameValueIsToldAsTheOneThatWins) {
  const auto rule = [](const char* source, bool allow) { return Json{{"kind", "domain"}, {"value", "bad.example"}, {"source", source}, {"allow", allow}}; };
  const Json release = {{"wins", true}, {"signature", rule("release", true)}}, other = {{"wins", false}, {"signature", rule("other", false)}},
             own = {{"wins", false}, {"signature", rule("centre", false)}};
  for (const Json& hits : {Json{release, other, own}, Json{own, other, release}}) {
    hits_ = hits;
    const Json now = ask(line("bad.example", R"(,"source":"centre")"))["lines"][0]["now"];
    EXPECT_EQ(now["entry"], own["signature"]);
    EXPECT_EQ(now["by"], release["signature"]);
  }
  hits_ = Json::array({{{"wins", true}, {"signature", rule("centre", false)}}});
  EXPECT_FALSE(ask(line("bad.example", R"(,"source":"centre")"))["lines"][0]["now"].contains("by"));
}

TEST_F(TrialAnswer, WhatAnEdgeWouldLeaveOutIsSaid) {
  const Json answer = ask(line("com.cn") + R"({"op":"add","kind":"ip","value":"192.0.2.1"})" + "\n" +
                          R"({"op":"add","kind":"pattern","value":"(","match":"regex"})" + "\n" + line("fine.example"));
  for (const std::size_t i : {0u, 1u, 2u}) EXPECT_TRUE(answer["lines"][i]["problem"].is_string()) << answer;
  EXPECT_FALSE(answer["lines"][3].contains("problem"));
}

TEST_F(TrialAnswer, OfAPortionOnlyWhatHitsIsTold) {
  see("www.good.example", 1997);
  see("two.example", 2);
  see("three.example", 3);
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += line("n" + std::to_string(i) + ".example");
  lines += line("two.example") + line("three.example") + line("com.cn") + line("good.example") + R"({"op":"add","kind":"number","value":"13812345678"})" + "\n";
  const Trial trial = read_portion(std::string(32, 'a'), pack_body(lines).value()).value();
  EXPECT_TRUE(trial.is_portion);
  const Json answer = answer_portion(trial.changes, {sample_, terms_, {}, kNow});
  EXPECT_EQ(answer["n"], 505);
  EXPECT_EQ(answer["problems"], 1);  // com.cn
  EXPECT_EQ(answer["sampled"], (Json{{"domain", 2002}}));
  EXPECT_EQ(answer["hit"], 2);
  EXPECT_EQ(answer["hits"], Json::parse("[[503,1997,2002],[501,3,2002]]"));
}

TEST_F(TrialAnswer, OfManyThatHitTheWorstAreTold) {
  std::string lines;
  for (int i = 0; i < 120; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    see(name, 3 + i);  // fewer in all than the sample keeps
    lines += line(name);
  }
  const Json answer = answer_portion(read_portion(std::string(32, 'a'), pack_body(lines).value()).value().changes, {sample_, terms_, {}, kNow});
  EXPECT_EQ(answer["hit"], 120);
  ASSERT_EQ(answer["hits"].size(), kMostPortionHits);
  EXPECT_EQ(answer["hits"][0][0], 119);
  EXPECT_EQ(answer["hits"][99][0], 20);
}

TEST(Trial, MalformedPortionsAreRefused) {
  const std::string id(32, 'a');
  const auto lines = [](std::size_t count, const char* kind) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += R"({"op":"add","kind":")" + std::string(kind) + R"(","value":"some-)" + std::to_string(i) + ".example\"}\n";
    return pack_body(out).value();
  };
  EXPECT_EQ(read_portion(id, lines(kMostPortionLines, "domain")).value().changes.size(), kMostPortionLines);
  EXPECT_FALSE(read_portion(id, lines(kMostPortionLines + 1, "domain")).ok());
  EXPECT_TRUE(read_portion(id, lines(kMostPortionTexts, "pattern")).ok());
  EXPECT_FALSE(read_portion(id, lines(kMostPortionTexts + 1, "pattern")).ok());
  EXPECT_FALSE(read_portion(std::string(32, 'A'), lines(1, "domain")).ok());
  const std::string packed = lines(100, "domain");
  for (std::size_t cut = 0; cut < packed.size(); ++cut) EXPECT_FALSE(read_portion(id, packed.substr(0, cut)).ok()) << cut;
  EXPECT_FALSE(read_portion(id, pack_body(std::string(kMaxUnpackedBytes, '\n')).value()).ok());
}

TEST(Trial, MalformedQuestionsAreRefused) {
  const std::string id(32, 'a'), line = R"({"op":"add","kind":"domain","value":"a.example"})";
  EXPECT_TRUE(read_trial(id, line).ok());
  EXPECT_FALSE(read_trial(id, "").ok());
  EXPECT_FALSE(read_trial(id, "{}").ok());
  EXPECT_FALSE(read_trial(std::string(32, 'A'), line).ok());
  EXPECT_FALSE(read_trial(std::string(31, 'a'), line).ok());
  std::string many;
  for (std::size_t i = 0; i < kMostTrialLines; ++i) many += line + "\n";
  EXPECT_EQ(read_trial(id, many).value().changes.size(), kMostTrialLines);
  EXPECT_FALSE(read_trial(id, many + line).ok());
  EXPECT_FALSE(read_trial(id, std::string(kMostTrialBytes + 1, ' ')).ok());
  EXPECT_TRUE(is_trial_id(new_trial_id()));
  EXPECT_NE(new_trial_id(), new_trial_id());
}

}  // namespace
}  // namespace telefence
