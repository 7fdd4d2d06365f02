// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "pdu_builder.h"
#include "protocols/protocol.h"
#include "support/every_cut.h"

namespace telefence::smpp {
extern const Protocol kProtocol;

namespace {

using testing::bytes_of_hex;
using testing::Sample;

constexpr std::uint16_t kMessagePayload = 0x0424;

// What extract() says of one segment.
struct Extracted {
  explicit Extracted(Octets octets, Transport transport = Transport::kTcp) : bytes(std::move(octets)) {
    events.begin_frame(3, 1);
    step = kProtocol.extract({bytes, transport, 40000, 2775}, events);
  }
  const Sms& sms(std::size_t index = 0) const { return std::get<Sms>(events.events()[index].what); }
  std::string body(std::size_t index = 0) const { return std::string(as_text(sms(index).body)); }

  Octets bytes;
  EventList events;
  Step step;
};

std::vector<std::string> strings(Texts texts) { return {texts.begin(), texts.end()}; }
using Strings = std::vector<std::string>;

// A submit_sm written down octet by octet: SMPP 3.4, 4.4.1.
const char* const kWrittenSubmit =
    "0000003f 00000004 00000000 00000007"
    "00 05 01 3130303836 00 01 01 3836313338303031333830303000"
    "00 00 00 00 00 01 00 00 00 0c 68656c6c6f20776f726c6421";

TEST(Smpp, SubmitSmGivesSenderRecipientAndText) {
  const Extracted got(bytes_of_hex(kWrittenSubmit));
  ASSERT_EQ(got.step.progress, Progress::kDone);
  EXPECT_EQ(got.step.consumed, 63u);
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.sms().calling, "10086");
  EXPECT_EQ(strings(got.sms().called), Strings{"8613800138000"});
  EXPECT_EQ(got.body(), "hello world!");
  EXPECT_EQ(got.sms().coding, TextCoding::kGsm7);
  EXPECT_FALSE(got.sms().over_sip);
  const Event& event = got.events.events()[0];
  EXPECT_EQ(event.session_number, 7u);
  EXPECT_EQ(event.message.offset, 0u);
  EXPECT_EQ(event.message.length, 63u);
}

TEST(Smpp, AllFourRequestsAreRead) {
  for (std::uint32_t command : {kSubmitSm, kDeliverSm, kSubmitMulti}) {
    const Extracted got(pdu({.command = command}));
    ASSERT_EQ(got.events.events().size(), 1u) << command;
    EXPECT_EQ(got.body(), "hello") << command;
    EXPECT_EQ(got.sms().calling, "10690001") << command;
  }
  const Extracted data(pdu({.command = kDataSm, .optional_parameters = optional_parameter(kMessagePayload, "hi")}));
  ASSERT_EQ(data.events.events().size(), 1u);
  EXPECT_EQ(data.body(), "hi");
}

// The text that a message gets later is as good as the first; of its coding nothing is said.
TEST(Smpp, AReplacementIsRead) {
  const auto octets_of_hex = [](const char* hex) {
    const Octets octets = bytes_of_hex(hex);
    return std::string(octets.begin(), octets.end());
  };
  const std::pair<std::string, TextCoding> kTexts[] = {
      {"hello, call back", TextCoding::kGsm7},
      {octets_of_hex("60a8 7684 5feb 9012 3002 002c 0061"), TextCoding::kUcs2},
      {octets_of_hex("0068 0069 0020 0074 0068 0065 0072 0065"), TextCoding::kUcs2},
      {octets_of_hex("c4fa b5c4 bfec b5dd"), TextCoding::kGb18030},
      {"NNOO", TextCoding::kGsm7},
      {"", TextCoding::kGsm7},
  };
  for (const auto& [text, coding] : kTexts) {
    const Extracted got(replacement(text));
    EXPECT_EQ(got.step.progress, Progress::kDone);
    const bool has_other = text.size() >= 2 && text.size() % 2 == 0;  // pairs of octets may be meant as such, or not
    ASSERT_EQ(got.events.events().size(), has_other ? 2u : 1u) << text;
    if (has_other) {
      EXPECT_NE(got.sms(1).coding == TextCoding::kUcs2, coding == TextCoding::kUcs2) << text;
      EXPECT_EQ(got.body(1), text);
    }
    EXPECT_EQ(got.body(), text);
    EXPECT_EQ(got.sms().calling, "10690001");
    EXPECT_TRUE(got.sms().called.empty());
    EXPECT_EQ(got.sms().coding, coding) << text;
  }
  EXPECT_EQ(Extracted(replacement("", optional_parameter(kMessagePayload, "hi"))).body(), "hi");
}

TEST(Smpp, ManyPdusInASegmentEachGiveTheirEvent) {
  const Octets first = pdu({.sequence = 5, .text = "one"});
  const Octets enquire_link = pdu(0x15, 0, 6, {});
  const Extracted got(
      joined({first, enquire_link, pdu({.sequence = 7, .text = "two"}), pdu(0x80000004, 0, 9, {'a', 0})}));
  EXPECT_EQ(got.step.progress, Progress::kDone);
  ASSERT_EQ(got.events.events().size(), 2u);
  EXPECT_EQ(got.body(1), "two");
  EXPECT_EQ(got.events.events()[1].session_number, 7u);
  EXPECT_EQ(got.events.events()[1].message.offset, first.size() + enquire_link.size());
  EXPECT_EQ(got.events.responses().size(), 1u);
}

TEST(Smpp, ResponsesOfTheseRequestsArePushedAndNoOthers) {
  const Extracted got(joined({pdu(0x80000004, 0, 1, {'x', 0}), pdu(0x80000005, 0, 2, {0}), pdu(0x80000103, 0, 3, {0}),
                              pdu(0x80000021, 0, 4, {0, 0}), pdu(0x80000007, 0, 7, {}), pdu(0x80000015, 0, 5, {}), pdu(0x80000009, 0, 6, {0})}));
  EXPECT_EQ(got.step.progress, Progress::kDone);
  ASSERT_EQ(got.events.responses().size(), 5u);
  EXPECT_EQ(got.events.responses()[0].session_number, 1u);
  EXPECT_EQ(got.events.responses()[0].message.length, 18u);
  EXPECT_EQ(got.events.responses()[0].message.offset, 0u);
}

TEST(Smpp, ARequestIsPairedWithTheResponseOfItsOwnKindAlone) {
  const std::uint32_t kinds[] = {kSubmitSm, kDeliverSm, kDataSm, kSubmitMulti, kReplaceSm};
  for (const std::uint32_t asked : kinds) {
    Octets request = asked == kReplaceSm ? replacement("hi") : pdu({.command = asked});
    request[15] = 7;  // sequence_number
    const std::uint32_t number = Extracted(request).events.events()[0].session_number;
    for (const std::uint32_t answered : kinds) {
      const Extracted got(pdu(answered | kResponseBit, 0, 7, {'x', 0}));
      const bool never_meet = asked != answered && (asked == kDeliverSm || answered == kDeliverSm) && (asked == kReplaceSm || answered == kReplaceSm);
      EXPECT_EQ(got.events.responses()[0].session_number == number, asked == answered || never_meet) << asked << ' ' << answered;
    }
  }
}

TEST(Smpp, DeliveryReceiptsGiveNoEvent) {
  for (std::uint8_t esm_class : {std::uint8_t{0x04}, std::uint8_t{0x20}, std::uint8_t{0x44}}) {
    const Extracted got(pdu({.command = kDeliverSm, .esm_class = esm_class, .text = "id:1 stat:DELIVRD"}));
    EXPECT_EQ(got.step.progress, Progress::kDone);
    EXPECT_TRUE(got.events.events().empty()) << int{esm_class};
  }
}

TEST(Smpp, OnlyWhatIsWrittenLikeAReceiptIsOne) {
  const auto events = [](std::string_view text, std::string_view more = {}) {
    return Extracted(pdu({.command = kDeliverSm, .esm_class = 0x04, .text = std::string(text), .optional_parameters = std::string(more)}))
        .events.events()
        .size();
  };
  EXPECT_EQ(events("id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 text:hello, you th"), 0u);
  EXPECT_EQ(events("ID:a-b_c STAT:UNDELIV ERR:"), 0u);
  EXPECT_EQ(events(""), 0u);
  EXPECT_EQ(events("win a prize", optional_parameter(0x001e, "id1")), 0u) << "receipted_message_id";
  for (const char* text : {"win a prize", "id:1 win a prize stat:DELIVRD", "id:1 stat:DELIVRD win a prize", "id:1", "stat:DELIVRD",
                           "id:1 stat:http://win.example", "id:1 id:2 stat:x",
                           "id:1 stat:DELIVRD text:win a prize that is much longer than what a receipt ever quotes"})
    EXPECT_EQ(events(text), 1u) << text;
}

TEST(Smpp, AnAcknowledgementThatAPersonWroteIsRead) {
  for (std::uint8_t esm_class : {std::uint8_t{0x08}, std::uint8_t{0x10}})
    EXPECT_EQ(Extracted(pdu({.command = kDeliverSm, .esm_class = esm_class})).events.events().size(), 1u) << int{esm_class};
}

TEST(Smpp, TheSameEsmClassInASubmitIsNoReceipt) {
  EXPECT_EQ(Extracted(pdu({.esm_class = 0x04})).events.events().size(), 1u);
}

TEST(Smpp, MessagePayloadStandsInForAnEmptyShortMessage) {
  const Extracted got(pdu({.text = "", .optional_parameters = optional_parameter(kMessagePayload, "long text")}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.body(), "long text");
}

TEST(Smpp, BothTextsAreJudgedWhenBothAreFilled) {
  const Extracted got(pdu({.text = "bait", .optional_parameters = optional_parameter(kMessagePayload, "hook")}));
  ASSERT_EQ(got.events.events().size(), 2u);
  EXPECT_EQ(got.body(0), "bait");
  EXPECT_EQ(got.body(1), "hook");
  EXPECT_EQ(strings(got.sms(1).called), Strings{"8613800138000"});
}

TEST(Smpp, AMessageWithoutTextStillHasItsNumbers) {
  const Extracted got(pdu({.text = ""}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_TRUE(got.sms().body.empty());
  EXPECT_EQ(got.sms().calling, "10690001");
}

TEST(Smpp, UdhIsCutOffAndTellsThePart) {
  const Extracted got(pdu({.esm_class = 0x40, .text = std::string("\x05\x00\x03\x2a\x03\x02rest", 10)}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.body(), "rest");
  EXPECT_EQ(got.sms().part.reference, 0x2a);
  EXPECT_EQ(got.sms().part.total, 3);
  EXPECT_EQ(got.sms().part.number, 2);
}

TEST(Smpp, UdhOfAMessagePayloadIsCutOffToo) {
  const std::string payload = std::string("\x06\x08\x04\x12\x34\x02\x01rest", 11);
  const Extracted got(pdu(
      {.command = kDataSm, .esm_class = 0x40, .optional_parameters = optional_parameter(kMessagePayload, payload)}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.body(), "rest");
  EXPECT_EQ(got.sms().part.reference, 0x1234);
}

TEST(Smpp, SarParametersTellThePart) {
  const std::string sar =
      optional_parameter(0x020c, "\x12\x34") + optional_parameter(0x020e, "\x04") + optional_parameter(0x020f, "\x03");
  const Extracted got(pdu({.optional_parameters = sar}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.sms().part.reference, 0x1234);
  EXPECT_EQ(got.sms().part.total, 4);
  EXPECT_EQ(got.sms().part.number, 3);
}

TEST(Smpp, AUdhThatDoesNotFitIsReadAsText) {
  const Extracted got(pdu({.esm_class = 0x40, .text = "\x20short"}));
  EXPECT_EQ(got.step.progress, Progress::kDone);
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.body(), "\x20short");
  // It must not keep the rest of the message from being judged either.
  const std::string payload = std::string("\x05\x00\x03\x2a\x02\x01hook", 10);
  const Extracted both(pdu(
      {.esm_class = 0x40, .text = "\x05", .optional_parameters = optional_parameter(kMessagePayload, payload)}));
  ASSERT_EQ(both.events.events().size(), 2u);
  EXPECT_EQ(both.body(1), "hook");
}

TEST(Smpp, TheLastOfManyTextsIsReadToo) {
  std::string many;
  for (const char* text : {"one", "two", "three", "four", "hook"}) many += optional_parameter(kMessagePayload, text);
  const Extracted got(pdu({.command = kDataSm, .optional_parameters = many}));
  ASSERT_EQ(got.events.events().size(), 4u);
  EXPECT_EQ(got.body(0), "one");
  EXPECT_EQ(got.body(3), "hook");
}

TEST(Smpp, ALongTextBetweenManyOthersIsReadToo) {
  for (std::size_t hook = 0; hook < 9; ++hook) {
    std::string many;
    for (std::size_t i = 0; i < 9; ++i) many += optional_parameter(kMessagePayload, i == hook ? "a text with a hook in it" : "bait");
    const Extracted got(pdu({.command = kDataSm, .optional_parameters = many}));
    std::size_t found = 0;
    for (std::size_t i = 0; i < got.events.events().size(); ++i) found += got.body(i) == "a text with a hook in it" ? 1u : 0u;
    EXPECT_EQ(found, 1u) << hook;
  }
}

TEST(Smpp, TheTypeOfNumberIsToldForEachAddress) {
  Octets octets = pdu({});
  const auto ton = [&](std::size_t at, std::uint8_t value) { octets[at] = value; };
  ton(17, 1);  // behind the header and an empty service_type
  EXPECT_EQ(Extracted(octets).sms().calling_form, NumberForm::kInternational);
  ton(17, 0);
  ton(17 + 2 + 9, 0);
  const Extracted got(octets);
  EXPECT_EQ(got.sms().calling_form, NumberForm::kAsDialled);
  ASSERT_EQ(got.sms().called_forms.size(), 1u);
  EXPECT_EQ(got.sms().called_forms[0], NumberForm::kAsDialled);
  const Extracted multi(pdu({.command = kSubmitMulti, .destinations = {"8613800138000", "85251234567"}}));
  ASSERT_EQ(multi.sms().called_forms.size(), 2u);
  EXPECT_EQ(multi.sms().called_forms[1], NumberForm::kInternational);
}

// Who reads it must know that there are others.
TEST(Smpp, ADistributionListOfASubmitMultiIsARecipientWithoutANumber) {
  const Extracted got(
      pdu({.command = kSubmitMulti, .destinations = {"8613800138000", "8613900139000", "+10"}, .lists = {"friends"}}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(strings(got.sms().called), (Strings{"8613800138000", "8613900139000", "+10", ""}));
}

// Receivers take it for the name of a list.
TEST(Smpp, SubmitMultiWithAnUnknownDestinationFlagIsRead) {
  Octets octets = pdu({.command = kSubmitMulti, .destinations = {"10086", "10010"}});
  octets[16 + 1 + 2 + 9 + 1] = 3;  // behind service_type, TON, NPI, source and number_of_dests
  const Extracted got(octets);
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.body(), "hello");
  EXPECT_EQ(strings(got.sms().called), (Strings{"", "10010"}));
}

TEST(Smpp, ATextThatClaimsToBeLongerIsReadAsFarAsItIsThere) {
  Octets octets = pdu({});
  octets[octets.size() - 6] = 255;  // sm_length
  EXPECT_EQ(Extracted(octets).body(), "hello");
  std::string payload = optional_parameter(kMessagePayload, "hook");
  payload[3] = 9;
  EXPECT_EQ(Extracted(pdu({.text = "", .optional_parameters = payload})).body(), "hook");
}

TEST(Smpp, NoStringIsTooLong) {
  const std::string longer(300, '7');
  EXPECT_EQ(Extracted(pdu({.source = longer})).sms().calling, longer);
  EXPECT_EQ(strings(Extracted(pdu({.destinations = {longer}})).sms().called), Strings{longer});
  Octets octets = pdu({});
  octets.insert(octets.begin() + 16, 100, 'A');  // service_type
  octets[3] = static_cast<std::uint8_t>(octets.size());
  EXPECT_EQ(Extracted(octets).body(), "hello");
}

TEST(Smpp, DataCodingTellsTheAlphabet) {
  const std::pair<int, TextCoding> kTable[] = {
      {0, TextCoding::kGsm7},      {1, TextCoding::kAscii},   {2, TextCoding::kBinary},   {3, TextCoding::kLatin1},
      {4, TextCoding::kBinary},    {8, TextCoding::kUcs2},    {15, TextCoding::kGb18030}, {0x10, TextCoding::kGsm7},
      {0x18, TextCoding::kUcs2},   {0x1b, TextCoding::kUcs2}, {0xf0, TextCoding::kGsm7},  {0xf4, TextCoding::kBinary},
      {0xf5, TextCoding::kBinary}, {0xc0, TextCoding::kGsm7}, {0xe0, TextCoding::kUcs2},  {0x48, TextCoding::kUcs2},
      {0x58, TextCoding::kUcs2},   {0x44, TextCoding::kBinary}, {0x40, TextCoding::kGsm7},  {0x90, TextCoding::kLatin1}};
  for (const auto& [value, coding] : kTable) {
    const Extracted got(pdu({.data_coding = static_cast<std::uint8_t>(value)}));
    EXPECT_EQ(got.sms().coding, coding) << value;
  }
}

TEST(Smpp, ATailThatGoesOnElsewhereNeedsMore) {
  const Octets whole = pdu({.text = "one"});
  Octets cut = pdu({.text = "two"});
  const auto need = static_cast<std::uint32_t>(cut.size());
  cut.pop_back();
  const Extracted got(joined({whole, cut}));
  EXPECT_EQ(got.step.progress, Progress::kNeedMore);
  EXPECT_EQ(got.step.consumed, whole.size());
  EXPECT_EQ(got.step.need, need);
  EXPECT_EQ(got.events.events().size(), 1u);
}

TEST(Smpp, ATailWithoutItsLengthNeedsAnUnknownNumber) {
  const Extracted got(joined({pdu({}), {0x00, 0x00, 0x00}}));
  EXPECT_EQ(got.step.progress, Progress::kNeedMore);
  EXPECT_EQ(got.step.need, 0u);
}

TEST(Smpp, ASegmentThatBeginsInsideAPduNeedsMore) {
  const Octets whole = pdu({.text = "a text that was cut somewhere"});
  for (std::size_t at = 17; at + 16 < whole.size(); ++at) {
    const Extracted got({whole.begin() + static_cast<std::ptrdiff_t>(at), whole.end()});
    EXPECT_NE(got.step.progress, Progress::kDone);
    EXPECT_TRUE(got.events.events().empty());
  }
  EXPECT_EQ(Extracted(testing::bytes_of("that was cut somewhere")).step.progress, Progress::kNeedMore);
}

TEST(Smpp, WholePdusBehindTheRestOfAnotherAreRead) {
  const Octets tail = testing::bytes_of("the rest of a text");
  const Extracted one(joined({tail, pdu({.sequence = 7, .text = "one"})}));
  ASSERT_EQ(one.events.events().size(), 1u) << "one that ends where the segment ends";
  EXPECT_EQ(one.body(), "one");
  EXPECT_EQ(one.events.events()[0].message.offset, tail.size());
  EXPECT_EQ(one.step.progress, Progress::kNeedMore) << "the packet was not wholly read";
  Octets cut = pdu({.text = "cut"});
  cut.resize(20);
  const Extracted two(joined({tail, pdu({.text = "one"}), pdu(0x80000004, 0, 9, {'x', 0}), cut}));
  EXPECT_EQ(two.events.events().size(), 1u);
  EXPECT_EQ(two.events.responses().size(), 1u);
  EXPECT_EQ(two.step.progress, Progress::kNeedMore);
}

TEST(Smpp, ATextThatLooksLikeAHeaderIsNoPdu) {
  Octets fake;  // a length that leads nowhere
  put(fake, 24, 4), put(fake, 4, 4), put(fake, 0, 4), put(fake, 5, 4);
  const Octets rest = testing::bytes_of("some more text of the message");
  EXPECT_TRUE(Extracted(joined({testing::bytes_of("text"), fake, rest})).events.events().empty());
}

TEST(Smpp, LengthsOutsideReasonAreNoPdus) {
  for (const char* hex : {"0000000f 00000015 00000000 00000001", "00010001 00000015 00000000 00000001",
                          "00010000 00000015 00000000 00000001"}) {
    const Extracted got(bytes_of_hex(hex));
    EXPECT_EQ(got.step.progress, Progress::kNeedMore) << hex;
    EXPECT_EQ(got.step.consumed, 0u);
  }
}

TEST(Smpp, AnUnknownCommandIsSteppedOverAndHidesNothing) {
  const Octets unknown = pdu(0x77777777, 0, 1, {1, 2, 3});
  EXPECT_EQ(Extracted(unknown).step.progress, Progress::kDone);
  const Extracted got(joined({unknown, pdu({.text = "one"}), unknown, pdu({.text = "two"})}));
  EXPECT_EQ(got.step.progress, Progress::kDone);
  ASSERT_EQ(got.events.events().size(), 2u);
  EXPECT_EQ(got.body(1), "two");
}

// What extract() says of a stream.
Step step_of(const Octets& octets, Payload::Begins begins, EventList& events) {
  events.clear();
  events.begin_frame(0, 0);
  return kProtocol.extract({octets, Transport::kTcp, 40000, 2775, begins}, events);
}

TEST(Smpp, AnUnknownCommandThatIsCutIsPassedOverByItsLength) {
  EventList events;
  for (const std::uint32_t command : {0x00000abcu, 0x7f000001u}) {
    Octets unknown = pdu(command, 0, 2, Octets(84, 'x'));
    unknown.resize(20);
    Step step = step_of(unknown, Payload::Begins::kMessage, events);
    EXPECT_EQ(step.progress, Progress::kNeedMore);
    EXPECT_EQ(step.need, 100u);
    EXPECT_EQ(step.then, Then::kUnknown);
    const Octets before = pdu({});
    step = step_of(joined({before, unknown}), Payload::Begins::kAnywhere, events);
    EXPECT_EQ(step.consumed, before.size());
    EXPECT_EQ(step.need, 100u);
    EXPECT_EQ(step_of(unknown, Payload::Begins::kAnywhere, events).then, Then::kLost);
  }
}

TEST(Smpp, AVeryLongPduIsPassedOverByItsLengthWhereOneBeginsForSure) {
  EventList events;
  for (const std::uint32_t length : {0x00010001u, 0x00fffff0u}) {
    Octets large = pdu({});
    large.resize(64);
    large[0] = 0, large[1] = static_cast<std::uint8_t>(length >> 16), large[2] = static_cast<std::uint8_t>(length >> 8), large[3] = static_cast<std::uint8_t>(length);
    const Step step = step_of(large, Payload::Begins::kMessage, events);
    EXPECT_EQ(step.progress, Progress::kNeedMore);
    EXPECT_EQ(step.consumed, 0u);
    EXPECT_EQ(step.need, length);
    EXPECT_EQ(step.then, Then::kUnknown);
    EXPECT_EQ(step_of(large, Payload::Begins::kAnywhere, events).then, Then::kLost);
  }
}

TEST(Smpp, InTheMiddleOfAStreamAMessageIsKnownAlthoughTheNextOneIsCut) {
  EventList events;
  for (std::size_t size : {1u, 5u, 16u, 30u}) {
    Octets next = pdu({.text = "two"});
    next.resize(size);
    const Octets first = pdu({.text = "one"});
    const Step step = step_of(joined({first, next}), Payload::Begins::kAnywhere, events);
    EXPECT_EQ(events.events().size(), 1u) << size;
    EXPECT_EQ(step.consumed, first.size()) << size;
    EXPECT_EQ(step.then, Then::kUnknown) << size;
  }
}

TEST(Smpp, InTheMiddleOfAStreamTheBeginningOfAMessageIsWaitedFor) {
  EventList events;
  const Octets whole = pdu({});
  for (std::size_t size = 16; size < whole.size(); ++size) {
    const Step step = step_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, Payload::Begins::kAnywhere, events);
    EXPECT_EQ(step.then, size < 24 ? Then::kLost : Then::kUnknown) << size;
    EXPECT_EQ(step.need, size < 24 ? 0 : whole.size()) << size;
  }
  Octets other = pdu({});
  other[18] = 200;  // no type of number
  other.resize(40);
  EXPECT_EQ(step_of(other, Payload::Begins::kAnywhere, events).then, Then::kLost);
}

bool is_recognised(const Octets& octets, Transport transport = Transport::kTcp) {
  return kProtocol.recognise({octets, transport, 1234, 4321});
}

// bind_transmitter, SMPP 3.4, 4.1.1.
Octets bind(std::uint32_t status = 0, std::uint32_t sequence = 1) {
  Octets body;
  for (const char* text : {"system", "secret", "SMPP"}) put_text(body, text);
  put(body, 0x340101, 3);
  put_text(body, "");
  return pdu(2, status, sequence, body);
}

TEST(Smpp, IsRecognisedByItsRequestsOnAnyPort) {
  EXPECT_TRUE(is_recognised(bind()));
  EXPECT_FALSE(is_recognised(bind(), Transport::kUdp));
  EXPECT_TRUE(is_recognised(bytes_of_hex(kWrittenSubmit)));
  for (std::uint32_t command : {kSubmitSm, kDeliverSm, kSubmitMulti, kDataSm}) {
    const Octets one = pdu({.command = command, .lists = {}, .optional_parameters = optional_parameter(kMessagePayload, "hi")});
    EXPECT_TRUE(is_recognised(one)) << command;
    for (std::size_t size = 0; size < one.size(); ++size)
      EXPECT_FALSE(is_recognised({one.begin(), one.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
    Octets longer = one;
    longer[3] = static_cast<std::uint8_t>(longer[3] + 2);
    longer.resize(longer.size() + 2, 0);
    EXPECT_FALSE(is_recognised(longer)) << "what fits must fit exactly";
  }
  EXPECT_TRUE(is_recognised(pdu(0x15, 0, 2, {})));
  EXPECT_TRUE(is_recognised(joined({pdu(0x15, 0, 2, {}), pdu(0x80000004, 0, 9, {'x', 0})})));
  Octets cut = pdu({});
  cut.resize(18);
  EXPECT_TRUE(is_recognised(joined({pdu({}), cut})));
  EXPECT_FALSE(is_recognised(joined({pdu({}), testing::bytes_of("rubbish")})));
}

TEST(Smpp, WhatOnlyLooksLikeItIsNotRecognised) {
  EXPECT_FALSE(is_recognised({}));
  EXPECT_FALSE(is_recognised(Octets(64, 0)));
  EXPECT_FALSE(is_recognised(bind(0, 0)));
  EXPECT_FALSE(is_recognised(bind(1)));
  EXPECT_FALSE(is_recognised(pdu(0x80000004, 0, 9, {'x', 0}))) << "a response alone";
  EXPECT_FALSE(is_recognised(pdu(6, 0, 9, {}))) << "so little";
  const char* const kOthers[] = {
      // CMPP: connect, submit response, active test with its response, terminate.
      "00000027 00000001 00000065 393031323334 00000000000000000000000000000000 20 42e1e91d",
      "00000027 00000001 00000000 393031323334 00000000000000000000000000000000 20 42e1e91d",
      "00000015 80000004 00000001 0123456731323334 00", "0000000c 00000008 00000007 0000000d 80000008 00000007 00",
      "0000000c 00000002 00000001",
      // SGIP: bind, unbind, response.
      "0000003d 00000001 00000001 00000002 0000027f 01 75736572000000000000000000000000 70617373000000000000000000000000 0000000000000000",
      "0000003d 00000001 00000000 00000002 0000027f 01 75736572000000000000000000000000 70617373000000000000000000000000 0000000000000000",
      "00000014 00000002 b44dd641 42e1e91d 00000028", "0000001d 80000004 00000000 42e1e91d 00000028 00 0000000000000000",
      // SMGP: login, active test.
      "0000002a 00000001 0000038c 3930313233340000 00000000000000000000000000000000 02 42e1e91d 30", "0000000c 00000004 00000001",
      // TPKT with COTP, Diameter, a ZooKeeper request, a Kafka request.
      "0300001611e00000000100c1020600c2020600c0010a", "01000014 80000118 00000000 00000001 00000002", "00000010 00000004 00000004 00000003 2f616263",
      "00000015 00000004 00000000 00056b61666b61 ffff 0001 00001388"};
  for (const char* other : kOthers) EXPECT_FALSE(is_recognised(bytes_of_hex(other))) << other;
}

TEST(Smpp, SixteenOctetsOfAResponseAreEnough) {
  Octets response = pdu(0x80000004, 0, 77, {'a', 'b', 'c', 0});
  response.resize(18);
  const Extracted got(response);
  EXPECT_EQ(got.step.progress, Progress::kNeedMore);
  ASSERT_EQ(got.events.responses().size(), 1u);
  EXPECT_EQ(got.events.responses()[0].session_number, 77u);
  ASSERT_TRUE(kProtocol.restate(0x45, response));
  EXPECT_EQ(response[11], 0x45);
}

TEST(Smpp, ABrokenPduIsPassedOverAndItsNeighboursStay) {
  Octets broken = pdu({.text = "xx"});
  std::fill(broken.begin() + 16, broken.end(), std::uint8_t{'x'});  // no string ends
  const Extracted got(joined({pdu({.text = "one"}), broken, pdu({.text = "two"})}));
  EXPECT_EQ(got.step.progress, Progress::kDone);
  ASSERT_EQ(got.events.events().size(), 2u);
  EXPECT_EQ(got.body(1), "two");
  EXPECT_EQ(Extracted(broken).step.progress, Progress::kMalformed);
}

TEST(Smpp, ASoundPduBeforeRubbishKeepsItsEvent) {
  const Octets whole = pdu({});
  const Extracted got(joined({whole, testing::bytes_of("rubbish rubbish rubbish")}));
  EXPECT_EQ(got.step.progress, Progress::kNeedMore);
  EXPECT_EQ(got.step.consumed, whole.size());
  EXPECT_EQ(got.step.need, 0u);
  EXPECT_EQ(got.events.events().size(), 1u);
}

TEST(Smpp, RubbishBehindAnUninterestingPduNeedsMore) {
  EXPECT_EQ(Extracted(joined({pdu(0x15, 0, 1, {}), testing::bytes_of("rubbish")})).step.progress, Progress::kNeedMore);
}

TEST(Smpp, AnOptionalParameterThatOverrunsDoesNotHideTheMessage) {
  std::string overrun = optional_parameter(0x0204, "ab");
  overrun[3] = 9;
  const Extracted got(pdu({.optional_parameters = overrun}));
  ASSERT_EQ(got.events.events().size(), 1u);
  EXPECT_EQ(got.body(), "hello");
}

TEST(Smpp, AnAddressLongerThanTheStandardAllowsIsRead) {
  const std::string longer(40, '7');
  EXPECT_EQ(Extracted(pdu({.source = longer})).sms().calling, longer);
}

TEST(Smpp, DatagramsAreNotMine) { EXPECT_EQ(Extracted(pdu({}), Transport::kUdp).step.progress, Progress::kNotMine); }

std::vector<Sample> samples() {
  const std::string udh("\x05\x00\x03\x2a\x03\x02", 6);
  const std::string sar = optional_parameter(0x020c, "\x12\x34") + optional_parameter(0x020e, "\x04");
  const std::string payload = optional_parameter(kMessagePayload, udh + "body");
  return {
      {.name = "submit_sm", .bytes = bytes_of_hex(kWrittenSubmit), .destination_port = 2775},
      {.name = "deliver_sm in two codings",
       .bytes = joined({pdu({.command = kDeliverSm, .data_coding = 8, .text = std::string("\x4f\x60\x59\x7d", 4)}),
                        pdu({.command = kDeliverSm, .esm_class = 0x40, .text = udh + "tail"})}),
       .destination_port = 2775},
      {.name = "data_sm",
       .bytes = pdu({.command = kDataSm, .esm_class = 0x40, .optional_parameters = payload + sar}),
       .destination_port = 2775},
      {.name = "submit_multi",
       .bytes = pdu({.command = kSubmitMulti, .destinations = {"10086", "+8610"}, .lists = {"all"}}),
       .destination_port = 2775},
      {.name = "responses",
       .bytes = joined({pdu(0x80000004, 0, 1, {'x', 0}), pdu(0x80000005, 0x45, 2, {})}),
       .source_port = 2775},
      {.name = "receipt",
       .bytes = pdu({.command = kDeliverSm, .esm_class = 0x04, .text = "id:1 sub:001 submit date:08 stat:DELIVRD text:you"}),
       .source_port = 2775},
      {.name = "bind", .bytes = joined({bind(), pdu(0x15, 0, 2, {})}), .destination_port = 9000},
  };
}

TEST(SmppEveryCut, KeepsItsPromises) {
  for (const Sample& sample : samples()) testing::expect_promises_at_every_cut(kProtocol, sample);
}

}  // namespace
}  // namespace telefence::smpp
