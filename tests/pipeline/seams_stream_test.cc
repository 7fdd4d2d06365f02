// SPDX-License-Identifier: Apache-2.0
// Connections that many users share where they meet something else: every kind of tag and tunnel, IP fragments, keep-alives between
// messages, a receiver whose window is shut, and a session that is first seen in the middle of a message.
#include <gtest/gtest.h>

#include "filter.h"
#include "fuzz_fragments.h"
#include "ipv4_parts.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "session_ends.h"
#include "ways.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint32_t kHere = 0xfffffff0, kThere = 0xfffffff8;  // first sequence numbers; both wrap inside the first message
constexpr std::uint64_t kMs = 1'000'000;

// Both ends of a session on one way, and what they get.
class Ends {
 public:
  explicit Ends(const Way& way, std::uint16_t port = 2775) : way_(way), port_(port) {
    filter.block([](MatchSetBuilder& b) {
      Filter::block_text(b, "win a prize");
      Filter::block_number(b, "+8617000000001");
    });
  }
  void open() {
    give(filter.access, shape(false, kHere - 1, 0, {}, kTcpSyn));
    give(filter.core, shape(true, kThere - 1, kHere, {}, kTcpSyn | kTcpAck));
    forget();
  }
  // The answer goes another way.
  void open_one_side() {
    give(filter.access, shape(false, kHere - 1, 0, {}, kTcpSyn));
    forget();
  }
  PacketShape shape(bool is_back, std::uint32_t sequence, std::uint32_t acknowledgement, std::string_view bytes,
                    std::uint8_t flags = kTcpAck | kTcpPsh) const {
    return {.reversed = is_back, .source_port = is_back ? port_ : std::uint16_t{40000}, .destination_port = is_back ? std::uint16_t{40000} : port_,
            .sequence = sequence, .acknowledgement = acknowledgement, .flags = flags, .payload = bytes};
  }
  Octets there(std::size_t at, std::string_view bytes) const { return way_.carry(shape(false, number(kHere, at), kThere, bytes)); }
  void send(std::size_t at, std::string_view bytes) { give(filter.access, shape(false, number(kHere, at), kThere, bytes)); }
  // Comes with the next one, in the same burst.
  void line_up(std::size_t at, std::string_view bytes) { filter.access.give(there(at, bytes), now_ns); }
  void line_up_frame(const Octets& frame) { filter.access.give(frame, now_ns); }
  void respond(std::size_t at, std::string_view bytes, std::size_t confirmed) {
    give(filter.core, shape(true, number(kThere, at), number(kHere, confirmed), bytes));
  }
  // They pass beside the stream where the tunnel admits no second packet (kNumbered).
  void give_beside(const std::array<Octets, 2>& parts) {
    for (const Octets& part : parts) give_frame(part);
  }
  void give_frame(const Octets& frame) {
    filter.access.give(frame, now_ns);
    filter.run();
  }
  Octets back(std::size_t at, std::string_view bytes, std::size_t confirmed) const {
    return way_.carry(shape(true, number(kThere, at), number(kHere, confirmed), bytes));
  }
  void give_back(const Octets& frame) {
    filter.core.give(frame, now_ns);
    filter.run();
  }
  void pass(std::uint64_t ms) {
    for (; ms > 0; --ms) {
      now_ns += kMs;
      filter.access.set_now(now_ns);
      filter.run();
    }
  }
  // What left by `queue`, by its place in the stream; every frame of it lies as it must.
  std::string arrived(const MemoryQueue& queue, bool is_back, std::size_t size) const {
    std::string out(size, '?');
    for (const Octets& bytes : queue.sent()) {
      const Layers layers = decode(view_of(bytes));
      const Frame frame = view_of(bytes);
      const std::string_view payload = as_text(payload_of(frame, layers));
      if (layers.transport == Transport::kNone || payload.empty()) continue;
      EXPECT_EQ(problems_of_way(bytes, way_, shape(is_back, 0, 0, {})), std::vector<std::string>());
      const std::uint32_t at = tcp_header(frame, layers).sequence - (is_back ? kThere : kHere);
      EXPECT_LE(at + payload.size(), size);
      if (at + payload.size() <= size) out.replace(at, payload.size(), payload);
    }
    return out;
  }
  void expect_all_came_to_an_end() {
    filter.worker().flush();
    std::uint64_t sum = 0;
    for (const Counter& fate : filter.stats().fates) sum += fate.read();
    EXPECT_EQ(sum, filter.stats().received.read());
    EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
  }
  void forget() {
    filter.access.forget();
    filter.core.forget();
  }

  Filter filter;
  std::uint64_t now_ns = 1'700'000'000'000'000'000;

 private:
  static std::uint32_t number(std::uint32_t first, std::size_t at) { return first + static_cast<std::uint32_t>(at); }
  void give(MemoryQueue& queue, const PacketShape& one) {
    queue.give(way_.carry(one), now_ns);
    filter.run();
  }
  const Way& way_;
  std::uint16_t port_;
};

std::string innocent(std::uint32_t number) { return submit_sm(number, "10690001", "8613800000001", "the parcel is at the gate"); }
std::string listed(std::uint32_t number) { return submit_sm(number, "10690001", "8613800000002", "You WIN A PRIZE, call now"); }
std::string voided(std::string pdu) {
  EXPECT_TRUE(protocol_named("smpp")->neutralise(Event{}, {reinterpret_cast<std::uint8_t*>(pdu.data()), pdu.size()}, {}));
  return pdu;
}

