// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocols/protocol.h"
#include "sip_text.h"
#include "support/every_cut.h"

namespace telefence::sip {
namespace {

using Strings = std::vector<std::string>;
using testing::bytes_of;
using testing::Sample;

bool is_recognised(std::string_view text, Transport transport = Transport::kUdp) {
  const auto bytes = bytes_of(text);
  return kProtocol.recognise({bytes, transport, 1234, 4321});
}

TEST(Sip, InviteIsACall) {
  const Extracted got(text_of({}));
  ASSERT_EQ(got.step.progress, Progress::kDone);
  EXPECT_EQ(got.step.consumed, got.bytes.size());
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.call().calling, "+8610086");
  EXPECT_EQ(got.call().called, "+8613800138000");
  EXPECT_EQ(got.call().call_id, "7@192.0.2.1");
  EXPECT_TRUE(got.call().calling_also.empty());
  EXPECT_TRUE(got.call().called_also.empty());
  EXPECT_FALSE(got.call().within_dialog);
  EXPECT_EQ(got.event().message.offset, 0u);
  EXPECT_EQ(got.event().message.length, got.bytes.size());
}

TEST(Sip, MessageIsAShortMessageOverSip) {
  const Extracted got(message_of("\xe6\x82\xa8\xe5\xa5\xbd"));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_TRUE(got.sms().over_sip);
  EXPECT_EQ(got.sms().calling, "+8610086");
  EXPECT_EQ(strings(got.sms().called), Strings{"+8613800138000"});
  EXPECT_EQ(as_text(got.sms().body), "\xe6\x82\xa8\xe5\xa5\xbd");
  EXPECT_EQ(got.sms().coding, TextCoding::kUtf8);
}

TEST(Sip, TheTypeOfTheBodyTellsItsCoding) {
  const std::pair<const char*, TextCoding> kTable[] = {
      {"text/plain", TextCoding::kUtf8},
      {"Text/HTML; charset=UTF-8", TextCoding::kUtf8},
      {"text/plain;format=flowed;charset=\"GBK\"", TextCoding::kGb18030},
      {"text/plain; charset = gb18030", TextCoding::kGb18030},
      {"text/plain;charset=ISO-8859-1", TextCoding::kLatin1},
      {"application/vnd.3gpp.sms", TextCoding::kBinary},
      {"message/cpim", TextCoding::kBinary},
  };
  for (const auto& [type, coding] : kTable) EXPECT_EQ(Extracted(message_of("x", type)).sms().coding, coding) << type;
}

TEST(Sip, OtherRequestsAndResponsesAreDoneWithoutEvent) {
  for (const char* method : {"ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INVITER", "invites"}) {
    TestRequest request;
    request.method = method;
    const Extracted got(text_of(request));
    EXPECT_EQ(got.step.progress, Progress::kDone) << method;
    EXPECT_EQ(got.count(), 0u) << method;
  }
  const Extracted response("SIP/2.0 200 OK\r\nFrom: <sip:1@a>\r\nCSeq: 1 INVITE\r\n\r\n");
  EXPECT_EQ(response.step.progress, Progress::kDone);
  EXPECT_EQ(response.count(), 0u);
}

// To mostly repeats the Request-URI, which is seen without reading it; whom it names else is a further name.
TEST(Sip, ToNamesAnotherOnlyWhereItDoes) {
  struct One {
    std::string uri, to;
    Strings also;
  };
  const One all[] = {
      {"sip:+861@a", "<sip:+861@b;user=phone>;tag=x", {}},
      {"sip:+861@a", "<sip:+8612@a>", {"+8612"}},
      {"sip:+861@a", "<sip:+86@a>", {"+86"}},
      {"sip:+861@a", "<sip:+861:secret@a>", {}},
      {"sip:+861@a", "<SIP:+861@a>", {}},
      {"sip:+861@a", "\"+861@a\" <sip:9@a>", {"9"}},
      {"sip:+861@a", "sip:+861@a", {}},
      {"sip:+861@a", "sip:2@a", {"2"}},
      {"sip:+861@a", "<sip:+861@", {}},
      {"sip:alice@a", "<sip:alice@a>", {}},
      {"sip:ali>ce@a", "<sip:ali>ce@a>", {}},
      {"sip:+861;ext=5@a", "<sip:+861;ext=6@a>", {}},
      {"sip:%2B861@a", "<sip:%2B861@a>", {}},
      {"tel:+861", "<tel:+861>", {}},
      {"tel:+861", "<tel:+862>", {"+862"}},
      {"sip:a", "<sip:a>", {}},
      {"sip:@a", "<sip:@a>", {}},
      {"sip:110@a", "<sip:1100@a>", {"1100"}},
  };
  for (const One& one : all) {
    TestRequest request;
    request.uri = one.uri;
    request.to = "To: " + one.to;
    const Extracted got(text_of(request));
    ASSERT_EQ(got.count(), 1u) << one.uri;
    EXPECT_EQ(strings(got.call().called_also), one.also) << one.uri << " " << one.to;
  }
}

TEST(Sip, ToAndAssertedIdentitiesAreFurtherNames) {
  TestRequest request;
  request.to = "To: <tel:13900139000>";
  request.more = {"P-Asserted-Identity: \"x\" <sip:+8610@a>, <tel:+8611>", "p-asserted-identity: <sip:%2B8612@a>",
                  "P-Asserted-Identity: <sip:a.example>"};
  const Extracted got(text_of(request));
  EXPECT_EQ(strings(got.call().called_also), Strings{"13900139000"});
  EXPECT_EQ(strings(got.call().calling_also), (Strings{"+8610", "+8611", "+8612"}));
}

TEST(Sip, TelUrisAndEscapedPlusSignsAreNumbers) {
  TestRequest request;
  request.uri = "tel:+86-138-0013-8000;phone-context=example";
  request.from = "From: <sip:%2B8610086:pin@a.example;user=phone>;tag=1";
  const Extracted got(text_of(request));
  EXPECT_EQ(got.call().called, "+86-138-0013-8000");
  EXPECT_EQ(got.call().calling, "+8610086");
}

TEST(Sip, CompactFormsFoldedLinesAndAnyCaseAreRead) {
  TestRequest request;
  request.via = "v: SIP/2.0/UDP 192.0.2.1";
  request.from = "f\t:\r\n <sip:1@a>\r\n\t;tag=x";
  request.to = "T : <sip:2@b>;tag=y";
  request.call_id = "i: call";
  request.cseq = "cSEQ: 7 INVITE";
  request.length = "l: 0";
  const Extracted got(text_of(request));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.call().calling, "1");
  EXPECT_EQ(strings(got.call().called_also), Strings{"2"});
  EXPECT_EQ(got.call().call_id, "call");
  EXPECT_TRUE(got.call().within_dialog);
}

