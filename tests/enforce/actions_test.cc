// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "enforce/action.h"
#include "enforce/packet.h"

namespace telefence {
namespace {

using testing::Packet;
using testing::PacketShape;
using testing::Spare;

// A protocol made up for these tests: refuses with a text, voids by overwriting with dots.
std::string g_refusal;
bool refuse(const Event&, const Payload&, const RefusalTerms&, Writer& out) {
  out.text(g_refusal);
  return out.ok();
}
bool neutralise(const Event&, MutableBytes message) {
  std::fill(message.begin(), message.end(), std::uint8_t{'.'});
  return true;
}
const Protocol kPlain{.name = "plain", .refuse = refuse};
const Protocol kSession{.name = "session", .neutralise = neutralise};
const Protocol kMute{.name = "mute"};

struct Carried {
  std::vector<Spare> spares = std::vector<Spare>(16);
  std::vector<Frame> frames;
  bool back[16] = {};
  EnforceOptions options;
  RefusalTerms terms;
  Verdict verdict;
  Event event;
  Replies replies{{}, {}};
  Fate fate = Fate::kForwardedInspected;

  Carried(std::string_view action, Packet& packet, const Protocol& protocol, Place message, std::size_t spare = 16) {
    for (Spare& one : spares) frames.push_back(one.frame);
    replies = Replies({frames.data(), spare}, back);
    event.message = message;
    ActionInput input{packet.frame, packet.layers, protocol, event, verdict, options, terms, replies};
    fate = action_named(action)->apply(input);
  }
};

TEST(Actions, AllFiveAreRegisteredUnderTheirFolderNames) {
  for (const char* name : {"drop", "reset", "answer", "neutralise", "tag"}) ASSERT_NE(action_named(name), nullptr) << name;
  EXPECT_EQ(action_named("explode"), nullptr);
  EXPECT_EQ(action_id("explode"), kNoAction);
}

TEST(Actions, ImpossibleOnesSayWhy) {
  EXPECT_TRUE(action_named("answer")->impossible(kPlain).empty());
  EXPECT_FALSE(action_named("answer")->impossible(kMute).empty());
  EXPECT_FALSE(action_named("neutralise")->impossible(kMute).empty());
  EXPECT_FALSE(action_named("drop")->impossible(kSession).empty()) << "would stall the session";
  EXPECT_FALSE(action_named("reset")->impossible(kSession).empty()) << "would cut the session";
  EXPECT_TRUE(action_named("tag")->impossible(kSession).empty());
}

TEST(Actions, ResetAnswersBothEnds) {
  Packet packet(PacketShape{.payload = "GET"});
  Carried run("reset", packet, kMute, {0, 3});
  EXPECT_EQ(run.fate, Fate::kReset);
  ASSERT_EQ(run.replies.used(), 2u);
  EXPECT_TRUE(run.replies.goes_back(0));
  EXPECT_FALSE(run.replies.goes_back(1));
}

TEST(Actions, ResetWithoutSpareFramesLeavesThePacketAlone) {
  Packet packet(PacketShape{.payload = "GET"});
  Carried run("reset", packet, kMute, {0, 3}, 0);
  EXPECT_EQ(run.fate, Fate::kForwardedActionFailed);
}

TEST(Actions, AnswerOverTcpIsTheRefusalThenFinAndAResetOnward) {
  g_refusal = std::string(3000, 'x');
  Packet packet(PacketShape{.sequence = 10, .acknowledgement = 500, .payload = "GET / HTTP/1.1"});
  Carried run("answer", packet, kPlain, {0, 14});
  EXPECT_EQ(run.fate, Fate::kAnswered);
  ASSERT_EQ(run.replies.used(), 4u);  // three segments and the reset
  std::string told;
  std::uint32_t next = 500;
  for (std::size_t i = 0; i < 3; ++i) {
    const Frame& frame = run.replies.made()[i];
    const Layers layers = decode(frame);
    const TcpHeader header = tcp_header(frame, layers);
    EXPECT_EQ(header.sequence, next);
    EXPECT_EQ(header.acknowledgement, 24u);
    EXPECT_EQ((header.flags & kTcpFin) != 0, i == 2);
    EXPECT_TRUE(run.replies.goes_back(i));
    EXPECT_TRUE(testing::transport_checksum_is_right(frame, layers));
    EXPECT_LE(frame.length, 1514u);
    told += as_text(payload_of(frame, layers));
    next += layers.payload_length;
  }
  EXPECT_EQ(told, g_refusal);
  EXPECT_FALSE(run.replies.goes_back(3));
}

TEST(Actions, NeutraliseChangesOnlyTheMessageAndKeepsTheChecksumRight) {
  for (const std::uint32_t offset : {0u, 1u, 2u, 3u}) {  // odd offsets lie across 16-bit words
    Packet packet(PacketShape{.payload = "innocent-BLOCKED-innocent"});
    Carried run("neutralise", packet, kSession, {9 - offset, 7 + offset});
    EXPECT_EQ(run.fate, Fate::kNeutralised);
    const std::string expected = std::string("innocent-").substr(0, 9 - offset) + std::string(7 + offset, '.') + "-innocent";
    EXPECT_EQ(as_text(payload_of(std::as_const(packet.frame), packet.layers)), expected);
    EXPECT_TRUE(testing::transport_checksum_is_right(packet.frame, packet.layers));
  }
}

TEST(Actions, NeutraliseLeavesAWrongChecksumWrong) {
  Packet packet(PacketShape{.payload = "innocent-BLOCKED-innocent"});
  packet.frame.data[packet.layers.transport_at + 16] ^= 0x40;
  Carried run("neutralise", packet, kSession, {9, 7});
  EXPECT_FALSE(testing::transport_checksum_is_right(packet.frame, packet.layers));
}

TEST(Actions, TagWritesTheDscpAndKeepsEcnAndChecksums) {
  for (const bool ipv6 : {false, true}) {
    Packet packet(PacketShape{.ipv6 = ipv6, .payload = "hello"});
    EnforceOptions options;
    const RefusalTerms terms;
    const Verdict verdict;
    const Event event;
    Replies replies{{}, {}};
    options.dscp = 46;
    ActionInput input{packet.frame, packet.layers, kMute, event, verdict, options, terms, replies};
    EXPECT_EQ(action_named("tag")->apply(input), Fate::kTagged);
    const std::uint8_t* header = packet.frame.data + packet.layers.network;
    const int traffic_class = ipv6 ? (header[0] & 0x0f) << 4 | header[1] >> 4 : header[1];
    EXPECT_EQ(traffic_class >> 2, 46);
    EXPECT_EQ(traffic_class & 3, ipv6 ? 0 : 3) << "ECN bits are the senders'";
    EXPECT_TRUE(testing::header_checksum_is_right(packet.frame, packet.layers));
    EXPECT_TRUE(testing::transport_checksum_is_right(packet.frame, packet.layers));
  }
}

}  // namespace
}  // namespace telefence