// As innocent(), and more than one packet takes.
std::string longer(std::uint32_t number) {
  return submit_sm_payload(number, "10690001", "8613800000001", "the parcel is at the gate" + std::string(1400, ' '));
}
const Way& kNumbered = *std::find_if(kWays.begin(), kWays.end(), [](const Way& way) { return std::string_view(way.name) == "GRE with sequence numbers"; });

class SessionWays : public ::testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Each, SessionWays, ::testing::ValuesIn(kWays), name_of_way);

TEST_P(SessionWays, AMessageIsVoidedAndItsResponseRestatedHoweverBothAreCut) {
  const std::string stream = innocent(1) + listed(2) + innocent(3);
  const std::string wanted = innocent(1) + voided(listed(2)) + innocent(3);
  const std::string responses = submit_sm_resp(1) + submit_sm_resp(2) + submit_sm_resp(3);
  std::string told = responses;
  told[19 + 11] = 0x45;  // command_status of the second one
  const std::size_t step = GetParam().has_tunnel ? 23 : 7;  // each is a filter of its own, which takes its time
  for (std::size_t border = 1 + std::string_view(GetParam().name).size() % step; border < stream.size(); border += step) {
    SCOPED_TRACE(std::string(GetParam().name) + " cut at " + std::to_string(border));
    Ends ends(GetParam());
    ends.open();
    ends.send(0, stream.substr(0, border));
    ends.send(border, stream.substr(border));
    ASSERT_EQ(ends.arrived(ends.filter.core, false, stream.size()), wanted);
    const std::size_t back = 1 + border % (responses.size() - 1);
    ends.respond(0, responses.substr(0, back), stream.size());
    ends.respond(back, responses.substr(back), stream.size());
    ASSERT_EQ(ends.arrived(ends.filter.access, true, responses.size()), told) << "responses cut at " << back;
    EXPECT_EQ(ends.filter.ring.pushed(), 1u);
    ends.expect_all_came_to_an_end();
  }
}

// What is decided of a frame leaves without the rest of it: not before frames that came with it and lie before it.
TEST_P(SessionWays, APartThatLeavesByItselfLeavesBehindWhatCameBeforeIt) {
  SCOPED_TRACE(GetParam().name);
  const std::size_t one = innocent(1).size();
  const std::string stream = innocent(1) + innocent(2) + listed(3).substr(0, one) + listed(3).substr(one) + innocent(4) + innocent(5);
  const std::string wanted = innocent(1) + innocent(2) + voided(listed(3)) + innocent(4) + innocent(5);
  const std::size_t first = one + one / 2, second = 2 * one + listed(3).size(), third = stream.size() - one / 2;
  Ends ends(GetParam());
  ends.open();
  ends.send(0, stream.substr(0, first));
  ends.now_ns += 2 * kMs;  // its decided part may leave by itself now
  ends.line_up(first, stream.substr(first, second - first));
  ends.send(second, stream.substr(second, third - second));
  ends.pass(2);
  EXPECT_EQ(ends.filter.fate(Fate::kNeutralised), 1u);
  // A tunnel that numbers its packets has no number for a part.
  const bool has_part = !std::string_view(GetParam().name).ends_with("with sequence numbers");
  EXPECT_EQ(payloads_sent(ends.filter.core), wanted.substr(0, has_part ? wanted.size() - one : second)) << "in the order of the stream";
  EXPECT_EQ(ends.filter.core.sent().size(), has_part ? 3u : 2u);
  ends.send(third, stream.substr(third));
  EXPECT_EQ(payloads_sent(ends.filter.core), wanted);
  ends.expect_all_came_to_an_end();
}

// Each recipient by itself, also when it is cut in two.
TEST(SessionSeams, OfSeveralRecipientsOnlyTheListedOneIsVoidedHoweverTheMessageIsCut) {
  const std::string pdu = submit_multi(7, "10690001", {"8613800000001", "8617000000001", "8613800000003"}, "see you at nine");
  std::string wanted = pdu;
  wanted.replace(wanted.find("8617000000001"), 13, 13, '0');
  for (std::size_t border = 1; border < pdu.size(); ++border) {
    Ends ends(kWays[0]);
    ends.open();
    ends.send(0, pdu.substr(0, border));
    ends.send(border, pdu.substr(border));
    ASSERT_EQ(ends.arrived(ends.filter.core, false, pdu.size()), wanted) << border;
    const std::string response = submit_sm_resp(7);
    ends.respond(0, response, pdu.size());
    ASSERT_EQ(ends.arrived(ends.filter.access, true, response.size()), response) << "it is the others', too";
    ends.expect_all_came_to_an_end();
  }
}

