// SPDX-License-Identifier: Apache-2.0
// A worker between subscribers' tunnels: what is in them is judged, and refusals find their way back into them.

#include <gtest/gtest.h>

#include "enforce/tunnelled.h"
#include "filter.h"
#include "payloads.h"
#include "ways.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint32_t kUp = 0xaaaa0001, kDown = 0xbbbb0002;

TunnelShape bearer(bool reversed, std::uint32_t up = kUp, std::uint32_t down = kDown) {
  return {.reversed = reversed, .id = reversed ? down : up};
}

Octets lookup_in(const TunnelShape& tunnel, std::string_view name) {
  const std::string payload = dns_query(name);
  return in_tunnel(tunnel, inner_for(tunnel.kind, {.reversed = tunnel.reversed, .transport = Transport::kUdp, .destination_port = 53, .payload = payload}));
}

Octets segment_in(const TunnelShape& tunnel, std::string_view payload, std::uint16_t service, std::uint32_t sequence = 1000,
                  std::uint32_t acknowledgement = 7000) {
  return in_tunnel(tunnel, inner_for(tunnel.kind, {.reversed = tunnel.reversed, .destination_port = service, .sequence = sequence,
                                                   .acknowledgement = acknowledgement, .payload = payload}));
}

// What left, decoded where it lies.
Held left(std::span<const std::vector<std::uint8_t>> sent, std::size_t index) { return Held(sent[index]); }

void block_evil(Filter& filter) {
  filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Filter::block_text(b, "win a prize");
  });
}

TEST(WorkerTunnels, InnocentPacketsInEachKindLeaveUntouched) {
  Filter filter;
  block_evil(filter);
  std::vector<Octets> given;
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind)
    for (const bool outer_ipv6 : {false, true})
      given.push_back(lookup_in({.kind = static_cast<TunnelKind>(kind), .outer_ipv6 = outer_ipv6}, "good.example"));
  for (const Octets& one : given) filter.access.give(one);
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), given.size());
  for (std::size_t i = 0; i < given.size(); ++i) EXPECT_EQ(filter.core.sent()[i], given[i]) << i;
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), given.size());
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind) EXPECT_EQ(filter.stats().tunnels[kind].read(), 2u) << kind;
}

// A changed packet would not arrive, nor anything that its connection sends after it.
TEST(WorkerTunnels, WhereDatagramsAreSignedALookupIsDroppedAndNothingIsChanged) {
  Filter filter;
  block_evil(filter);
  constexpr TunnelShape kSigned{.kind = TunnelKind::kAyiya};
  filter.access.give(lookup_in(kSigned, "www.evil.example"));
  filter.access.give(segment_in(kSigned, http_request("evil.example"), 80));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 2u);
  EXPECT_EQ(filter.core.sent().size() + filter.access.sent().size(), 0u);
  const Octets message = segment_in(kSigned, submit_sm(1, "1069", "8613800000000", "WIN a prize"), 2775);
  for (int copy = 0; copy < 2; ++copy) {
    filter.access.give(message);
    filter.run();
  }
  EXPECT_EQ(filter.fate(Fate::kForwardedActionFailed), 2u);
  ASSERT_EQ(filter.core.sent().size(), 2u);
  EXPECT_EQ(filter.core.sent()[0], message);
}

TEST(WorkerTunnels, ABlockedLookupIsAnsweredWhereBothDirectionsBearTheSameId) {
  for (const TunnelKind kind : {TunnelKind::kGre, TunnelKind::kIpInIp, TunnelKind::kVxlan, TunnelKind::kGeneve, TunnelKind::kPppoe,
                                TunnelKind::kTeredo, TunnelKind::kGreInUdp}) {
    Filter filter;
    block_evil(filter);
    filter.access.give(lookup_in({.kind = kind}, "www.evil.example"));
    filter.run();
    EXPECT_EQ(filter.fate(Fate::kAnswered), 1u) << traits_of(kind).name;
    EXPECT_EQ(filter.core.sent().size(), 0u);
    ASSERT_EQ(filter.access.sent().size(), 1u);
    const Held answer = left(filter.access.sent(), 0);
    EXPECT_EQ(answer.layers.tunnel, kind);
    EXPECT_EQ(answer.layers.source_port, 53);
    EXPECT_EQ(outer_problems(answer.frame, true), std::vector<std::string>());
  }
}

