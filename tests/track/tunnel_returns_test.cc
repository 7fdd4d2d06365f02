// SPDX-License-Identifier: Apache-2.0
#include "track/tunnel_returns.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "track/tunnelled_packet.h"

namespace telefence {
namespace {

using namespace testing;  // the builders' functions; tests only

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 1000 * kSecond;
const HashSecret kSecret = random_secret();

// The worker's part: packets are learned from when they are news, all of a burst step by step.
struct Watch {
  std::unique_ptr<TunnelReturns> returns = std::make_unique<TunnelReturns>(kSecret);
  std::uint64_t now_ns = kNow;

  void see(const TunnelledPacket& packet) { see_together({&packet}); }
  void see_together(std::initializer_list<const TunnelledPacket*> burst) {
    std::vector<std::pair<const TunnelledPacket*, TunnelReturns::Lesson>> lessons;
    for (const TunnelledPacket* packet : burst) {
      if (!returns->takes_part(packet->layers, now_ns)) continue;
      lessons.emplace_back(packet, TunnelReturns::Lesson());
      returns->look(packet->frame, packet->layers, now_ns, lessons.back().second);
    }
    std::erase_if(lessons, [&](auto& one) {
      if (!returns->is_news(one.second, now_ns)) return true;
      returns->begin(one.second, one.first->frame, one.first->layers, flow_key(one.first->frame, one.first->layers, kSecret), now_ns);
      return false;
    });
    for (const auto& [packet, lesson] : lessons) returns->learn(lesson, packet->frame, packet->layers, now_ns);
    now_ns += kSecond / 100;
  }
  void learn(const TunnelledPacket& packet) {
    TunnelReturns::Lesson lesson;
    returns->look(packet.frame, packet.layers, now_ns, lesson);
    returns->begin(lesson, packet.frame, packet.layers, flow_key(packet.frame, packet.layers, kSecret), now_ns);
    returns->learn(lesson, packet.frame, packet.layers, now_ns);
  }
  bool is_news(const TunnelledPacket& packet, std::uint64_t at_ns) {
    TunnelReturns::Lesson lesson;
    returns->look(packet.frame, packet.layers, at_ns, lesson);
    return returns->is_news(lesson, at_ns);
  }
  // The id that a reply to this packet would bear; 0: no way back is known.
  std::uint32_t back_to(const TunnelledPacket& packet) {
    const TunnelHeaders* const known = returns->find(packet.frame, packet.layers, now_ns);
    return known == nullptr ? 0 : known->path.steps[known->path.count - 1u].id;
  }
};

TunnelShape gtp(std::uint32_t teid) { return {.id = teid}; }
TunnelShape mpls(std::uint32_t label, std::size_t count = 1) { return {.kind = TunnelKind::kMpls, .id = label, .label_count = count}; }

constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;

// A connection is opened: the subscriber's tunnel is `up`, the way to the subscriber is `down`.
void open(Watch& watch, const TunnelShape& up, const TunnelShape& down, std::uint16_t port, std::uint8_t subscriber = 1) {
  watch.see(TunnelledPacket(up, {.subscriber = subscriber, .port = port, .sequence = 100, .acknowledgement = 0, .flags = kTcpSyn}));
  watch.see(TunnelledPacket(down, {.reversed = true, .subscriber = subscriber, .port = port, .sequence = 900, .acknowledgement = 101, .flags = kSynAck}));
  watch.see(TunnelledPacket(up, {.subscriber = subscriber, .port = port, .sequence = 101, .acknowledgement = 901}));
}

TEST(TunnelReturns, AHandshakeTellsBothWays) {
  Watch watch;
  const TunnelledPacket request(gtp(1), {.sequence = 101, .acknowledgement = 901, .payload = octets("GET")});
  EXPECT_EQ(watch.back_to(request), 0u);
  open(watch, gtp(1), gtp(2), 40000);
  EXPECT_EQ(watch.back_to(request), 2u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(2), {.reversed = true})), 1u);
  EXPECT_EQ(watch.returns->learned(), 2u);
}

