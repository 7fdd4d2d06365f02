// SPDX-License-Identifier: Apache-2.0
#include "event/describe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "event/event_list.h"

namespace telefence {
namespace {

using nlohmann::json;

constexpr EventOrigin kOrigin = {7, "dns", "192.0.2.1", 40000, "2001:db8::1", 53};

json described(const Event& event, EventOrigin origin = kOrigin, std::string_view text = {}) {
  std::string line;
  append_description(event, origin, text, line);
  return json::parse(line);
}

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

Event event_of(decltype(Event::what) what) {
  Event event;
  event.what = what;
  return event;
}

TEST(Describe, LookupHasExactlyTheKeysOfADnsLine) {
  DomainLookup lookup;
  lookup.name = "WWW.Example.CN.";
  const json line = described(event_of(lookup));
  EXPECT_EQ(keys_of(line), (std::set<std::string>{"frame", "kind", "protocol", "src", "sport", "dst", "dport", "name"}));
  EXPECT_EQ(line["frame"], 7);
  EXPECT_EQ(line["kind"], "dns");
  EXPECT_EQ(line["name"], "www.example.cn");
  EXPECT_EQ(line["src"], "192.0.2.1");
  EXPECT_EQ(line["sport"], 40000);
  EXPECT_EQ(line["dst"], "2001:db8::1");
  EXPECT_EQ(line["dport"], 53);
}

TEST(Describe, RootNameIsEmptyText) { EXPECT_EQ(described(event_of(DomainLookup{}))["name"], ""); }

TEST(Describe, HttpVisitHasUriAndTlsVisitHasNone) {
  UrlVisit visit;
  visit.host = "example.cn";
  visit.uri = "/a?b=\"c\"";
  const json http = described(event_of(visit));
  EXPECT_EQ(http["kind"], "http");
  EXPECT_EQ(http["uri"], "/a?b=\"c\"");
  visit.via = UrlVisit::Via::kTls;
  const json tls = described(event_of(visit));
  EXPECT_EQ(tls["kind"], "tls");
  EXPECT_FALSE(tls.contains("uri"));
  visit.via = UrlVisit::Via::kQuic;
  EXPECT_EQ(described(event_of(visit))["kind"], "quic");
}

TEST(Describe, CallIsNamedByItsProtocol) {
  Call call;
  call.calling = "+8613800138000";
  call.called = "02212345678";
  EventOrigin origin = kOrigin;
  origin.protocol = "sip";
  const json line = described(event_of(call), origin);
  EXPECT_EQ(line["kind"], "sip-call");
  EXPECT_EQ(line["calling"], "+8613800138000");
  EXPECT_EQ(line["called"], "02212345678");
  EXPECT_FALSE(line.contains("text"));
  origin.protocol = "isup";
  EXPECT_EQ(described(event_of(call), origin)["kind"], "isup-call");
}

TEST(Describe, SmsJoinsItsRecipientsAndSipMessageTakesTheFirst) {
  EventList list;
  const std::string_view numbers[] = {"13800138000", "13800138001"};
  Sms sms;
  sms.calling = "10690001";
  sms.called = list.texts(numbers);
  const json several = described(event_of(sms), kOrigin, "您好");
  EXPECT_EQ(several["kind"], "sms");
  EXPECT_EQ(several["called"], "13800138000,13800138001");
  EXPECT_EQ(several["text"], "您好");
  sms.over_sip = true;
  const json first = described(event_of(sms), kOrigin, "x");
  EXPECT_EQ(first["kind"], "sip-message");
  EXPECT_EQ(first["called"], "13800138000");
}

TEST(Describe, AnyBytesGiveValidJson) {
  std::uint32_t state = 12345;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525 + 1013904223;
      bytes += static_cast<char>(state >> 24);
    }
    UrlVisit visit;
    visit.host = bytes;
    visit.uri = bytes;
    EXPECT_NO_THROW(described(event_of(visit))) << round;
  }
}

TEST(Describe, IllFormedUtf8BecomesReplacementCharacters) {
  UrlVisit visit;
  visit.uri = "a\xff\xe4\xbd" "b\xed\xa0\x80\xc0\xaf";  // lone octet, cut sequence, surrogate, overlong
  const std::string uri = described(event_of(visit))["uri"];
  EXPECT_EQ(uri, "a\ufffd\ufffdb\ufffd\ufffd\ufffd\ufffd\ufffd");
}

}  // namespace
}  // namespace telefence
