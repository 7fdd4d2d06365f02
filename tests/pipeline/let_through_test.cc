// SPDX-License-Identifier: Apache-2.0
// What a change that spares innocents must not let through: listed messages that are sent slowly, fragments beside
// junk, names over a full stop, numbers that only look like built-in ones.
#include <gtest/gtest.h>

#include "exchange.h"
#include "ipv4_parts.h"
#include "ways.h"

namespace telefence {
namespace {

using namespace testing;

// What must not be readable in what left, wherever a message is cut once.
std::string leaks(const std::function<void(MatchSetBuilder&)>& block, std::uint16_t port, const std::string& stream,
                  std::string_view secret, std::size_t first = 1) {
  std::uint16_t from = 20000;
  std::string bad;
  for (std::size_t cut = first; cut < stream.size(); ++cut) {
    Exchange exchange;
    exchange.filter.block(block);
    if (exchange.in_parts(port, ++from, stream, cut).find(secret) != std::string::npos)
      bad += " " + std::to_string(cut);
  }
  return bad;
}

std::string with_tlv(std::string pdu) {
  append_u16(pdu, 0x0204), append_u16(pdu, 2), append_u16(pdu, 7);  // user_message_reference
  return with_length(pdu);
}

void block_text_only(MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); }

TEST(LetThrough, BaselineListedTextCut) {
  const std::string pdu = submit_sm(1, "10690001", "8613800000001", "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), "");
}

// Each second octet first: more holes than are kept open. What would be one more is dropped, and comes again as its sender's TCP repeats it.
TEST(LetThrough, AVisitInAsManyPiecesAsItHasOctets) {
  for (const bool is_listed : {true, false}) {
    for (const bool is_tls : {true, false}) {
      const std::string name = std::string(60, 'a') + (is_listed ? ".evil.example" : ".good.example");
      const std::string padding = std::string("\x00\x15\x02\x58", 4) + std::string(600, '\0');  // RFC 7685
      const std::string message = is_tls ? tls_hello(name, padding) : http_request(name, "/" + std::string(600, 'x'));
      ASSERT_GT(message.size(), 3 * StreamBuffer::kMostIslands);
      Exchange exchange;
      exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      exchange.open(is_tls ? 443 : 80, 30000);
      for (int round = 0; round < 3; ++round) {
        for (const std::size_t first : {1u, 0u})
          for (std::size_t at = first; at < message.size(); at += 2)
            exchange.filter.access.give(exchange.packet(is_tls ? 443 : 80, 30000, static_cast<std::uint32_t>(at), std::string_view(message).substr(at, 1)),
                                        exchange.now);
        exchange.filter.run();
      }
      std::vector<bool> arrived(message.size());
      for (const Octets& sent : exchange.filter.core.sent()) {
        const Frame frame = view_of(sent);
        const Layers layers = decode(frame);
        if (layers.payload_length == 1) arrived[tcp_header(frame, layers).sequence - 1000] = true;
      }
      EXPECT_EQ(std::count(arrived.begin(), arrived.end(), false) == 0, !is_listed) << (is_tls ? "TLS" : "HTTP");
      EXPECT_GT(exchange.filter.fate(Fate::kDroppedStreamFull), 0u);
      EXPECT_EQ(exchange.filter.ring.pushed(), is_listed ? 1u : 0u);
    }
  }
}

// Nobody is told of a visit that is dropped, and TCP repeats its second half for a quarter of an hour, each time after twice as long up to
// two minutes.
TEST(LetThrough, ADroppedVisitWhoseRestIsRepeatedForLong) {
  const std::string message = http_request("www.evil.example");
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example", "drop"); });
  exchange.open(80, 30000);
  exchange.filter.access.give(exchange.packet(80, 30000, 0, std::string_view(message).substr(0, 20)), exchange.now);
  exchange.filter.run();
  std::size_t repetitions = 0;
  for (std::uint64_t wait_ms = 200, total_ms = 0; total_ms < 924'000; wait_ms = std::min<std::uint64_t>(2 * wait_ms, 120'000)) {
    exchange.filter.access.give(exchange.packet(80, 30000, 20, std::string_view(message).substr(20)), exchange.now);
    exchange.filter.run();
    exchange.now += wait_ms * kMs;
    total_ms += wait_ms;
    ++repetitions;
  }
  EXPECT_EQ(exchange.filter.core.sent().size(), 1u);
  EXPECT_EQ(exchange.filter.fate(Fate::kDroppedByVerdict) + exchange.filter.fate(Fate::kDroppedDeadConnection), repetitions);
  EXPECT_EQ(exchange.filter.fate(Fate::kDroppedByVerdict), 1u);
}

// Pieces of it came before, behind its beginning.
TEST(LetThrough, AVisitInFragmentsBehindPiecesOfIt) {
  const std::string message = http_request(std::string(39, 'e') + ".evil.example", "/" + std::string(312, 'e'));
  for (int order = 0; order < 3; ++order) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    exchange.open(80, 30000);
    for (const std::size_t at : {61u, 31u, 51u, 11u}) {
      exchange.filter.access.give(exchange.packet(80, 30000, static_cast<std::uint32_t>(at), std::string_view(message).substr(at, 41)), exchange.now);
      exchange.filter.run();
    }
    auto parts = fragments_of(exchange.packet(80, 30000, 0, message), 64, 7);
    if (order == 1) std::reverse(parts.begin(), parts.end());
    if (order == 2) std::rotate(parts.begin(), parts.begin() + 1, parts.end());
    for (const Octets& part : parts) exchange.filter.access.give(part, exchange.now);
    exchange.filter.run();
    EXPECT_EQ(exchange.filter.ring.pushed(), 1u) << order;
    for (const Octets& sent : exchange.filter.core.sent()) EXPECT_NE(sent, parts.back()) << order;
  }
}

