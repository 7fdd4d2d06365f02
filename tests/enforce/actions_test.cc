// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "enforce/action.h"
#include "enforce/checksum.h"
#include "enforce/connection.h"
#include "enforce/packet.h"
#include "enforce/tunnelled.h"

namespace telefence {
namespace {

using testing::Packet;
using testing::PacketShape;
using testing::Spare;
using testing::operator+;

// A protocol made up for these tests: refuses with a text, voids by overwriting with dots.
std::string g_refusal;
WrittenRefusal refuse(const Event&, const Payload&, const RefusalTerms&, Writer& out) {
  out.text(g_refusal);
  return {out.ok()};
}
WrittenRefusal refuse_to_5060(const Event& event, const Payload& payload, const RefusalTerms& terms, Writer& out) {
  return {refuse(event, payload, terms, out).is_written, 5060};
}
bool neutralise(const Event&, MutableBytes message, const Voiding&) {
  std::fill(message.begin(), message.end(), std::uint8_t{'.'});
  return true;
}
// Hands out a few frames and takes them back.
class Spares final : public FrameSupply {
 public:
  explicit Spares(std::size_t count) : spares_(count) {}
  bool take(Frame& frame) override {
    if (taken_ == spares_.size()) return false;
    frame = spares_[taken_++].frame;
    return true;
  }
  void give_back(Frame&) override { --taken_; }
  std::size_t taken() const { return taken_; }

 private:
  std::vector<Spare> spares_;
  std::size_t taken_ = 0;
};

const Protocol kPlain{.name = "plain", .refuse = refuse};
const Protocol kSession{.name = "session", .neutralise = neutralise, .shares_connections = true};
const Protocol kMute{.name = "mute"};
const Protocol kShared{.name = "shared", .refuse = refuse, .shares_connections = true};
const Protocol kInPlace{.name = "in place", .refuse = refuse, .refuses_in_place = true};
const Protocol kNamesPort{.name = "named", .refuse = refuse_to_5060};

// Knows one way back, or none.
class OneWay final : public WaysBack {
 public:
  const TunnelHeaders* known = nullptr;
  const TunnelHeaders* find(const Frame&, const Layers&) override { return known; }
};

struct Carried {
  Spares spares;
  std::vector<Frame> frames = std::vector<Frame>(16);
  bool back[16] = {};
  EnforceOptions options;
  RefusalTerms terms;
  Verdict verdict;
  Event event;
  Replies replies;
  Fate fate = Fate::kForwardedInspected;
  bool is_turned = false;

