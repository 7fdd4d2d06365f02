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

namespace telefence::smpp {
extern const Protocol kProtocol;

namespace {

constexpr std::uint16_t kMessagePayload = 0x0424;

Octets neutralised(Octets octets) {
  EXPECT_TRUE(kProtocol.neutralise(Event{}, octets, {}));
  return octets;
}

// The message as a receiver would get it: the same PDU made with other contents.
TEST(SmppNeutralise, VoidsNumberTextAndReportAndNothingElse) {
  EXPECT_EQ(neutralised(pdu({})), pdu({.destinations = {"0000000000000"}, .registered_delivery = 0, .text = "     "}));
}

TEST(SmppNeutralise, DoesTheSameToADeliverSm) {
  EXPECT_EQ(neutralised(pdu({.command = kDeliverSm, .destinations = {"106900"}})),
            pdu({.command = kDeliverSm, .destinations = {"000000"}, .registered_delivery = 0, .text = "     "}));
}

TEST(SmppNeutralise, LeavesThePlusSignAndVoidsLetters) {
  EXPECT_EQ(neutralised(pdu({.destinations = {"+86Bank"}})),
            pdu({.destinations = {"+000000"}, .registered_delivery = 0, .text = "     "}));
}

TEST(SmppNeutralise, VoidsOnlyTheRecipientsThatAreMeant) {
  const TestMessage several{.command = kSubmitMulti, .destinations = {"8613800138001", "8613800138002", "8613800138003"}, .lists = {"all"}};
  Octets octets = pdu(several);
  ASSERT_TRUE(kProtocol.neutralise(Event{}, octets, {.recipients = 0b010}));
  TestMessage wanted = several;
  wanted.destinations[1] = "0000000000000";
  EXPECT_EQ(octets, pdu(wanted)) << "text, report and the others stay";
  EXPECT_FALSE(kProtocol.neutralise(Event{}, octets, {.recipients = 0b1000})) << "there is no fourth";
  EXPECT_EQ(octets, pdu(wanted));
}

TEST(SmppNeutralise, BlanksUcs2InPairsOfOctets) {
  const std::string two_characters("\x4f\x60\x59\x7d", 4);
  const std::string two_blanks("\x00\x20\x00\x20", 4);
  EXPECT_EQ(neutralised(pdu({.data_coding = 8, .text = two_characters})),
            pdu({.destinations = {"0000000000000"}, .registered_delivery = 0, .data_coding = 8, .text = two_blanks}));
}

TEST(SmppNeutralise, KeepsTheUserDataHeader) {
  const std::string header("\x05\x00\x03\x2a\x03\x02", 6);
  EXPECT_EQ(
      neutralised(pdu({.esm_class = 0x40, .text = header + "rest"})),
      pdu({.destinations = {"0000000000000"}, .esm_class = 0x40, .registered_delivery = 0, .text = header + "    "}));
}

TEST(SmppNeutralise, BlanksMessagePayloadAndKeepsOtherParameters) {
  const auto message = [](std::string_view text, std::string_view number, std::uint8_t report) {
    return pdu({.command = kDataSm,
                .destinations = {std::string(number)},
                .registered_delivery = report,
                .optional_parameters = optional_parameter(0x0204, "\x01\x02") +
                                       optional_parameter(kMessagePayload, text) + optional_parameter(0x1401, "mine")});
  };
  EXPECT_EQ(neutralised(message("fraud", "10086", 1)), message("     ", "00000", 0));
}

TEST(SmppNeutralise, BlanksBothTexts) {
  EXPECT_EQ(neutralised(pdu({.text = "bait", .optional_parameters = optional_parameter(kMessagePayload, "hook")})),
            pdu({.destinations = {"0000000000000"},
                 .registered_delivery = 0,
                 .text = "    ",
                 .optional_parameters = optional_parameter(kMessagePayload, "    ")}));
}

TEST(SmppNeutralise, BlanksEveryOneOfManyTexts) {
  std::string many;
  std::string blank;
  for (const char* text : {"one", "two", "six", "ten", "old", "new"}) {
    many += optional_parameter(kMessagePayload, text);
    blank += optional_parameter(kMessagePayload, "   ");
  }
  EXPECT_EQ(neutralised(pdu({.command = kDataSm, .destinations = {"10086"}, .optional_parameters = many})),
            pdu({.command = kDataSm, .destinations = {"00000"}, .registered_delivery = 0, .optional_parameters = blank}));
}

TEST(SmppNeutralise, VoidsAllDestinationsOfASubmitMultiAndItsLists) {
  EXPECT_EQ(neutralised(pdu({.command = kSubmitMulti, .destinations = {"10086", "+8613800138000"}, .lists = {"all"}})),
            pdu({.command = kSubmitMulti,
                 .destinations = {"00000", "+0000000000000"},
                 .lists = {"000"},
                 .registered_delivery = 0,
                 .text = "     "}));
}

TEST(SmppNeutralise, VoidsWhatIsThereOfATextThatClaimsToBeLonger) {
  Octets octets = pdu({});
  octets[octets.size() - 6] = 255;  // sm_length
  Octets wanted = pdu({.destinations = {"0000000000000"}, .registered_delivery = 0, .text = "     "});
  wanted[wanted.size() - 6] = 255;
  EXPECT_EQ(neutralised(octets), wanted);
  std::string hook = optional_parameter(kMessagePayload, "hook");
  std::string blank = optional_parameter(kMessagePayload, "    ");
  hook[3] = blank[3] = 9;
  EXPECT_EQ(neutralised(pdu({.command = kDataSm, .destinations = {"1"}, .optional_parameters = hook})),
            pdu({.command = kDataSm, .destinations = {"0"}, .registered_delivery = 0, .optional_parameters = blank}));
}

TEST(SmppNeutralise, VoidsADestinationOfAnUnknownKind) {
  Octets octets = pdu({.command = kSubmitMulti, .destinations = {"10086"}, .lists = {"all"}});
  octets[16 + 1 + 2 + 9 + 1 + 3 + 6] = 7;  // the flag of the second
  Octets wanted = pdu({.command = kSubmitMulti, .destinations = {"00000"}, .lists = {"000"}, .registered_delivery = 0, .text = "     "});
  wanted[16 + 1 + 2 + 9 + 1 + 3 + 6] = 7;
  EXPECT_EQ(neutralised(octets), wanted);
}

// A message that is judged before it is whole is completed with zeros: half a number must not become another one.
TEST(SmppNeutralise, LeavesANumberWhoseEndHasNotArrived) {
  const Octets whole = pdu({});
  const std::size_t number = 16 + 1 + 2 + 9 + 2;
  for (std::size_t there = number; there < whole.size(); ++there) {
    Octets cut = whole;
    std::fill(cut.begin() + static_cast<std::ptrdiff_t>(there), cut.end(), std::uint8_t{0});
    Octets voided = cut;
    (void)kProtocol.neutralise(Event{}, voided, {.known = there});
    const bool is_number_left = std::equal(cut.begin() + number, cut.begin() + number + 13, voided.begin() + number);
    EXPECT_EQ(is_number_left, there <= number + 13) << there;
  }
}

TEST(SmppNeutralise, VoidsTheNumberOfAMessageThatSaysNothingElse) {
  EXPECT_EQ(neutralised(pdu({.registered_delivery = 0, .text = ""})),
            pdu({.destinations = {"0000000000000"}, .registered_delivery = 0, .text = ""}));
}

TEST(SmppNeutralise, RefusesWhatIsNoWholeMessage) {
  const Octets message = pdu({});
  for (std::size_t size = 0; size < message.size(); ++size) {
    Octets cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    const Octets before = cut;
    EXPECT_FALSE(kProtocol.neutralise(Event{}, cut, {}));
    EXPECT_EQ(cut, before) << size;
  }
  Octets response = pdu(0x80000004, 0, 1, {'x', 0});
  EXPECT_FALSE(kProtocol.neutralise(Event{}, response, {}));
}

// What it was to replace stays as it is.
TEST(SmppNeutralise, BlanksTheTextOfAReplacementAndMakesItOfNoMessage) {
  Octets octets = replacement("WIN a prize");
  ASSERT_TRUE(kProtocol.neutralise({}, octets, {}));
  Octets expected = replacement("           ");
  std::fill_n(expected.begin() + kHeaderLength, 6, '0');  // message_id
  expected[expected.size() - 14] = 0;  // registered_delivery
  EXPECT_EQ(octets, expected);
  Octets response = pdu(0x80000007, 0, 9, {});
  ASSERT_TRUE(kProtocol.restate(0x45, response));
  EXPECT_EQ(response, pdu(0x80000007, 0x13, 9, {})) << "replace failed, not submit failed";
}

TEST(SmppRestate, ChangesTheStatusAndNothingElse) {
  Octets response = pdu(0x80000004, 0, 77, {'a', 'b', 'c', 0});
  ASSERT_TRUE(kProtocol.restate(0x45, response));
  EXPECT_EQ(response, pdu(0x80000004, 0x45, 77, {'a', 'b', 'c', 0}));
}

TEST(SmppRestate, TakesAResponseWithoutBody) {
  Octets response = pdu(0x80000103, 8, 77, {});
  ASSERT_TRUE(kProtocol.restate(0x0b, response));
  EXPECT_EQ(response, pdu(0x80000103, 0x0b, 77, {}));
}

TEST(SmppRestate, LeavesRequestsAndOtherResponsesAlone) {
  for (Octets octets : {pdu({}), pdu(0x80000015, 0, 1, {}), pdu(0x80000000, 3, 1, {})}) {
    const Octets before = octets;
    EXPECT_FALSE(kProtocol.restate(0x45, octets));
    EXPECT_EQ(octets, before);
  }
}

TEST(SmppNeutralise, SparesTheNeighboursInTheSegment) {
  const Octets before = pdu({.sequence = 1, .text = "one"});
  const Octets after = pdu({.sequence = 3, .text = "three"});
  Octets segment = joined({before, pdu({.sequence = 2, .text = "two"}), after});
  EventList events;
  events.begin_frame(0, 0);
  (void)kProtocol.extract({segment, Transport::kTcp, 40000, 2775}, events);
  ASSERT_EQ(events.events().size(), 3u);
  const Event& event = events.events()[1];
  ASSERT_TRUE(kProtocol.neutralise(event, MutableBytes(segment).subspan(event.message.offset, event.message.length), {}));
  EXPECT_EQ(
      segment,
      joined({before, pdu({.sequence = 2, .destinations = {"0000000000000"}, .registered_delivery = 0, .text = "   "}),
              after}));
}

}  // namespace
}  // namespace telefence::smpp
