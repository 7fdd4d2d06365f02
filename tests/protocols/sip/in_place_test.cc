// SPDX-License-Identifier: Apache-2.0
#include "protocols/sip/in_place.h"

#include <gtest/gtest.h>

#include <string>

#include "sip_text.h"

namespace telefence::sip {
namespace {

MutableBytes as_mutable(std::string& text) { return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}; }

std::string with(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string response(std::string_view status_line, std::string_view cseq, std::string_view call_id = "7@192.0.2.1") {
  return std::string(status_line) + "\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1\r\nFrom: <sip:1@a>;tag=a1\r\nTo: <sip:2@b>;tag=b1\r\nCall-ID: " +
         std::string(call_id) + "\r\nCSeq: " + std::string(cseq) + "\r\nContent-Length: 0\r\n\r\n";
}

TEST(SipInPlace, ACallGetsAMethodThatNobodyHas) {
  const std::string before = text_of({});
  std::string after = before;
  ASSERT_TRUE(neutralise({}, as_mutable(after), {}));
  EXPECT_EQ(after, with(with(before, "INVITE sip:", "XNVITE sip:"), "CSeq: 42 INVITE", "CSeq: 42 XNVITE"));
  EXPECT_EQ(Extracted(after, Transport::kTcp).count(), 0u);
}

TEST(SipInPlace, TheCaseOfTheMethodIsKept) {
  const std::pair<const char*, const char*> kTable[] = {{"invite", "xnvite"}, {"Invite", "Xnvite"}, {"mESSAGE", "xESSAGE"}};
  for (const auto& [method, replaced] : kTable) {
    TestRequest request;
    request.method = method;
    request.cseq = std::string("CSeq: 42 ") + method;
    std::string after = " " + text_of(request);
    ASSERT_TRUE(neutralise({}, as_mutable(after).subspan(1), {}));
    EXPECT_EQ(after, " " + with(with(text_of(request), std::string(method) + " sip:", std::string(replaced) + " sip:"), std::string("42 ") + method, std::string("42 ") + replaced));
    EXPECT_EQ(Extracted(after, Transport::kTcp).count(), 0u);
    std::string answer = response("SIP/2.0  405 Method Not Allowed", std::string("42 ") + replaced);
    ASSERT_EQ(Extracted(answer, Transport::kTcp).events.responses().size(), 1u);
    ASSERT_TRUE(restate(603, as_mutable(answer)));
    EXPECT_EQ(answer, response("SIP/2.0  603 Decline           ", std::string("42 ") + method));
  }
}

TEST(SipInPlace, WhatIsThereOfATooLongMessageIsVoided) {
  TestRequest request;
  request.method = "MESSAGE";
  request.cseq = "CSeq: 3 MESSAGE";
  request.length = "Content-Length: 70000";
  request.body = "WIN";
  std::string after = text_of(request);
  ASSERT_TRUE(neutralise({}, as_mutable(after), {}));
  EXPECT_EQ(after, with(with(with(text_of(request), "MESSAGE sip:", "XESSAGE sip:"), "3 MESSAGE", "3 XESSAGE"), "WIN", "   "));
}

TEST(SipInPlace, AMessageLosesItsTextAsWell) {
  const std::string before = message_of("WIN a prize");
  std::string after = before;
  ASSERT_TRUE(neutralise({}, as_mutable(after), {}));
  EXPECT_EQ(after, with(with(with(before, "MESSAGE sip:", "XESSAGE sip:"), "CSeq: 3 MESSAGE", "CSeq: 3 XESSAGE"), "WIN a prize", std::string(11, ' ')));
}

// RFC 3261, 8.1.1.5: receivers refuse what names two methods.
TEST(SipInPlace, WhenTheMethodHasLeftCSeqNamesAnother) {
  const std::string before = text_of({});
  const std::size_t cseq = before.find("42 INVITE") + 3;
  for (std::size_t left : {std::size_t{1}, std::size_t{40}, cseq}) {
    std::string after = before;
    ASSERT_TRUE(neutralise({}, as_mutable(after), {.mutable_from = left}));
    EXPECT_EQ(after, with(before, "42 INVITE", "42 XNVITE")) << left;
  }
}

TEST(SipInPlace, WhenCSeqHasLeftTooWhatFollowsIsNoField) {
  TestRequest request;
  request.cseq = "";
  request.via += "\r\nCSeq: 42 INVITE\r\nContact: <sip:a@b>";
  request.more = {"Max-Forwards: 70", "P-Asserted-Identity: <sip:+8610086@a>,\r\n <sip:1@a>"};
  const std::string before = text_of(request);
  const std::size_t left = before.find("+8610086@access");
  std::string after = before;
  ASSERT_TRUE(neutralise({}, as_mutable(after), {.mutable_from = left}));
  const std::string expected = before.substr(0, left) + std::string(before.find("\r\nTo:") - left, '<') + "\r\n" +
                               std::string(request.to.size(), '<') + "\r\n" + request.call_id + "\r\n" + std::string(16, '<') + "\r\n" +
                               std::string(38, '<') + "\r\n" + std::string(10, '<') + "\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(after, expected);
  EXPECT_EQ(Extracted(after, Transport::kTcp).count(), 1u) << "its receiver can read it to its end";
}

// Some of it was refused before: by its method, or by CSeq alone.
TEST(SipInPlace, OfWhatIsRefusedAlreadyOnlyCSeqIsStillChanged) {
  const std::string before = text_of({});
  const std::string by_method = with(before, "INVITE sip:", "XNVITE sip:"), by_cseq = with(before, "42 INVITE", "42 XNVITE");
  for (const std::size_t left : {std::size_t{0}, before.find("From")}) {
    std::string after = by_method;
    ASSERT_TRUE(neutralise({}, as_mutable(after), {.mutable_from = left}));
    EXPECT_EQ(after, with(by_method, "42 INVITE", "42 XNVITE")) << left;
  }
  std::string after = by_cseq;
  ASSERT_TRUE(neutralise({}, as_mutable(after), {.mutable_from = before.find("From")}));
  EXPECT_EQ(after, by_cseq);
}

TEST(SipInPlace, TheTextThatIsStillHereIsVoided) {
  const std::string before = message_of("WIN a prize");
  std::string after = before;
  ASSERT_TRUE(neutralise({}, as_mutable(after), {.mutable_from = before.size() - 7}));
  EXPECT_EQ(after, with(before, "WIN a prize", "WIN        "));
}

TEST(SipInPlace, NothingIsDoneWhenAllHasLeftOrAnotherMethodStandsThere) {
  for (std::string text : {text_of({}), message_of("WIN")}) {
    const std::string before = text;
    const bool has_text = text.starts_with("MESSAGE");
    for (std::size_t left : {text.size() - (has_text ? 0 : 2), text.size()}) EXPECT_FALSE(neutralise({}, as_mutable(text), {.mutable_from = left}));
    EXPECT_EQ(text, before);
  }
  for (std::string_view method : {"REGISTER", "XNVITES", "invites"}) {
    TestRequest request;
    request.method = method;
    std::string text = text_of(request);
    EXPECT_FALSE(neutralise({}, as_mutable(text), {})) << method;
    EXPECT_EQ(text, text_of(request));
  }
}

TEST(SipInPlace, ACSeqOfAnotherMethodOrNoneStays) {
  for (std::string_view cseq : {"CSeq: 42 BYE", "CSeq: 42", ""}) {
    TestRequest request;
    request.cseq = cseq;
    std::string after = text_of(request);
    ASSERT_TRUE(neutralise({}, as_mutable(after), {})) << cseq;
    EXPECT_EQ(after, with(text_of(request), "INVITE sip:", "XNVITE sip:"));
  }
}

TEST(SipInPlace, TheResponseSaysTheCodeAndTheMethodAskedWith) {
  std::string text = response("SIP/2.0 405 Method Not Allowed", "42 XNVITE");
  ASSERT_TRUE(restate(603, as_mutable(text)));
  EXPECT_EQ(text, response("SIP/2.0 603 Decline           ", "42 INVITE"));
  text = response("SIP/2.0 501 No", "3 XESSAGE");
  ASSERT_TRUE(restate(608, as_mutable(text)));
  EXPECT_EQ(text, response("SIP/2.0 608 Re", "3 MESSAGE"));
  text = response("SIP/2.0 501", "3 XESSAGE");
  ASSERT_TRUE(restate(403, as_mutable(text)));
  EXPECT_EQ(text, response("SIP/2.0 403", "3 MESSAGE"));
}

TEST(SipInPlace, OnlyFinalResponsesToWhatWasRefusedAreWaitedFor) {
  const auto responses = [](const std::string& text) { return Extracted(text, Transport::kTcp).events.responses().size(); };
  EXPECT_EQ(responses(response("SIP/2.0 405 Method Not Allowed", "42 XNVITE")), 1u);
  EXPECT_EQ(responses(response("SIP/2.0 100 Trying", "42 XNVITE")), 0u);
  EXPECT_EQ(responses(response("SIP/2.0 200 OK", "42 INVITE")), 0u);
  EXPECT_EQ(responses(response("SIP/2.0 405 Method Not Allowed", "42 XYZ")), 0u);
}

TEST(SipInPlace, RequestAndResponseHaveTheSameNumberAndOthersDoNot) {
  const auto number_of = [](const std::string& text) {
    const Extracted got(text, Transport::kTcp);
    return got.count() != 0 ? got.event().session_number : got.events.responses()[0].session_number;
  };
  const std::uint32_t asked = number_of(text_of({}));
  EXPECT_EQ(number_of(response("SIP/2.0 405 No", "42 XNVITE")), asked);
  EXPECT_NE(number_of(response("SIP/2.0 405 No", "43 XNVITE")), asked);
  EXPECT_NE(number_of(response("SIP/2.0 405 No", "42 XNVITE", "8@192.0.2.1")), asked);
}

}  // namespace
}  // namespace telefence::sip