// RFC 5626, 3.5.1: two line ends ask, one answers. Nobody's message begins with them, and none may wait for what follows them.
TEST(SessionSeams, KeepAlivesBetweenCallsDoNotHideTheListedOneHoweverTheyAreCut) {
  const auto over_tcp = [](std::string text) { return text.replace(text.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP"); };
  const std::string good = over_tcp(sip_invite("+8613900000001", "13800000000"));
  const std::string evil = over_tcp(sip_invite("+8617000000001", "13800000000"));
  const std::string ping = "\r\n\r\n";
  const std::string stream = good + ping + evil + ping + good + ping;
  std::string wanted = stream;
  std::string refused = evil;
  ASSERT_TRUE(protocol_named("sip")->neutralise(Event{}, {reinterpret_cast<std::uint8_t*>(refused.data()), refused.size()}, {}));
  wanted.replace(good.size() + ping.size(), refused.size(), refused);
  for (std::size_t border = 1; border + 2 < stream.size(); border += 9) {
    Ends ends(kWays[0], 5060);
    ends.open();
    // Two octets alone: half a keep-alive, or two letters of a call.
    ends.send(0, stream.substr(0, border));
    ends.send(border, stream.substr(border, 2));
    ends.send(border + 2, stream.substr(border + 2));
    ends.pass(1);
    ASSERT_EQ(ends.arrived(ends.filter.core, false, stream.size()), wanted) << border;
    EXPECT_EQ(ends.filter.stats().stream_lost.read(), 0u) << border;
    ends.expect_all_came_to_an_end();
  }
}

// A window that is shut is probed with one octet again and again (RFC 9293, 3.8.6.1): nothing of it is lost, and the wait has an end.
TEST(SessionSeams, ASessionGoesOnBehindAReceiverWhoseWindowWasShut) {
  const std::string stream = innocent(1) + listed(2) + innocent(3);
  const std::size_t half = innocent(1).size() + 20;
  Ends ends(kWays[0]);
  ends.open();
  ends.send(0, stream.substr(0, half));
  Octets shut = frame_of(ends.shape(true, kThere, kHere + static_cast<std::uint32_t>(innocent(1).size()), {}, kTcpAck));
  const std::uint32_t was = 0xffff;  // the window; the checksum follows (RFC 1624)
  shut[14 + 20 + 14] = shut[14 + 20 + 15] = 0;
  std::uint32_t sum = static_cast<std::uint32_t>(shut[14 + 20 + 16] << 8 | shut[14 + 20 + 17]) + was;
  sum = (sum & 0xffff) + (sum >> 16);
  put16(shut, 14 + 20 + 16, static_cast<std::uint16_t>(sum));
  ends.filter.core.give(shut, ends.now_ns);
  ends.filter.run();
  ASSERT_EQ(ends.filter.access.sent().size(), 1u);
  EXPECT_EQ(ends.filter.access.sent()[0], shut) << "its sender must hear of it";
  for (int probe = 0; probe < 5; ++probe) {
    ends.pass(60);
    ends.send(half, stream.substr(half, 1));
  }
  EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()).substr(0, half + 1), stream.substr(0, half + 1)) << "the wait has ended";
  EXPECT_EQ(ends.filter.stats().stream_late.read(), 1u);
  EXPECT_GE(ends.filter.fate(Fate::kForwardedHoldExpired), 1u);
  ends.send(half + 1, stream.substr(half + 1));
  ends.pass(1);
  const std::string arrived = ends.arrived(ends.filter.core, false, stream.size());
  EXPECT_EQ(arrived.find('?'), std::string::npos) << "all of it arrived";
  EXPECT_EQ(arrived.find("WIN A PRIZE"), std::string::npos) << "the half that had left says nothing";
  EXPECT_EQ(ends.filter.ring.pushed(), 1u);
  EXPECT_EQ(arrived.substr(0, innocent(1).size()), innocent(1));
  EXPECT_EQ(arrived.substr(stream.size() - innocent(3).size()), innocent(3));
  ends.expect_all_came_to_an_end();
}

// The filter began to see the session while it was under way, from any byte of a message on, with one direction or both.
TEST(SessionSeams, ASessionFirstSeenInTheMiddleOfAMessageIsReadFromTheNextOneOn) {
  const std::string first = innocent(1), second = innocent(2);
  const std::string stream = first + second + listed(3) + innocent(4);
  const std::string wanted = first + second + voided(listed(3)) + innocent(4);
  for (const bool is_one_sided : {true, false}) {
    for (std::size_t start = 1; start < first.size(); start += 5) {
      SCOPED_TRACE(std::to_string(start) + (is_one_sided ? ", one-sided" : ""));
      Ends ends(kWays[0]);
      if (!is_one_sided) ends.respond(0, submit_sm_resp(77), start);
      const std::size_t border = first.size() + second.size();  // as senders that wait for responses cut it
      ends.send(start, stream.substr(start, border - start));
      ends.send(border, stream.substr(border, 30));
      ends.send(border + 30, stream.substr(border + 30));
      ends.pass(1);
      ASSERT_EQ(ends.arrived(ends.filter.core, false, stream.size()).substr(start), wanted.substr(start));
      EXPECT_EQ(ends.filter.ring.pushed(), 1u);
      ends.expect_all_came_to_an_end();
    }
  }
}

// Only responses pass here: they belong to nobody's refusal, and nothing waits.
TEST(SessionSeams, WhereOnlyResponsesPassTheyPassAtOnceHoweverTheyAreCut) {
  const std::string responses = submit_sm_resp(1) + submit_sm_resp(2) + submit_sm_resp(3);
  for (std::size_t border = 1; border < responses.size(); border += 3) {
    Ends ends(kWays[0]);
    ends.respond(0, responses.substr(0, border), 0);
    ends.respond(border, responses.substr(border), 0);
    ASSERT_EQ(ends.arrived(ends.filter.access, true, responses.size()), responses) << border;
    EXPECT_EQ(ends.filter.fate(Fate::kRestated), 0u);
    ends.expect_all_came_to_an_end();
  }
}