  // Judged: Packet, or testing::Held.
  template <typename Judged>
  Carried(std::string_view action, Judged& packet, const Protocol& protocol, Place message, std::size_t spare = 16,
          bool is_first = true, WaysBack* ways = nullptr, bool may_turn = false)
      : spares(spare), replies(frames, back, spares, ways) {
    event.message = message;
    const Payload payload{payload_of(std::as_const(packet.frame), packet.layers), packet.layers.transport,
                          packet.layers.source_port, packet.layers.destination_port};
    ActionInput input{packet.frame, packet.layers, payload, protocol, event, verdict, options, terms, replies, is_first, may_turn};
    fate = action_named(action)->apply(input);
    is_turned = input.is_turned;
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

TEST(Actions, AnswerThatDoesNotFitWholeIsNotBegun) {
  g_refusal = std::string(3000, 'x');
  Packet packet(PacketShape{.payload = "GET / HTTP/1.1"});
  Carried run("answer", packet, kPlain, {0, 14}, 2);
  EXPECT_EQ(run.fate, Fate::kForwardedActionFailed);
  EXPECT_EQ(run.replies.used(), 0u);
  EXPECT_EQ(run.spares.taken(), 0u) << "every frame went back";
}

TEST(Actions, AnswerBehindAnotherMessageIsAReset) {
  g_refusal = "no";
  Packet packet(PacketShape{.payload = "GET /1 HTTP/1.1 GET /2 HTTP/1.1"});
  Carried run("answer", packet, kPlain, {16, 15}, 16, false);
  EXPECT_EQ(run.fate, Fate::kReset) << "the sender would take the answer for that to its first request";
  Packet opening(PacketShape{.flags = kTcpSyn, .payload = "GET / HTTP/1.1"});
  EXPECT_EQ(Carried("answer", opening, kPlain, {0, 14}).fate, Fate::kReset) << "no place in the stream is known yet";
}

TEST(Actions, WithoutFittingWordsADatagramIsDroppedAndAConnectionReset) {
  g_refusal = std::string(9000, 'x');
  Packet datagram(PacketShape{.transport = Transport::kUdp, .payload = "?"});
  EXPECT_EQ(Carried("answer", datagram, kPlain, {0, 1}).fate, Fate::kDroppedByVerdict);
  Packet segment(PacketShape{.payload = "?"});
  EXPECT_EQ(Carried("answer", segment, kPlain, {0, 1}).fate, Fate::kReset);
}

TEST(Actions, AConnectionOfManyUsersIsNeitherCutNorStalled) {
  g_refusal = std::string(9000, 'x');
  Packet segment(PacketShape{.payload = "INVITE"});
  EXPECT_EQ(Carried("drop", segment, kShared, {0, 6}).fate, Fate::kForwardedActionFailed);
  EXPECT_EQ(Carried("answer", segment, kShared, {0, 6}).fate, Fate::kForwardedActionFailed);
  Packet datagram(PacketShape{.transport = Transport::kUdp, .payload = "INVITE"});
  EXPECT_EQ(Carried("drop", datagram, kShared, {0, 6}).fate, Fate::kDroppedByVerdict);
}

TEST(Actions, AnswerGoesToThePortThatTheProtocolNames) {
  g_refusal = "SIP/2.0 603";
  Packet datagram(PacketShape{.transport = Transport::kUdp, .source_port = 32768, .payload = "INVITE"});
  Carried run("answer", datagram, kNamesPort, {0, 6});
  ASSERT_EQ(run.replies.used(), 1u);
  const Frame& sent = run.replies.made()[0];
  EXPECT_EQ(decode(sent).destination_port, 5060);
  EXPECT_TRUE(testing::transport_checksum_is_right(sent, decode(sent)));
}

TEST(Connection, TheReceiverOfACopiedSegmentIsResetBehindIt) {
  const Packet packet({.payload = "GET"});
  Spares spares(4);
  std::vector<Frame> frames(4);
  bool back[4] = {};
  Replies replies(frames, back, spares);
  replies.set_receiver_expects(1003);
  EXPECT_EQ(reset_both_ends(packet.frame, packet.layers, replies), Fate::kReset);
  ASSERT_EQ(replies.used(), 2u);
  const TcpHeader to_sender = tcp_header(frames[0], decode(frames[0])), to_receiver = tcp_header(frames[1], decode(frames[1]));
  EXPECT_EQ(to_sender.sequence, 5000u) << "the sender expects what it said";
  EXPECT_EQ(to_sender.acknowledgement, 1003u);
  EXPECT_EQ(to_receiver.sequence, 1003u);
  EXPECT_EQ(to_receiver.acknowledgement, 5000u);
  EXPECT_TRUE(to_sender.flags & to_receiver.flags & kTcpRst);
}

TEST(Connection, LateSegmentsAreAcknowledgedOrReset) {
  Packet data(PacketShape{.sequence = 100, .acknowledgement = 900, .payload = "late"});
  Packet empty(PacketShape{.flags = kTcpAck});
  Packet fin(PacketShape{.sequence = 100, .acknowledgement = 900, .flags = kTcpAck | kTcpFin});
  Spares spares(8);
  std::vector<Frame> frames(8);
  bool back[8] = {};
  Replies replies(frames, back, spares);
  answer_late_segment(empty.frame, empty.layers, true, replies);
  EXPECT_EQ(replies.used(), 0u);
  answer_late_segment(data.frame, data.layers, true, replies);
  answer_late_segment(fin.frame, fin.layers, true, replies);
  answer_late_segment(data.frame, data.layers, false, replies);
  ASSERT_EQ(replies.used(), 3u);
  const auto header = [&](std::size_t i) { return tcp_header(frames[i], decode(frames[i])); };
  EXPECT_EQ(header(0).acknowledgement, 104u);
  EXPECT_EQ(header(0).sequence, 900u);
  EXPECT_EQ(header(0).flags, kTcpAck);
  EXPECT_EQ(header(1).acknowledgement, 101u);
  EXPECT_NE(header(2).flags & kTcpRst, 0);
}

// Only where the sender may be on this machine: from a wire such a segment never reaches its receiver's application.
TEST(Checksum, OneThatIsOnlyBegunHoldsWhereFramesMayLackThem) {
  for (const bool ipv6 : {false, true}) {
    Packet packet(PacketShape{.ipv6 = ipv6, .payload = "decoy"});
    const Layers& layers = packet.layers;
    const std::size_t width = ipv6 ? 16 : 4;
    const std::uint64_t pseudo = word_sum(Bytes(source_address(packet.frame, layers).bytes).first(width)) +
                                 word_sum(Bytes(destination_address(packet.frame, layers).bytes).first(width)) +
                                 (layers.network_end - layers.transport_at) + layers.ip_protocol;
    std::uint8_t* const field = packet.frame.data + layers.transport_at + 16;
    field[0] = static_cast<std::uint8_t>(folded(pseudo) >> 8);
    field[1] = static_cast<std::uint8_t>(folded(pseudo));
    EXPECT_FALSE(checksums_hold(packet.frame, layers));
    packet.frame.may_lack_checksum = true;
    EXPECT_TRUE(checksums_hold(packet.frame, layers));
    if (ipv6) continue;
    packet.frame.data[layers.network + 10] = packet.frame.data[layers.network + 11] = 0;
    EXPECT_TRUE(checksums_hold(packet.frame, layers));
    packet.frame.may_lack_checksum = false;
    EXPECT_FALSE(checksums_hold(packet.frame, layers));
  }
}

TEST(Checksum, RightOrAbsentHolds) {
  for (const bool ipv6 : {false, true}) {
    for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
      Packet packet(PacketShape{.ipv6 = ipv6, .transport = transport, .payload = "odd"});
      EXPECT_TRUE(checksums_hold(packet.frame, packet.layers));
      std::uint8_t* field = packet.frame.data + packet.layers.transport_at + (transport == Transport::kTcp ? 16 : 6);
      field[1] ^= 0x10;
      EXPECT_FALSE(checksums_hold(packet.frame, packet.layers));
      if (transport == Transport::kUdp) {
        field[0] = field[1] = 0;
        EXPECT_TRUE(checksums_hold(packet.frame, packet.layers)) << "the sender made none";
      }
    }
  }
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
    Spares none(0);
    Replies replies({}, {}, none);
    options.dscp = 46;
    const Payload payload;
    ActionInput input{packet.frame, packet.layers, payload, kMute, event, verdict, options, terms, replies};
    EXPECT_EQ(action_named("tag")->apply(input), Fate::kTagged);
    const std::uint8_t* header = packet.frame.data + packet.layers.network;
    const int traffic_class = ipv6 ? (header[0] & 0x0f) << 4 | header[1] >> 4 : header[1];
    EXPECT_EQ(traffic_class >> 2, 46);
    EXPECT_EQ(traffic_class & 3, ipv6 ? 0 : 3) << "ECN bits are the senders'";
    EXPECT_TRUE(testing::header_checksum_is_right(packet.frame, packet.layers));
    EXPECT_TRUE(testing::transport_checksum_is_right(packet.frame, packet.layers));
  }
}

testing::Octets in_gtp_u(Transport transport, bool reversed) {
  const PacketShape inner{.reversed = reversed, .transport = transport, .destination_port = 53, .payload = "query"};
  return testing::in_tunnel({.reversed = reversed, .id = reversed ? 2u : 1u}, testing::inner_packet(inner));
}

// What an answer to a datagram comes to: true when it left in the datagram's own frame.
bool is_turned(const PacketShape& shape, const Protocol& protocol, bool may_turn = true, WaysBack* ways = nullptr, std::uint16_t tailroom = 1600) {
  g_refusal = "no";
  Packet apart(shape);
  const Carried made("answer", apart, protocol, {0, 5}, 16, true, ways);
  Packet packet(shape);
  packet.frame.tailroom = tailroom;
  const Frame before = packet.frame;
  const Carried carried("answer", packet, protocol, {0, 5}, 16, true, ways, may_turn);
  EXPECT_EQ(carried.fate, made.fate);
  EXPECT_EQ(carried.replies.used(), made.replies.used());
  EXPECT_EQ(carried.spares.taken(), carried.is_turned ? 0u : made.spares.taken());
  for (std::size_t i = 0; i < made.replies.used(); ++i) {
    EXPECT_TRUE(std::ranges::equal(carried.replies.made()[i].bytes(), made.replies.made()[i].bytes()));
    EXPECT_EQ(carried.replies.goes_back(i), made.replies.goes_back(i));
  }
  if (carried.is_turned) {
    EXPECT_EQ(carried.replies.made()[0].data, before.data);
    EXPECT_EQ(carried.replies.made()[0].port, before.port);
  }
  return carried.is_turned;
}

TEST(Actions, AnAnswerLeavesInTheFrameOfItsDatagramWhereThatIsAsGood) {
  const PacketShape udp{.transport = Transport::kUdp, .source_port = 5000, .destination_port = 53, .payload = "query"};
  EXPECT_TRUE(is_turned(udp, kInPlace));
  EXPECT_FALSE(is_turned(udp, kInPlace, false)) << "somebody needs the frame";
  EXPECT_FALSE(is_turned(udp, kPlain)) << "the protocol reads what it would have written over";
  EXPECT_FALSE(is_turned(udp, kInPlace, true, nullptr, 100)) << "no room";
  EXPECT_FALSE(is_turned({.payload = "query"}, kInPlace)) << "a segment";
  const TunnelHeaders headers = testing::Held(in_gtp_u(Transport::kUdp, true)).headers();
  OneWay ways;
  ways.known = &headers;
  EXPECT_FALSE(is_turned(udp, kInPlace, true, &ways)) << "the way back leads through a tunnel";
}

TEST(Actions, WithoutFittingWordsADatagramThatCouldBeTurnedIsDropped) {
  g_refusal = std::string(4000, 'x');
  Packet packet(PacketShape{.transport = Transport::kUdp, .payload = "query"});
  const Carried carried("answer", packet, kInPlace, {0, 5}, 16, true, nullptr, true);
  EXPECT_EQ(carried.fate, Fate::kDroppedByVerdict);
  EXPECT_FALSE(carried.is_turned);
  EXPECT_EQ(carried.replies.used(), 0u);
}

TEST(Actions, AnAnswerIntoATunnelTakesTheKnownWayBack) {
  g_refusal = "no";
  testing::Held judged(in_gtp_u(Transport::kUdp, false));
  const TunnelHeaders headers = testing::Held(in_gtp_u(Transport::kUdp, true)).headers();
  OneWay ways;
  ways.known = &headers;
  Carried run("answer", judged, kNamesPort, {0, 5}, 16, true, &ways);
  EXPECT_EQ(run.fate, Fate::kAnswered);
  ASSERT_EQ(run.replies.used(), 1u);
  const Frame& made = run.replies.made()[0];
  EXPECT_EQ(decode(made).tunnel_id, 2u);
  EXPECT_EQ(decode(made).destination_port, 5060) << "the port that the message named";
  EXPECT_EQ(testing::outer_problems(made, true), std::vector<std::string>());
}

TEST(Actions, WithoutAWayBackAMessageIsDroppedAndOnlyAServerIsTold) {
  g_refusal = "no";
  OneWay none;
  testing::Held datagram(in_gtp_u(Transport::kUdp, false));
  Carried answer("answer", datagram, kPlain, {0, 5}, 16, true, &none);
  EXPECT_EQ(answer.fate, Fate::kDroppedByVerdict);
  EXPECT_EQ(answer.replies.used(), 0u);
  EXPECT_EQ(answer.spares.taken(), 0u);
  for (const char* action : {"answer", "reset"}) {
    testing::Held segment(in_gtp_u(Transport::kTcp, false));
    Carried run(action, segment, kPlain, {0, 5}, 16, true, &none);
    EXPECT_EQ(run.fate, Fate::kDroppedByVerdict) << action;
    ASSERT_EQ(run.replies.used(), 1u) << action;
    EXPECT_FALSE(run.replies.goes_back(0));
    const Frame& made = run.replies.made()[0];
    EXPECT_EQ(tcp_header(made, decode(made)).flags & kTcpRst, kTcpRst);
    EXPECT_EQ(decode(made).tunnel_id, 1u) << "onward, as the judged one";
    EXPECT_EQ(testing::outer_problems(made, true), std::vector<std::string>());
  }
}

TEST(Actions, WithoutASpareFrameASegmentInATunnelIsForwardedAsAnyOther) {
  g_refusal = "no";
  for (const char* action : {"answer", "reset"}) {
    testing::Held segment(in_gtp_u(Transport::kTcp, false));
    Carried run(action, segment, kPlain, {0, 5}, 0);
    EXPECT_EQ(run.fate, Fate::kForwardedActionFailed) << action;
  }
}

TEST(Actions, WithoutASpareFrameADatagramInATunnelIsForwardedAsAnyOther) {
  g_refusal = "no";
  testing::Held judged(in_gtp_u(Transport::kUdp, false));
  Carried run("answer", judged, kPlain, {0, 5}, 0);
  EXPECT_EQ(run.fate, Fate::kForwardedActionFailed);
}

TEST(Actions, ALongAnswerLeavesRoomForTheTunnelsAroundIt) {
  g_refusal = std::string(4000, 'x');
  const testing::Octets inner = testing::inner_packet({.ipv6 = true, .payload = "GET /"});
  testing::Octets packet = inner;
  for (int depth = 0; depth < 3; ++depth)
    packet = testing::outer_udp({.outer_ipv6 = true}, testing::kVxlanPort, testing::vxlan(7, testing::stations(false, 9) + testing::big16(0x86dd) + packet));
  testing::Held judged(testing::stations(false, 0) + testing::big16(0x86dd) + packet);
  ASSERT_EQ(judged.layers.tunnels, 3);
  Carried run("answer", judged, kPlain, {0, 5});
  EXPECT_EQ(run.fate, Fate::kAnswered);
  for (const Frame& made : run.replies.made()) {
    EXPECT_LE(made.length, 14u + 1500u);
    EXPECT_EQ(testing::outer_problems(made, true), std::vector<std::string>());
  }
}

TEST(Actions, TagMarksEveryHeaderOfATunnelledPacket) {
  for (const bool outer_ipv6 : {false, true}) {
    for (const TunnelKind kind : {TunnelKind::kGtpU, TunnelKind::kGre, TunnelKind::kVxlan, TunnelKind::kPppoe}) {
      testing::Held judged(testing::in_tunnel({.kind = kind, .outer_ipv6 = outer_ipv6}, testing::inner_packet({.payload = "hello"})));
      Carried run("tag", judged, kMute, {0, 5});
      EXPECT_EQ(run.fate, Fate::kTagged);
      EXPECT_EQ(testing::outer_problems(judged.frame, true), std::vector<std::string>());
      for (const std::uint16_t network : {judged.layers.outer_network, judged.layers.network}) {
        const std::uint8_t* header = judged.frame.data + network;
        const int traffic_class = header[0] >> 4 == 6 ? (header[0] & 0x0f) << 4 | header[1] >> 4 : header[1];
        EXPECT_EQ(traffic_class >> 2, 1) << traits_of(kind).name;
      }
    }
  }
}

TEST(Actions, NeutraliseInATunnelKeepsEveryChecksumRight) {
  testing::Held judged(testing::in_tunnel({.kind = TunnelKind::kGre}, testing::inner_packet({.payload = "one two three"})));
  Carried run("neutralise", judged, kSession, {4, 3});
  EXPECT_EQ(run.fate, Fate::kNeutralised);
  EXPECT_EQ(as_text(payload_of(std::as_const(judged.frame), judged.layers)), "one ... three");
  EXPECT_EQ(testing::outer_problems(judged.frame, true), std::vector<std::string>());
}

}  // namespace
}  // namespace telefence
