// SPDX-License-Identifier: Apache-2.0
#include "app/push_plan.h"

#include <gtest/gtest.h>

#include "signatures/op_line.h"

namespace telefence {
namespace {

class PushPlanTest : public ::testing::Test {
 protected:
  static std::string line(const std::string& op, const std::string& kind, const std::string& value, const std::string& more = "") {
    return R"({"op":")" + op + R"(","kind":")" + kind + R"(","value":")" + value + "\"" + more + "}";
  }
  void plan(const std::string& text, bool is_canonical = false) { plan_.add(parse_op_line(text).value(), is_canonical); }
  void log_has(const std::string& text) { plan_.hear(parse_op_line(text).value()); }
  bool is_news(const std::string& text) { return plan_.is_news(parse_op_line(text).value(), false); }
  std::string counts() {
    const PlanCounts all = plan_.counts();
    return "+" + std::to_string(all.added) + " ~" + std::to_string(all.changed) + " -" + std::to_string(all.removed) + " =" + std::to_string(all.same) + " ?" +
           std::to_string(all.needless);
  }

  CompileTerms terms_;
  PushPlan plan_{terms_, "me"};
};

TEST_F(PushPlanTest, EveryChangeIsOneOfFour) {
  plan(line("add", "domain", "New.example", R"(,"source":"vendor")"));
  plan(line("add", "domain", "same.example", R"(,"source":"vendor")"));
  plan(line("add", "domain", "other-level.example", R"(,"source":"vendor","level":1)"));
  plan(line("add", "domain", "city.example", R"(,"source":"vendor")"));
  plan(line("remove", "domain", "gone.example", R"(,"source":"vendor")"));
  plan(line("remove", "domain", "never.example", R"(,"source":"vendor")"));
  plan(line("add", "number", "13812345678", R"(,"source":"vendor")"));
  plan(line("add", "pattern", "转入安全账户", R"(,"source":"vendor")"));
  plan_.finish();
  log_has(line("add", "domain", "same.example", R"(,"source":"vendor")"));
  log_has(line("add", "domain", "other-level.example", R"(,"source":"vendor")"));
  log_has(line("add", "domain", "city.example", R"(,"source":"city")"));  // another's word
  log_has(line("add", "domain", "gone.example", R"(,"source":"vendor")"));
  log_has(line("add", "domain", "untouched.example", R"(,"source":"vendor")"));
  log_has(line("add", "number", "+8613812345678", R"(,"source":"vendor")"));
  log_has(line("add", "pattern", "转入安全账户", R"(,"source":"vendor")"));
  EXPECT_EQ(counts(), "+2 ~1 -1 =3 ?1");
  EXPECT_TRUE(is_news(line("add", "domain", "new.example", R"(,"source":"vendor")")));
  EXPECT_TRUE(is_news(line("add", "domain", "other-level.example", R"(,"source":"vendor")")));
  EXPECT_FALSE(is_news(line("add", "domain", "same.example", R"(,"source":"vendor")")));
}

TEST_F(PushPlanTest, TheLastWordOfAValueCounts) {
  plan(line("add", "domain", "a.example"));
  plan(line("remove", "domain", "a.example", R"(,"source":"me")"));
  plan(line("remove", "domain", "b.example", R"(,"source":"me")"));
  plan(line("add", "domain", "b.example"));
  plan_.finish();
  log_has(line("add", "domain", "a.example", R"(,"source":"me")"));
  EXPECT_EQ(counts(), "+1 ~0 -1 =0 ?0");
}

TEST_F(PushPlanTest, ARemovalOfNobodysIsOfAll) {
  plan(line("remove", "domain", "a.example"));
  plan_.finish();
  log_has(line("add", "domain", "a.example", R"(,"source":"city")"));
  log_has(line("add", "domain", "a.example", R"(,"source":"vendor")"));
  log_has(line("add", "domain", "b.example", R"(,"source":"vendor")"));
  EXPECT_EQ(counts(), "+0 ~0 -2 =0 ?0");
}

TEST_F(PushPlanTest, AListThatIsReplacedLosesWhatIsNotInIt) {
  plan_.replace({"vendor", "domain"});
  plan(line("add", "domain", "kept.example", R"(,"source":"vendor")"), true);
  plan(line("add", "domain", "new.example", R"(,"source":"vendor")"), true);
  plan(line("add", "domain", "new.example", R"(,"source":"vendor")"), true);
  plan_.finish();
  log_has(line("add", "domain", "kept.example", R"(,"source":"vendor")"));
  for (const char* name : {"a.example", "b.example", "c.example"}) log_has(line("add", "domain", name, R"(,"source":"vendor")"));
  log_has(line("add", "domain", "a.example", R"(,"source":"city")"));
  log_has(line("add", "number", "13812345678", R"(,"source":"vendor")"));
  EXPECT_EQ(counts(), "+1 ~0 -3 =1 ?0");
  ASSERT_EQ(plan_.lists().size(), 1u);
  EXPECT_EQ(plan_.lists()[0].sizes.had, 4u);
  EXPECT_EQ(plan_.lists()[0].sizes.has, 2u);
  EXPECT_DOUBLE_EQ(plan_.lists()[0].sizes.lost(), 0.5);
}

TEST_F(PushPlanTest, AReplaceListAmongOpLinesIsSeen) {
  plan(R"({"op":"replace-list","kind":"domain","source":"vendor"})");
  plan(line("add", "domain", "a.example", R"(,"source":"vendor")"));
  plan_.finish();
  log_has(line("add", "domain", "b.example", R"(,"source":"vendor")"));
  EXPECT_EQ(counts(), "+1 ~0 -1 =0 ?0");
  EXPECT_EQ(plan_.lists().size(), 1u);
}

}  // namespace
}  // namespace telefence