// A segment in IP fragments that can't be replaced passes beside the stream. What comes behind it must not wait longer than for the
// confirmation of it, and the session is found again.
TEST(SessionSeams, ASegmentInFragmentsThatPassesCostsNoMoreThanItself) {
  const std::string stream = innocent(1) + longer(2) + innocent(3) + listed(4) + innocent(5);
  const std::size_t one = innocent(1).size(), two = one + longer(2).size(), three = two + innocent(3).size();
  Ends ends(kNumbered);
  ends.open();
  ends.send(0, stream.substr(0, one));
  const Octets whole = ends.there(one, stream.substr(one, two - one));
  const std::array<Octets, 2> parts = in_two_fragments(whole, 64);
  ends.give_beside(parts);
  ASSERT_EQ(ends.filter.core.sent().size(), 3u);
  EXPECT_EQ(ends.filter.core.sent()[1], parts[0]);
  EXPECT_EQ(ends.filter.core.sent()[2], parts[1]);
  ends.send(two, stream.substr(two, three - two));
  ends.respond(0, submit_sm_resp(1) + submit_sm_resp(2), two);
  EXPECT_EQ(ends.filter.core.sent().size(), 4u) << "its receiver has confirmed the fragments";
  ends.send(three, stream.substr(three));
  ends.pass(1);
  const std::string arrived = ends.arrived(ends.filter.core, false, stream.size());
  EXPECT_EQ(arrived.substr(two, three - two), innocent(3));
  EXPECT_EQ(arrived.substr(three), voided(listed(4)) + innocent(5));
  ends.expect_all_came_to_an_end();
}

// A segment of its own goes on in the place of the part that came last.
TEST(SessionSeams, AResponseInFragmentsIsRestated) {
  Ends ends(kWays[0]);
  ends.open();
  ends.send(0, listed(1));
  std::string responses;
  for (std::uint32_t number = 100; number < 170; ++number) append_u32(responses, 16), append_u32(responses, 0x15), append_u32(responses, 0), append_u32(responses, number);
  responses += submit_sm_resp(1);
  const std::array<Octets, 2> parts = in_two_fragments(ends.back(0, responses, listed(1).size()), 1096);
  for (const Octets& part : parts) ends.give_back(part);
  ASSERT_EQ(ends.filter.access.sent().size(), 1u) << "the fragments go nowhere";
  EXPECT_EQ(ends.filter.fate(Fate::kDroppedCopy), 1u);
  std::string told = responses;
  told[told.size() - 19 + 11] = 0x45;  // command_status
  EXPECT_EQ(payloads_sent(ends.filter.access), told);
  EXPECT_EQ(ends.filter.fate(Fate::kRestated), 1u);
  ends.expect_all_came_to_an_end();
}

// The parts of the frame's outermost packet; none where that has extension headers, or its link says how long it is.
std::vector<FragmentPart> parts_of(const Octets& frame) {
  Layers layers = decode(view_of(frame));
  if (layers.tunnels != 0) {
    if (layers.outer_network == layers.network) return {};
    layers.network = layers.outer_network;
    layers.ip_version = frame[layers.network] >> 4;
    layers.ip_protocol = frame[layers.network + (layers.ip_version == 4 ? 9u : 6u)];
    layers.transport_at = static_cast<std::uint16_t>(layers.network + (layers.ip_version == 4 ? 20 : 40));
    layers.network_end = static_cast<std::uint32_t>(frame.size());
  }
  if (layers.transport_at != layers.network + (layers.ip_version == 4 ? 20 : 40)) return {};
  return cut_in_fragments(frame, layers, 480, 77);
}

// Whether the segment is cut or the packet of the tunnel that it is in: a listed message in the parts is voided, alone, and what was begun in
// one piece goes on in several.
TEST(SessionSeams, ASegmentInFragmentsIsPartOfItsStreamInEveryTunnel) {
  std::size_t covered = 0;
  for (const Way& way : kWays) {
    for (const std::size_t filling : {500u, 2700u}) {
      SCOPED_TRACE(std::string(way.name) + ", " + std::to_string(filling));
      if (filling > 1000 && std::string_view(way.name).ends_with("with sequence numbers")) continue;  // they admit no second packet
      const std::string longer = submit_sm_payload(3, "10690001", "8613800000001", "at the gate " + std::string(filling, 'x'));
      const std::string stream = innocent(1) + listed(2) + longer + listed(4) + innocent(5);
      const std::string wanted = innocent(1) + voided(listed(2)) + longer + voided(listed(4)) + innocent(5);
      const std::size_t begin = innocent(1).size() + 30, end = stream.size() - innocent(5).size() - 20;
      Ends ends(way);
      ends.open();
      ends.send(0, stream.substr(0, begin));
      const std::vector<FragmentPart> parts = parts_of(ends.there(begin, stream.substr(begin, end - begin)));
      if (parts.empty()) continue;
      ++covered;
      for (const FragmentPart& part : parts) ends.give_frame(part.bytes);
      EXPECT_EQ(ends.filter.stats().fragments_replaced.read(), 1u);
      ends.send(end, stream.substr(end));
      EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()), wanted);
      EXPECT_EQ(ends.filter.ring.pushed(), 2u);
      for (const Octets& sent : ends.filter.core.sent()) EXPECT_LE(sent.size(), parts[0].bytes.size() + 960) << "as long as every link takes";
      // A copy of the part that came last must not complete the packet: its receiver never got the first one, or gets no copy.
      const std::size_t before = ends.filter.core.sent().size();
      ends.give_frame(parts.back().bytes);
      const auto sent = ends.filter.core.sent();
      const bool is_first_there = std::any_of(sent.begin(), sent.end(), [&](const Octets& one) { return one == parts[0].bytes; });
      EXPECT_EQ(is_first_there, way.has_tunnel);
      if (is_first_there) {
        EXPECT_EQ(sent.size(), before);
      }
      EXPECT_EQ(ends.filter.fate(Fate::kDroppedCopy), way.has_tunnel ? 1 : parts.size() - 1);
      ends.expect_all_came_to_an_end();
    }
  }
  EXPECT_EQ(covered, 2 * 20u - 2) << "of twenty-five ways five are not cut here, and two admit no second packet";
}