TEST(LetThrough, EmptyRecipient) {
  const std::string pdu = submit_multi(1, "10690001", {"", "8613800000001"}, "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), "");
}

TEST(LetThrough, DistributionList) {
  std::string pdu = submit_multi(1, "10690001", {"8613800000001"}, "you win a prize today....");
  const std::size_t count = pdu.find("10690001") + 9;
  pdu[count] = 2;
  pdu.insert(count + 1, std::string("\2L\0", 3));
  pdu = with_length(pdu);
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), "");
}

std::string sip_message(std::string from, std::string text, std::string extra = "") {
  std::string call = over_tcp(sip_invite("alice", "+8613800000001", "MESSAGE"));
  call.replace(call.find("From: <sip:alice@10.0.0.1>"), 26, from);
  call.replace(call.find("Content-Length: 0"), 17,
               extra + "Content-Type: text/plain\r\nContent-Length: " + std::to_string(text.size()));
  return call + text;
}

TEST(LetThrough, SipMessageWithNumberBaseline) {
  const std::string m = sip_message("From: <sip:+8613900000002@10.0.0.1>", "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 5060, m, "win a prize", m.find("you win")), "");
}

TEST(LetThrough, SipMessageWithoutNumber) {
  const std::string m = sip_message("From: <sip:alice@10.0.0.1>", "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 5060, m, "win a prize", m.find("you win")), "");
}

TEST(LetThrough, SipMessageWithoutNumberListedCalled) {
  const std::string m = sip_message("From: <sip:alice@10.0.0.1>", "hello there....");
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { Filter::block_number(b, "+8613800000001"); }, 5060, m, "hello there...",
                  m.find("hello")),
            "");
}

TEST(LetThrough, DomainAtEndOfWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "go to www.evil.example"));
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); }, 2775, pdu, "www.evil.example"),
            "");
}

