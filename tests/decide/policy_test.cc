// SPDX-License-Identifier: Apache-2.0
#include "decide/policy.h"

#include <gtest/gtest.h>

#include "decide/explain.h"
#include "match/set_maker.h"
#include "normalise/normalise.h"

namespace telefence {
namespace {

using Sides = MatchSetBuilder::Sides;
using Recipients = std::vector<std::string_view>;

constexpr ActionId kDrop = 0;
constexpr ActionId kAnswer = 1;
constexpr ActionId kTag = 2;
constexpr std::int64_t kNow = 1'700'000'000;

PolicyOptions enforcing() {
  PolicyOptions options;
  options.mode = Mode::kEnforce;
  options.protocol_action[0] = kAnswer;
  options.possible[0][kDrop] = options.possible[0][kAnswer] = true;
  return options;
}

template <typename What>
Explanation explained(SetMaker& maker, What what, const PolicyOptions& options = enforcing()) {
  Event event;
  event.what = what;
  const auto built = maker.base();
  EXPECT_TRUE(built.rejected.empty());
  return explain({&event, 1}, Normaliser({}), *built.set, Policy(options), kNow);
}

template <typename What>
Verdict judged(SetMaker& maker, What what, const PolicyOptions& options = enforcing()) {
  return explained(maker, what, options).verdicts.at(0);
}

DomainLookup lookup(std::string_view name) { return {.name = name}; }
Sms sms(std::string_view calling, const Recipients& called, std::string_view text) {
  return {.calling = calling, .called = called, .body = as_bytes(text), .coding = TextCoding::kUtf8};
}

TEST(Policy, NothingHitIsNoVerdict) {
  EXPECT_EQ(judged(SetMaker().domain("evil.com"), lookup("notevil.com")).reason, Reason::kNoHit);
}

TEST(Policy, BlockedDomainTakesTheProtocolsAction) {
  const Verdict verdict = judged(SetMaker().domain("evil.com"), lookup("www.evil.com"));
  EXPECT_EQ(verdict.reason, Reason::kBlocked);
  EXPECT_EQ(verdict.action, kAnswer);
  EXPECT_EQ(verdict.tier, 2);
}

TEST(Policy, AllowBeatsBlockAtEqualDepth) {
  EXPECT_EQ(judged(SetMaker().domain("evil.com").allow_domain("evil.com"), lookup("a.evil.com")).reason, Reason::kAllowed);
}

TEST(Policy, TheMostSpecificEntryWins) {
  const auto verdict = [](std::string_view name) {
    return judged(SetMaker().domain("evil.com").allow_domain("good.evil.com").domain("bad.good.evil.com"), lookup(name)).reason;
  };
  EXPECT_EQ(verdict("x.evil.com"), Reason::kBlocked);
  EXPECT_EQ(verdict("www.good.evil.com"), Reason::kAllowed);
  EXPECT_EQ(verdict("www.bad.good.evil.com"), Reason::kBlocked);
}

TEST(Policy, ExactEntryIsMoreSpecificThanTheSameWithSubdomains) {
  EXPECT_EQ(judged(SetMaker().allow_domain("evil.com").domain("evil.com", false), lookup("evil.com")).reason, Reason::kBlocked);
  EXPECT_EQ(judged(SetMaker().allow_domain("evil.com").domain("evil.com", false), lookup("a.evil.com")).reason, Reason::kAllowed);
}

TEST(Policy, ARefusalOfOneNameDoesNotDenyTheNamesBelow) {
  const auto only = [](SetMaker& maker, std::string_view name) { return judged(maker, lookup(name)).only_this_name; };
  EXPECT_FALSE(only(SetMaker().domain("evil.com"), "a.evil.com"));
  EXPECT_TRUE(only(SetMaker().domain("evil.com", false), "evil.com")) << "an exact entry";
  EXPECT_TRUE(only(SetMaker().domain("evil.com").allow_domain("good.evil.com"), "evil.com")) << "one below is allowed";
  EXPECT_TRUE(only(SetMaker().domain("evil.com").allow_domain("a.good.evil.com"), "good.evil.com"));
  EXPECT_FALSE(only(SetMaker().domain("evil.com").allow_domain("good.evil.com"), "bad.evil.com"));
  EXPECT_FALSE(only(SetMaker().domain("evil.com").allow_domain("notevil.com"), "evil.com"));
}

TEST(Policy, AllowedNumberBeatsAPrefix) {
  EXPECT_EQ(judged(SetMaker().number("170*").allow_number("17012345678"), Call{.calling = "17012345678", .called = "13800000000"}).reason,
            Reason::kAllowed);
  EXPECT_EQ(judged(SetMaker().number("170*").allow_number("17012345678"), Call{.calling = "17012345679", .called = "13800000000"}).reason,
            Reason::kBlocked);
}

TEST(Policy, AllowedCallingNumberLetsTheWholeMessagePass) {
  const Recipients called = {"13800000000"};
  EXPECT_EQ(judged(SetMaker().pattern("贷款").allow_number("106581234567"), sms("106581234567", called, "贷款 http://evil.com")).reason,
            Reason::kAllowed);
  EXPECT_EQ(judged(SetMaker().pattern("贷款").allow_number("106581234567"), sms("106581234568", called, "贷款")).reason, Reason::kBlocked);
}

TEST(Policy, AllowedDomainCoversOnlyItself) {
  const Recipients called = {"13800000000"};
  SetMaker maker;
  const Verdict verdict =
      judged(maker.allow_domain("bank.com").domain("evil.com"), sms("13900000000", called, "www.bank.com www.evil.com"));
  EXPECT_EQ(verdict.reason, Reason::kBlocked);
}

TEST(Policy, NeverBlockNumbersCannotBeOverruled) {
  SetMaker maker;
  maker.number("95588");
  EXPECT_EQ(judged(maker, Call{.calling = "95588", .called = "13800000000"}).reason, Reason::kNeverBlock);
  EXPECT_EQ(judged(SetMaker().number("13900000000"), Call{.calling = "13900000000", .called = "110"}).reason, Reason::kNeverBlock);
  EXPECT_EQ(judged(SetMaker().number("13900000000"), Call{.calling = "13900000000", .called = "+86110"}).reason, Reason::kNeverBlock);
  EXPECT_EQ(judged(SetMaker().number("13900000000"), Call{.calling = "95588", .called = "110"}).reason, Reason::kNoHit);
}

TEST(Policy, AForgedServiceNumberDoesNotCoverWhatTheMessageSays) {
  const Recipients called = {"13800000000"};
  // A bank's number as sender is what fraud forges first.
  EXPECT_EQ(judged(SetMaker().pattern("贷款"), sms("95588", called, "贷款")).reason, Reason::kBlocked);
  EXPECT_EQ(judged(SetMaker().domain("evil.com"), sms("10086", called, "www.evil.com")).reason, Reason::kBlocked);
  EXPECT_EQ(judged(SetMaker().number("13800000000", Sides::kCalled), Call{.calling = "95588", .called = "13800000000"}).reason,
            Reason::kBlocked);
  // The lines that warn of fraud quote it.
  for (const char* police : {"96110", "12381", "110", "12110", "12379"})
    EXPECT_EQ(judged(SetMaker().pattern("贷款"), sms(police, called, "贷款")).reason, Reason::kNeverBlock) << police;
}

TEST(Policy, AFurtherNameOfAPartyCondemnsButDoesNotAcquit) {
  const std::array<std::string_view, 1> police = {"110"};
  const std::array<std::string_view, 1> listed = {"13900000000"};
  const auto reason = [](const Call& call) { return judged(SetMaker().number("13900000000").allow_number("13911111111"), call).reason; };
  // To: is not what the call is routed by.
  EXPECT_EQ(reason({.calling = "13900000000", .called = "13800000000", .called_also = police}), Reason::kBlocked);
  // What the network asserts counts, not what the caller says.
  EXPECT_EQ(reason({.calling = "95588", .called = "13800000000", .calling_also = listed}), Reason::kBlocked);
  EXPECT_EQ(reason({.calling = "13911111111", .called = "13800000000", .calling_also = listed}), Reason::kBlocked);
  EXPECT_EQ(reason({.calling = "13900000000", .called = "13800000000", .calling_also = police}), Reason::kBlocked);
}

TEST(Policy, AnAllowedNumberDoesNotAcquitOfAMoreSpecificEntry) {
  const auto reason = [](std::string_view calling, std::string_view called) {
    return judged(SetMaker().number("17012345678").number("171*").allow_number("138*", Sides::kCalled).allow_number("13900000000"),
                  Call{.calling = calling, .called = called})
        .reason;
  };
  EXPECT_EQ(reason("17012345678", "13800000000"), Reason::kBlocked) << "one number against a prefix";
  EXPECT_EQ(reason("17112345678", "13800000000"), Reason::kAllowed) << "prefixes of equal length";
  EXPECT_EQ(reason("17012345678", "13900000000"), Reason::kAllowed) << "one number against one number";
}

TEST(Policy, ManyAllowedRecipientsDoNotHideTheOthers) {
  const auto reason = [](std::size_t police, std::size_t victims) {
    Recipients called(police, "110");
    called.insert(called.end(), victims, "13800000000");
    return judged(SetMaker().pattern("贷款"), sms("13900000000", called, "贷款")).reason;
  };
  EXPECT_EQ(reason(63, 1), Reason::kBlocked);
  EXPECT_EQ(reason(64, 10), Reason::kBlocked);
  EXPECT_EQ(reason(254, 1), Reason::kBlocked);
  EXPECT_EQ(reason(255, 0), Reason::kNeverBlock);
}

TEST(Policy, OneAllowedRecipientDoesNotOpenTheGateForOthers) {
  const Recipients both = {"12110", "13800000000"};
  const Recipients police = {"12110"};
  EXPECT_EQ(judged(SetMaker().pattern("贷款"), sms("13900000000", both, "贷款")).reason, Reason::kBlocked);
  EXPECT_EQ(judged(SetMaker().pattern("贷款"), sms("13900000000", police, "贷款")).reason, Reason::kNeverBlock);
}

TEST(Policy, RecipientsThatWereHitAreMarked) {
  const Recipients called = {"13800000000", "13800000001", "13800000002"};
  const Verdict verdict =
      judged(SetMaker().number("13800000001", Sides::kCalled).number("13800000002", Sides::kCalled), sms("13900000000", called, "hi"));
  EXPECT_EQ(verdict.reason, Reason::kBlocked);
  EXPECT_EQ(verdict.recipients, 0b110u);
}

TEST(Policy, TheGravestOfSeveralKeysGivesTheVerdict) {
  const Recipients called = {"13800000000"};
  SetMaker maker;
  maker.next().tier = 3;
  maker.pattern("贷款");
  maker.next().tier = 1;
  maker.next().category = Category::kPhishing;
  maker.domain("evil.com");
  const Verdict verdict = judged(maker, sms("13900000000", called, "贷款请点www.evil.com"));
  EXPECT_EQ(verdict.tier, 1);
  EXPECT_EQ(verdict.category, Category::kPhishing);
}

TEST(Policy, MonitorRecordsWhatWouldBeDone) {
  PolicyOptions options = enforcing();
  options.mode = Mode::kMonitor;
  const Verdict verdict = judged(SetMaker().domain("evil.com"), lookup("evil.com"), options);
  EXPECT_EQ(verdict.reason, Reason::kMonitor);
  EXPECT_EQ(verdict.action, kAnswer);
  EXPECT_FALSE(verdict.enforced());
  EXPECT_TRUE(verdict.recorded());
}

TEST(Policy, ShadowNeverBlocksAndNeverHidesARealBlock) {
  const auto shadow = [](SetMaker& maker, std::string_view name) -> SetMaker& {
    maker.next().shadow = true;
    return maker.domain(name);
  };
  SetMaker alone;
  const Verdict verdict = judged(shadow(alone, "evil.com"), lookup("evil.com"));
  EXPECT_EQ(verdict.reason, Reason::kShadow);
  EXPECT_EQ(verdict.action, kAnswer);
  SetMaker both;
  EXPECT_EQ(judged(shadow(both, "a.evil.com").domain("evil.com"), lookup("a.evil.com")).reason, Reason::kBlocked);
  SetMaker allow;
  allow.next().shadow = true;
  EXPECT_EQ(judged(allow.allow_domain("evil.com").domain("evil.com"), lookup("evil.com")).reason, Reason::kBlocked);
}

TEST(Policy, ExpiredRulesAreAsIfTheyWereNotThere) {
  SetMaker maker;
  maker.next().expires_s = kNow;
  EXPECT_EQ(judged(maker.domain("evil.com"), lookup("evil.com")).reason, Reason::kNoHit);
  SetMaker later;
  later.next().expires_s = kNow + 1;
  EXPECT_EQ(judged(later.domain("evil.com"), lookup("evil.com")).reason, Reason::kBlocked);
  SetMaker allow;
  allow.next().expires_s = kNow - 1;
  EXPECT_EQ(judged(allow.allow_domain("evil.com").domain("evil.com"), lookup("evil.com")).reason, Reason::kBlocked);
}

// Numbers, prefixes of numbers and patterns keep the time of an entry each in its own place.
TEST(Policy, ExpiredEntriesOfEachKindAreAsIfTheyWereNotThere) {
  const auto judge = [](std::int64_t expires_s, auto add) {
    SetMaker maker;
    maker.next().expires_s = expires_s;
    add(maker);
    return judged(maker, sms("+8613912345678", {"13800138000"}, "win a big prize today")).reason;
  };
  const auto expect = [&](auto add) {
    EXPECT_EQ(judge(0, add), Reason::kBlocked);
    EXPECT_EQ(judge(kNow + 1, add), Reason::kBlocked);
    EXPECT_EQ(judge(kNow, add), Reason::kNoHit);
  };
  expect([](SetMaker& maker) { maker.number("+8613912345678"); });
  expect([](SetMaker& maker) { maker.number("+86139*"); });
  expect([](SetMaker& maker) { maker.number("+8613800138000", Sides::kCalled); });
  expect([](SetMaker& maker) { maker.pattern("big prize", true); });
  expect([](SetMaker& maker) { maker.pattern("prize.{1,3}today"); });
}

TEST(Policy, ActionComesFromRuleThenCategoryThenProtocol) {
  PolicyOptions options = enforcing();
  options.category_action[static_cast<std::size_t>(Category::kLoan)][1] = kDrop;
  Terms rule;
  rule.category = Category::kLoan;
  rule.tier = 1;
  EXPECT_EQ(Policy(options).action_for(rule, 0), kDrop);
  rule.tier = 2;
  EXPECT_EQ(Policy(options).action_for(rule, 0), kAnswer);
  rule.action = kDrop;
  EXPECT_EQ(Policy(options).action_for(rule, 0), kDrop);
  rule.action = kTag;  // this protocol can't
  EXPECT_EQ(Policy(options).action_for(rule, 0), kAnswer);
}

TEST(Policy, EveryEventOfABurstGetsItsOwnVerdict) {
  std::vector<Event> events(4);
  events[0].what = lookup("evil.com");
  events[1].what = lookup("fine.com");
  events[2].what = Call{.calling = "13900000000", .called = "110"};
  events[3].what = Call{.calling = "13900000000", .called = "13800000000"};
  const auto set = std::move(SetMaker().domain("evil.com").number("13900000000").base().set);
  const Explanation out = explain(events, Normaliser({}), *set, Policy(enforcing()), kNow);
  ASSERT_EQ(out.verdicts.size(), 4u);
  EXPECT_EQ(out.verdicts[0].reason, Reason::kBlocked);
  EXPECT_EQ(out.verdicts[1].reason, Reason::kNoHit);
  EXPECT_EQ(out.verdicts[2].reason, Reason::kNeverBlock);
  EXPECT_EQ(out.verdicts[3].reason, Reason::kBlocked);
}

// Numbers of all kinds that decide() knows: blocked, allowed, each of them only watched, expired, covered by a prefix, built in, unknown.
constexpr std::string_view kNumbersOfAllKinds[] = {"13900000001", "13900000002", "13900000003", "13900000004", "13900000005",
                                                  "17012345678", "110",         "95588",       "12381",       "13800000000"};

SetMaker& with_all_kinds(SetMaker& maker) {
  maker.next().category = Category::kLoan;
  maker.next().tier = 1;
  maker.number("13900000001").allow_number("13900000002");
  maker.next().shadow = true;
  maker.number("13900000003");
  maker.next().shadow = true;
  maker.allow_number("13900000004");
  maker.next().expires_s = kNow;
  maker.number("13900000005").number("170*").number("12381").number("955*");
  return maker.pattern("贷款").domain("evil.com");
}

// The first text of a message names the recipients, and is acquitted by one that is allowed: so are its other texts, but no other message that
// names nobody, whichever way what lies between them is judged.
TEST(Policy, WhatAcquitsAMessageCoversItsOtherTextsAlone) {
  SetMaker maker;
  const auto set = std::move(maker.pattern("贷款").allow_number("13800000000").number("13900000001").base().set);
  const Recipients allowed = {"13800000000"}, none = {};
  std::array<Event, 4> events;
  events[0].what = sms("13900000009", allowed, "贷款");
  events[1].what = sms("13900000009", none, "贷款");
  events[2].frame = 1;
  events[2].what = Call{.calling = "13900000001", .called = "13700000000"};
  events[3].frame = 2;
  events[3].what = sms("13900000009", none, "贷款");
  const Explanation out = explain(events, Normaliser({}), *set, Policy(enforcing()), kNow);
  EXPECT_EQ(out.verdicts[0].reason, Reason::kAllowed);
  EXPECT_EQ(out.verdicts[1].reason, Reason::kAllowed);
  EXPECT_EQ(out.verdicts[2].reason, Reason::kBlocked);
  EXPECT_EQ(out.verdicts[3].reason, Reason::kBlocked) << "a message of its own";
}

// One hit alone is judged by a shorter way. Told twice it takes the long one, and must come to the same.
TEST(Policy, TheShortWayComesToWhatTheLongOneDoes) {
  SetMaker maker;
  const auto set = std::move(with_all_kinds(maker).base().set);
  const Policy policy(enforcing());
  MatchScratch scratch;
  std::size_t judged_alone = 0, refused = 0, spared = 0;
  const auto compare = [&](const Event& event, std::string_view what) {
    KeyList keys;
    Normaliser({}).normalise({&event, 1}, keys);
    EXPECT_TRUE(scratch.prepare(*set).ok());
    HitList hits;
    set->match(keys, scratch, hits, kNow);
    if (hits.hits().size() != 1) return;
    const std::array<Hit, 2> twice = {hits.hits()[0], hits.hits()[0]};
    std::array<Verdict, 1> alone, both;
    policy.decide({&event, 1}, keys, hits.hits(), *set, kNow, alone);
    policy.decide({&event, 1}, keys, twice, *set, kNow, both);
    EXPECT_EQ(alone[0].reason, both[0].reason) << what;
    EXPECT_EQ(alone[0].cause, both[0].cause) << what;
    EXPECT_EQ(alone[0].action, both[0].action) << what;
    EXPECT_EQ(alone[0].rule, both[0].rule) << what;
    EXPECT_EQ(alone[0].category, both[0].category) << what;
    EXPECT_EQ(alone[0].tier, both[0].tier) << what;
    EXPECT_EQ(alone[0].recipients, both[0].recipients) << what;
    EXPECT_EQ(alone[0].only_recipients, both[0].only_recipients) << what;
    EXPECT_EQ(alone[0].only_this_name, both[0].only_this_name) << what;
    ++judged_alone;
    refused += alone[0].enforced() ? 1u : 0u;
    spared += alone[0].reason == Reason::kNeverBlock ? 1u : 0u;
  };
  for (const std::string_view calling : kNumbersOfAllKinds) {
    for (const std::string_view called : kNumbersOfAllKinds) {
      const std::string who = std::string(calling) + " to " + std::string(called);
      const Recipients one = {called}, two = {called, "13800000001"}, none = {}, unlisted = {"13800000000"};
      Event event;
      event.what = Call{.calling = calling, .called = called};
      compare(event, who);
      event.what = Call{.calling = calling, .called = "13800000000", .called_also = one};
      compare(event, who + ", an alias");
      Sms named_twice = sms(calling, unlisted, "hello");
      named_twice.called_also = one;
      event.what = named_twice;
      compare(event, who + ": hello, an alias");
      for (const std::string_view text : {"hello", "贷款", "go to www.evil.com now"})
        for (const Recipients* recipients : {&one, &two, &none}) {
          event.what = sms(calling, *recipients, text);
          compare(event, who + ": " + std::string(text) + ", " + std::to_string(recipients->size()));
        }
    }
  }
  EXPECT_GT(judged_alone, 200u);
  EXPECT_GT(refused, 50u);
  EXPECT_GT(spared, 20u);
}

TEST(Explain, SaysWhichEntryWinsAndWhyOthersLose) {
  SetMaker maker;
  const Explanation out = explained(maker.domain("evil.com").allow_domain("good.evil.com"), lookup("WWW.Good.Evil.com."));
  ASSERT_EQ(out.keys.size(), 1u);
  EXPECT_EQ(out.keys[0].value, "www.good.evil.com");
  ASSERT_EQ(out.hits.size(), 2u);
  EXPECT_TRUE(out.hits[0].wins);
  EXPECT_EQ(out.hits[0].rule.value, "good.evil.com");
  EXPECT_FALSE(out.hits[1].wins);
  EXPECT_EQ(out.hits[1].why, "allowed by good.evil.com");
}

TEST(Explain, SaysOfAnAllowEntryWhetherItHasSomethingToAllow) {
  SetMaker lone, two, beaten;
  const auto why = [](const Explanation& out, std::string_view value) {
    for (const ExplainedHit& hit : out.hits)
      if (hit.rule.value == value && hit.rule.allow) return hit.why;
    return std::string("no such hit");
  };
  EXPECT_EQ(why(explained(lone.allow_domain("good.com"), lookup("www.good.com")), "good.com"), "allow entry: no entry in force blocks what it is about");
  SetMaker other;
  EXPECT_EQ(why(explained(other.domain("evil.com").allow_domain("good.com"), sms("", {}, "http://good.com/a http://evil.com/b")), "good.com"),
            "allow entry: no entry in force blocks what it is about");
  EXPECT_EQ(why(explained(two.domain("evil.com").allow_domain("evil.com").allow_domain("a.evil.com"), lookup("a.evil.com")), "evil.com"),
            "another allow entry comes first");
  EXPECT_EQ(why(explained(beaten.domain("bad.good.com").allow_domain("good.com"), lookup("bad.good.com")), "good.com"),
            "a more specific block entry wins");
}

TEST(Explain, NamesTheNeverBlockNumber) {
  SetMaker maker;
  const Explanation out = explained(maker.number("95588"), Call{.calling = "95588", .called = "13800000000"});
  EXPECT_NE(out.never_block.find("Industrial and Commercial Bank of China"), std::string::npos);
  ASSERT_EQ(out.hits.size(), 1u);
  EXPECT_NE(out.hits[0].why.find("never-block"), std::string::npos);
}

TEST(Explain, ShowsEveryKeyOfAMessage) {
  const Recipients called = {"13800000000"};
  SetMaker maker;
  const Explanation out = explained(maker.pattern("貸款"), sms("10086", called, "贷款 evil.com/x"));
  std::vector<std::string> kinds;
  for (const ExplainedKey& key : out.keys) kinds.push_back(key.kind + "=" + key.value);
  EXPECT_EQ(kinds, (std::vector<std::string>{"embedded domain=evil.com", "url=evil.com/x", "calling number=10086",
                                             "called number=+8613800000000", "text=贷款evil.com/x"}));
}

}  // namespace
}  // namespace telefence
