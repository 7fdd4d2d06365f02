// SPDX-License-Identifier: Apache-2.0
#include "pipeline/worker.h"

#include <gtest/gtest.h>

#include <random>

#include "filter.h"
#include "payloads.h"

namespace telefence {
namespace {

using namespace testing;

// Every packet has one fate, and every buffer came back to the pool.
void expect_all_accounted_for(const Filter& filter) {
  std::uint64_t sum = 0;
  for (const Counter& fate : filter.stats().fates) sum += fate.read();
  EXPECT_EQ(sum, filter.stats().received.read());
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

Frame view(const std::vector<std::uint8_t>& bytes) {
  Frame frame;
  frame.data = const_cast<std::uint8_t*>(bytes.data());
  frame.length = static_cast<std::uint32_t>(bytes.size());
  return frame;
}

TEST(Worker, InnocentPacketsLeaveUntouchedInOrder) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  std::vector<std::vector<std::uint8_t>> given = {
      udp_frame(dns_query("www.good.example"), 53),      tcp_frame(http_request("good.example"), 80),
      tcp_frame(tls_hello("good.example"), 443),         tcp_frame(submit_sm(1, "10690000", "8613800000000", "hi"), 2775),
      udp_frame(sip_invite("8613900000000", "110"), 5060), udp_frame("what is this", 9999), tcp_frame("", 80)};
  for (const auto& one : given) filter.access.give(one);
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), given.size());
  for (std::size_t i = 0; i < given.size(); ++i) EXPECT_EQ(filter.core.sent()[i], given[i]) << i;
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), 5u);
  EXPECT_EQ(filter.fate(Fate::kForwardedNotRecognised), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedNoPayload), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, BlockedLookupIsAnsweredAndNeverForwarded) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const auto query = udp_frame(dns_query("WwW.eViL.example"), 53);
  filter.access.give(query);
  filter.access.give(query);  // retransmitted
  filter.run();
  EXPECT_EQ(filter.core.sent().size(), 0u);
  ASSERT_EQ(filter.access.sent().size(), 2u);
  EXPECT_EQ(filter.access.sent()[0], filter.access.sent()[1]) << "a retransmission gets the same answer";
  const Frame answer = view(filter.access.sent()[0]);
  const Layers layers = decode(answer);
  EXPECT_EQ(layers.source_port, 53);
  EXPECT_EQ(payload_of(answer, layers)[3] & 0x0f, 3) << "NXDOMAIN";
  EXPECT_EQ(filter.fate(Fate::kAnswered), 2u);
  EXPECT_EQ(filter.ring.pushed(), 1u) << "and is recorded once";
  expect_all_accounted_for(filter);
}

TEST(Worker, AnAnswerLeavesInTheFrameOfItsQuery) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  // As many as there are buffers: none is left to answer with.
  for (std::size_t i = 0; i < Filter::kBuffers; ++i) filter.access.give(udp_frame(dns_query("evil.example", static_cast<std::uint16_t>(i)), 53));
  ASSERT_EQ(filter.free_buffers(), 0u);
  ASSERT_NE(filter.worker().run_once(), 0u);
  EXPECT_EQ(filter.access.sent().size(), kBurstFrames);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), Filter::kBuffers);
  EXPECT_EQ(filter.stats().replies_sent.read(), Filter::kBuffers);
  expect_all_accounted_for(filter);
}

TEST(Worker, AnAnswerThatThePortDoesNotTakeIsCountedAndItsFrameComesBack) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.set_room(1);
  for (std::uint16_t id = 0; id < 3; ++id) filter.access.give(udp_frame(dns_query("evil.example", id), 53));
  filter.run();
  EXPECT_EQ(filter.access.sent().size(), 1u);
  EXPECT_EQ(filter.stats().replies_lost.read(), 2u);
  expect_all_accounted_for(filter);
}

TEST(Worker, RecordTellsWhoWhatAndWhy) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(udp_frame(dns_query("www.evil.example", 4711), 53));
  filter.run();
  const Record* record = filter.ring.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->kind, Record::Kind::kDns);
  EXPECT_EQ(record->get(RecordText::kName), "www.evil.example");
  EXPECT_EQ(record->get(RecordText::kSignatureValue), "evil.example");
  EXPECT_EQ(record->get(RecordText::kSignatureSource), "test");
  EXPECT_EQ(record->message_id, 4711);
  EXPECT_EQ(record->fate, Fate::kAnswered);
  EXPECT_EQ(record->verdict.reason, Reason::kBlocked);
  EXPECT_EQ(record->source_port, 40000);
  EXPECT_EQ(record->policy_version, 1u);
}

