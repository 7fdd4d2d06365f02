// SPDX-License-Identifier: Apache-2.0
#include "signatures/compiler.h"

#include <gtest/gtest.h>

#include "signatures/match_helpers.h"

namespace telefence {
namespace {

Signature make(SignatureKind kind, std::string value) {
  Signature signature;
  signature.kind = kind;
  signature.value = std::move(value);
  signature.literal = true;
  signature.prefix = kind == SignatureKind::kUrl;
  return signature;
}

Result<Entry> compile(const Signature& signature) { return compile_signature(signature, test_terms()); }
std::string refusal(SignatureKind kind, std::string value) {
  const Result<Entry> entry = compile(make(kind, std::move(value)));
  return entry.ok() ? "" : entry.error().message;
}

TEST(Compiler, DomainsAreCanonical) {
  EXPECT_EQ(compile(make(SignatureKind::kDomain, " WWW.Bad.Example. ")).value().rule.value, "www.bad.example");
  EXPECT_EQ(compile(make(SignatureKind::kDomain, "诈骗测试.中国")).value().rule.value, "xn--0zw736dfb619h.xn--fiqs8s");
  EXPECT_EQ(compile(make(SignatureKind::kDomain, "*.bad.example")).value().rule.value, "bad.example");
  EXPECT_NE(refusal(SignatureKind::kDomain, "http://bad.example/x"), "");
  EXPECT_NE(refusal(SignatureKind::kDomain, ""), "");
  EXPECT_NE(refusal(SignatureKind::kDomain, "||ads.example^"), "");
  EXPECT_NE(refusal(SignatureKind::kDomain, "-x.example"), "");
}

TEST(Compiler, PublicSuffixesAreRefusedButMayBeAllowed) {
  EXPECT_NE(refusal(SignatureKind::kDomain, "com.cn"), "");
  EXPECT_NE(refusal(SignatureKind::kDomain, "github.io"), "");
  Signature allow = make(SignatureKind::kDomain, "com.cn");
  allow.allow = true;
  EXPECT_TRUE(compile(allow).ok());
}

TEST(Compiler, ProtectedNamesAreRefusedButMayBeAllowedAndWhatIsBelowMayBeBlocked) {
  CompileTerms terms = test_terms();
  terms.protected_names = ProtectedNames::of({"bank.example.cn"});
  const auto refused = [&](const Signature& signature) { return !compile_signature(signature, terms).ok(); };
  EXPECT_TRUE(refused(make(SignatureKind::kDomain, "Bank.example.cn")));
  EXPECT_TRUE(refused(make(SignatureKind::kDomain, "*.example.cn")));
  Signature exact = make(SignatureKind::kDomain, "example.cn");
  exact.subdomains = false;
  EXPECT_FALSE(refused(exact));
  EXPECT_FALSE(refused(make(SignatureKind::kDomain, "fake.bank.example.cn")));
  Signature allow = make(SignatureKind::kDomain, "bank.example.cn");
  allow.allow = true;
  EXPECT_FALSE(refused(allow));
}

TEST(Compiler, NumbersAreCanonicalAndNeverBlockNumbersRefused) {
  EXPECT_EQ(compile(make(SignatureKind::kNumber, "0086 138-0000-1111")).value().rule.value, "+8613800001111");
  EXPECT_EQ(compile(make(SignatureKind::kNumber, "13800001111")).value().key,
            compile(make(SignatureKind::kNumber, "+8613800001111")).value().key);
  EXPECT_EQ(compile(make(SignatureKind::kNumber, "+86170*")).value().rule.value, "+86170*");
  for (const char* number : {"110", "96110", "12381", "10086", "95588"})
    EXPECT_NE(refusal(SignatureKind::kNumber, number), "") << number;
  EXPECT_NE(refusal(SignatureKind::kNumber, "955*"), "") << "covers 95588";
  for (const char* country : {"+86*", "86*", "0086*", "+8*"})
    EXPECT_EQ(refusal(SignatureKind::kNumber, country), "this prefix would block all numbers of the home country") << country;
  for (const char* tenth : {"+861*", "00861*", "1*"}) EXPECT_NE(refusal(SignatureKind::kNumber, tenth), "") << tenth;
  EXPECT_EQ(refusal(SignatureKind::kNumber, "+8617*"), "");
  EXPECT_EQ(refusal(SignatureKind::kNumber, "+44*"), "");
  EXPECT_NE(refusal(SignatureKind::kNumber, "170-179"), "") << "people mean a range";
  EXPECT_EQ(refusal(SignatureKind::kNumber, "1709000"), "1709000 is a number segment, and as a number nobody's: give 1709000* for all numbers that begin so");
  for (const char* number : {"1709000*", "16897777", "1689777", "1790912", "6555123", "17090001234", "+441709000"})
    EXPECT_EQ(refusal(SignatureKind::kNumber, number), "") << number;
  EXPECT_NE(refusal(SignatureKind::kNumber, "12a"), "");
}

TEST(Compiler, UrlsNeedAPathAndEndAtABoundary) {
  const Entry entry = compile(make(SignatureKind::kUrl, "HTTP://Bad.Example:8080/pay?x#frag")).value();
  EXPECT_EQ(entry.rule.value, "bad.example/pay?x");
  for (const char* url : {"http://user:pw@bad.example/pay?x", "user@bad.example:8080/pay?x", "http://good.example:pw@bad.example/pay?x"})
    EXPECT_EQ(compile(make(SignatureKind::kUrl, url)).value().rule.value, "bad.example/pay?x") << url << ": who asks is no host";
  EXPECT_NE(refusal(SignatureKind::kUrl, "http://bad.example/"), "");
  EXPECT_NE(refusal(SignatureKind::kUrl, "bad.example"), "");
}

TEST(Compiler, TheShownValueOfAUrlNamesTheSameUrl) {
  for (const char* url : {"http://bad.example/://other.example/x", "b.cn/://other.example/x", "bad.example/x #note", "bad.example/x?y ", "bad.example/a b"}) {
    const Result<Entry> entry = compile(make(SignatureKind::kUrl, url));
    ASSERT_TRUE(entry.ok()) << url;
    const Result<Entry> again = compile(make(SignatureKind::kUrl, entry.value().rule.value));
    ASSERT_TRUE(again.ok()) << url;
    EXPECT_EQ(again.value().key, entry.value().key) << url << ": its removal, copied from a record, would remove nothing";
  }
}

TEST(Compiler, AnOctetZeroDoesNotEndAValue) {
  for (const SignatureKind kind : {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber, SignatureKind::kPattern})
    EXPECT_NE(refusal(kind, std::string("see you\0 at bad.example/pay", 27)), "");
  Signature expression = make(SignatureKind::kPattern, std::string("the\0.*prize", 11));
  expression.literal = false;
  EXPECT_FALSE(compile(expression).ok()) << "only what stands before it would be looked for";
}

TEST(Compiler, ActionsAreKnownAndPossible) {
  Signature signature = make(SignatureKind::kPattern, "恭喜您中奖了");
  signature.action = "tag";
  EXPECT_EQ(compile(signature).value().rule.action, 4);
  signature.action = "drop";
  EXPECT_EQ(compile(signature).error().message, "action 'drop': can't be done to a short message");
  signature.action = "explode";
  EXPECT_FALSE(compile(signature).ok());
  signature.action = "";
  EXPECT_EQ(compile(signature).value().rule.action, kNoAction);
}

TEST(Compiler, TooShortATextIsRefused) {
  EXPECT_NE(refusal(SignatureKind::kPattern, "贷 款"), "");
  EXPECT_EQ(refusal(SignatureKind::kPattern, "刷单返利"), "");
}

TEST(Compiler, WordsAreTheValueOfAPatternWithoutOne) {
  Signature signature = make(SignatureKind::kPattern, "");
  signature.words = {{" 无抵押 ", "下款"}, {"加微信"}, {"96110"}};
  const Entry entry = compile(signature).value();
  EXPECT_EQ(entry.rule.value, "all(无抵押, 下款) any(加微信) none(96110)");
  EXPECT_EQ(entry.expression, "");
  EXPECT_EQ(entry.words.all.front(), "无抵押");
  // A removal may name it in either way.
  EXPECT_EQ(canonical_entry(make(SignatureKind::kPattern, entry.rule.value), test_terms()).value().key, entry.key);
  signature.words = {{}, {"下款", "贷"}, {}};
  EXPECT_FALSE(compile(signature).ok());
  signature.words = {{"下", "款"}, {"加我", "找我"}, {}};
  EXPECT_TRUE(compile(signature).ok());
  signature.words = {{""}, {}, {}};
  EXPECT_FALSE(compile(signature).ok());
}

TEST(Compiler, ExplicitIdsAreKept) {
  Signature signature = make(SignatureKind::kDomain, "bad.example");
  EXPECT_EQ(compile(signature).value().rule.id, 0u) << "then match/ makes one of value and source";
  signature.id = 123;
  EXPECT_EQ(compile(signature).value().rule.id, 123u);
}

}  // namespace
}  // namespace telefence