// A tunnel of the sender's own making, the packet in it shorter than what carries it: what lies behind it is nobody's.
TEST(SessionSeams, WhatLiesBehindAPacketInAFragmentedTunnelIsNotCopied) {
  const Way& tunnel = *std::find_if(kWays.begin(), kWays.end(), [](const Way& way) { return std::string_view(way.name) == "IP in IP"; });
  Ends ends(tunnel);
  ends.open();
  Octets whole = ends.there(0, listed(1));
  const std::size_t end = whole.size();
  whole.resize(end + 2000, 'x');
  put16(whole, 14 + 2, static_cast<std::uint16_t>(whole.size() - 14));
  put16(whole, 14 + 10, 0);
  put16(whole, 14 + 10, checksum_of(word_sum(Bytes(whole).subspan(14, 20))));
  for (const FragmentPart& part : parts_of(whole)) ends.give_frame(part.bytes);
  EXPECT_EQ(ends.arrived(ends.filter.core, false, listed(1).size()), voided(listed(1)));
  EXPECT_EQ(ends.filter.core.sent().back().size(), end);
  ends.expect_all_came_to_an_end();
}

// Under a label it is told by its looks what a packet is, and by how long it is: cut once, the rest of this one looks like a numbered tunnel.
TEST(SessionSeams, WhatLooksOtherwiseOnceItIsCutGoesNowhere) {
  constexpr std::size_t kEthernet = 14, kPayload = 3000, kMost = 1240;  // of payload in a packet of 1,280 octets
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  const std::uint32_t sequence = 0x20001000 - kMost;
  const auto under_label = [](const Octets& inner) {
    Octets out(12, 2);
    out.insert(out.end(), {0x88, 0x47, 0x00, 0x3e, 0x81, 0x40});
    out.insert(out.end(), inner.begin(), inner.end());
    return out;
  };
  const auto inner = [&](PacketShape shape) {
    shape.destination_port = 2775;
    shape.acknowledgement = 0x08000000;  // IPv4 in GRE, to whoever takes it for that
    Octets frame = frame_of(shape);
    constexpr std::size_t kRest = kEthernet + 40 + kPayload - kMost;
    frame[0] = 0x60, frame[4] = static_cast<std::uint8_t>((kRest - 40) >> 8), frame[5] = static_cast<std::uint8_t>(kRest - 40), frame[6] = 47;
    return frame;
  };
  filter.access.give(under_label(inner({.sequence = sequence - 1, .flags = kTcpSyn})));
  filter.run();
  std::string text = submit_sm_payload(1, "10690001", "8613800000001", "WIN a PRIZE " + std::string(2900, 'x'));
  ASSERT_LE(text.size(), kPayload);
  text.resize(kPayload, 'x');
  for (const Octets& part : fragments_of(inner({.sequence = sequence, .payload = text}), 1376, 5)) filter.access.give(under_label(part));
  filter.run();
  EXPECT_EQ(filter.stats().fragments_joined.read(), 1u);
  EXPECT_EQ(filter.fate(Fate::kDroppedStreamFull), 1u);
  EXPECT_EQ(filter.core.sent().size(), 3u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

// More extension headers than a packet of its own can be made behind: its sender may repeat it as often as he likes.
TEST(SessionSeams, ASegmentBehindHeadersWithoutEndGoesNowhere) {
  for (const std::size_t options : {400u, 600u, 1000u, 1208u, 1400u}) {
    const Way& six = *std::find_if(kWays.begin(), kWays.end(), [](const Way& way) { return std::string_view(way.name).starts_with("IPv6 with an atomic"); });
    Ends ends(six);
    ends.open();
    const Octets plain = ipv6_frame(ends.shape(false, kHere, kThere, listed(1)));
    Octets header(options, 0);  // hop-by-hop, padded (RFC 8200, 4.2), then the fragment header
    header[0] = 44, header[1] = static_cast<std::uint8_t>(options / 8 - 1);
    for (std::size_t at = 2; at < options; at += 2u + header[at + 1]) {
      header[at] = 1;
      header[at + 1] = static_cast<std::uint8_t>(std::min<std::size_t>(options - at - 2, 255));
    }
    for (const bool is_last : {false, true}) {
      const std::size_t cut = 64, from = is_last ? cut : 0, to = is_last ? plain.size() - 54 : cut;
      Octets part(plain.begin(), plain.begin() + 54);
      part.insert(part.end(), header.begin(), header.end());
      part.insert(part.end(), {6, 0, 0, static_cast<std::uint8_t>(from | (is_last ? 0u : 1u)), 0, 0, 0, 9});
      part.insert(part.end(), plain.begin() + 54 + static_cast<std::ptrdiff_t>(from), plain.begin() + 54 + static_cast<std::ptrdiff_t>(to));
      part[14 + 6] = 0;
      put16(part, 14 + 4, static_cast<std::uint16_t>(part.size() - 54));
      ends.give_frame(part);
    }
    EXPECT_EQ(ends.filter.stats().fragments_joined.read(), 1u) << options;
    EXPECT_EQ(ends.filter.fate(Fate::kForwardedActionFailed), 0u) << options;
    for (const Octets& sent : ends.filter.core.sent()) EXPECT_EQ(as_text(sent).find("WIN A PRIZE"), std::string::npos) << options;
    EXPECT_EQ(ends.filter.fate(Fate::kDroppedStreamFull) + ends.filter.fate(Fate::kNeutralised), 1u) << options;
    ends.expect_all_came_to_an_end();
  }
}

// What its receiver has of the packet must never become whole there: not when the part that came last comes again after a flood of others'
// parts, nor after some time, while a segment before it is missing.
TEST(SessionSeams, WhatWasReplacedNeverBecomesWholeAtItsReceiver) {
  const std::string stream = innocent(1) + listed(2);
  const std::size_t one = innocent(1).size();
  for (const bool is_followed : {true, false}) {
    Ends ends(kWays[0]);
    ends.open();
    if (is_followed) ends.respond(0, submit_sm_resp(99), 0);
    if (is_followed) ends.send(0, stream.substr(0, 10));
    PartsAtReceiver receiver;
    const auto expect_nothing_whole = [&] {
      for (const Octets& sent : ends.filter.core.sent()) {
        const Layers layers = decode(view_of(sent));
        if (layers.end == DecodeEnd::kFragment) {
          EXPECT_TRUE(receiver.put(view_of(sent), layers).empty());
        }
      }
      ends.forget();
    };
    const std::array<Octets, 2> parts = in_two_fragments(ends.there(one, listed(2)), 64);
    for (const Octets& part : parts) ends.give_frame(part);
    for (std::uint16_t flood = 0; flood < 5000; ++flood)
      ends.line_up_frame(in_two_fragments(udp_frame(dns_query("a.example"), 53), 16, static_cast<std::uint16_t>(flood + 1000))[0]);
    ends.filter.run();
    expect_nothing_whole();
    for (const Octets& part : parts) ends.give_frame(part);
    expect_nothing_whole();
    ends.pass(1500);
    for (const Octets& part : {parts[1], parts[0]}) ends.give_frame(part);
    expect_nothing_whole();
  }
}

// Whose beginning was not seen here may be another worker's connection: waiting for its other segments would be in vain.
TEST(SessionSeams, ASegmentInFragmentsOfAnUnknownConnectionPassesAsItCame) {
  Ends ends(kWays[0]);
  const std::array<Octets, 2> parts = in_two_fragments(ends.there(0, listed(1)), 64);
  for (const Octets& part : parts) ends.give_frame(part);
  ASSERT_EQ(ends.filter.core.sent().size(), 2u);
  EXPECT_EQ(ends.filter.core.sent()[1], parts[1]);
  EXPECT_EQ(ends.filter.fate(Fate::kForwardedActionFailed), 1u);
  EXPECT_EQ(ends.filter.ring.pushed(), 1u);
  ends.expect_all_came_to_an_end();
}

// Where the other direction passes elsewhere nobody confirms what went by in fragments: what comes behind must not wait for it.
TEST(SessionSeams, WhereOneDirectionIsSeenASegmentInFragmentsDelaysNothing) {
  const std::size_t one = innocent(1).size(), two = one + longer(2).size(), three = two + innocent(3).size();
  const std::string stream = innocent(1) + longer(2) + innocent(3) + listed(4) + innocent(5);
  for (const bool is_opened : {false, true}) {
    for (const bool is_idle : {false, true}) {  // nothing is on the way: the connection is known, and no bytes of it
      SCOPED_TRACE(std::string(is_opened ? "opened" : "found") + (is_idle ? ", idle" : ""));
      Ends ends(kNumbered);
      if (is_opened) ends.open_one_side();
      ends.send(0, stream.substr(0, is_idle ? one : one + 20));
      const std::size_t at = is_idle ? one : one + 20;
      ends.give_beside(in_two_fragments(ends.there(at, stream.substr(at, two - at)), 64));
      EXPECT_EQ(ends.filter.stats().fragments_joined.read(), 1u);
      EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u) << "the rest of what was held went by";
      ends.send(two, stream.substr(two, three - two));
      EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u);
      ends.send(three, stream.substr(three));
      EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u);
      const std::string arrived = ends.arrived(ends.filter.core, false, stream.size());
      EXPECT_EQ(arrived.substr(two), innocent(3) + voided(listed(4)) + innocent(5));
      ends.expect_all_came_to_an_end();
    }
  }
}