TEST(Worker, MonitorModeTouchesNothingAndRecordsWouldBe) {
  Filter filter(Mode::kMonitor);
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const auto query = udp_frame(dns_query("evil.example"), 53);
  filter.access.give(query);
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), 1u);
  EXPECT_EQ(filter.core.sent()[0], query);
  EXPECT_EQ(filter.access.sent().size(), 0u);
  ASSERT_NE(filter.ring.front(), nullptr);
  EXPECT_EQ(filter.ring.front()->verdict.reason, Reason::kMonitor);
  expect_all_accounted_for(filter);
}

TEST(Worker, MirrorPortNeverSends) {
  Filter filter(Mode::kEnforce, true);
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.access.give(udp_frame(dns_query("good.example"), 53));
  filter.run();
  EXPECT_EQ(filter.access.sent().size() + filter.core.sent().size(), 0u);
  EXPECT_EQ(filter.fate(Fate::kMirrorReleased), 2u);
  EXPECT_EQ(filter.ring.pushed(), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, BlockedPageClosesTheConnectionUntilANewOneOpens) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const std::string request = http_request("evil.example", "/login");
  filter.access.give(tcp_frame(request, 80, 1000));
  filter.run();
  ASSERT_EQ(filter.access.sent().size(), 1u);
  const Frame page = view(filter.access.sent()[0]);
  const std::string_view text = as_text(payload_of(page, decode(page)));
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 302");
  EXPECT_NE(text.find("http://warning.example/"), std::string_view::npos);
  ASSERT_EQ(filter.core.sent().size(), 1u);
  const Frame reset = view(filter.core.sent()[0]);
  EXPECT_EQ(tcp_header(reset, decode(reset)).flags, kTcpRst | kTcpAck);

  const auto after = 1000 + static_cast<std::uint32_t>(request.size());
  filter.access.give(tcp_frame("late bytes", 80, after));
  filter.core.give(frame_of({.reversed = true, .source_port = 80, .destination_port = 40000, .sequence = 5000, .payload = "x"}));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 2u) << "nothing more passes";
  ASSERT_EQ(filter.access.sent().size(), 2u);
  const Frame taken = view(filter.access.sent()[1]);
  EXPECT_EQ(tcp_header(taken, decode(taken)).acknowledgement, after + 10) << "the client is not left to repeat its bytes";
  ASSERT_EQ(filter.core.sent().size(), 2u);
  const Frame again = view(filter.core.sent()[1]);
  EXPECT_NE(tcp_header(again, decode(again)).flags & kTcpRst, 0) << "the server has not seen the reset";

  filter.access.give(frame_of({.flags = kTcpSyn}));
  filter.access.give(tcp_frame(http_request("good.example"), 80, 1001));
  filter.run();
  EXPECT_EQ(filter.core.sent().size(), 4u);
  expect_all_accounted_for(filter);
}

TEST(Worker, ARepeatedRequestGetsThePageAgainAndIsCountedOnce) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const std::string request = http_request("evil.example", "/login");
  for (int i = 0; i < 3; ++i) {
    filter.access.give(tcp_frame(request, 80, 1000));
    filter.run();
  }
  ASSERT_EQ(filter.access.sent().size(), 3u);
  EXPECT_EQ(filter.access.sent()[2], filter.access.sent()[0]);
  EXPECT_EQ(filter.fate(Fate::kAnswered), 3u);
  EXPECT_EQ(filter.ring.pushed(), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, SegmentsBehindABlockedRequestInTheSameBurstStayBehind) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const std::string request = http_request("evil.example", "/login");
  filter.access.give(tcp_frame("", 80, 1000));  // the end of the handshake passes
  filter.access.give(tcp_frame(request, 80, 1000));
  filter.access.give(tcp_frame("user=a&password=b", 80, 1000 + static_cast<std::uint32_t>(request.size())));
  filter.access.give(tcp_frame(http_request("good.example"), 80, 1000, 40001));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kDroppedDeadConnection), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedNoPayload), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedInspected), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, AForgedRequestClosesNothingButItself) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(frame_of({.source_port = 179, .destination_port = 179, .sequence = 77, .acknowledgement = 88,
                               .payload = http_request("evil.example")}));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  // The endpoints throw the forged answer and reset away, and their connection goes on.
  filter.core.forget();
  const auto real = frame_of({.source_port = 179, .destination_port = 179, .sequence = 0x7fff0000, .payload = "update"});
  filter.access.give(real);
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), 1u);
  EXPECT_EQ(filter.core.sent()[0], real);
  expect_all_accounted_for(filter);
}

