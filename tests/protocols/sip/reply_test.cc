// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocols/protocol.h"
#include "sip_text.h"

namespace telefence::sip {
namespace {

constexpr std::size_t kRoom = 1400;

RefusalTerms terms_of(std::uint8_t answer, std::uint64_t secret = 1) {
  RefusalTerms terms;
  terms.answer = answer;
  terms.secret = secret;
  return terms;
}

// The refusal of the first event in a datagram; "" when there is none.
std::string refusal_of(std::string_view text, std::uint8_t answer = 0, std::uint64_t secret = 1,
                       Transport transport = Transport::kUdp, std::size_t room = kRoom) {
  const Extracted got(text, transport);
  EXPECT_EQ(got.count(), 1u);
  std::vector<std::uint8_t> out(room);
  Writer writer(out);
  if (got.count() == 0 || !kProtocol.refuse(got.event(), got.payload(transport), terms_of(answer, secret), writer).is_written) return {};
  return std::string(as_text(writer.written()));
}

std::string own_tag_in(const std::string& refusal) {
  const std::size_t at = refusal.find(";tag=tf");
  return at == std::string::npos ? "" : refusal.substr(at + 5, 18);
}

bool is_acknowledged(std::string_view text, std::uint64_t secret = 1, Transport transport = Transport::kUdp) {
  const Extracted got(text, transport);
  return kProtocol.acknowledges(got.payload(transport), terms_of(0, secret));
}

std::string ack_with(const std::string& tag, const std::string& call_id = "Call-ID: 7@192.0.2.1") {
  TestRequest ack;
  ack.method = "ACK";
  ack.to = "To: <sip:+8613800138000@core.example>;tag=" + tag;
  ack.call_id = call_id;
  ack.cseq = "CSeq: 42 ACK";
  return text_of(ack);
}

TEST(SipRefuse, CopiesWhatTheSenderNeedsToKnowItsRequest) {
  const std::string refusal = refusal_of(text_of({}));
  const std::string tag = own_tag_in(refusal);
  ASSERT_EQ(tag.size(), 18u);
  EXPECT_EQ(refusal,
            "SIP/2.0 603 Decline\r\n"
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5060\r\n"
            "From: \"Bank\" <sip:+8610086@access.example>;tag=a1\r\n"
            "To: <sip:+8613800138000@core.example>;tag=" +
                tag +
                "\r\n"
                "Call-ID: 7@192.0.2.1\r\n"
                "CSeq: 42 INVITE\r\n"
                "Content-Length: 0\r\n\r\n");
}

TEST(SipRefuse, SaysTheChosenAnswer) {
  const std::string request = text_of({});
  ASSERT_EQ(kProtocol.answers.size(), 4u);
  EXPECT_TRUE(refusal_of(request, 0).starts_with("SIP/2.0 603 Decline\r\n"));
  EXPECT_TRUE(refusal_of(request, 1).starts_with("SIP/2.0 608 Rejected\r\n"));
  EXPECT_TRUE(refusal_of(request, 2).starts_with("SIP/2.0 607 Unwanted\r\n"));
  EXPECT_TRUE(refusal_of(request, 3).starts_with("SIP/2.0 403 Forbidden\r\n"));
  EXPECT_EQ(refusal_of(request, 4), "");
}

TEST(SipRefuse, AMessageIsRefusedAlike) {
  const std::string refusal = refusal_of(message_of("fraud"), 3);
  EXPECT_TRUE(refusal.starts_with("SIP/2.0 403 Forbidden\r\n"));
  EXPECT_NE(refusal.find("\r\nCSeq: 3 MESSAGE\r\n"), std::string::npos);
  EXPECT_EQ(refusal.find("fraud"), std::string::npos);
}

TEST(SipRefuse, AllViasAreCopiedInTheirOrder) {
  TestRequest request;
  request.more = {"v: SIP/2.0/UDP 192.0.2.2, SIP/2.0/UDP 192.0.2.3", "Subject: x", "VIA: SIP/2.0/TCP 192.0.2.4"};
  const std::string refusal = refusal_of(text_of(request));
  const std::size_t first = refusal.find("Via: SIP/2.0/UDP 192.0.2.1:5060;");
  const std::size_t second = refusal.find("Via: SIP/2.0/UDP 192.0.2.2, SIP/2.0/UDP 192.0.2.3\r\n");
  const std::size_t third = refusal.find("Via: SIP/2.0/TCP 192.0.2.4\r\n");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
  EXPECT_EQ(refusal.find("Subject"), std::string::npos);
}

// As many proxies as a way can have; only the first few are kept when the request is read.
TEST(SipRefuse, HoweverManyViasThereAre) {
  for (const std::size_t count : {1u, 3u, 4u, 5u, 9u}) {
    TestRequest request;
    std::string wanted = "\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5060\r\n";
    for (std::size_t i = 1; i < count; ++i) {
      const std::string value = "SIP/2.0/UDP 198.51.100." + std::to_string(i) + ";rport";
      request.more.push_back((i % 2 == 0 ? "v: " : "Via: ") + value);
      wanted += "Via: " + value + "\r\n";
    }
    const std::string refusal = refusal_of(text_of(request));
    EXPECT_NE(refusal.find(wanted + "From: "), std::string::npos) << refusal;
  }
}

TEST(SipRefuse, AViaOfAnyForm) {
  TestRequest request;
  request.via = "vIa \t:";  // nothing behind it
  request.more = {"Via:SIP/2.0/UDP 192.0.2.2\r\n\t;branch=z9hG4bK2", "Vias: x", "Video: x", "v : SIP/2.0/UDP 192.0.2.3"};
  const std::string refusal = refusal_of(text_of(request));
  EXPECT_NE(refusal.find("\r\nVia: \r\nVia: SIP/2.0/UDP 192.0.2.2 ;branch=z9hG4bK2\r\nVia: SIP/2.0/UDP 192.0.2.3\r\nFrom: "), std::string::npos)
      << refusal;
}

// The last line of a datagram, with no empty line behind it and too short to be looked at by eights.
TEST(SipRefuse, AViaAtTheEndOfTheDatagram) {
  const std::string text = "INVITE sip:1@a SIP/2.0\r\nFrom: <sip:2@b>\r\nTo: <sip:1@a>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nv: x";
  EXPECT_NE(refusal_of(text).find("\r\nVia: x\r\n"), std::string::npos);
}

TEST(SipRefuse, CompactAndFoldedFieldsComeOutPlain) {
  TestRequest request;
  request.via = "v: SIP/2.0/UDP\r\n  192.0.2.1;branch=z9hG4bK1";
  request.from = "f: <sip:1@a>\n\t;tag=x";
  request.to = "t: <sip:2@b>";
  request.call_id = "i: c";
  request.line_end = "\n";
  const std::string refusal = refusal_of(text_of(request));
  EXPECT_NE(refusal.find("\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"), std::string::npos);
  EXPECT_NE(refusal.find("\r\nFrom: <sip:1@a> ;tag=x\r\n"), std::string::npos);
  EXPECT_NE(refusal.find("\r\nTo: <sip:2@b>;tag=tf"), std::string::npos);
  EXPECT_NE(refusal.find("\r\nCall-ID: c\r\n"), std::string::npos);
}

TEST(SipRefuse, ARetransmissionGetsTheSameOctets) {
  EXPECT_EQ(refusal_of(text_of({}), 1, 99), refusal_of(text_of({}), 1, 99));
}

TEST(SipRefuse, TheTagDependsOnCallAndSecret) {
  TestRequest other;
  other.call_id = "Call-ID: 8@192.0.2.1";
  const std::string tag = own_tag_in(refusal_of(text_of({})));
  EXPECT_NE(tag, own_tag_in(refusal_of(text_of(other))));
  EXPECT_NE(tag, own_tag_in(refusal_of(text_of({}), 0, 2)));
}

TEST(SipRefuse, WithinADialogTheTagStays) {
  TestRequest request;
  request.to += ";tag=theirs";
  const std::string refusal = refusal_of(text_of(request));
  EXPECT_NE(refusal.find("To: <sip:+8613800138000@core.example>;tag=theirs\r\n"), std::string::npos);
  EXPECT_EQ(own_tag_in(refusal), "");
}

TEST(SipRefuse, WithoutTheNecessaryFieldsNothingIsSaid) {
  for (std::string TestRequest::*field :
       {&TestRequest::via, &TestRequest::from, &TestRequest::to, &TestRequest::call_id, &TestRequest::cseq}) {
    TestRequest request;
    request.*field = "";
    EXPECT_EQ(refusal_of(text_of(request)), "");
  }
}

// Where the refusal of a request with this topmost Via goes.
std::uint16_t port_of_refusal(std::string_view via) {
  TestRequest request;
  request.via = via;
  const Extracted got("\r\n\r\n" + text_of(request), Transport::kUdp);  // as clients keep a path open
  std::array<std::uint8_t, kRoom> out;
  Writer writer(out);
  const WrittenRefusal refusal = kProtocol.refuse(got.event(), got.payload(Transport::kUdp), terms_of(0), writer);
  EXPECT_TRUE(refusal.is_written);
  return refusal.to_port;
}

TEST(SipRefuse, GoesToThePortThatTheTopmostViaNames) {
  EXPECT_EQ(port_of_refusal("Via: SIP/2.0/UDP 192.0.2.1:5080;branch=z9hG4bK1"), 5080);
  EXPECT_EQ(port_of_refusal("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"), 5060) << "RFC 3261, 18.2.2";
  EXPECT_EQ(port_of_refusal("Via: SIP/2.0/UDP 192.0.2.1:5080;rport;branch=z9hG4bK1"), 0) << "the one it came from (RFC 3581, 4)";
  EXPECT_EQ(port_of_refusal("Via: SIP/2.0/UDP\r\n 192.0.2.1:5083\r\n ;branch=z9hG4bK1"), 5083) << "folded";
  EXPECT_EQ(port_of_refusal("v: SIP/2.0/UDP 192.0.2.1:5081\r\nVia: SIP/2.0/UDP 192.0.2.2:5082"), 5081) << "the first of them";
}

TEST(SipRefuse, NothingIsSaidOverTcp) { EXPECT_EQ(refusal_of(text_of({}), 0, 1, Transport::kTcp), ""); }

TEST(SipRefuse, NothingIsSaidWhereThereIsNoRoom) {
  const std::size_t size = refusal_of(text_of({})).size();
  EXPECT_EQ(refusal_of(text_of({}), 0, 1, Transport::kUdp, size).size(), size);
  EXPECT_EQ(refusal_of(text_of({}), 0, 1, Transport::kUdp, size - 1), "");
}

TEST(SipRefuse, ControlCharactersAreNotCopied) {
  TestRequest request;
  request.call_id = std::string("Call-ID: a\rb\x01", 13);
  const std::string refusal = refusal_of(text_of(request));
  EXPECT_NE(refusal.find("\r\nCall-ID: a b \r\n"), std::string::npos);
}

TEST(SipAcknowledges, OnlyTheAckOfItsOwnRefusal) {
  const std::string tag = own_tag_in(refusal_of(text_of({})));
  EXPECT_TRUE(is_acknowledged(ack_with(tag)));
  EXPECT_TRUE(is_acknowledged("\r\n" + ack_with(tag)));
  EXPECT_FALSE(is_acknowledged(ack_with("theirs")));
  EXPECT_FALSE(is_acknowledged(ack_with(tag, "Call-ID: another")));
  EXPECT_FALSE(is_acknowledged(ack_with(tag), 2));
  EXPECT_FALSE(is_acknowledged(ack_with(tag), 1, Transport::kTcp));
}

TEST(SipAcknowledges, NoOtherRequest) {
  const std::string tag = own_tag_in(refusal_of(text_of({})));
  std::string bye = ack_with(tag);
  bye.replace(0, 3, "BYE");
  EXPECT_FALSE(is_acknowledged(bye));
  EXPECT_FALSE(is_acknowledged(text_of({})));
  EXPECT_FALSE(is_acknowledged("ACK "));
}

}  // namespace
}  // namespace telefence::sip