// What was read in the same burst is still refused.
TEST(SessionSeams, ASegmentInFragmentsDoesNotHideTheListedMessageBeforeIt) {
  const std::string stream = listed(1) + longer(2) + innocent(3) + listed(4);
  const std::size_t second = listed(1).size(), third = second + longer(2).size(), last = third + innocent(3).size();
  Ends ends(kNumbered);
  ends.open_one_side();
  ends.line_up(0, stream.substr(0, second));
  for (const Octets& part : in_two_fragments(ends.there(second, stream.substr(second, third - second)), 64)) ends.line_up_frame(part);
  ends.filter.run();
  ends.send(third, stream.substr(third, last - third));
  EXPECT_EQ(ends.filter.stats().fragments_joined.read(), 1u);
  EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u);
  ends.send(last, stream.substr(last));
  const std::string arrived = ends.arrived(ends.filter.core, false, stream.size());
  EXPECT_EQ(arrived.substr(0, second), voided(listed(1)));
  EXPECT_EQ(arrived.substr(third), innocent(3) + voided(listed(4)));
  ends.expect_all_came_to_an_end();
}

// A message that is refused, whose frame waits for the rest of the next one, leaves refused when that rest is given up.
TEST(SessionSeams, WhatIsDecidedOfAFrameLeavesAsDecidedWhenItsRestIsGivenUp) {
  const std::string stream = listed(1) + longer(2) + innocent(3);
  const std::size_t cut = listed(1).size() + 20, third = listed(1).size() + longer(2).size();
  Ends ends(kNumbered);
  ends.open_one_side();
  ends.send(0, stream.substr(0, cut));
  EXPECT_EQ(ends.filter.stats().held_frames.read(), 1u);
  ends.give_beside(in_two_fragments(ends.there(cut, stream.substr(cut, third - cut)), 40));
  EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u);
  EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()).substr(0, cut), voided(listed(1)) + longer(2).substr(0, 20));
  EXPECT_EQ(ends.filter.fate(Fate::kNeutralised), 1u);
  ends.expect_all_came_to_an_end();
}

