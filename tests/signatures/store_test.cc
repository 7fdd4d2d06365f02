// SPDX-License-Identifier: Apache-2.0
#include "signatures/signature_store.h"


#include <gtest/gtest.h>

#include "match/layer.h"
#include "signatures/match_helpers.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

using Values = std::vector<std::string>;

class Store : public testing::Test {
 protected:
  ListOptions list(SignatureKind kind, std::string_view text, bool allow = false) {
    ListOptions options;
    options.file = files_.write("list" + std::to_string(++count_), text);
    options.kind = kind;
    options.allow = allow;
    return options;
  }
  void apply(std::initializer_list<const char*> lines) {
    std::vector<Change> changes;
    for (const char* line : lines) {
      Result<Change> change = parse_op_line(line);
      ASSERT_TRUE(change.ok()) << line << change.error().message;
      changes.push_back(std::move(change.value()));
    }
    store_.apply(changes, complaints_);
  }
  void load() { ASSERT_TRUE(store_.load(options_, complaints_).ok()); }
  const MatchSet& build(std::uint64_t version = 1) {
    set_ = store_.build(version, complaints_);
    return *set_;
  }

  TestFiles files_;
  int count_ = 0;
  SignatureOptions options_;
  SignatureStore store_{test_terms()};
  std::vector<Complaint> complaints_;
  std::unique_ptr<const MatchSet> set_;
};

TEST_F(Store, FilesAreLoadedAndABadLineIsAComplaint) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\ncom.cn\nworse.example\nnot a name\n"));
  options_.lists.push_back(list(SignatureKind::kNumber, "+86170*\n96110\n"));
  options_.lists.push_back(list(SignatureKind::kUrl, "http://shop.example/pay\n"));
  options_.patterns.push_back(files_.write("p.yaml",
                                           "patterns:\n  - {id: prize, name: {en: p, zh: p}, text: 恭喜您中奖了, "
                                           "must_match: [恭喜您中奖了], must_not_match: [b]}\n"));
  load();
  Asker ask(build(5));
  EXPECT_EQ(set_->version(), 5u);
  EXPECT_EQ(ask.domain("www.bad.example"), Values{"bad.example"});
  EXPECT_EQ(ask.domain("good.example"), Values{});
  EXPECT_EQ(ask.domain("com.cn"), Values{});
  EXPECT_EQ(ask.caller("17055551234"), Values{"+86170*"});
  EXPECT_EQ(ask.caller("96110"), Values{});
  EXPECT_EQ(ask.url("shop.example", "/pay/now?x=1"), Values{"shop.example/pay"});
  EXPECT_EQ(ask.url("shop.example", "/payment"), Values{});
  EXPECT_EQ(ask.sms("恭 喜 您 中 奖 了！"), Values{"prize"});
  ASSERT_EQ(complaints_.size(), 3u);
  EXPECT_EQ(complaints_[0].where, options_.lists[0].file + ":2");
  EXPECT_EQ(complaints_[0].value, "com.cn");
  EXPECT_EQ(complaints_[2].value, "96110");
  EXPECT_EQ(store_.counts().domains, 2u);
  EXPECT_EQ(store_.counts().numbers, 1u);
  EXPECT_EQ(store_.counts().urls, 1u);
  EXPECT_EQ(store_.counts().patterns, 1u);
  EXPECT_EQ(store_.counts().complaints, 3u);
}

TEST_F(Store, AListOfCallingNumbersIsAboutThem) {
  options_.lists.push_back(list(SignatureKind::kNumber, "13800001111\n"));
  options_.lists.back().sides = Signature::Sides::kCalled;
  options_.lists.push_back(list(SignatureKind::kNumber, "13800002222\n"));
  options_.lists.back().sides = Signature::Sides::kCalling;
  load();
  Asker ask(build());
  EXPECT_EQ(ask.caller("13800001111"), Values{});
  EXPECT_EQ(ask.caller("13800002222"), Values{"+8613800002222"});
}