TEST(WorkerTunnels, AnAnswerIntoABearerWaitsForTheOtherDirectionsTeid) {
  Filter filter;
  block_evil(filter);
  filter.access.give(lookup_in(bearer(false), "evil.example"));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedByVerdict), 1u) << "not forwarded, though nobody can be told";
  EXPECT_EQ(filter.access.sent().size() + filter.core.sent().size(), 0u);
  EXPECT_EQ(filter.stats().returns_missing.read(), 1u);
  // An innocent look-up and its response teach the way.
  filter.access.give(lookup_in(bearer(false), "good.example"));
  filter.run();
  std::string response = dns_query("good.example");
  response[2] = static_cast<char>(0x81);
  filter.core.give(in_tunnel(bearer(true), inner_packet({.reversed = true, .transport = Transport::kUdp, .source_port = 53,
                                                         .destination_port = 40000, .payload = response})));
  filter.run();
  EXPECT_EQ(filter.access.sent().size(), 1u);
  filter.access.give(lookup_in(bearer(false), "evil.example"));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  ASSERT_EQ(filter.access.sent().size(), 2u);
  const Held answer = left(filter.access.sent(), 1);
  EXPECT_EQ(answer.layers.tunnel_id, kDown);
  EXPECT_EQ(outer_problems(answer.frame, true), std::vector<std::string>());
}

TEST(WorkerTunnels, ABlockedVisitClosesTheConnectionInsideTheBearer) {
  Filter filter;
  block_evil(filter);
  filter.access.give(segment_in(bearer(false), "", 80, 1000));
  filter.run();
  filter.core.give(in_tunnel(bearer(true), inner_packet({.reversed = true, .source_port = 80, .destination_port = 40000,
                                                         .sequence = 7000, .acknowledgement = 1000})));
  filter.run();
  filter.access.forget();
  filter.core.forget();
  filter.access.give(segment_in(bearer(false), http_request("evil.example"), 80, 1000));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  ASSERT_EQ(filter.access.sent().size(), 1u);
  EXPECT_EQ(left(filter.access.sent(), 0).layers.tunnel_id, kDown);
  ASSERT_EQ(filter.core.sent().size(), 1u) << "the server is reset";
  EXPECT_EQ(left(filter.core.sent(), 0).layers.tunnel_id, kUp);
  // Another subscriber with the same private address, behind another base station, is another flow.
  Octets other = segment_in(bearer(false), "GET /", 80, 1000);
  other[14 + 15] = 77;
  filter.access.give(other);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 0u);
}

TEST(WorkerTunnels, AMessageIsVoidedInAKeyedTunnelAndItsResponseRestated) {
  for (const TunnelKind kind : {TunnelKind::kGre, TunnelKind::kGtpU, TunnelKind::kVxlan, TunnelKind::kTeredo, TunnelKind::kGreInUdp}) {
    Filter filter;
    block_evil(filter);
    const TunnelShape there{.kind = kind, .gre = {.key = 7, .sequence = 1}};
    TunnelShape back = there;
    back.reversed = true;
    const Octets request = segment_in(there, submit_sm(5, "1069", "8613800000000", "WIN a prize"), 2775);
    filter.access.give(request);
    filter.run();
    ASSERT_EQ(filter.core.sent().size(), 1u);
    const Held voided = left(filter.core.sent(), 0);
    EXPECT_EQ(voided.octets.size(), request.size());
    EXPECT_EQ(as_text(payload_of(voided.frame, voided.layers)).find("prize"), std::string_view::npos);
    EXPECT_EQ(outer_problems(voided.frame, true), std::vector<std::string>()) << traits_of(kind).name;
    filter.core.give(in_tunnel(back, inner_for(kind, {.reversed = true, .source_port = 2775, .destination_port = 40000,
                                                      .sequence = 7000, .payload = submit_sm_resp(5)})));
    filter.run();
    EXPECT_EQ(filter.fate(Fate::kRestated), 1u) << traits_of(kind).name;
    ASSERT_EQ(filter.access.sent().size(), 1u);
    EXPECT_EQ(outer_problems(left(filter.access.sent(), 0).frame, true), std::vector<std::string>()) << traits_of(kind).name;
  }
}