// A segment far ahead, as nobody sends it who wants it to arrive, must not save the listed message that came in the same burst, nor the
// one that comes next.
TEST(SessionSeams, ASegmentFarAheadDoesNotHideTheListedMessageBeforeIt) {
  const std::string stream = listed(1) + innocent(2);
  for (const bool is_cut : {false, true}) {
    Ends ends(kWays[0]);
    ends.open_one_side();
    if (is_cut) ends.send(0, stream.substr(0, 20));
    ends.line_up(is_cut ? 20 : 0, stream.substr(is_cut ? 20 : 0, listed(1).size() - (is_cut ? 20 : 0)));
    ends.give_frame(ends.there(1'000'000, "x"));
    std::string arrived;
    for (const Octets& one : ends.filter.core.sent()) arrived += as_text(one);
    EXPECT_EQ(arrived.find("WIN A PRIZE"), std::string::npos) << is_cut;
    EXPECT_EQ(ends.filter.core.sent().size(), is_cut ? 2u : 1u);
    ends.filter.core.forget();
    ends.send(listed(1).size(), innocent(2));
    EXPECT_EQ(payloads_sent(ends.filter.core), innocent(2)) << is_cut;
    ends.give_frame(ends.there(1'000'000, "x"));
    ends.filter.core.forget();
    const std::size_t third = stream.size();
    ends.send(third, listed(3).substr(0, 40));
    ends.send(third + 40, listed(3).substr(40));
    EXPECT_EQ(payloads_sent(ends.filter.core), voided(listed(3))) << is_cut;
    EXPECT_EQ(ends.filter.fate(Fate::kDroppedStreamFull), 2u);
    ends.expect_all_came_to_an_end();
  }
}

// The fragments may take another way than whole packets, so that nothing of the segment is seen whole. What comes behind it is held as
// long as a sender takes to repeat a lost one, but not as long as where its receiver would tell.
TEST(SessionSeams, WhereOneDirectionIsSeenAMissingSegmentIsNotWaitedForLongerThanItsRepetitionTakes) {
  const std::size_t one = innocent(1).size();
  const std::string stream = innocent(1) + innocent(2) + innocent(3) + listed(4) + innocent(5);
  Ends ends(kWays[0]);
  ends.open_one_side();
  ends.send(0, stream.substr(0, one));
  ends.give_frame(in_two_fragments(ends.there(one, stream.substr(one, one)), 64)[0]);
  ends.send(2 * one, stream.substr(2 * one, one));
  ends.pass(900);
  EXPECT_EQ(ends.filter.stats().held_frames.read(), 1u);
  ends.pass(140);
  EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u);
  EXPECT_EQ(ends.filter.stats().stream_holes.read(), 1u);
  ends.send(3 * one, stream.substr(3 * one));
  const std::string arrived = ends.arrived(ends.filter.core, false, stream.size());
  EXPECT_EQ(arrived.substr(2 * one), innocent(3) + voided(listed(4)) + innocent(5));
  ends.expect_all_came_to_an_end();
}

// Its receiver's word comes from where its receiver is. One that says that it has what was never sent is not believed before the sender
// goes on behind it.
TEST(SessionSeams, WhatASenderConfirmsInTheNameOfItsReceiverHidesNothing) {
  const std::size_t one = innocent(1).size(), head = one + 40;
  const std::string stream = innocent(1) + listed(2) + innocent(3);
  const std::string wanted = innocent(1) + voided(listed(2)) + innocent(3);
  for (const bool is_here : {true, false}) {
    for (const bool has_hole : {true, false}) {
      for (const std::size_t confirmed : {head, one + listed(2).size(), std::size_t{100'000}}) {
        if (!is_here && has_hole) continue;  // what is beyond a hole that its receiver confirms has come another way
        SCOPED_TRACE(std::to_string(is_here) + std::to_string(has_hole) + " " + std::to_string(confirmed));
        Ends ends(kWays[0]);
        ends.open();
        ends.send(0, stream.substr(0, one));
        ends.respond(0, submit_sm_resp(1), one);
        if (has_hole) ends.send(head, stream.substr(head));
        const Octets forged = frame_of(ends.shape(true, kThere, kHere + static_cast<std::uint32_t>(confirmed), {}, kTcpAck));
        (is_here ? ends.filter.access : ends.filter.core).give(forged, ends.now_ns);
        ends.filter.run();
        ends.send(one, stream.substr(one, head - one));
        if (!has_hole) ends.send(head, stream.substr(head));
        ends.pass(1);
        EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()), wanted);
        ends.expect_all_came_to_an_end();
      }
    }
  }
}