TEST_F(Store, AFileThatCantBeReadKeepsWhatWasThere) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\n"));
  load();
  SignatureOptions broken = options_;
  broken.lists.push_back({});
  broken.lists.back().file = "/nonexistent/a";
  const Result<void> result = store_.load(broken, complaints_);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("/nonexistent/a"), std::string::npos);
  EXPECT_EQ(Asker(build()).domain("bad.example"), Values{"bad.example"});
  EXPECT_EQ(store_.counts().domains, 1u);
}

TEST_F(Store, ChangesAddAndRemoveOnTopOfFiles) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\nworse.example\n"));
  load();
  build();
  apply({R"({"op":"add","kind":"domain","value":"New.Example","category":"loan"})",
         R"({"op":"remove","kind":"domain","value":"bad.example"})",
         R"({"op":"add","kind":"number","value":"13800001111","side":"calling"})",
         R"({"op":"add","kind":"pattern","value":"恭喜您中奖了"})"});
  Asker ask(build(2));
  EXPECT_EQ(ask.domain("a.new.example"), Values{"new.example"});
  EXPECT_EQ(ask.domain("bad.example"), Values{});
  EXPECT_EQ(ask.domain("worse.example"), Values{"worse.example"});
  EXPECT_EQ(ask.caller("+8613800001111"), Values{"+8613800001111"});
  EXPECT_EQ(ask.sms("恭喜您中奖了"), Values{"恭喜您中奖了"});
  EXPECT_EQ(store_.counts().domains, 2u);

  apply({R"({"op":"remove","kind":"domain","value":"new.example"})",
         R"({"op":"remove","kind":"pattern","value":"恭喜您中奖了"})",
         R"({"op":"add","kind":"domain","value":"bad.example"})"});
  Asker again(build(3));
  EXPECT_EQ(again.domain("new.example"), Values{});
  EXPECT_EQ(again.sms("恭喜您中奖了"), Values{});
  EXPECT_EQ(again.domain("bad.example"), Values{"bad.example"});
  EXPECT_EQ(store_.counts().domains, 2u);
  EXPECT_EQ(store_.counts().patterns, 0u);
  EXPECT_TRUE(complaints_.empty());
}

TEST_F(Store, ChangesStayOnTopOfAReload) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\n"));
  load();
  apply({R"({"op":"remove","kind":"domain","value":"bad.example"})",
         R"({"op":"add","kind":"domain","value":"new.example"})"});
  build();
  options_.lists.push_back(list(SignatureKind::kDomain, "other.example\n"));
  load();
  Asker ask(build(2));
  EXPECT_EQ(ask.domain("bad.example"), Values{});
  EXPECT_EQ(ask.domain("new.example"), Values{"new.example"});
  EXPECT_EQ(ask.domain("other.example"), Values{"other.example"});
  EXPECT_EQ(store_.counts().domains, 2u);
}

TEST_F(Store, ARemovalDoesNotTakeAwayWhatTheSiteAllows) {
  options_.lists.push_back(list(SignatureKind::kDomain, "our.example\n", true));
  load();
  apply({R"({"op":"remove","kind":"domain","value":"our.example"})"});
  Asker ask(build());
  EXPECT_EQ(ask.domain("our.example"), Values{"our.example"});
  EXPECT_TRUE(ask.first_rule()->allow);
  EXPECT_EQ(store_.counts().allowed, 1u);
}

TEST_F(Store, TheLastWordAboutAValueHolds) {
  load();
  apply({R"({"op":"add","kind":"domain","value":"a.example","category":"loan"})"});
  build();
  apply({R"({"op":"allow","kind":"domain","value":"a.example"})"});
  Asker ask(build());
  EXPECT_EQ(ask.domain("a.example"), Values{"a.example"});
  EXPECT_TRUE(ask.first_rule()->allow);
  EXPECT_EQ(store_.counts().domains, 0u);
  EXPECT_EQ(store_.counts().allowed, 1u);
}

