// SPDX-License-Identifier: Apache-2.0
#include "normalise/normalise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "normalise/phone.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

class Keys {
 public:
  template <typename What>
  explicit Keys(What what) {
    Event event;
    event.what = what;
    Normaliser({}).normalise(std::span(&event, 1), list_);
  }
  std::vector<std::string> domains() const {
    std::vector<std::string> out;
    for (const DomainKey& key : list_.domains()) out.emplace_back(key.name);
    return out;
  }
  std::vector<std::string> urls() const {
    std::vector<std::string> out;
    for (const UrlKey& key : list_.urls()) out.emplace_back(key.url);
    return out;
  }
  const KeyList& list() const { return list_; }

 private:
  KeyList list_;
};

Keys sms(std::string_view text) { return Keys(Sms{.body = as_bytes(text), .coding = TextCoding::kUtf8}); }
using Strings = std::vector<std::string>;

TEST(Normalise, DnsQuestionGivesADomain) {
  const Keys keys(DomainLookup{.name = "WWW.Evil.Com"});
  EXPECT_EQ(keys.domains(), Strings{"www.evil.com"});
  EXPECT_FALSE(keys.list().domains()[0].embedded);
  EXPECT_TRUE(Keys(DomainLookup{.name = ""}).domains().empty());
}

TEST(Normalise, HttpGivesDomainAndUrlTlsOnlyTheDomain) {
  const Keys http(UrlVisit{.via = UrlVisit::Via::kHttp, .host = "Evil.com", .path = "/Pay?x=1#frag"});
  EXPECT_EQ(http.domains(), Strings{"evil.com"});
  EXPECT_EQ(http.urls(), Strings{"evil.com/Pay?x=1"});
  const Keys tls(UrlVisit{.via = UrlVisit::Via::kTls, .host = "evil.com"});
  EXPECT_EQ(tls.domains(), Strings{"evil.com"});
  EXPECT_TRUE(tls.urls().empty());
  EXPECT_TRUE(Keys(UrlVisit{.host = "10.0.0.1", .path = "/"}).domains().empty());
}

TEST(Normalise, CallGivesBothSidesAndTheirOtherNames) {
  const std::vector<std::string_view> calling_also = {"+8613900000000", "anonymous"};
  const std::vector<std::string_view> called_also = {"95588"};
  const Keys keys(Call{.calling = "13812345678", .called = "01065521234", .calling_also = calling_also, .called_also = called_also});
  Strings found;
  for (const NumberKey& key : keys.list().numbers())
    found.push_back((key.side == Side::kCalling ? "<" : ">") + number_for_people(key.digits));
  EXPECT_EQ(found, (Strings{"<+8613812345678", "<+8613900000000", ">+861065521234", ">95588"}));
}