// A call that is refused, and the acknowledgement of that by its caller; `lay`: how a datagram of a text lies in what comes.
template <typename Lay>
void expect_absorbed(std::string_view name, std::size_t sent_on, Lay lay) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  const auto give = [&](const std::string& text) {
    for (const Octets& one : lay(text)) filter.access.give(one);
    filter.run();
  };
  give(sip_invite("+8617000000001", "13800000000"));
  ASSERT_EQ(filter.access.sent().size(), 1u) << name;
  const Held answer = left(filter.access.sent(), 0);
  const std::string text(as_text(payload_of(answer.frame, answer.layers)));
  const std::size_t tag = text.find(";tag=", text.find("To: "));
  ASSERT_NE(tag, std::string::npos) << name << text;
  const std::size_t before = filter.core.sent().size();
  give(sip_invite("+8617000000001", "13800000000", "ACK", text.substr(tag, text.find("\r\n", tag) - tag)));
  EXPECT_EQ(filter.fate(Fate::kAbsorbed), 1u) << name;
  EXPECT_EQ(filter.core.sent().size() - before, sent_on) << name;
  give(sip_invite("+8617000000001", "13800000000", "ACK", ";tag=of-another"));
  EXPECT_EQ(filter.fate(Fate::kAbsorbed), 1u) << name;
}

TEST(WorkerTunnels, AnAcknowledgementOfARefusalIsAbsorbedHoweverItLies) {
  const auto datagram = [](const std::string& text) { return PacketShape{.transport = Transport::kUdp, .destination_port = 5060, .payload = text}; };
  using Packets = std::vector<Octets>;
  expect_absorbed("plain", 0, [&](const std::string& text) { return Packets{frame_of(datagram(text))}; });
  for (const TunnelKind kind : {TunnelKind::kVxlan, TunnelKind::kIpInIp, TunnelKind::kGeneve})
    expect_absorbed(traits_of(kind).name, 0, [&](const std::string& text) {
      const PacketShape shape = datagram(text);
      return Packets{in_tunnel({.kind = kind}, inner_for(kind, shape))};
    });
  // The first part has left before it is known what the whole says; alone it is nothing.
  std::uint16_t identification = 0;
  expect_absorbed("two fragments", 1, [&](const std::string& text) {
    const auto parts = in_two_fragments(frame_of(datagram(text)), 80, ++identification);
    return Packets(parts.begin(), parts.end());
  });
}

TEST(WorkerTunnels, TheRecordTellsTheTunnelAndItsEnds) {
  Filter filter;
  block_evil(filter);
  filter.access.give(lookup_in(bearer(false), "evil.example"));
  filter.access.give(lookup_in({.kind = TunnelKind::kMpls, .id = 100}, "evil.example"));
  filter.run();
  const Record* record = filter.ring.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->tunnel_count, 1);
  EXPECT_EQ(record->tunnels[0].kind, static_cast<std::uint8_t>(TunnelKind::kGtpU));
  EXPECT_EQ(record->tunnels[0].id, kUp);
  EXPECT_EQ(record->outer_ip_version, 4);
  EXPECT_EQ(record->outer_protocol, 17);
  EXPECT_EQ(record->outer_source[0], 172);
  EXPECT_EQ(record->outer_destination[2], 9);
  EXPECT_NE(record->source[0], 172) << "the subscriber's own address";
  filter.ring.release();
  record = filter.ring.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->tunnels[0].id, 101u) << "the label at the bottom";
  EXPECT_EQ(record->outer_ip_version, 0);
}

}  // namespace
}  // namespace telefence