TEST(TunnelReturns, WhatIsKnownOfABearerServesAllItsFlows) {
  Watch watch;
  open(watch, gtp(1), gtp(2), 40000);
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), {.port = 50505, .service = 53, .udp = true, .payload = octets("query")})), 2u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(3), {.port = 50505, .service = 53, .udp = true})), 0u) << "another bearer";
}

TEST(TunnelReturns, TheHeadersOfTheOppositeDirectionAreKeptWhole) {
  Watch watch;
  open(watch, gtp(1), gtp(2), 40000);
  const TunnelledPacket request(gtp(1), {});
  const TunnelledPacket response(gtp(2), {.reversed = true, .acknowledgement = 101, .flags = kSynAck});
  const TunnelHeaders* const known = watch.returns->find(request.frame, request.layers, watch.now_ns);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(Octets(known->bytes().begin(), known->bytes().begin() + 14 + 4), Octets(response.octets.begin(), response.octets.begin() + 18));
  EXPECT_EQ(known->length, response.layers.network);
  EXPECT_EQ(known->link, LinkType::kEthernet);
}

TEST(TunnelReturns, AQuestionAndItsResponseBelongTogetherByTheirNumber) {
  Watch watch;
  const auto dns = [](const TunnelShape& tunnel, bool reversed, std::uint8_t number) {
    return std::make_unique<TunnelledPacket>(tunnel, InnerShape{.reversed = reversed, .service = 53, .udp = true, .payload = {7, number, 1, 0}});
  };
  watch.see(*dns(mpls(100), false, 1));
  watch.see(*dns(mpls(200), true, 2));
  EXPECT_EQ(watch.back_to(*dns(mpls(100), false, 1)), 0u) << "a response to another question";
  watch.see(*dns(mpls(200), true, 1));
  EXPECT_EQ(watch.back_to(*dns(mpls(100), false, 3)), 200u);
}

TEST(TunnelReturns, OtherDatagramsTellOnlyInGtpU) {
  Watch watch;
  const InnerShape there{.service = 5060, .udp = true, .payload = octets("INVITE")};
  const InnerShape back{.reversed = true, .service = 5060, .udp = true, .payload = octets("SIP/2.0 100")};
  watch.see(TunnelledPacket(gtp(1), there));
  watch.see(TunnelledPacket(gtp(2), back));
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), there)), 2u);
  watch.see(TunnelledPacket(mpls(100), there));
  watch.see(TunnelledPacket(mpls(200), back));
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100), there)), 0u) << "two companies may use the same addresses and ports";
}

// Found in review: in CAPWAP each packet has its own station in front of it.
TEST(TunnelReturns, AWayToOneStationIsNotAnothers) {
  Watch watch;
  const TunnelShape capwap{.kind = TunnelKind::kCapwap};
  open(watch, capwap, capwap, 40000, 1);
  const auto is_known = [&](const TunnelledPacket& packet) { return watch.returns->find(packet.frame, packet.layers, watch.now_ns) != nullptr; };
  EXPECT_TRUE(is_known(TunnelledPacket(capwap, {.subscriber = 1, .port = 50505})));
  EXPECT_FALSE(is_known(TunnelledPacket(capwap, {.subscriber = 2})));
  EXPECT_TRUE(is_known(TunnelledPacket(capwap, {.reversed = true, .subscriber = 1})));
  EXPECT_FALSE(is_known(TunnelledPacket(capwap, {.reversed = true, .subscriber = 2}))) << "from the same server to another station";
  TunnelShape behind = capwap;
  behind.source_port = 50001;
  EXPECT_FALSE(is_known(TunnelledPacket(behind, {.subscriber = 1}))) << "another access point behind the same address";
}