TEST(Worker, ARequestWithAWrongChecksumClosesNothing) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  auto request = tcp_frame(http_request("evil.example"), 80);
  request.back() ^= 0x20;
  filter.access.give(request);
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kForwardedBadChecksum), 1u);
  ASSERT_EQ(filter.core.sent().size(), 1u);
  EXPECT_EQ(filter.core.sent()[0], request);
  expect_all_accounted_for(filter);
}

TEST(Worker, ATextInAMessageSessionIsNeverTakenForAnotherProtocol) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  // The rest of a PDU whose text was made to look like a request: an answer would cut off every user of the session.
  const auto segment = tcp_frame(std::string(20, '\n') + http_request("evil.example"), 2775);
  filter.access.give(segment);
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), 1u);
  EXPECT_EQ(filter.core.sent()[0], segment);
  EXPECT_EQ(filter.access.sent().size(), 0u);
  EXPECT_EQ(filter.fate(Fate::kForwardedNeedMore), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, ASequenceNumberUsedAgainGetsItsOwnResponse) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  std::uint32_t sent = 1000, received = 5000;
  const auto status_of_response = [&](std::string_view text) {
    const std::string message = submit_sm(7, "10690001", "8613800000001", text);
    filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = sent, .acknowledgement = received, .payload = message}));
    filter.run();
    sent += static_cast<std::uint32_t>(message.size());
    filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = received,
                               .acknowledgement = sent, .payload = submit_sm_resp(7)}));
    filter.run();
    received += 19;
    const Frame response = view(filter.access.sent().back());
    return int{payload_of(response, decode(response))[11]};
  };
  EXPECT_EQ(status_of_response("WIN a PRIZE"), 0x45);
  EXPECT_EQ(status_of_response("see you at noon"), 0) << "it was delivered: its sender must not send it again";
  EXPECT_EQ(status_of_response("WIN a PRIZE"), 0x45);
  // A new connection from the same port begins its numbers again.
  filter.access.give(tcp_frame(submit_sm(9, "10690001", "8613800000001", "WIN a PRIZE"), 2775, sent));
  filter.run();
  filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = 99, .flags = kTcpSyn}));
  filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 69999,
                             .acknowledgement = 100, .flags = kTcpSyn | kTcpAck}));
  filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 70000,
                             .acknowledgement = 100, .payload = submit_sm_resp(9)}));
  filter.run();
  const Frame response = view(filter.access.sent().back());
  EXPECT_EQ(payload_of(response, decode(response))[11], 0);
  expect_all_accounted_for(filter);
}

TEST(Worker, TheWholePageIsSentHoweverLongItIs) {
  Filter filter;
  filter.set_page(std::string(7000, 'x'));
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(tcp_frame(http_request("evil.example"), 80));
  filter.run();
  std::string told;
  for (const auto& one : filter.access.sent()) {
    const Frame frame = view(one);
    told += as_text(payload_of(frame, decode(frame)));
  }
  EXPECT_TRUE(told.ends_with(std::string(7000, 'x')));
  const Frame last = view(filter.access.sent().back());
  EXPECT_NE(tcp_header(last, decode(last)).flags & kTcpFin, 0);
  EXPECT_EQ(filter.core.sent().size(), 1u) << "and the server is reset";
  expect_all_accounted_for(filter);
}