TEST(Sip, AFieldIsKnownByItsWholeName) {
  TestRequest request;
  request.via = "Fromage: <sip:9@a>\r\nFROM2: <sip:9@a>\r\nFr: <sip:9@a>\r\nTom: <sip:9@a>\r\nT-o: <sip:9@a>\r\nCall-IDs: 9\r\n"
                "Content-Lengthy: 9\r\nContact: <sip:9@a>\r\nP-Early-Media: supported\r\nIs: 9\r\nfrom\r\nVia: SIP/2.0/UDP 192.0.2.1";
  request.from = "From \t: <sip:1@a>";
  request.to = "\rTo: <sip:2@b>";  // a blank before the name
  request.call_id = "CALL-id:call";
  request.length = "P-ASSERTED-identity : <sip:3@c>\r\nContent-Length\t:0";
  const Extracted got(text_of(request));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.call().calling, "1");
  EXPECT_EQ(strings(got.call().called_also), Strings{"2"});
  EXPECT_EQ(strings(got.call().calling_also), Strings{"3"});
  EXPECT_EQ(got.call().call_id, "call");
}

// Receivers differ in which they believe.
TEST(Sip, EachOfSeveralPartiesIsJudged) {
  TestRequest request;
  request.from = "From:\r\nf: <sip:1@a>\r\nFrom: <sip:9@a>";
  request.to = "t: <sip:2@b>;tag=x\r\nTo: <sip:3@b>";
  const Extracted got(text_of(request));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.call().calling, "1");
  EXPECT_EQ(strings(got.call().calling_also), (Strings{"1", "9"}));
  EXPECT_EQ(got.call().only_claimed, 2);
  EXPECT_EQ(strings(got.call().called_also), (Strings{"2", "3"}));
}