TEST(LetThrough, ExpressionAtEndOfWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "you win a prize"));
  EXPECT_EQ(leaks(
                [](MatchSetBuilder& b) {
                  b.add_pattern({"win a prize$", false, false}, Filter::rule(b, "end"));
                },
                2775, pdu, "win a prize"),
            "");
}

TEST(LetThrough, WordsNoneWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "you win a prize"));
  EXPECT_EQ(leaks(
                [](MatchSetBuilder& b) {
                  PatternSource s;
                  s.words.all = {"win a prize"};
                  s.words.none = {"the police warn"};
                  b.add_pattern(s, Filter::rule(b, "w"));
                },
                2775, pdu, "win a prize"),
            "");
}

TEST(LetThrough, TheLastFragmentOfARefusedPacketAgain) {
  for (const std::uint64_t ms : {100u, 1900u, 2100u, 10000u, 29000u}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const auto parts = fragments_of(udp_frame(sip_invite("+8617000000001", "+8613800000001"), 5060), 240, 7);
    for (const Octets& part : parts) exchange.filter.access.give(part, exchange.now);
    exchange.filter.run();
    EXPECT_EQ(exchange.filter.core.sent().size(), parts.size() - 1);
    exchange.now += ms * kMs;
    exchange.filter.access.give(parts.back(), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(exchange.filter.core.sent().size(), parts.size() - 1)
        << "the receiver has all of it, " << ms << " ms later";
  }
}

TEST(LetThrough, ChineseStopNames) {
  for (const auto& [site, text] :
       std::vector<std::pair<std::string, std::u16string>>{{"88888.com", u"登录88888。com领奖"},
                                                           {"88888.top", u"登录88888。top领奖"},
                                                           {"88888.top", u"登录www.88888。top领奖"},
                                                           {"88888.top", u"登录88888。top/a领奖"},
                                                           {"78965.icu", u"78965。icu"},
                                                           {"888.github.io", u"登录888。github。io领奖"},
                                                           {"666.pages.dev", u"登录666。pages.dev领奖"}}) {
    Exchange exchange;
    exchange.filter.block([&](MatchSetBuilder& b) { Filter::block_domain(b, site); });
    exchange.open(2775, 40000);
    const std::string pdu = submit_ucs2(1, "8613800000001", text);
    exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core) == pdu, false) << site;
  }
}

TEST(LetThrough, SpoofedCallerWithAreaCode) {
  for (const std::string from :
       {"+8621110", "021110", "0108610110", "+8675595588", "02195588", "+862195588", "666110"}) {
    Exchange exchange;
    exchange.filter.block([&](MatchSetBuilder& b) { Filter::block_number(b, from); });
    const std::string call = sip_invite(from, "+8613800000001");
    exchange.filter.access.give(udp_frame(call, 5060), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), "") << from;
  }
}

TEST(LetThrough, FromAServersPort) {
  for (const auto& [to, wait] :
       std::vector<std::pair<std::uint16_t, std::uint64_t>>{{8443, 1}, {8443, 61}, {9000, 1}, {9000, 61}}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    exchange.open(to, 443);
    exchange.now += wait * 1000 * kMs;
    exchange.filter.access.give(exchange.packet(to, 443, 0, tls_hello("evil.example")), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), "") << to << " after " << wait << " s";
  }
}

TEST(LetThrough, FromAServersPortNoHandshakeSeen) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  exchange.filter.access.give(exchange.packet(9000, 443, 0, tls_hello("evil.example")), exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), "");
}

// A fragment of junk with the same number, that goes no further than here; then a sound packet whose listed number is
// in its last part.
TEST(LetThrough, JunkFirstFragment) {
  for (const bool tail_first : {false, true}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const auto parts = fragments_of(udp_frame(sip_invite("+8617000000001", "+8613800000001"), 5060), 80, 7);
    auto junk = parts.back();
    if (tail_first) junk[34] ^= 1;
    auto junk0 = parts[0];
    junk0[34 + 8 + 70] ^= 1;
    exchange.filter.access.give(tail_first ? junk : junk0, exchange.now);
    exchange.filter.run();
    exchange.filter.core.forget();
    for (const Octets& part : parts) exchange.filter.access.give(part, exchange.now);
    exchange.filter.run();
    EXPECT_LT(exchange.filter.core.sent().size(), parts.size()) << tail_first;
  }
}