TEST(Worker, EveryEventOfOneMessageLeavesItsOwnTrace) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Rule shadowed;
    shadowed.id = 4;
    shadowed.value = "shadowed.example";
    shadowed.shadow = true;
    b.add_domain("shadowed.example", true, b.add_rule(shadowed));
  });
  std::string query = dns_query("shadowed.example");
  const std::string second = dns_query("evil.example");
  query[5] = 2;  // questions
  query += second.substr(12);
  filter.access.give(udp_frame(query, 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  ASSERT_EQ(filter.ring.pushed(), 2u);
  EXPECT_EQ(filter.ring.front()->verdict.reason, Reason::kShadow);
  filter.ring.release();
  EXPECT_EQ(filter.ring.front()->verdict.reason, Reason::kBlocked);
  expect_all_accounted_for(filter);
}

TEST(Worker, ManyLongPacketsOfAStrangerDoNotHideAListedOne) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  // Short messages in jumbo frames, each full of names and numbers.
  std::string decoys;
  std::uint32_t number = 1;
  while (decoys.size() < 3500) decoys += submit_sm(number++, "1", "2", "a.cn b.cn c.cn d.cn e.cn f.cn");
  for (std::uint32_t i = 0; i < 63; ++i)
    filter.access.give(tcp_frame(decoys, 2775, 1000 + i * static_cast<std::uint32_t>(decoys.size())));
  filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedEventLimit), 0u);
  EXPECT_EQ(filter.stats().limits_reached.read(), 0u);
  expect_all_accounted_for(filter);
}

TEST(Worker, AProtocolThatIsOffIsNotLookedInto) {
  Filter filter;
  filter.turn_off("dns");
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kForwardedNotInspected), 1u);
  EXPECT_EQ(filter.core.sent().size(), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, AProtocolThatIsTurnedOffWhileRunningIsNoLongerLookedInto) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(udp_frame(dns_query("evil.example"), 53));
  filter.run();
  filter.turn_off("dns");
  filter.access.give(udp_frame(dns_query("evil.example", 2), 53));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAnswered), 1u);
  EXPECT_EQ(filter.fate(Fate::kForwardedNotInspected), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, AVisitWithAnEncryptedHelloIsCountedAndRecordedAsSuch) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  const std::string encrypted("\xfe\x0d\0\x0a\0\0\1\0\1\7\0\0\0\0", 14);
  filter.access.give(tcp_frame(tls_hello("front.evil.example", encrypted), 443, 1000, 40000));
  filter.access.give(tcp_frame(tls_hello("front.good.example", encrypted), 443, 1000, 40001));
  filter.access.give(tcp_frame(tls_hello("www.good.example"), 443, 1000, 40002));
  filter.run();
  EXPECT_EQ(filter.stats().encrypted_hellos.read(), 2u);
  ASSERT_NE(filter.ring.front(), nullptr);
  EXPECT_TRUE(filter.ring.front()->encrypted_hello);
  filter.ring.release();
  filter.access.give(tcp_frame(tls_hello("www.evil.example"), 443, 1000, 40003));
  filter.run();
  ASSERT_NE(filter.ring.front(), nullptr);
  EXPECT_FALSE(filter.ring.front()->encrypted_hello);
}

TEST(Worker, TlsVisitIsResetOnBothSides) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  filter.access.give(tcp_frame(tls_hello("login.evil.example"), 443));
  filter.run();
  ASSERT_EQ(filter.access.sent().size(), 1u);
  ASSERT_EQ(filter.core.sent().size(), 1u);
  for (const auto* side : {&filter.access, &filter.core}) {
    const Frame reset = view(side->sent()[0]);
    EXPECT_NE(tcp_header(reset, decode(reset)).flags & kTcpRst, 0);
  }
  EXPECT_EQ(filter.fate(Fate::kReset), 1u);
  expect_all_accounted_for(filter);
}

TEST(Worker, OneMessageAmongManyIsVoidedAndItsResponseRefused) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
  const std::string first = submit_sm(1, "10690001", "8613800000001", "your parcel is here");
  const std::string blocked = submit_sm(2, "10690001", "8613800000002", "WIN a PRIZE now");
  const std::string last = submit_sm(3, "10690001", "8613800000003", "see you at noon");
  const std::string requests = first + blocked + last;
  filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = 1000, .acknowledgement = 2000, .payload = requests}));
  filter.run();
  ASSERT_EQ(filter.core.sent().size(), 1u);
  const Frame sent = view(filter.core.sent()[0]);
  const Layers layers = decode(sent);
  const std::string_view text = as_text(payload_of(sent, layers));
  EXPECT_EQ(text.substr(0, first.size()), first);
  EXPECT_EQ(text.substr(first.size() + blocked.size()), last);
  const std::string_view voided = text.substr(first.size(), blocked.size());
  EXPECT_EQ(voided.find("PRIZE"), std::string_view::npos);
  EXPECT_EQ(voided.find("8613800000002"), std::string_view::npos);
  EXPECT_NE(voided.find("0000000000000"), std::string_view::npos);
  EXPECT_TRUE(transport_checksum_is_right(sent, layers));
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u);

  const std::string responses = submit_sm_resp(1) + submit_sm_resp(2) + submit_sm_resp(3);
  const PacketShape back{.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 2000,
                         .acknowledgement = 1000 + static_cast<std::uint32_t>(requests.size()), .payload = responses};
  filter.core.give(frame_of(back));
  filter.core.give(frame_of(back));  // retransmitted
  filter.run();
  ASSERT_EQ(filter.access.sent().size(), 2u);
  for (const auto& one : filter.access.sent()) {
    const Frame response = view(one);
    const Layers at = decode(response);
    const Bytes bytes = payload_of(response, at);
    EXPECT_EQ(bytes[11], 0) << "the first was accepted";
    EXPECT_EQ(bytes[19 + 11], 0x45) << "the second refused";
    EXPECT_EQ(bytes[38 + 11], 0) << "the third accepted";
    EXPECT_TRUE(transport_checksum_is_right(response, at));
  }
  EXPECT_EQ(filter.fate(Fate::kRestated), 2u);
  expect_all_accounted_for(filter);
}