TEST(TunnelReturns, ASessionOfL2tpHasAWayForEachVersionThatPppNames) {
  Watch watch;
  const TunnelShape up{.kind = TunnelKind::kL2tp, .id = 1}, down{.kind = TunnelKind::kL2tp, .id = 2};
  open(watch, up, down, 40000);
  EXPECT_EQ(watch.back_to(TunnelledPacket(up, {.port = 50505})), 2u);
  const Octets six = ipv6(kTcp, tcp(443, octets("x")));
  TunnelShape shape = up;
  EXPECT_EQ(watch.back_to(TunnelledPacket(in_tunnel(shape, six))), 0u);
}

TEST(TunnelReturns, TwoBearersWithTheSameEndsAreNotMistaken) {
  Watch watch;
  const InnerShape there{.service = 5060, .udp = true, .payload = octets("INVITE")};
  watch.see(TunnelledPacket(gtp(1), there));
  watch.see(TunnelledPacket(gtp(11), there));  // another subscriber with the same address, as private ones may be
  watch.see(TunnelledPacket(gtp(2), {.reversed = true, .service = 5060, .udp = true, .payload = octets("SIP/2.0 100")}));
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), there)), 0u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(11), there)), 0u);
  // Their connections are told apart by their numbers.
  watch.see(TunnelledPacket(gtp(1), {.sequence = 100, .flags = kTcpSyn}));
  watch.see(TunnelledPacket(gtp(11), {.sequence = 777, .flags = kTcpSyn}));
  watch.see(TunnelledPacket(gtp(12), {.reversed = true, .sequence = 5, .acknowledgement = 778, .flags = kSynAck}));
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), there)), 0u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(11), there)), 12u);
}

TEST(TunnelReturns, AnAcknowledgementOfSomethingElseProvesNothing) {
  Watch watch;
  watch.see(TunnelledPacket(gtp(1), {.sequence = 100, .flags = kTcpSyn}));
  watch.see(TunnelledPacket(gtp(2), {.reversed = true, .acknowledgement = 102, .flags = kSynAck}));
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), {})), 0u);
}

TEST(TunnelReturns, AConnectionThatIsUnderWayTellsToo) {
  Watch watch;
  watch.see(TunnelledPacket(gtp(1), {.sequence = 500, .acknowledgement = 7000, .payload = octets("abc")}));
  watch.see(TunnelledPacket(gtp(2), {.reversed = true, .sequence = 7000, .acknowledgement = 503, .payload = octets("def")}));
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), {})), 2u);
}

TEST(TunnelReturns, UnderLabelsTheWayDependsOnWhomItLeadsTo) {
  Watch watch;
  open(watch, mpls(100), mpls(200, 2), 40000, 1);
  open(watch, mpls(100), mpls(300), 40000, 2);
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100), {.subscriber = 1})), 201u) << "the bottom of two labels";
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100), {.subscriber = 2})), 300u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100), {.subscriber = 3})), 0u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100, 2), {.subscriber = 1})), 0u) << "other labels over it lead elsewhere";
}

// A client of Teredo behind this port of a router's, with labels on the link.
TunnelledPacket teredo_under_labels(std::uint32_t label, std::uint16_t client_port, const InnerShape& inner) {
  const Octets four = inner_of(inner), segment(four.begin() + 20, four.end());
  const Octets near = ipv6_address(inner.subscriber), far = ipv6_address(0xee);
  const Octets six = Octets{0x60, 0, 0, 0} + big16(segment.size()) + Octets{kTcp, 64} + (inner.reversed ? far + near : near + far) + segment;
  const Octets frame = in_tunnel({.kind = TunnelKind::kTeredo, .reversed = inner.reversed, .source_port = client_port}, six);
  TunnelShape labels = mpls(label);
  labels.reversed = inner.reversed;
  return TunnelledPacket(in_tunnel(labels, Octets(frame.begin() + 14, frame.end())));
}