TEST(Sip, WhatTheCallerClaimsBesideFromIsJudgedToo) {
  for (const char* name : {"P-Preferred-Identity", "p-preferred-identity", "Remote-Party-ID", "REMOTE-PARTY-ID"}) {
    TestRequest request;
    request.from = "From: <sip:1@a>;tag=1";
    request.more = {std::string(name) + ": \"x\" <sip:+8610@a>;party=calling", "P-Asserted-Identity: <sip:5@a>", "Record-Route: <sip:7@a>"};
    const Extracted got(text_of(request));
    EXPECT_EQ(strings(got.call().calling_also), (Strings{"5", "1", "+8610"})) << name;
    EXPECT_EQ(got.call().only_claimed, 2);
  }
}

TEST(Sip, ManyAssertedIdentitiesAreRead) {
  TestRequest lines, list;
  list.more = {"P-Asserted-Identity: <sip:0@a>"};
  for (int i = 0; i < 9; ++i) lines.more.push_back("P-Asserted-Identity: <sip:" + std::to_string(i) + "@a>");
  for (int i = 1; i < 9; ++i) list.more[0] += ", <sip:" + std::to_string(i) + "@a>";
  const Extracted got(text_of(lines));
  ASSERT_EQ(got.call().calling_also.size(), 10u);
  EXPECT_EQ(got.call().calling_also[8], "8");
  EXPECT_EQ(got.call().only_claimed, 1);
  EXPECT_EQ(Extracted(text_of(list)).call().calling_also.size(), 9u);
}

TEST(Sip, ATextTypeAmongSeveralIsTheType) {
  TestRequest request;
  request.method = "MESSAGE";
  request.more = {"c: application/x", "Content-Type: text/plain"};
  request.body = "hello";
  EXPECT_EQ(Extracted(text_of(request)).sms().coding, TextCoding::kUtf8);
}

TEST(Sip, ABlankInFrontOfTheFirstLineContinuesNothing) {
  TestRequest request;
  request.via = " f: <sip:1@a>\r\n\t;tag=x";
  const Extracted got(text_of(request));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.call().calling, "1");
}

TEST(Sip, TheUserOfAnyUriIsFound) {
  const std::pair<const char*, const char*> kTable[] = {
      {"<sip:+8610086@a>", "+8610086"},
      {"sip:10086@a;tag=1", "10086"},
      {"\"<sip:9@a>, 1\" <SIP:1@host.example.org>;tag=1", "1"},
      {"Bank <sip:12345678901234@access.example>", "12345678901234"},
      {"<sip:123456789012345@access.example>", "123456789012345"},
      {"<sip:1234567890123456@access.example>", "1234567890123456"},
      {"<sip:+123456789012345678901@access.example>", "+123456789012345678901"},
      {"<sip:123;phone-context=+86@access.example>", "123"},
      {"<sip:1;2@access.example>", "1"},
      {"<sip:123:secret@access.example>", "123"},
      {"<sip:123%34@access.example>", "1234"},
      {"<sip:1+2@access.example>", "1+2"},
      {"<sip:alice@access.example>", "alice"},
      {"<sip:@access.example>", ""},
      {"<sip:1234567890>;x=a@b", ""},
      {"<sips:123@access.example>", "123"},
      {"<tel:123@access.example>", "123@access.example"},
      {"<sip:1", ""},
  };
  for (const auto& [address, user] : kTable) {
    TestRequest request;
    request.from = "From: " + std::string(address);
    const Extracted got(text_of(request));
    ASSERT_EQ(got.count(), 1u) << address;
    EXPECT_EQ(got.call().calling, user) << address;
  }
}

TEST(Sip, LineFeedsAloneAreTaken) {
  TestRequest request;
  request.line_end = "\n";
  const Extracted got(text_of(request));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.call().calling, "+8610086");
}

TEST(Sip, ADatagramWithoutEmptyLineIsReadToItsEnd) {
  std::string text = text_of({});
  text.resize(text.find("\r\nContent-Length"));
  EXPECT_EQ(Extracted(text).count(), 1u);
}

TEST(Sip, TheTextOfADatagramIsReadToItsEnd) {
  for (const char* length : {"Content-Length: 0", "Content-Length: 3", "Content-Length: 5\r\nl: 0", "Content-Length: 999", ""}) {
    TestRequest request;
    request.method = "MESSAGE";
    request.length = length;
    request.body = "hello";
    const Extracted got(text_of(request));
    ASSERT_EQ(got.count(), 1u) << length;
    EXPECT_EQ(as_text(got.sms().body), "hello") << length;
    EXPECT_EQ(got.step.progress, Progress::kDone);
  }
}