TEST(Worker, OfSeveralRecipientsOnlyTheListedOneIsVoided) {
  for (const bool text_too : {false, true}) {
    Filter filter;
    filter.block([&](MatchSetBuilder& b) {
      Filter::block_number(b, "+8613800000002");
      if (text_too) Filter::block_text(b, "win a prize");
    });
    const std::string text = "WIN a PRIZE now";
    filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = 1000, .acknowledgement = 2000,
                                 .payload = submit_multi(7, "10690001", {"8613800000001", "8613800000002"}, text)}));
    filter.run();
    ASSERT_EQ(filter.core.sent().size(), 1u);
    const Frame sent = view(filter.core.sent()[0]);
    const std::string_view arrived = as_text(payload_of(sent, decode(sent)));
    EXPECT_EQ(arrived.find("8613800000002"), std::string_view::npos);
    EXPECT_EQ(arrived.find("8613800000001") != std::string_view::npos, !text_too);
    EXPECT_EQ(arrived.find(text) != std::string_view::npos, !text_too);
    ASSERT_NE(filter.ring.front(), nullptr);
    EXPECT_EQ(filter.ring.front()->refused_recipients, text_too ? 0 : 1);
    EXPECT_EQ(filter.ring.front()->recipients, 2);
    std::string answer = submit_sm_resp(7);
    answer[7] = 0x21;  // submit_multi_resp
    filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 2000, .payload = answer}));
    filter.run();
    const Frame response = view(filter.access.sent()[0]);
    EXPECT_EQ(payload_of(response, decode(response))[11], text_too ? 0x0b : 0) << "the others' response is theirs";
  }
}

std::string sip_over_tcp(std::string text) {
  const std::size_t at = text.find("SIP/2.0/UDP");
  return text.replace(at, 11, "SIP/2.0/TCP");
}

TEST(Worker, OneCallAmongManyOnAConnectionIsRefusedHoweverItIsCut) {
  const std::string good = sip_over_tcp(sip_invite("+8613900000001", "13800000000"));
  const std::string evil = sip_over_tcp(sip_invite("+8617000000001", "13800000000"));
  const std::string calls = good + evil + good;
  const std::string refusal = "SIP/2.0 405 Method Not Allowed\r\nVia: x\r\nCall-ID: call-1@10.0.0.1\r\nCSeq: 1 XNVITE\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t border = 1; border < calls.size(); border += 7) {
    Filter filter;
    filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    filter.access.give(frame_of({.source_port = 40000, .destination_port = 5060, .sequence = 1000, .acknowledgement = 2000, .payload = calls.substr(0, border)}));
    filter.access.give(frame_of({.source_port = 40000, .destination_port = 5060, .sequence = 1000 + static_cast<std::uint32_t>(border),
                                 .acknowledgement = 2000, .payload = calls.substr(border)}));
    filter.run();
    std::string arrived;
    for (const auto& one : filter.core.sent()) {
      const Frame sent = view(one);
      const Layers layers = decode(sent);
      ASSERT_TRUE(transport_checksum_is_right(sent, layers));
      arrived += as_text(payload_of(sent, layers));
    }
    ASSERT_EQ(arrived.size(), calls.size()) << border;
    EXPECT_EQ(arrived.substr(0, good.size()), good);
    EXPECT_EQ(arrived.substr(good.size() + evil.size()), good);
    EXPECT_EQ(arrived.substr(good.size(), 7), "XNVITE ");
    filter.core.give(frame_of({.reversed = true, .source_port = 5060, .destination_port = 40000, .sequence = 2000,
                               .acknowledgement = 1000 + static_cast<std::uint32_t>(calls.size()), .payload = refusal}));
    filter.run();
    ASSERT_EQ(filter.access.sent().size(), 1u);
    const Frame answer = view(filter.access.sent()[0]);
    const std::string text(as_text(payload_of(answer, decode(answer))));
    EXPECT_TRUE(text.starts_with("SIP/2.0 603 Decline           \r\n")) << text;
    EXPECT_NE(text.find("CSeq: 1 INVITE"), std::string::npos);
    expect_all_accounted_for(filter);
  }
}

