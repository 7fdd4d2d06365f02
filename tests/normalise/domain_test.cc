// SPDX-License-Identifier: Apache-2.0
#include "normalise/domain.h"

#include <gtest/gtest.h>

#include <random>

namespace telefence {
namespace {

std::string canonical(std::string_view name) {
  std::string out(name.size(), '\0');
  out.resize(canonical_domain(name, out.data()));
  return out;
}

TEST(Domain, CaseAndFinalDotFallAway) {
  EXPECT_EQ(canonical("WwW.Example.COM."), "www.example.com");
  EXPECT_EQ(canonical("com"), "com");
}

TEST(Domain, UnderscoresAndOtherOctetsStay) {
  EXPECT_EQ(canonical("_dmarc.Bad_Label.cn"), "_dmarc.bad_label.cn");
  EXPECT_EQ(canonical("a\xff.cn"), "a\xff.cn");
  EXPECT_EQ(canonical("a:b.evil.com"), "a:b.evil.com");
}

TEST(Domain, ADotInsideALabelTakesOneOctetAndSplitsNothing) {
  EXPECT_EQ(canonical("a\\046b.evil.com"), "a\x01" "b.evil.com");
  // Sixteen dots in one label: as text longer than a label may be, on the wire not.
  std::string dots;
  for (int i = 0; i < 16; ++i) dots += "\\046";
  EXPECT_EQ(canonical(dots + ".evil.com"), std::string(16, '\x01') + ".evil.com");
  EXPECT_EQ(canonical("a\\04.cn"), "a\\04.cn");
}

TEST(Domain, EmptyLabelsAreNoName) {
  EXPECT_EQ(canonical(""), "");
  EXPECT_EQ(canonical("."), "");
  EXPECT_EQ(canonical("a..b"), "");
  EXPECT_EQ(canonical(".a.b"), "");
  EXPECT_EQ(canonical("a.b.."), "");
}

TEST(Domain, IpLiteralsAreNoName) {
  EXPECT_EQ(canonical("192.168.0.1"), "");
  EXPECT_EQ(canonical("[2001:db8::1]"), "");
  EXPECT_EQ(canonical("2001:db8::1"), "");
  EXPECT_EQ(canonical("1.2.3.4a"), "1.2.3.4a");
}

TEST(Domain, LimitsOfRfc1035Hold) {
  EXPECT_EQ(canonical(std::string(63, 'a') + ".cn").size(), 66u);
  EXPECT_EQ(canonical(std::string(64, 'a') + ".cn"), "");
  std::string longest;
  while (longest.size() < 250) longest += "a.";
  longest += "cn";
  longest.resize(253, 'x');
  EXPECT_EQ(canonical(longest), longest);
  EXPECT_EQ(canonical(longest + "y"), "");
}

// Octet by octet, as RFC 1035 says it.
std::string plainly(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return {};
  std::string out;
  std::size_t label = 0;
  bool digits = true;
  for (const char c : name) {
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (c == '.' && label == 0) return {};
    label = c == '.' ? 0 : label + 1;
    digits = c == '.' || (digits && c >= '0' && c <= '9');
    if (label > 63) return {};
  }
  return label == 0 || digits ? "" : out;
}

TEST(Domain, AgreesWithAPlainReadingOfAnyOctets) {
  std::mt19937 random(11);
  constexpr std::string_view kUsual = "abcXYZ019-_..";
  for (int i = 0; i < 200'000; ++i) {
    std::string name;
    for (auto length = random() % (i % 10 == 0 ? 260 : 40); length > 0; --length) {
      char c = random() % 50 == 0 ? static_cast<char>(random()) : kUsual[random() % kUsual.size()];
      if (c == ':' || c == '[' || c == '\\') c = 'q';  // literals and escapes have their own tests
      name += c;
    }
    ASSERT_EQ(canonical(name), plainly(name)) << name;
  }
}

TEST(DomainText, InternationalNamesBecomeALabels) {
  EXPECT_EQ(canonical_domain_from_text("诈骗测试.中国").value(), "xn--0zw736dfb619h.xn--fiqs8s");
  EXPECT_EQ(canonical_domain_from_text("ｂａｎｋ．ｃｎ").value(), "bank.cn");
  EXPECT_EQ(domain_for_people("xn--0zw736dfb619h.xn--fiqs8s"), "诈骗测试.中国");
}

TEST(DomainText, UnderscoresSurviveIdn) {
  EXPECT_EQ(canonical_domain_from_text(" _dmarc.bad_label.cn \n").value(), "_dmarc.bad_label.cn");
  EXPECT_EQ(canonical_domain_from_text("_x.中国").value(), "_x.xn--fiqs8s");
}

TEST(DomainText, MistakesAreNamed) {
  EXPECT_NE(canonical_domain_from_text("http://a.com/x").error().message.find("URL"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("a.com?x=1").error().message.find("URL"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("bad_line ???").error().message.find("no blanks"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("bad???").error().message.find("no '?'"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("a..com").error().message.find("empty"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("10.0.0.1").error().message.find("IP address"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("a b.com").error().message.find("blanks"), std::string::npos);
  EXPECT_NE(canonical_domain_from_text("a.com:80").error().message.find("port"), std::string::npos);
  EXPECT_FALSE(canonical_domain_from_text("  ").ok());
  EXPECT_FALSE(canonical_domain_from_text(std::string(70, 'a') + ".com").ok());
}

std::string mistake(std::string_view text) {
  const auto made = canonical_domain_from_text(text);
  return made.ok() ? "taken as " + made.value() : made.error().message;
}

TEST(DomainText, LinesOfOtherListFormatsAreRefusedWithWhatWouldBeRight) {
  EXPECT_EQ(mistake("||ads.example^"), "this is AdBlock syntax; write the name alone: ads.example");
  EXPECT_EQ(mistake("||ads.example^$third-party"), "this is AdBlock syntax; write the name alone: ads.example");
  EXPECT_EQ(mistake("@@||good.example^"), "this is AdBlock syntax; write the name alone, in a list with allow: true: good.example");
  EXPECT_EQ(mistake("ads.example^"), "this is AdBlock syntax; write the name alone: ads.example");
  EXPECT_EQ(mistake("0.0.0.0 ads.example"), "this is a line of a hosts file; write the name alone: ads.example");
  EXPECT_EQ(mistake("::1\tads.example"), "this is a line of a hosts file; write the name alone: ads.example");
  EXPECT_EQ(mistake("address=/ads.example/0.0.0.0"), "this is dnsmasq syntax; write the name alone: ads.example");
  EXPECT_EQ(mistake("\xd6\xd0\xb9\xfa.cn"), "the name is not UTF-8: save the file as UTF-8, or convert it with `telefence rules import`");
}

TEST(DomainText, CharactersThatNoNameHasAreRefused) {
  EXPECT_EQ(mistake("-x.example"), "a label begins with a hyphen");
  EXPECT_EQ(mistake("a.-x.example"), "a label begins with a hyphen");
  for (const char* text : {"a!b.example", "a|b.example", "a$b.example", "a+b.example", "a%b.example", "a=b.example"})
    EXPECT_EQ(mistake(text).substr(0, 63), "a domain name has letters, digits, hyphens and underscores only") << text;
  EXPECT_EQ(mistake("x-.example"), "taken as x-.example") << "names that end so are served, and looked up";
  EXPECT_EQ(mistake("xn--0zw736dfb619h.xn--fiqs8s"), "taken as xn--0zw736dfb619h.xn--fiqs8s");
}

TEST(DomainText, AnOctetZeroDoesNotEndAName) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(mistake("good.example\0\u00fc.example"sv), "a domain name has no octet 0");
  EXPECT_EQ(mistake("good.example\0.evil.example"sv), "a domain name has no octet 0");
}

TEST(DomainText, PublicSuffixesAreKnown) {
  EXPECT_TRUE(is_public_suffix("com.cn"));
  EXPECT_TRUE(is_public_suffix("github.io"));
  EXPECT_FALSE(is_public_suffix("example.com.cn"));
}

}  // namespace
}  // namespace telefence