// Found in review.
TEST(TunnelReturns, ClientsOfTeredoBehindOneAddressAreToldByTheirPorts) {
  Watch watch;
  constexpr std::uint16_t kPorts[] = {50001, 50002};
  for (const std::uint16_t port : kPorts) {
    const auto subscriber = static_cast<std::uint8_t>(port - 50000);
    watch.see(teredo_under_labels(100, port, {.subscriber = subscriber, .sequence = 100, .flags = kTcpSyn}));
    watch.see(teredo_under_labels(200, port, {.reversed = true, .subscriber = subscriber, .sequence = 900, .acknowledgement = 101, .flags = kSynAck}));
    watch.see(teredo_under_labels(100, port, {.subscriber = subscriber, .sequence = 101, .acknowledgement = 901}));
  }
  for (const std::uint16_t port : kPorts) {
    const TunnelledPacket request = teredo_under_labels(100, port, {.subscriber = static_cast<std::uint8_t>(port - 50000)});
    ASSERT_EQ(request.layers.tunnel, TunnelKind::kTeredo);
    const TunnelHeaders* const known = watch.returns->find(request.frame, request.layers, watch.now_ns);
    ASSERT_NE(known, nullptr) << port;
    const std::uint16_t at = known->path.steps[known->path.count - 1u].at;
    EXPECT_EQ(known->octets[at + 2u] << 8 | known->octets[at + 3u], port) << "the way back leads to another client";
  }
}

TEST(TunnelReturns, LabelsMayBeMissingInOneDirection) {
  Watch watch;
  const auto plain = [](const InnerShape& inner) {
    return std::make_unique<TunnelledPacket>(stations(inner.reversed, 0) + big16(kIpv4) + inner_of(inner));
  };
  const auto first = plain({.sequence = 100, .flags = kTcpSyn});
  EXPECT_FALSE(watch.returns->takes_part(first->layers, watch.now_ns)) << "where no labels are";
  watch.see(TunnelledPacket(mpls(100), {.sequence = 100, .flags = kTcpSyn}));
  const auto back = plain({.reversed = true, .sequence = 900, .acknowledgement = 101, .flags = kSynAck});
  ASSERT_TRUE(watch.returns->takes_part(back->layers, watch.now_ns));
  watch.see(*back);
  watch.see(TunnelledPacket(mpls(100), {.sequence = 101, .acknowledgement = 901}));
  const TunnelledPacket request(mpls(100), {});
  const TunnelHeaders* const bare = watch.returns->find(request.frame, request.layers, watch.now_ns);
  ASSERT_NE(bare, nullptr);
  EXPECT_EQ(bare->path.count, 0);
  EXPECT_EQ(bare->length, 14);
  EXPECT_EQ(watch.back_to(*back), 100u);
  watch.now_ns += 11 * kSecond;
  EXPECT_FALSE(watch.returns->takes_part(back->layers, watch.now_ns));
}

TEST(TunnelReturns, AHandshakeInOneBurstTellsBothWays) {
  Watch watch;
  const TunnelledPacket syn(gtp(1), {.sequence = 100, .flags = kTcpSyn});
  const TunnelledPacket answer(gtp(2), {.reversed = true, .sequence = 900, .acknowledgement = 101, .flags = kSynAck});
  const TunnelledPacket again(gtp(2), {.reversed = true, .sequence = 901, .acknowledgement = 101});
  watch.see_together({&syn, &answer, &again});
  EXPECT_EQ(watch.back_to(syn), 2u);
  EXPECT_EQ(watch.returns->learned(), 1u) << "the third is no news";
}

TEST(TunnelReturns, TheFirstLabelsOfABurstCountForWhatComesBehindThem) {
  Watch watch;
  const TunnelledPacket syn(mpls(100), {.sequence = 100, .flags = kTcpSyn});
  const TunnelledPacket answer(stations(true, 0) + big16(kIpv4) +
                               inner_of({.reversed = true, .sequence = 900, .acknowledgement = 101, .flags = kSynAck}));
  watch.see_together({&syn, &answer});
  EXPECT_NE(watch.returns->find(syn.frame, syn.layers, watch.now_ns), nullptr);
}