TEST(Sip, ADatagramCutShortGivesWhatItHas) {
  std::string text = message_of("hello world");
  text.resize(text.size() - 6);
  EXPECT_EQ(as_text(Extracted(text).sms().body), "hello");
}

TEST(Sip, LineEndsBeforeTheStartLineAreSkipped) {
  const Extracted got("\r\n\r\n" + text_of({}));
  ASSERT_EQ(got.count(), 1u);
  EXPECT_EQ(got.event().message.offset, 4u);
}

TEST(Sip, KeepAlivesAndOtherProtocolsAreNotMine) {
  for (const char* text : {"\r\n\r\n", "", "x", "GET / HTTP/1.1\r\n\r\n", "INVITE sip:a@b HTTP/1.1\r\n",
                           "INVITE sip:a@b x SIP/2.0\r\n", "INVITE\vsip:a@b SIP/2.0\r\n", "INVITE  SIP/2.0\r\n", "SIP/2.0 abc OK\r\n", "SIP/2.0 200"}) {
    EXPECT_EQ(Extracted(text).step.progress, Progress::kNotMine) << text;
    EXPECT_FALSE(is_recognised(text)) << text;
  }
}

TEST(Sip, IsRecognisedByItsStartLineOnAnyPort) {
  EXPECT_TRUE(is_recognised(text_of({})));
  EXPECT_TRUE(is_recognised(text_of({}), Transport::kTcp));
  EXPECT_TRUE(is_recognised("\r\nOPTIONS sip:a.example sip/2.0\n\n"));
  EXPECT_TRUE(is_recognised("SIP/2.0 180 Ringing\r\n\r\n"));
}

// As receivers take them.
TEST(Sip, StartLinesOfAnyCaseAndWithMoreBlanksAreRead) {
  const std::string rest = text_of({}).substr(text_of({}).find("\r\n"));
  for (const char* line : {"invite sip:1@a SIP/2.0", "Invite sip:1@a sip/2.0", "INVITE  sip:1@a SIP/2.0", "INVITE sip:1@a  SIP/2.0", "INVITE\tsip:1@a SIP/2.0",
                           "INVITE sip:1@a\tSIP/2.0", "INVITE sip:1@a SIP/2.0 ", "INVITE sip:1@a SIP/2.0\t ", " INVITE sip:1@a SIP/2.0", "\t\r\n INVITE sip:1@a SIP/2.0"})
    for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
      const Extracted got(line + rest, transport);
      ASSERT_EQ(got.count(), 1u) << line;
      EXPECT_EQ(got.call().called, "1") << line;
      EXPECT_EQ(got.step.progress, Progress::kDone) << line;
      EXPECT_TRUE(is_recognised(line + rest)) << line;
    }
  EXPECT_EQ(Extracted("message sip:1@a SIP/2.0" + rest).sms().calling, "+8610086");
  EXPECT_TRUE(is_recognised("SIP/2.0  200 OK\r\n\r\n"));
}

TEST(Sip, ALongRequestUriIsRead) {
  TestRequest request;
  request.uri = "sip:1@a;x=" + std::string(5000, 'b');
  EXPECT_EQ(Extracted(text_of(request)).call().called, "1");
  request.uri += " ";
  EXPECT_EQ(Extracted(text_of(request)).call().called, "1");
}

TEST(Sip, ARequestWithoutAnyPartyIsMalformed) {
  EXPECT_EQ(Extracted("INVITE sip:1@a SIP/2.0\r\nVia: x\r\n\r\n").step.progress, Progress::kMalformed);
}

TEST(Sip, OverTcpAWholeMessageGivesItsEvent) {
  const Extracted got(message_of("hi") + "\r\n\r\n" + text_of({}), Transport::kTcp);
  EXPECT_EQ(got.step.progress, Progress::kDone);
  EXPECT_EQ(got.step.consumed, got.bytes.size());
  ASSERT_EQ(got.count(), 2u);
  EXPECT_EQ(as_text(got.sms(0).body), "hi");
  EXPECT_EQ(got.call(1).calling, "+8610086");
}