// Nor does an answer to the sender's own SYN open the session anew.
TEST(SessionSeams, ASessionIsNotOpenedAnewByItsSenderAlone) {
  const std::size_t one = innocent(1).size(), head = one + 40;
  const std::string stream = innocent(1) + listed(2) + innocent(3);
  Ends ends(kWays[0]);
  ends.open();
  ends.send(0, stream.substr(0, one));
  ends.give_frame(frame_of(ends.shape(false, kHere + 100'000, 0, {}, kTcpSyn)));
  ends.give_frame(frame_of(ends.shape(true, 777, kHere + 100'001, {}, kTcpSyn | kTcpAck)));
  ends.send(one, stream.substr(one, head - one));
  ends.send(head, stream.substr(head));
  EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()), innocent(1) + voided(listed(2)) + innocent(3));
  ends.expect_all_came_to_an_end();
}

// A second SYN that never arrives, with another number, between the first one and its answer.
TEST(SessionSeams, ASynThatNobodyAnswersHidesNothing) {
  const std::string stream = listed(1) + innocent(2) + listed(3);
  for (const std::uint32_t other : {50'000u, kHere + 70'000, kHere - 70'000}) {
    SCOPED_TRACE(other);
    Ends ends(kWays[0]);
    ends.give_frame(frame_of(ends.shape(false, kHere - 1, 0, {}, kTcpSyn)));
    ends.give_frame(frame_of(ends.shape(false, other, 0, {}, kTcpSyn)));
    ends.filter.core.give(frame_of(ends.shape(true, kThere - 1, kHere, {}, kTcpSyn | kTcpAck)), ends.now_ns);
    ends.filter.run();
    ends.forget();
    for (std::size_t at = 0; at < stream.size(); at += 60) ends.send(at, stream.substr(at, 60));
    EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()), voided(listed(1)) + innocent(2) + voided(listed(3)));
    ends.expect_all_came_to_an_end();
  }
}

// What is too long to be read is passed over as its length says: what follows it is read, wherever it is cut.
TEST(SessionSeams, BehindAMessageTooLongToBeReadTheNextOneIsRead) {
  const auto over_tcp = [](std::string text) { return text.replace(text.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP"); };
  std::string longest = over_tcp(sip_invite("+8613900000001", "13800000000"));
  longest.replace(longest.find("Content-Length: 0"), 17, "Content-Length: 70000");
  longest += std::string(70'000, 'x');
  const std::string evil = over_tcp(sip_invite("+8617000000001", "13800000000"));
  const std::string good = over_tcp(sip_invite("+8613900000001", "13800000000"));
  std::string refused = evil;
  ASSERT_TRUE(protocol_named("sip")->neutralise(Event{}, {reinterpret_cast<std::uint8_t*>(refused.data()), refused.size()}, {}));
  const std::string stream = good + longest + evil + good + longest + evil;
  const std::string wanted = good + longest + refused + good + longest + refused;
  for (const std::size_t step : {std::size_t{1400}, std::size_t{997}, std::size_t{150}}) {
    SCOPED_TRACE(step);
    Ends ends(kWays[0], 5060);
    ends.open();
    for (std::size_t at = 0; at < stream.size(); at += step) {
      ends.send(at, stream.substr(at, step));
      if (at / step % 8 == 7) ends.filter.core.give(frame_of(ends.shape(true, kThere, kHere + static_cast<std::uint32_t>(at + step), {}, kTcpAck)), ends.now_ns);
    }
    ends.pass(1);
    EXPECT_EQ(ends.arrived(ends.filter.core, false, stream.size()), wanted);
    EXPECT_EQ(ends.filter.stats().stream_lost.read(), 0u);
    EXPECT_GE(ends.filter.fate(Fate::kForwardedNeedMore), 70'000 / step * 2 - 2);
    ends.expect_all_came_to_an_end();
  }
}

// A call whose sender pauses within it for longer than it is waited for: what its header section says until there is judged, and what
// is left of it then is no call any more.
TEST(SessionSeams, ACallWhoseRestComesLateIsJudgedByWhatIsThere) {
  std::string evil = sip_invite("+8617000000001", "13800000000"), good = sip_invite("+8613900000001", "13800000000");
  for (std::string* const one : {&evil, &good}) one->replace(one->find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP");
  const auto line_behind = [](const std::string& text, std::string_view name) { return text.find('\n', text.find(name)) + 1; };
  const std::size_t judged_from = std::max({line_behind(evil, "From:"), line_behind(evil, "To:"), line_behind(evil, "Call-ID:")});
  for (std::size_t cut = judged_from; cut < evil.size(); cut += cut + 5 < evil.size() ? 3u : 1u) {
    SCOPED_TRACE(cut);
    Ends ends(kWays[0], 5060);
    ends.open();
    const std::string stream = evil + good;
    ends.send(0, stream.substr(0, cut));
    ends.pass(250);
    EXPECT_EQ(ends.filter.stats().held_frames.read(), 0u);
    ends.send(cut, stream.substr(cut));
    ends.pass(1);
    const std::string arrived = ends.arrived(ends.filter.core, false, stream.size());
    EXPECT_EQ(arrived.substr(0, 7), "XNVITE ");
    EXPECT_EQ(arrived.substr(evil.size()), good);
    EXPECT_EQ(arrived.size(), stream.size());
    EXPECT_GE(ends.filter.fate(Fate::kNeutralised), 1u);
    EXPECT_EQ(ends.filter.ring.pushed(), 1u);
    ends.expect_all_came_to_an_end();
  }
  // An innocent one leaves as it came, wherever it is cut.
  for (std::size_t cut = 1; cut < good.size(); cut += 7) {
    Ends ends(kWays[0], 5060);
    ends.open();
    ends.send(0, good.substr(0, cut));
    ends.pass(250);
    ends.send(cut, good.substr(cut));
    EXPECT_EQ(ends.arrived(ends.filter.core, false, good.size()), good) << cut;
    EXPECT_EQ(ends.filter.ring.pushed(), 0u);
    ends.expect_all_came_to_an_end();
  }
}

}  // namespace
}  // namespace telefence