TEST(TunnelReturns, ASilentBearerIsForgotten) {
  Watch watch;
  open(watch, gtp(1), gtp(2), 40000);
  open(watch, mpls(100), mpls(200), 40000);
  watch.now_ns += 11 * kSecond;
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), {})), 0u) << "its TEID may be another's by now";
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100), {})), 200u) << "labels stay";
  watch.now_ns += 120 * kSecond;
  EXPECT_EQ(watch.back_to(TunnelledPacket(mpls(100), {})), 0u);
}

TEST(TunnelReturns, ABusyBearerIsConfirmedAndFollowed) {
  Watch watch;
  open(watch, gtp(1), gtp(2), 40000);
  for (int i = 0; i < 10; ++i) {
    watch.now_ns += 3 * kSecond;
    open(watch, gtp(1), gtp(2), static_cast<std::uint16_t>(41000 + i));
    ASSERT_EQ(watch.back_to(TunnelledPacket(gtp(1), {})), 2u) << i;
  }
  EXPECT_EQ(watch.returns->learned(), 2u) << "confirmed, not learned again";
  watch.now_ns += 3 * kSecond;
  open(watch, gtp(1), gtp(5), 42000);  // the base station gave a new one
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(1), {})), 5u);
}

TEST(TunnelReturns, WhatWasLearnedAMomentAgoIsNoNews) {
  Watch watch;
  const TunnelledPacket packet(gtp(1), {.port = 41111});
  EXPECT_TRUE(watch.is_news(packet, watch.now_ns));
  open(watch, gtp(1), gtp(2), 40000);
  EXPECT_FALSE(watch.is_news(packet, watch.now_ns));
  EXPECT_TRUE(watch.is_news(packet, watch.now_ns + 3 * kSecond));
}

TEST(TunnelReturns, OneDirectionAloneIsNotTriedWithEveryPacket) {
  Watch watch;
  const TunnelledPacket packet(gtp(1), {});
  watch.learn(packet);
  EXPECT_FALSE(watch.is_news(packet, watch.now_ns + kSecond / 1000));
  EXPECT_TRUE(watch.is_news(packet, watch.now_ns + kSecond / 100));
}

TEST(TunnelReturns, HeadersThatAreTooLongAreNotKept) {
  Watch watch;
  const auto nested = [](bool reversed, std::uint32_t teid, const InnerShape& inner) {
    const auto bare = [](Octets frame) { return Octets(frame.begin() + 14, frame.end()); };
    Octets packet = bare(in_tunnel({.outer_ipv6 = true, .reversed = reversed, .id = teid}, inner_of(inner)));
    for (int i = 0; i < 2; ++i) packet = bare(in_tunnel({.kind = TunnelKind::kVxlan, .outer_ipv6 = true, .reversed = reversed}, packet));
    return stations(reversed, 0) + big16(kIpv6) + packet;
  };
  const TunnelledPacket there(nested(false, 1, {.sequence = 100, .flags = kTcpSyn}));
  const TunnelledPacket back(nested(true, 2, {.reversed = true, .acknowledgement = 101, .flags = kSynAck}));
  ASSERT_EQ(there.layers.tunnels, 3);
  ASSERT_GT(there.layers.network, TunnelHeaders::kMostBytes);
  watch.see(there);
  watch.see(back);
  EXPECT_EQ(watch.back_to(there), 0u);
}

TEST(TunnelReturns, ManyBearersAreKeptAndTheOldestGiveWay) {
  Watch watch;
  for (std::uint32_t i = 0; i < 40000; ++i) {
    const std::uint32_t up = 2 * i + 1, down = 2 * i + 2;
    const TunnelledPacket syn(gtp(up), {.sequence = i, .flags = kTcpSyn});
    const TunnelledPacket answer(gtp(down), {.reversed = true, .acknowledgement = i + 1, .flags = kSynAck});
    for (const TunnelledPacket* packet : {&syn, &answer}) watch.learn(*packet);
    watch.now_ns += 1000;
  }
  EXPECT_GT(watch.returns->evicted(), 0u);
  EXPECT_EQ(watch.back_to(TunnelledPacket(gtp(2 * 39999 + 1), {})), 2u * 39999 + 2);
}

}  // namespace
}  // namespace telefence