// Of the recipients of this message this one alone is refused.
void expect_only_voided(Exchange& exchange, const std::string& pdu, const std::string& recipient) {
  exchange.open(2775, 40000);
  exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
  exchange.filter.run();
  std::string wanted = pdu;
  wanted.replace(pdu.find(recipient), recipient.size(), recipient.size(), '0');
  EXPECT_EQ(payloads_sent(exchange.filter.core), wanted);
}

TEST(LetThrough, RecipientsGraverButAcquitted) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86139*");
    Filter::block_number(b, "+8617000000001");
    allow_number(b, "+8613900000002");
  });
  const std::string pdu = submit_multi(2, "10690001", {"8617000000001", "8613900000002", "8613800000003"}, "see you");
  expect_only_voided(exchange, pdu, "8617000000001");
}

TEST(LetThrough, TermsOfForgottenRefusals) {
  Exchange exchange;
  exchange.filter.block(block_text_only);
  exchange.open(2775, 40000);
  const std::string refused = submit_sm(5, "10690001", "8613800000001", "win a prize");
  std::string broken = submit_sm(5, "10690001", "8613800000001", "x");
  broken[broken.size() - 2] = 90;  // longer than the PDU
  exchange.filter.access.give(exchange.packet(2775, 40000, 0, broken + refused), exchange.now);
  exchange.filter.run();
  exchange.filter.access.forget();
  exchange.answer(2775, 40000, broken.size() + refused.size(), submit_sm_resp(5));
  EXPECT_NE(payloads_sent(exchange.filter.access), submit_sm_resp(5)) << "the sender is told that it was taken";
}

// Another subscriber's cut message, then a listed request of anybody's: the slot's mark stays.
TEST(LetThrough, CutMarkStaysInTheSlot) {
  for (const bool cut_before : {false, true}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) {
      block_text_only(b);
      Filter::block_domain(b, "evil.example");
      Filter::block_number(b, "+8617000000001");
      PatternSource s;
      s.words.all = {"lucky draw"};
      s.words.none = {"the police warn"};
      b.add_pattern(s, Filter::rule(b, "w"));
    });
    if (cut_before)
      (void)exchange.in_parts(2775, 20000, submit_sm(1, "10690001", "8613800000001", "an innocent text of somebody"),
                              70);
    exchange.filter.core.forget();
    std::string passed;
    const auto send = [&](const std::string& what, std::uint16_t port, std::uint16_t from, const std::string& bytes) {
      exchange.filter.core.forget();
      exchange.open(port, from);
      exchange.filter.access.give(exchange.packet(port, from, 0, bytes), exchange.now);
      exchange.filter.run();
      if (payloads_sent(exchange.filter.core) == bytes) passed += what + "; ";
    };
    send("whole sms, domain at its end", 2775, 20001,
         submit_sm(1, "10690001", "8613800000001", "go to www.evil.example"));
    send("whole sms, words", 2775, 20002, submit_sm(1, "10690001", "8613800000001", "the lucky draw"));
    send("whole submit_multi with an empty recipient", 2775, 20003,
         submit_multi(1, "10690001", {"", "8613800000001"}, "win a prize"));
    send("whole sip message of alice", 5060, 20004, sip_message("From: <sip:alice@10.0.0.1>", "you win a prize"));
    send("http", 80, 20005, http_request("evil.example"));
    exchange.filter.core.forget();
    const std::string call = sip_invite("alice", "+8617000000001");
    exchange.filter.access.give(udp_frame(call, 5060), exchange.now);
    exchange.filter.run();
    if (payloads_sent(exchange.filter.core) == call) passed += "udp call; ";
    exchange.filter.core.forget();
    exchange.filter.access.give(udp_frame(dns_query("evil.example"), 53), exchange.now);
    exchange.filter.run();
    if (payloads_sent(exchange.filter.core) == dns_query("evil.example")) passed += "dns; ";
    exchange.filter.core.forget();
    send("tls", 443, 20006, tls_hello("evil.example"));
    EXPECT_EQ(passed, "") << "after a cut message of somebody: " << cut_before;
  }
}

