// SPDX-License-Identifier: Apache-2.0
#include "record/eve.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "sample.h"

namespace telefence {
namespace {

using nlohmann::json;

json eve_of(const Record& record, const RecordOptions& options = {}) {
  std::string line;
  append_eve(record, sample_names(), options, line);
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  return json::parse(line);
}

TEST(Eve, EachRecordOfARunHasAnIdOfItsOwn) {
  RecordId id("edge-1", 1'764'157'138'000);
  EXPECT_EQ(id.next(), "edge-1-mifxlzkg-1");
  std::string line;
  append_eve(sample_lookup(), sample_names(), {}, line, id.next());
  EXPECT_EQ(json::parse(line)["telefence"]["record_id"], "edge-1-mifxlzkg-2");
  std::string last;
  for (int i = 0; i < 36; ++i) last = id.next();
  EXPECT_EQ(last, "edge-1-mifxlzkg-12");
  EXPECT_EQ(RecordId("edge", 0).next(), "edge-0-1") << "of a capture: the same each time";
}

TEST(Eve, AnsweredLookupIsABlockedAlert) {
  const json line = eve_of(sample_lookup());
  EXPECT_EQ(line["event_type"], "alert");
  EXPECT_EQ(line["in_iface"], "access");
  EXPECT_EQ(line["src_ip"], "10.1.2.3");
  EXPECT_EQ(line["src_port"], 5353);
  EXPECT_EQ(line["dest_ip"], "8.8.8.8");
  EXPECT_EQ(line["proto"], "UDP");
  EXPECT_EQ(line["app_proto"], "dns");
  EXPECT_EQ(line["alert"], json::parse(R"({"action":"blocked","gid":1,"signature_id":10023,"rev":184203,
    "signature":"phishing: bank-verify.example","category":"phishing","severity":1})"));
  EXPECT_EQ(line["dns"], json::parse(R"({"type":"query","id":4711,"rrname":"www.bank-verify.example","rrtype":"A"})"));
  EXPECT_EQ(line["telefence"], json::parse(R"({"channel":"dns","kind":"domain","matched":"bank-verify.example",
    "response":"answer nxdomain","policy_seq":184203,"feed":"centre","latency_ns":910,"node":"edge-1",
    "mode":"enforce","reason":"blocked","fate":"answered"})"));
}

TEST(Eve, TimeHasMicrosecondsAndZone) {
  ::setenv("TZ", "Asia/Shanghai", 1);
  ::tzset();
  Record record = sample_lookup();
  record.time_ns = 1'795'300'200'123'456'789;  // 2026-11-22T06:30:00Z + 28,200 s
  const std::string text = eve_of(record)["timestamp"];
  std::tm parsed{};
  ASSERT_NE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parsed), nullptr);
  EXPECT_EQ(text.substr(19), ".123456+0800");
  parsed.tm_isdst = 0;
  EXPECT_EQ(::mktime(&parsed), 1'795'300'200);
}

TEST(Eve, ATunnelIsToldWithItsIdAndOuterAddresses) {
  Record record = sample_lookup();
  EXPECT_FALSE(eve_of(record).contains("tunnel"));
  record.tunnel_count = 1;
  record.tunnels[0] = {1, 0xfedcba98};
  record.outer_ip_version = 6;
  record.outer_protocol = 17;
  record.outer_source = {0x20, 1, 0xd, 0xb8};
  record.outer_destination = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  EXPECT_EQ(eve_of(record)["tunnel"], json::parse(R"({"src_ip":"2001:db8::","dest_ip":"2001:db8::9","proto":"UDP","depth":1,
    "kind":"gtp-u","id":4275878552})"));
  EXPECT_EQ(eve_of(record)["src_ip"], "10.1.2.3") << "the subscriber's own";
}

TEST(Eve, SeveralTunnelsAreToldFromOutsideInAndThoseOnTheLinkHaveNoAddresses) {
  Record record = sample_lookup();
  record.tunnel_count = 2;
  record.tunnels[0] = {2, 1001};
  record.tunnels[1] = {3, 0};
  record.outer_ip_version = 0;
  EXPECT_EQ(eve_of(record)["tunnel"], json::parse(R"({"depth":2,"kind":"ip-in-ip",
    "path":[{"kind":"mpls","id":1001},{"kind":"ip-in-ip"}]})"));
  record.outer_ip_version = 4;
  record.outer_protocol = 4;
  record.outer_source = {172, 16, 0, 1};
  record.outer_destination = {172, 16, 9, 2};
  const json tunnel = eve_of(record)["tunnel"];
  EXPECT_EQ(tunnel["src_ip"], "172.16.0.1");
  EXPECT_EQ(tunnel["dest_ip"], "172.16.9.2");
  EXPECT_EQ(tunnel["proto"], "IPIP");
}

TEST(Eve, WouldBeBlockedIsAllowedAndSaysWhy) {
  Record record = sample_lookup();
  record.verdict.reason = Reason::kMonitor;
  record.fate = Fate::kForwardedInspected;
  json line = eve_of(record);
  EXPECT_EQ(line["alert"]["action"], "allowed");
  EXPECT_EQ(line["telefence"]["mode"], "monitor");
  record.verdict.reason = Reason::kShadow;
  EXPECT_EQ(eve_of(record)["telefence"]["mode"], "shadow");
  record.verdict.reason = Reason::kBlocked;
  record.fate = Fate::kTagged;
  line = eve_of(record);
  EXPECT_EQ(line["alert"]["action"], "allowed");
  EXPECT_EQ(line["telefence"]["mode"], "enforce");
}

TEST(Eve, NumbersAreMaskedAndBodiesLeftOutUnlessAskedFor) {
  json line = eve_of(sample_sms());
  EXPECT_EQ(line["sms"], json::parse(R"({"protocol":"smpp","from":"+86170****5678",
    "to":"138****8000,+86139****9000","recipients":2})"));
  EXPECT_EQ(line["telefence"]["matched"], "+86170****5678");
  EXPECT_EQ(line["alert"]["signature"], "other: +86170****5678");
  EXPECT_EQ(line.dump().find("12345678"), std::string::npos);
  EXPECT_EQ(line["telefence"]["refusal_code"], 8);
  EXPECT_EQ(line["vlan"], json::array({7}));

  RecordOptions open;
  open.numbers = RecordOptions::Numbers::kFull;
  open.bodies = RecordOptions::Bodies::kFull;
  line = eve_of(sample_sms(), open);
  EXPECT_EQ(line["sms"]["from"], "+8617012345678");
  EXPECT_EQ(line["sms"]["text"], "您好");
}

TEST(Eve, SnippetEndsOnACharacter) {
  Record record = sample_sms();
  std::string body = "a";
  for (int i = 0; i < 60; ++i) body += "诈";
  record.set(RecordText::kText, body);
  RecordOptions options;
  options.bodies = RecordOptions::Bodies::kSnippet;
  const std::string text = eve_of(record, options)["sms"]["text"];
  EXPECT_EQ(text.find("\ufffd"), std::string::npos);
  EXPECT_EQ(text.size(), 88 + std::string("…").size());
}

TEST(Eve, CallNamesBothEndsAndSipMessageIsASms) {
  Record record = sample_sms();
  record.kind = Record::Kind::kSipCall;
  record.protocol = 2;
  EXPECT_EQ(eve_of(record)["app_proto"], "call");
  EXPECT_EQ(eve_of(record)["call"]["from"], "+86170****5678");
  record.kind = Record::Kind::kSipMessage;
  EXPECT_EQ(eve_of(record)["telefence"]["channel"], "sms");
  EXPECT_EQ(eve_of(record)["sms"]["protocol"], "sip");
}

TEST(Eve, VisitsUseTheObjectsOfSuricata) {
  Record record = sample_lookup();
  record.kind = Record::Kind::kHttp;
  record.protocol = 1;
  record.set(RecordText::kUri, "/pay?id=1");
  record.ip_version = 6;
  record.source = {0x20, 1, 0xd, 0xb8};
  json line = eve_of(record);
  EXPECT_EQ(line["src_ip"], "2001:db8::");
  EXPECT_EQ(line["http"], json::parse(R"({"hostname":"www.bank-verify.example","url":"/pay?id=1"})"));
  EXPECT_EQ(line["telefence"]["channel"], "web");
  record.kind = Record::Kind::kTls;
  EXPECT_EQ(eve_of(record)["tls"]["sni"], "www.bank-verify.example");
}

TEST(Eve, AnEncryptedClientHelloIsTold) {
  Record record = sample_lookup();
  record.kind = Record::Kind::kTls;
  EXPECT_FALSE(eve_of(record)["tls"].contains("ech"));
  record.encrypted_hello = true;
  EXPECT_EQ(eve_of(record)["tls"]["ech"], true);
}

TEST(Eve, OnlyALineOfACaptureHasAFrameNumber) {
  Record record = sample_lookup();
  record.frame_number = 7;
  EXPECT_FALSE(eve_of(record).contains("pcap_cnt")) << "its readers would take it for an offline capture";
  RecordOptions options;
  options.from_capture = true;
  EXPECT_EQ(eve_of(record, options)["pcap_cnt"], 7);
}

TEST(Eve, MaskHidesTheMiddleOfEveryNumber) {
  EXPECT_EQ(masked("+8613812345678"), "+86138****5678");
  EXPECT_EQ(masked("008613812345678"), "0086138****5678");
  EXPECT_EQ(masked("8613812345678"), "86138****5678");
  EXPECT_EQ(masked("13812345678"), "138****5678");
  EXPECT_EQ(masked("106900001234"), "106****1234");
  EXPECT_EQ(masked("+85251234567"), "+852****4567");
  EXPECT_EQ(masked("95588"), "9****8");
  EXPECT_EQ(masked("110"), "1****0");
  EXPECT_EQ(masked("1"), "1****");
  EXPECT_EQ(masked(""), "");
}

TEST(Eve, AnyBytesAndIndexesGiveOneValidLine) {
  std::uint32_t state = 7;
  const auto random = [&state] { return state = state * 1664525 + 1013904223; };
  RecordOptions options;
  options.bodies = RecordOptions::Bodies::kSnippet;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (std::uint32_t i = random() >> 24; i > 0; --i) bytes += static_cast<char>(random() >> 24);
    Record record = sample_lookup();
    record.kind = static_cast<Record::Kind>(round % 8);
    record.protocol = static_cast<std::uint8_t>(random() >> 24);
    record.port = static_cast<std::uint16_t>(random() >> 16);
    record.verdict.action = static_cast<std::uint8_t>(random() >> 24);
    record.answer = static_cast<std::uint8_t>(random() >> 24);
    record.signature_kind = static_cast<SignatureKind>(round % 4);
    for (const RecordText text : {RecordText::kName, RecordText::kUri}) record.set(text, bytes);
    record.set(RecordText::kCalling, bytes);
    record.set(RecordText::kCalled, bytes);
    record.set(RecordText::kText, bytes);
    record.set(RecordText::kSignatureValue, bytes);
    record.set(RecordText::kSignatureSource, bytes);
    EXPECT_NO_THROW(eve_of(record, options)) << round;
  }
}