TEST_F(Store, EntriesThatShareAnIdAreRemovedOneByOne) {
  load();
  apply({R"({"op":"add","kind":"domain","value":"a.example","id":5})",
         R"({"op":"add","kind":"domain","value":"b.example","id":5})"});
  build();
  options_.lists.clear();
  load();  // folds both into the base
  build();
  apply({R"({"op":"remove","kind":"domain","value":"a.example"})"});
  Asker ask(build());
  EXPECT_EQ(ask.domain("a.example"), Values{});
  EXPECT_EQ(ask.domain("b.example"), Values{"b.example"});
}

TEST_F(Store, ABadPatternIsReportedWithItsIdAndHyperscansReason) {
  options_.patterns.push_back(
      files_.write("p.yaml",
                   "patterns:\n"
                   "  - {id: broken, name: {en: p, zh: p}, regex: 'abc(def', must_match: [a], must_not_match: [b]}\n"
                   "  - {id: sound, name: {en: p, zh: p}, regex: 'abc.?def', must_match: [abcdef], must_not_match: [b]}\n"));
  load();
  Asker ask(build());
  ASSERT_EQ(complaints_.size(), 1u);
  EXPECT_EQ(complaints_[0].value, "broken");
  EXPECT_EQ(complaints_[0].where, options_.patterns[0] + ":2");
  EXPECT_NE(complaints_[0].reason.find("Hyperscan"), std::string::npos);
  EXPECT_EQ(ask.sms("abc def"), Values{"sound"});
  EXPECT_EQ(store_.counts().patterns, 1u);

  complaints_.clear();
  apply({R"({"op":"add","kind":"pattern","match":"regex","value":"x(y"})",
         R"({"op":"add","kind":"pattern","value":"恭喜发财"})"});
  Asker again(build());
  ASSERT_EQ(complaints_.size(), 1u);
  EXPECT_EQ(complaints_[0].value, "x(y");
  EXPECT_EQ(again.sms("恭喜发财"), Values{"恭喜发财"});
  EXPECT_EQ(store_.counts().patterns, 2u);
  build();
  EXPECT_EQ(complaints_.size(), 1u) << "complained about once";
}

TEST_F(Store, ManyChangesAreFoldedIntoANewBaseAndNothingIsLost) {
  load();
  std::vector<Change> changes;
  for (int i = 0; i < 6000; ++i) {
    Change change;
    change.signature.value = "n" + std::to_string(i) + ".example";
    change.signature.source = "centre";
    changes.push_back(change);
    if (i % 500 == 499) {
      store_.apply(changes, complaints_);
      changes.clear();
      build();
    }
  }
  apply({R"({"op":"remove","kind":"domain","value":"n17.example"})",
         R"({"op":"remove","kind":"domain","value":"n5999.example"})"});
  Asker ask(build());
  EXPECT_EQ(ask.domain("n0.example"), Values{"n0.example"});
  EXPECT_EQ(ask.domain("n5998.example"), Values{"n5998.example"});
  EXPECT_EQ(ask.domain("n17.example"), Values{});
  EXPECT_EQ(ask.domain("n5999.example"), Values{});
  EXPECT_EQ(store_.counts().domains, 5998u);
  store_.settle();
  EXPECT_LE(build().parts().log.size(), 3u) << "small layers are merged";
  EXPECT_TRUE(complaints_.empty());
}

TEST_F(Store, ExpiredEntriesLeaveInSlicesAndTheCountsFollow) {
  load();
  std::vector<Change> changes(100'000);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i].signature.value = "n" + std::to_string(i) + ".example";
    changes[i].signature.expires_s = i == 17 ? 2000 : 1000;
  }
  store_.apply(changes, complaints_);
  EXPECT_EQ(build().size().domains, 100'000u);
  EXPECT_EQ(store_.sweep(999, 10'000).ended, 0u);
  std::size_t slices = 0, ended = 0;
  for (bool has_more = true; has_more; ++slices) {
    const SignatureStore::Swept swept = store_.sweep(1000, 10'000);
    EXPECT_LE(swept.ended, 10'000u);
    ended += swept.ended;
    has_more = swept.has_more;
  }
  EXPECT_EQ(ended, 99'999u);
  EXPECT_EQ(slices, 10u);
  EXPECT_EQ(store_.counts().domains, 1u);
  EXPECT_EQ(store_.words_kept(), 1u);
  EXPECT_GE(build(2).size().domains, 100'000u) << "batches don't wait for a merge";
  store_.tidy();
  store_.settle();
  Asker ask(build(3));
  EXPECT_EQ(set_->size().domains, 1u) << "the memory of the others stays";
  EXPECT_EQ(ask.domain("n17.example"), Values{"n17.example"});
  EXPECT_EQ(ask.domain("n18.example"), Values{});
}

TEST_F(Store, RemovedEntriesLeaveNothingBehind) {
  load();
  for (int round = 0; round < 10; ++round) {
    std::vector<Change> changes(10'000);
    for (std::size_t i = 0; i < changes.size(); ++i)
      changes[i].signature.value = "n" + std::to_string(round) + "-" + std::to_string(i) + ".example";
    store_.apply(changes, complaints_);
    build();
    for (Change& change : changes) change.op = Change::Op::kRemove;
    store_.apply(changes, complaints_);
    build();
  }
  EXPECT_EQ(store_.counts().domains, 0u);
  EXPECT_EQ(store_.words_kept(), 0u);
  store_.tidy();
  store_.settle();
  EXPECT_LE(build().size().domains, 4096u);
}

TEST_F(Store, AnEntryThatWasPushedAgainEndsByItsLastWord) {
  load();
  for (int i = 0; i < 50'000; ++i)
    apply({R"({"op":"add","kind":"domain","value":"again.example","expires":1000})"});
  EXPECT_LE(store_.words_kept(), 1u);
  apply({R"({"op":"add","kind":"domain","value":"again.example","expires":3000})",
         R"({"op":"add","kind":"domain","value":"for-good.example","expires":1000})",
         R"({"op":"add","kind":"domain","value":"for-good.example"})"});
  EXPECT_EQ(store_.sweep(2000, 10).ended, 0u);
  Asker ask(build());
  EXPECT_EQ(ask.domain("again.example"), Values{"again.example"});
  EXPECT_EQ(ask.domain("for-good.example"), Values{"for-good.example"});
  EXPECT_EQ(store_.sweep(3000, 10).ended, 1u);
  EXPECT_EQ(store_.counts().domains, 1u);
  EXPECT_EQ(store_.words_kept(), 1u);
}

TEST_F(Store, WhatAFileBlocksIsBlockedAgainWhenTheLogsWordEnds) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\nworse.example\n"));
  load();
  build();
  apply({R"({"op":"allow","kind":"domain","value":"bad.example","expires":1000})",
         R"({"op":"remove","kind":"domain","value":"worse.example"})",
         R"({"op":"add","kind":"domain","value":"worse.example","expires":1000})"});
  Asker lifted(build());
  EXPECT_EQ(lifted.domain("bad.example"), Values{"bad.example"});
  EXPECT_TRUE(lifted.first_rule()->allow);
  EXPECT_EQ(store_.sweep(1000, 10).ended, 2u);
  Asker ask(build());
  EXPECT_EQ(ask.domain("bad.example"), Values{"bad.example"});
  EXPECT_FALSE(ask.first_rule()->allow);
  EXPECT_EQ(ask.domain("worse.example"), Values{}) << "the log took it away before it gave it for a time";
  EXPECT_EQ(store_.counts().domains, 1u);
  EXPECT_EQ(store_.counts().allowed, 0u);
  apply({R"({"op":"remove","kind":"domain","value":"bad.example"})"});
  EXPECT_EQ(Asker(build()).domain("bad.example"), Values{});
  EXPECT_EQ(store_.counts().domains, 0u);
}

TEST_F(Store, EntriesLeftOutAreThoseOfTheFilesThatAreLoaded) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\ncom.cn\n"));
  options_.patterns.push_back(
      files_.write("p.yaml",
                   "patterns:\n"
                   "  - {id: broken, name: {en: p, zh: p}, regex: 'abc(def', must_match: [a], must_not_match: [b]}\n"));
  for (int i = 0; i < 3; ++i) {
    load();
    build();
    EXPECT_EQ(store_.counts().complaints, 2u) << "it adds up over reloads";
  }
  options_.lists.clear();
  options_.patterns.clear();
  load();
  build();
  EXPECT_EQ(store_.counts().complaints, 0u);
}

TEST_F(Store, ALoadThatIsUndoneLeavesTheOldFilesInForce) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\nworse.example\ncom.cn\n"));
  load();
  store_.keep_load();
  apply({R"({"op":"remove","kind":"domain","value":"bad.example"})"});
  build();
  options_.lists[0] = list(SignatureKind::kDomain, "other.example\n");
  load();
  build();
  store_.undo_load();
  Asker ask(build());
  EXPECT_EQ(ask.domain("worse.example"), Values{"worse.example"});
  EXPECT_EQ(ask.domain("bad.example"), Values{});
  EXPECT_EQ(ask.domain("other.example"), Values{});
  EXPECT_EQ(store_.counts().domains, 1u);
  EXPECT_EQ(store_.counts().complaints, 1u);
}

TEST_F(Store, APatternThatHitsItsOwnInnocentSampleIsLeftOut) {
  options_.patterns.push_back(files_.write(
      "p.yaml",
      "patterns:\n"
      "  - {id: harmful, name: {en: p, zh: p}, regex: 'abc.{0,4}def', must_match: [abcdef], must_not_match: [x, abc-def]}\n"
      "  - {id: sound, name: {en: p, zh: p}, text: 恭喜您中奖了, must_match: [恭 喜您中奖了], must_not_match: [您好]}\n"));
  load();
  Asker ask(build());
  EXPECT_EQ(ask.sms("abcdef"), Values{});
  EXPECT_EQ(ask.sms("恭喜您中奖了"), Values{"sound"});
  ASSERT_EQ(complaints_.size(), 1u);
  EXPECT_EQ(complaints_[0].where, options_.patterns[0] + ":2");
  EXPECT_EQ(complaints_[0].value, "harmful");
  EXPECT_EQ(complaints_[0].reason,
            "this pattern is left out: it matches its own innocent sample \"abc-def\" (must_not_match)");
  EXPECT_TRUE(complaints_[0].is_left_out);
  EXPECT_EQ(store_.counts().patterns, 1u);
  EXPECT_EQ(store_.counts().complaints, 1u);
  build();
  EXPECT_EQ(complaints_.size(), 1u) << "once";

  // A reload that has to be undone brings it back no more than any other.
  store_.keep_load();
  SignatureOptions other;
  ASSERT_TRUE(store_.load(other, complaints_).ok());
  build();
  store_.undo_load();
  EXPECT_EQ(Asker(build()).sms("abcdef"), Values{});
  EXPECT_EQ(store_.counts().patterns, 1u);
}

TEST_F(Store, APatternThatMissesItsOwnSampleIsInForceAndComplainedAbout) {
  options_.patterns.push_back(
      files_.write("p.yaml",
                   "patterns:\n"
                   "  - {id: p4, name: {en: p, zh: p}, text: abcdefg, must_match: [abcdefg, never], must_not_match: [x]}\n"
                   "  - {id: u1, name: {en: p, zh: p}, where: url, regex: 'bad\\.example/pay', "
                   "must_match: ['http://www.bad.example/pay?x', '点击 bad.example/pay 领奖'], must_not_match: [bad.example]}\n"));
  load();
  Asker ask(build());
  EXPECT_EQ(ask.sms("abcdefg"), Values{"p4"});
  ASSERT_EQ(complaints_.size(), 1u) << complaints_[1].reason;
  EXPECT_EQ(complaints_[0].value, "p4");
  EXPECT_EQ(complaints_[0].reason,
            "it does not match its own sample \"never\" (must_match): mend the pattern or the sample");
  EXPECT_FALSE(complaints_[0].is_left_out);
  EXPECT_EQ(store_.counts().complaints, 0u) << "nothing is left out";
  EXPECT_EQ(store_.counts().urls, 1u);
}

TEST_F(Store, APatternOfTheLogThatCantBeCompiledDoesNotTakeTheFilesAway) {
  options_.patterns.push_back(
      files_.write("p.yaml",
                   "patterns:\n"
                   "  - {id: prize, name: {en: p, zh: p}, text: 恭喜您中奖了, must_match: [恭喜您中奖了], must_not_match: [b]}\n"));
  load();
  build();
  apply({R"({"op":"add","kind":"pattern","match":"regex","value":"x(y","name":"prize"})"});
  Asker ask(build());
  EXPECT_EQ(complaints_.size(), 1u);
  EXPECT_EQ(ask.sms("恭喜您中奖了"), Values{"prize"});
  EXPECT_EQ(store_.counts().patterns, 1u);
}

TEST_F(Store, APatternThatOnlyHyperscanCanLookForIsInForceAndItsPriceToldOnce) {
  load();
  apply({R"({"op":"add","kind":"pattern","match":"regex","value":"[a-z]{5}[0-9]{9,}"})"});
  Asker ask(build());
  ASSERT_EQ(complaints_.size(), 1u);
  EXPECT_FALSE(complaints_[0].is_left_out);
  EXPECT_EQ(ask.sms("abcde123456789").size(), 1u);
  apply({R"({"op":"add","kind":"pattern","value":"恭喜您中奖了"})", R"({"op":"add","kind":"domain","value":"bad.example"})"});
  build();
  EXPECT_EQ(complaints_.size(), 1u);
  EXPECT_EQ(store_.counts().patterns, 2u);
}

TEST_F(Store, AListThatLostMostOfItsEntriesIsHeldBackUnlessThatIsMeant) {
  const auto names = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "n" + std::to_string(i) + ".example\n";
    return text;
  };
  options_.lists.push_back(list(SignatureKind::kDomain, names(1000)));
  load();
  store_.keep_load();
  files_.write("list1", names(501));
  load();
  store_.keep_load();
  files_.write("list1", names(200));
  const Result<void> held = store_.load(options_, complaints_);
  ASSERT_FALSE(held.ok());
  EXPECT_NE(held.error().message.find("list1 had 501 entries and now has 200"), std::string::npos);
  EXPECT_EQ(store_.counts().domains, 501u);
  for (const char* const packed : {"\x1f\x8b\x08 gzip", "\x28\xb5\x2f\xfd zstd"}) {
    files_.write("list1", packed);
    const Result<void> refused = store_.load(options_, complaints_);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("it is packed"), std::string::npos) << refused.error().message;
  }
  for (const char* const nothing : {"", "# all gone\n"}) {
    files_.write("list1", nothing);
    const Result<void> emptied = store_.load(options_, complaints_);
    ASSERT_FALSE(emptied.ok()) << nothing;
    EXPECT_NE(emptied.error().message.find("list1 had 501 entries and now has 0"), std::string::npos);
  }
  files_.write("list1", names(200));
  EXPECT_EQ(Asker(build()).domain("n500.example"), Values{"n500.example"});
  options_.most_shrink = 1;
  load();
  EXPECT_EQ(store_.counts().domains, 200u);
  options_.most_shrink = 0.5;
  options_.lists.clear();
  load();
  EXPECT_EQ(store_.counts().domains, 0u) << "a list that is named no more was taken out on purpose";
}

TEST_F(Store, UrlsAndPatternsOfAFileThatLostMostOfThemAreHeldBackToo) {
  const auto urls = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "pay" + std::to_string(i) + ".example/login\n";
    return text;
  };
  // The source of what is in the file is told by it and is not its name.
  const auto patterns = [](int count) {
    std::string text = "source: centre\npatterns:\n";
    for (int i = 0; i < count; ++i)
      text += "  - {id: p" + std::to_string(i) + ", name: {en: a, zh: b}, text: 领奖" + std::to_string(1000 + i) + ", must_match: [], must_not_match: []}\n";
    return text;
  };
  options_.lists.push_back(list(SignatureKind::kUrl, urls(200)));
  options_.patterns.push_back(files_.write("set1.yaml", patterns(150)));
  load();
  store_.keep_load();
  ASSERT_EQ(store_.counts().urls, 200u);
  ASSERT_EQ(store_.counts().patterns, 150u);
  files_.write("list1", urls(99));
  const Result<void> of_urls = store_.load(options_, complaints_);
  ASSERT_FALSE(of_urls.ok());
  EXPECT_NE(of_urls.error().message.find("list1 had 200 entries and now has 99"), std::string::npos) << of_urls.error().message;
  files_.write("list1", urls(200));
  files_.write("set1.yaml", patterns(74));
  const Result<void> of_patterns = store_.load(options_, complaints_);
  ASSERT_FALSE(of_patterns.ok());
  EXPECT_NE(of_patterns.error().message.find("set1.yaml had 150 entries and now has 74"), std::string::npos) << of_patterns.error().message;
  EXPECT_EQ(store_.counts().patterns, 150u);
  files_.write("set1.yaml", patterns(75));
  load();
  store_.keep_load();
  EXPECT_EQ(store_.counts().patterns, 75u);
  options_.patterns.clear();
  options_.lists.clear();
  load();
  EXPECT_EQ(store_.counts().patterns + store_.counts().urls, 0u) << "what is named no more was taken out on purpose";
}

TEST_F(Store, AReplacedListEndsWhatItsSourceSaidOfThisKindAndNothingElse) {
  options_.lists.push_back(list(SignatureKind::kDomain, "c.example\n"));
  load();
  apply({R"({"op":"add","kind":"domain","value":"a.example","source":"vendor"})", R"({"op":"add","kind":"domain","value":"b.example","source":"city"})",
         R"({"op":"allow","kind":"domain","value":"c.example","source":"vendor"})",
         R"({"op":"add","kind":"number","value":"13800001111","source":"vendor"})",
         R"({"op":"add","kind":"pattern","value":"恭喜您中奖了","source":"vendor"})"});
  build();
  apply({R"({"op":"replace-list","kind":"domain","source":"vendor"})", R"({"op":"add","kind":"domain","value":"d.example","source":"vendor"})"});
  Asker ask(build());
  EXPECT_EQ(ask.domain("a.example"), Values{});
  EXPECT_EQ(ask.domain("b.example"), Values{"b.example"});
  EXPECT_EQ(ask.domain("c.example"), Values{"c.example"});
  EXPECT_FALSE(ask.first_rule()->allow) << "the file blocks it again";
  EXPECT_EQ(ask.domain("d.example"), Values{"d.example"});
  EXPECT_EQ(ask.caller("13800001111"), Values{"+8613800001111"});
  EXPECT_EQ(ask.sms("恭喜您中奖了"), Values{"恭喜您中奖了"});
  EXPECT_EQ(store_.counts().domains, 3u);
  apply({R"({"op":"replace-list","kind":"pattern","source":"vendor"})", R"({"op":"replace-list","kind":"number","source":"vendor"})"});
  Asker again(build());
  EXPECT_EQ(again.caller("13800001111"), Values{});
  EXPECT_EQ(again.sms("恭喜您中奖了"), Values{});
  EXPECT_EQ(store_.counts().numbers, 0u);
  EXPECT_EQ(store_.counts().patterns, 0u);
}

// Domains and numbers lie in other places than patterns and URLs: the same for all.
TEST_F(Store, WhatOneSourceSaysOthersDoNotTakeAway) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\n"));
  load();
  for (const auto& [kind, value] : {std::pair{"domain", "bad.example"}, std::pair{"number", "13800001111"}, std::pair{"pattern", "恭喜您中奖了"}}) {
    const std::string what = std::string(R"(,"kind":")") + kind + R"(","value":")" + value + "\"";
    const auto say = [&](const std::string& op, const std::string& source, const std::string& more = "") {
      apply({(R"({"op":")" + op + "\"" + what + (source.empty() ? "" : R"(,"source":")" + source + "\"") + more + "}").c_str()});
    };
    const bool is_in_file = kind == std::string("domain");
    const auto sources = [&] {
      Asker ask(build());
      const auto found = is_in_file ? ask.domain(value) : kind == std::string("number") ? ask.caller(value) : ask.sms(value);
      const std::size_t words = store_.entries_after("city", {}) + store_.entries_after("vendor", {});
      EXPECT_GE(found.size(), words == 0 ? 0u : 1u) << kind;
      return words == 0 ? found.size() : words;
    };
    say("add", "city");
    say("add", "vendor");
    say("add", "vendor", R"(,"level":3)");
    EXPECT_EQ(sources(), 2u) << kind << ": each has one word";
    EXPECT_EQ(store_.entries_after("vendor", {}), 1u) << kind;
    say("remove", "vendor");
    EXPECT_EQ(sources(), 1u) << kind;
    say("remove", "nobody");
    EXPECT_EQ(sources(), 1u) << kind;
    say("add", "vendor");
    say("remove", "city");
    say("remove", "vendor");
    EXPECT_EQ(sources(), is_in_file ? 1u : 0u) << kind << ": what the file blocks is blocked again";
    say("add", "city");
    say("add", "vendor");
    say("remove", "");
    EXPECT_EQ(sources(), 0u) << kind << ": of all, the file too";
    EXPECT_EQ(store_.entries_after("city", {}), 0u) << kind;
  }
  EXPECT_TRUE(complaints_.empty());
}

TEST_F(Store, EachSourcesEntryEndsByItself) {
  apply({R"({"op":"add","kind":"domain","value":"bad.example","source":"city","expires":100})",
         R"({"op":"add","kind":"domain","value":"bad.example","source":"vendor","expires":200})",
         R"({"op":"add","kind":"pattern","value":"恭喜您中奖了","source":"city","expires":100})",
         R"({"op":"add","kind":"pattern","value":"恭喜您中奖了","source":"vendor","expires":200})"});
  EXPECT_EQ(store_.sweep(150, 100).ended, 2u);
  EXPECT_EQ(Asker(build()).domain("bad.example").size(), 1u);
  EXPECT_EQ(Asker(build()).sms("恭喜您中奖了").size(), 1u);
  EXPECT_EQ(store_.sweep(200, 100).ended, 2u);
  EXPECT_EQ(Asker(build()).domain("bad.example").size(), 0u);
  EXPECT_EQ(store_.counts().in_force(), 0u);
}

TEST_F(Store, SourcesBeyondSixteenAreNotKept) {
  for (int i = 0; i < 17; ++i) apply({(R"({"op":"add","kind":"domain","value":"bad.example","source":"s)" + std::to_string(i) + "\"}").c_str()});
  EXPECT_EQ(store_.counts().domains, 16u);
  ASSERT_EQ(complaints_.size(), 1u);
  apply({R"({"op":"add","kind":"domain","value":"bad.example","source":"s3","level":1})"});
  EXPECT_EQ(complaints_.size(), 1u) << "one that is kept may say something else";
}

TEST_F(Store, ComplaintsAreBounded) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "not a name\n";
  options_.lists.push_back(list(SignatureKind::kDomain, text));
  load();
  EXPECT_EQ(complaints_.size(), 1001u);
  EXPECT_EQ(store_.counts().complaints, 3000u);
}

TEST_F(Store, TheSameLineTwiceIsOneEntry) {
  options_.lists.push_back(list(SignatureKind::kDomain, "bad.example\nBAD.example.\n"));
  load();
  build();
  EXPECT_EQ(store_.counts().domains, 1u);
  EXPECT_TRUE(complaints_.empty());
}

}  // namespace
}  // namespace telefence