TEST(Sip, OverTcpABodyThatGoesOnNeedsMore) {
  const std::string first = text_of({});
  const std::string second = message_of("hello");
  const Extracted got((first + second).substr(0, first.size() + second.size() - 2), Transport::kTcp);
  EXPECT_EQ(got.step.progress, Progress::kNeedMore);
  EXPECT_EQ(got.step.consumed, first.size());
  EXPECT_EQ(got.step.need, second.size());
  EXPECT_EQ(got.count(), 1u);
}

TEST(Sip, OverTcpAHeaderThatGoesOnNeedsMore) {
  for (std::size_t size : {12u, 40u, 100u}) {
    const Extracted got(text_of({}).substr(0, size), Transport::kTcp);
    EXPECT_EQ(got.step.progress, Progress::kNeedMore) << size;
    EXPECT_EQ(got.step.need, 0u) << size;
    EXPECT_EQ(got.count(), 0u) << size;
  }
}

// Taken for something else, it would leave, and the rest of its message be none.
TEST(Sip, OverTcpTheFirstBytesOfAMethodAloneNeedMore) {
  for (const std::string& text : {text_of({}), message_of("hello")})
    for (std::size_t size = 1; size < 12; ++size)
      EXPECT_EQ(Extracted(text.substr(0, size), Transport::kTcp).step.progress, Progress::kNeedMore) << text.substr(0, size);
  EXPECT_EQ(Extracted("invi", Transport::kTcp).step.progress, Progress::kNeedMore);
  EXPECT_EQ(Extracted("OPTIONS  sip:a", Transport::kTcp).step.progress, Progress::kNeedMore);
  for (const char* other : {"G", "GE", "INVITES", "IX", "\x16"})
    EXPECT_EQ(Extracted(other, Transport::kTcp).step.progress, Progress::kNotMine) << other;
}

TEST(Sip, OverTcpAMessageWithoutContentLengthHasNoBody) {
  TestRequest request;
  request.length = "";
  const Extracted got(text_of(request) + message_of("hi"), Transport::kTcp);
  EXPECT_EQ(got.step.progress, Progress::kDone);
  EXPECT_EQ(got.count(), 2u);
}

TEST(Sip, OverTcpAContentLengthThatIsNoNumberIsNone) {
  TestRequest request;
  request.length = "Content-Length: x";
  const Extracted got(text_of(request) + text_of({}), Transport::kTcp);
  EXPECT_EQ(got.step.progress, Progress::kDone);
  EXPECT_EQ(got.count(), 2u);
}

TEST(Sip, OverTcpAMessageTooLongToWaitForIsJudgedAsFarAsItIsThere) {
  for (const char* length : {"Content-Length: 70000", "Content-Length: 99999999999999999999"}) {
    TestRequest request;
    request.length = length;
    const Extracted got(text_of(request) + "v=0", Transport::kTcp);
    EXPECT_EQ(got.step.progress, Progress::kNeedMore) << length;
    EXPECT_GT(got.step.need, 64u * 1024) << length;
    ASSERT_EQ(got.count(), 1u) << length;
    EXPECT_EQ(got.event().message.length, got.bytes.size()) << length;
  }
}

// What extract() says of the middle of a stream, and of where a message must begin.
struct InStream {
  InStream(std::string_view content, Payload::Begins begins) : bytes(content.begin(), content.end()) {
    events.begin_frame(0, 4);
    step = kProtocol.extract({bytes, Transport::kTcp, 5060, 5060, begins}, events);
  }
  std::size_t count() const { return events.events().size(); }
  std::vector<std::uint8_t> bytes;
  EventList events;
  Step step;
};

TEST(Sip, OverTcpOfTwoLengthsTheOneCountsBehindWhichAMessageBegins) {
  const std::string call = text_of({});
  const std::string size = std::to_string(call.size());
  for (const std::string& length : {"Content-Length: 0\r\nContent-Length: " + size, "Content-Length: " + size + "\r\nl: 0"}) {
    TestRequest options;
    options.method = "OPTIONS";
    options.length = length;
    const Extracted got(text_of(options) + call, Transport::kTcp);
    EXPECT_EQ(got.step.progress, Progress::kDone);
    EXPECT_EQ(got.count(), 1u) << length;
  }
  TestRequest message;
  message.method = "MESSAGE";
  message.length = "Content-Length: 5\r\nContent-Length: 0";
  message.body = "hello";
  EXPECT_EQ(as_text(Extracted(text_of(message), Transport::kTcp).sms().body), "hello");
  message.body = "hel";
  EXPECT_EQ(Extracted(text_of(message), Transport::kTcp).step.progress, Progress::kNeedMore);
  message.method = "INVITE";
  message.body = "";
  EXPECT_EQ(Extracted(text_of(message), Transport::kTcp).count(), 1u);
}