TEST(LetThrough, LiteralAtEndOfWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "you win a prize"));
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), "");
}

TEST(LetThrough, ManyClosingsInABurst) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  exchange.open(80, 40000);
  const std::string evil = http_request("evil.example");
  for (int i = 0; i < 3; ++i) exchange.filter.access.give(exchange.packet(80, 40000, 0, evil), exchange.now);
  for (std::uint32_t i = 1; i < 20; ++i)
    exchange.filter.access.give(exchange.packet(80, 40000, static_cast<std::uint32_t>(evil.size()) * i, evil),
                                exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), "");
}

// The sender acquits the recipient that the prefix covers; the other one is listed exactly, with less weight.
TEST(LetThrough, OneRecipientGraverButAcquittedAndOneThatIsNot) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86139*");
    Rule rule;
    rule.id = 5;
    rule.value = "x";
    rule.source = "t";
    rule.category = Category::kOther;
    rule.tier = static_cast<Tier>(3);
    b.add_number(canonical_number("+8617000000001", "86"), false, MatchSetBuilder::Sides::kEither, b.add_rule(rule));
    prefix(b, "+8615000*", true);
  });
  const std::string pdu =
      submit_multi(2, "8615000000009", {"8617000000001", "8613900000002", "8613800000003"}, "see you");
  expect_only_voided(exchange, pdu, "8617000000001");
}

TEST(LetThrough, LastWordOfWhatIsThere) {
  const std::string pdu = submit_sm(1, "10690001", "8613800000001", "you win a prizexxxxxxxxxxxxxx");
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), "");
}

TEST(LetThrough, ChineseText) {
  const std::string pdu = submit_ucs2(1, "8613800000001", u"恭喜您中奖一百万请速联系客服领取");
  std::string secret;
  for (const char16_t unit : std::u16string_view(u"恭喜您中奖一百万")) append_u16(secret, unit);
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { Filter::block_text(b, "您中奖一百万"); }, 2775, pdu, secret), "");
}

// One cut message of many texts marks as many slots.
TEST(LetThrough, OneMessageMarksManySlots) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  std::string pdu = submit_sm(1, "10690001", "8613800000001", "");
  for (int i = 0; i < 70; ++i)
    append_u16(pdu, 0x0424), append_u16(pdu, 20),
        pdu += "abcdefghijklmnopqrs" + std::string(1, static_cast<char>('A' + i % 26));
  pdu = with_length(pdu);
  exchange.open(2775, 20000);
  for (std::size_t at = 0; at + 1 < pdu.size(); at += 1200)
    exchange.filter.access.give(
        exchange.packet(2775, 20000, static_cast<std::uint32_t>(at),
                        std::string_view(pdu).substr(at, std::min<std::size_t>(1200, pdu.size() - 1 - at))),
        exchange.now);
  exchange.filter.run();
  exchange.pass(210);
  exchange.filter.core.forget();
  for (int i = 0; i < 64; ++i)
    exchange.filter.access.give(udp_frame(dns_query("evil.example"), 53, static_cast<std::uint16_t>(30000 + i)),
                                exchange.now);
  exchange.filter.run();
  EXPECT_EQ(exchange.filter.core.sent().size(), 0u);
}

}  // namespace
}  // namespace telefence
