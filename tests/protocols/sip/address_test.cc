// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/address.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace telefence::sip {
namespace {

std::string uri_in(std::string_view text) {
  Address address;
  (void)read_address(text, address);
  return std::string(address.uri);
}

std::string tag_in(std::string_view text) {
  Address address;
  (void)read_address(text, address);
  return std::string(tag_of(address.parameters));
}

std::vector<std::string> uris_in(std::string_view list) {
  std::vector<std::string> uris;
  while (!list.empty()) {
    Address address;
    list.remove_prefix(read_address(list, address));
    uris.emplace_back(address.uri);
  }
  return uris;
}

TEST(SipAddress, StandsInAngleBracketsBehindADisplayName) {
  EXPECT_EQ(uri_in("Bank <sip:10086@a.example;user=phone>;tag=1"), "sip:10086@a.example;user=phone");
  EXPECT_EQ(uri_in("<sip:10086@a.example>"), "sip:10086@a.example");
}

TEST(SipAddress, AQuotedDisplayNameMayHoldAnyMark) {
  EXPECT_EQ(uri_in(R"("a <sip:evil@x>, \" ; b" <sip:10086@a.example>;tag=1)"), "sip:10086@a.example");
  EXPECT_EQ(tag_in(R"("x;tag=evil" <sip:10086@a.example>;tag=good)"), "good");
}

TEST(SipAddress, ALoneQuotationMarkHidesNothing) { EXPECT_EQ(uri_in("\"Bank <sip:1@a>;tag=1"), "sip:1@a"); }

TEST(SipAddress, ManyUnclosedQuotationMarksAreReadInReasonableTime) {
  std::string hostile = "<sip:1@a>";
  for (int i = 0; i < 20000; ++i) hostile += ";\"\\\"";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(tag_in(hostile), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

TEST(SipAddress, WithoutBracketsTheParametersAreTheHeaders) {
  EXPECT_EQ(uri_in("sip:10086@a.example;tag=7"), "sip:10086@a.example");
  EXPECT_EQ(tag_in("sip:10086@a.example;tag=7"), "7");
}

TEST(SipAddress, ATagInsideTheUriIsNotTheTag) {
  EXPECT_EQ(tag_in("<sip:10086@a.example;tag=inner>"), "");
  EXPECT_EQ(tag_in("<sip:10086@a.example;tag=inner> ; x=\";tag=y\" ; Tag = outer "), "outer");
}

TEST(SipAddress, AListIsReadOneByOne) {
  EXPECT_EQ(uris_in(R"("A, B" <sip:1@a>;x="1,2", <tel:+2>, sip:3@c)"),
            (std::vector<std::string>{"sip:1@a", "tel:+2", "sip:3@c"}));
}

TEST(SipAddress, AnEmergencyServiceIsKnownByItsName) {
  for (const char* any : {"urn:service:sos", "URN:Service:SOS", "urn:service:sos.fire", "sip:sos@a.example", "urn:service:sos;x=1"})
    EXPECT_EQ(emergency_service(any), EmergencyService::kAny) << any;
  EXPECT_EQ(emergency_service("urn:service:sos.police"), EmergencyService::kPolice);
  for (const char* none : {"", "urn:service:", "urn:service:so", "urn:service:sosy", "urn:service:counseling", "sip:sosa@a.example", "sip:sos", "tel:112"})
    EXPECT_EQ(emergency_service(none), EmergencyService::kNone) << none;
}

TEST(SipAddress, UserOfSipUris) {
  EXPECT_EQ(user_of("sip:bob@a.example"), "bob");
  EXPECT_EQ(user_of("SIPS:bob@a.example:5061;transport=tls"), "bob");
  EXPECT_EQ(user_of("sip:bob:secret@a.example"), "bob");
  EXPECT_EQ(user_of("sip:alice;day=tuesday@a.example"), "alice;day=tuesday");
  EXPECT_EQ(user_of("sip:a.example"), "");
  EXPECT_EQ(user_of("sip:a.example;user=phone"), "");
}

TEST(SipAddress, UserOfANumberEndsAtItsParameters) {
  EXPECT_EQ(user_of("sip:+86138;npdi;rn=+8610@a.example;user=phone"), "+86138");
  EXPECT_EQ(user_of("sip:%2B86138;npdi@a.example"), "%2B86138");
  EXPECT_EQ(user_of("tel:+86-138-0013;phone-context=x"), "+86-138-0013");
  EXPECT_EQ(user_of("TEL:10086"), "10086");
}

TEST(SipAddress, OtherSchemesHaveNoUser) {
  EXPECT_EQ(user_of("urn:service:sos"), "");
  EXPECT_EQ(user_of("http://bob@a.example"), "");
  EXPECT_EQ(user_of("bob"), "");
}

TEST(SipAddress, EscapesAreResolved) {
  char out[16];
  EXPECT_EQ(std::string(out, unescape("%2B8610", out)), "+8610");
  EXPECT_EQ(std::string(out, unescape("%2b%38", out)), "+8");
  EXPECT_EQ(std::string(out, unescape("1%2", out)), "1%2");
  EXPECT_EQ(std::string(out, unescape("1%zz%", out)), "1%zz%");
}

}  // namespace
}  // namespace telefence::sip