TEST(Sip, InAStreamAMessageOfAnUnknownKindIsPassedOver) {
  for (const std::string& other : {std::string(40, 'X') + " sip:a@x SIP/2.0\r\nContent-Length: 5\r\n\r\n12345", std::string("hello\r\n\r\n")}) {
    const InStream got(text_of({}) + other + text_of({}), Payload::Begins::kMessage);
    EXPECT_EQ(got.step.progress, Progress::kDone) << other;
    EXPECT_EQ(got.count(), 2u) << other;
    EXPECT_EQ(InStream(other + text_of({}), Payload::Begins::kMessage).count(), 1u) << other;
  }
  EXPECT_EQ(InStream("hello\r\n" + text_of({}), Payload::Begins::kMessage).count(), 1u) << "a message is not taken for its header section";
  EXPECT_EQ(InStream("hello", Payload::Begins::kMessage).step.progress, Progress::kNotMine);
  EXPECT_EQ(InStream("PING sip", Payload::Begins::kMessage).step.progress, Progress::kNeedMore) << "a method of its own";
  EXPECT_EQ(InStream("PING " + std::string(5000, 'x'), Payload::Begins::kMessage).step.progress, Progress::kNotMine) << "no header section is so long";
}

TEST(Sip, AMessageBehindTheRestOfAnotherIsRead) {
  for (const Payload::Begins begins : {Payload::Begins::kAnywhere, Payload::Begins::kPacket}) {
    const std::string tail = text_of({}).substr(30);
    const InStream got(tail + text_of({}), begins);
    EXPECT_EQ(got.step.progress, Progress::kDone);
    ASSERT_EQ(got.count(), 1u);
    EXPECT_EQ(got.events.events()[0].message.offset, tail.size());
    const std::string cut = (tail + text_of({})).substr(0, tail.size() + 100);
    EXPECT_EQ(InStream(cut, begins).step.progress, Progress::kNeedMore);
    EXPECT_EQ(InStream(cut, begins).step.consumed, tail.size());
    EXPECT_EQ(InStream(tail, begins).step.progress, Progress::kNotMine);
    EXPECT_TRUE(kProtocol.recognise({got.bytes, Transport::kTcp, 40000, 5060, begins}));
    EXPECT_FALSE(kProtocol.recognise({got.bytes, Transport::kTcp, 40000, 5070, begins}));
  }
}

TEST(Sip, OverTcpRubbishTakesNothingFromTheMessageBeforeIt) {
  const Extracted got(text_of({}) + "rubbish\r\n", Transport::kTcp);
  EXPECT_EQ(got.step.progress, Progress::kNeedMore);
  EXPECT_EQ(got.step.need, 0u);
  EXPECT_EQ(got.count(), 1u);
}

std::vector<Sample> samples() {
  TestRequest rich;
  rich.to = "t: \"A, \\\"B\\\"\" <tel:+8613900139000>;tag=9";
  rich.from = "f:\r\n \"Bank\" <sip:%2B8610086:pin@a>;tag=1";
  rich.more = {"P-Asserted-Identity: <sip:+1@a>, <tel:+2>", "v: SIP/2.0/UDP 192.0.2.9"};
  const std::string message = message_of("hello", "text/plain;charset=\"gbk\"");
  return {
      {.name = "INVITE", .bytes = bytes_of(text_of(rich)), .transport = Transport::kUdp, .destination_port = 5060},
      {.name = "MESSAGE", .bytes = bytes_of("\r\n" + message), .transport = Transport::kUdp, .destination_port = 5060},
      {.name = "two over TCP", .bytes = bytes_of(message + text_of({})), .destination_port = 5060},
  };
}

TEST(SipEveryCut, KeepsItsPromises) {
  for (const Sample& sample : samples()) testing::expect_promises_at_every_cut(kProtocol, sample);
}

}  // namespace
}  // namespace telefence::sip