TEST(Normalise, WhatOnlyTheCallerSaysOfItselfIsAnAlias) {
  const std::vector<std::string_view> calling_also = {"13900000000", "13700000000"};
  const auto aliases = [&](std::uint8_t only_claimed) {
    const Keys keys(Call{.calling = "13812345678", .calling_also = calling_also, .only_claimed = only_claimed});
    std::vector<bool> found;
    for (const NumberKey& key : keys.list().numbers()) found.push_back(key.alias);
    return found;
  };
  EXPECT_EQ(aliases(0), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(aliases(1), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(aliases(2), (std::vector<bool>{false, true, true}));
}

// Anybody can write that the call stands already.
TEST(Normalise, ACallWithinADialogIsLookedUpToo) {
  EXPECT_EQ(Keys(Call{.calling = "13812345678", .within_dialog = true}).list().numbers().size(), 1u);
}

TEST(Normalise, SmsGivesRecipientsByIndexAndFoldedText) {
  const std::vector<std::string_view> called = {"13812345678", "not a number", "13812345679"};
  const Keys keys(Sms{.calling = "106581234567890123", .called = called, .body = as_bytes("銀行 貸款"), .coding = TextCoding::kUtf8});
  const auto numbers = keys.list().numbers();
  ASSERT_EQ(numbers.size(), 3u);
  EXPECT_EQ(number_for_people(numbers[0].digits), "106581234567890123");
  EXPECT_EQ(numbers[2].recipient, 2);
  ASSERT_EQ(keys.list().texts().size(), 1u);
  EXPECT_EQ(to_utf8(keys.list().texts()[0].text), "银行贷款");
}

TEST(Normalise, KeysCarryTheIndexOfTheirEvent) {
  std::vector<Event> events(3);
  events[0].what = DomainLookup{.name = "a.com"};
  events[1].what = DomainLookup{.name = ""};
  events[2].what = DomainLookup{.name = "b.com"};
  KeyList keys;
  Normaliser({}).normalise(events, keys);
  ASSERT_EQ(keys.domains().size(), 2u);
  EXPECT_EQ(keys.domains()[1].event, 2);
}

TEST(EmbeddedUrls, ChineseGluedToTheUrl) {
  EXPECT_EQ(sms("请点击www.evil.com领取").domains(), Strings{"www.evil.com"});
  const Keys keys = sms("点击HTTPS://Evil.com:8443/Pay?a=1，谢谢");
  EXPECT_EQ(keys.domains(), Strings{"evil.com"});
  EXPECT_EQ(keys.urls(), Strings{"evil.com/Pay?a=1"});
  EXPECT_TRUE(keys.list().domains()[0].embedded);
}

TEST(EmbeddedUrls, FullWidthAndZeroWidth) {
  EXPECT_EQ(sms("ｅｖｉｌ．ｃｏｍ／ａ").urls(), Strings{"evil.com/a"});
  EXPECT_EQ(sms("ev\u200bil.c\u200bom").domains(), Strings{"evil.com"});
  const Strings names = sms("访问evil。com").domains();
  EXPECT_NE(std::find(names.begin(), names.end(), "evil.com"), names.end());
}

TEST(EmbeddedUrls, SentencesAroundTheName) {
  EXPECT_EQ(sms("请登录。www.evil.com。再见").domains().at(0), "www.evil.com");
  const Strings joined = sms("Go to evil.com.Thanks").domains();
  EXPECT_NE(std::find(joined.begin(), joined.end(), "evil.com"), joined.end());
  EXPECT_EQ(sms("(evil.com).").domains(), Strings{"evil.com"});
  EXPECT_EQ(sms("see evil.com/a.").urls(), Strings{"evil.com/a"});
}

TEST(EmbeddedUrls, CountryDomainIsNotCutShort) { EXPECT_EQ(sms("www.evil.com.cn").domains(), Strings{"www.evil.com.cn"}); }

TEST(EmbeddedUrls, MailAddressesAreNoVisits) {
  EXPECT_TRUE(sms("mail bob@evil.com now").domains().empty());
  EXPECT_TRUE(sms("bob.lee@evil.com").domains().empty());
  EXPECT_TRUE(sms("写信给bob＠evil.com").domains().empty());
  EXPECT_EQ(sms("bob@mail.com or www.evil.com").domains(), Strings{"www.evil.com"});
}

TEST(EmbeddedUrls, UserPartOfAUrlDoesNotHideTheHost) {
  EXPECT_EQ(sms("http://bank.com@evil.com/x").domains(), Strings{"evil.com"});
  EXPECT_EQ(sms("http://bank:pw@evil.com/x").urls(), Strings{"evil.com/x"});
}

TEST(EmbeddedUrls, OrdinaryTextHasNone) {
  for (const char* text : {"余额3.50元", "v1.2.3", "10.0.0.1", "……...", "好的。谢谢", "a.b", "1.5.", "www.", ".com", "@", "://"})
    EXPECT_TRUE(sms(text).domains().empty()) << text;
}

TEST(EmbeddedUrls, SeveralInOneText) {
  EXPECT_EQ(sms("a.com、b.net/x与http://c.org/").domains(), (Strings{"a.com", "b.net", "c.org"}));
}

TEST(EmbeddedUrls, VeryLongRunsAreHarmless) {
  EXPECT_TRUE(sms(std::string(4000, 'a') + ".com").domains().empty());
  EXPECT_EQ(sms("evil.com/" + std::string(5000, 'a')).urls().at(0).size(), 2048u);
}

}  // namespace
}  // namespace telefence