TEST(Worker, RefusedCallIsAnsweredAndItsAcknowledgementAbsorbed) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  filter.access.give(udp_frame(sip_invite("+8617000000001", "13800000000"), 5060));
  filter.run();
  EXPECT_EQ(filter.core.sent().size(), 0u);
  ASSERT_EQ(filter.access.sent().size(), 1u);
  const Frame answer = view(filter.access.sent()[0]);
  const std::string text(as_text(payload_of(answer, decode(answer))));
  EXPECT_EQ(text.substr(0, 11), "SIP/2.0 603");
  const std::size_t to = text.find("To: ");
  const std::size_t tag = text.find(";tag=", to);
  ASSERT_NE(tag, std::string::npos);
  const std::string to_tag = text.substr(tag, text.find("\r\n", tag) - tag);
  const auto ours = sip_invite("+8617000000001", "13800000000", "ACK", to_tag);
  filter.access.give(udp_frame(ours, 5060));
  filter.access.give(udp_frame(sip_invite("+8617000000001", "13800000000", "ACK", ";tag=another"), 5060));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAbsorbed), 1u);
  EXPECT_EQ(filter.core.sent().size(), 1u) << "an ACK of somebody else's answer passes";
  // Wherever it stands in a burst, and whatever came before it.
  filter.access.give(udp_frame(sip_invite("13900000000", "13800000000"), 5060));
  filter.access.give(udp_frame(dns_query("www.example"), 53));
  filter.access.give(udp_frame(sip_invite("13900000000", "13800000000", "ACK"), 5060));
  filter.access.give(udp_frame(ours, 5060));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAbsorbed), 2u);
  EXPECT_EQ(filter.core.sent().size(), 4u);
  filter.access.give(udp_frame(ours, 5060));
  filter.run();
  EXPECT_EQ(filter.fate(Fate::kAbsorbed), 3u);
  expect_all_accounted_for(filter);
}

TEST(Worker, FullPortDropsAndSaysSo) {
  Filter filter;
  filter.core.set_room(3);
  for (int i = 0; i < 10; ++i) filter.access.give(udp_frame("payload", 9999));
  filter.run();
  EXPECT_EQ(filter.core.sent().size(), 3u);
  EXPECT_EQ(filter.fate(Fate::kDroppedTransmitFull), 7u);
  expect_all_accounted_for(filter);
}

TEST(Worker, StormOfBrokenPacketsIsForwardedAndAccountedFor) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Filter::block_text(b, "win a prize");
    Filter::block_number(b, "+8617000000001");
  });
  const std::vector<std::vector<std::uint8_t>> seeds = {
      udp_frame(dns_query("good.example"), 53), tcp_frame(http_request("good.example"), 80),
      tcp_frame(tls_hello("good.example"), 443), tcp_frame(submit_sm(1, "1069", "8613800000000", "hi"), 2775),
      udp_frame(sip_invite("8613900000000", "13800000000"), 5060)};
  std::mt19937 random(7);
  std::uint64_t given = 0;
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < 64; ++i) {
      auto bytes = seeds[random() % seeds.size()];
      for (unsigned flips = random() % 4 + 1; flips > 0; --flips) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      if (random() % 3 == 0) bytes.resize(random() % bytes.size() + 1);
      filter.access.give(bytes);
      ++given;
    }
    filter.run();
    ASSERT_EQ(filter.core.sent().size(), 64u) << "nothing in it is blocked, so everything is forwarded";
    filter.core.forget();
  }
  EXPECT_EQ(filter.stats().received.read(), given);
  expect_all_accounted_for(filter);
}

}  // namespace
}  // namespace telefence