TEST(Eve, ASignOfEvasionIsAnAnomaly) {
  Record record = sample_lookup();
  record.kind = Record::Kind::kEvasion;
  record.protocol = 1;
  record.transport = 6;
  record.evasion = EvasionKind::kFewHops;
  record.fate = Fate::kForwardedBadChecksum;
  json line = eve_of(record);
  EXPECT_EQ(line["event_type"], "anomaly");
  EXPECT_EQ(line["src_ip"], "10.1.2.3");
  EXPECT_EQ(line["app_proto"], "http");
  EXPECT_EQ(line["anomaly"], json::parse(R"({"type":"stream","event":"few_hops"})"));
  EXPECT_EQ(line["telefence"], json::parse(R"({"node":"edge-1","fate":"forwarded_bad_checksum"})"));
  EXPECT_FALSE(line.contains("alert"));
  EXPECT_FALSE(line.contains("dns"));
  record.suppressed = 17;
  record.is_held = true;
  record.protocol = 0xff;
  record.evasion = EvasionKind::kOverlappingFragments;
  line = eve_of(record);
  EXPECT_FALSE(line.contains("app_proto"));
  EXPECT_EQ(line["anomaly"]["type"], "decode");
  EXPECT_EQ(line["telefence"], json::parse(R"({"suppressed":17,"node":"edge-1"})"));
}

}  // namespace
}  // namespace telefence
