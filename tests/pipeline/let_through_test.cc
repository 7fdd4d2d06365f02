// SPDX-License-Identifier: Apache-2.0
// What a change that spares innocents must not let through: listed messages that are sent slowly, fragments beside junk, names over a full
// stop, numbers that only look like built-in ones.
#include <gtest/gtest.h>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "session_ends.h"

namespace telefence {
namespace {

using namespace testing;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
constexpr std::uint64_t kMs = 1'000'000;

struct Play {
  Filter filter;
  std::uint64_t now = kStart;

  void open(std::uint16_t port, std::uint16_t from) {
    filter.access.give(frame_of({.source_port = from, .destination_port = port, .sequence = 999, .acknowledgement = 0, .flags = kTcpSyn}), now);
    filter.run();
    filter.core.give(frame_of({.reversed = true, .source_port = port, .destination_port = from, .sequence = 0, .acknowledgement = 1000, .flags = kTcpSyn | kTcpAck}), now);
    filter.run();
    filter.access.forget();
    filter.core.forget();
  }
  Octets packet(std::uint16_t port, std::uint16_t from, std::uint32_t at, std::string_view bytes) {
    return frame_of({.source_port = from, .destination_port = port, .sequence = 1000 + at, .acknowledgement = 1, .payload = bytes});
  }
  void pass(std::uint64_t ms) {
    for (; ms > 0; --ms) {
      now += kMs;
      filter.access.set_now(now);
      filter.run();
    }
  }
  // `stream` on a connection of its own, cut there; the rest comes after the wait.
  std::string in_parts(std::uint16_t port, std::uint16_t from, std::string_view stream, std::size_t cut) {
    open(port, from);
    filter.access.give(packet(port, from, 0, stream.substr(0, cut)), now);
    filter.run();
    pass(210);
    filter.access.give(packet(port, from, static_cast<std::uint32_t>(cut), stream.substr(cut)), now);
    filter.run();
    pass(210);
    return payloads_sent(filter.core);
  }
  // Each cut; says the first at which something else left.
  void expect_untouched(std::uint16_t port, std::string_view stream) {
    std::uint16_t from = 20000;
    std::string bad;
    for (std::size_t cut = 1; cut < stream.size(); ++cut)
      if (in_parts(port, ++from, stream, cut) != stream) bad += " " + std::to_string(cut);
    EXPECT_EQ(bad, "") << "cut there, it was changed";
    filter.core.forget();
    open(port, 19999);
    filter.access.give(packet(port, 19999, 0, stream), now);
    filter.run();
    pass(5);
    EXPECT_EQ(payloads_sent(filter.core), stream) << "in one segment";
  }
};

void allow_number(MatchSetBuilder& b, std::string_view number) {
  b.add_number(canonical_number(number, "86"), false, MatchSetBuilder::Sides::kEither, Filter::rule(b, std::string(number), {}, true));
}
void prefix(MatchSetBuilder& b, std::string_view number, bool allow = false, MatchSetBuilder::Sides sides = MatchSetBuilder::Sides::kEither) {
  static std::vector<std::unique_ptr<std::string>> kept;
  kept.push_back(std::make_unique<std::string>(number));
  const auto read = number_from_text(number, "86");
  ASSERT_TRUE(read.ok());
  b.add_number(read.value().digits, true, sides, Filter::rule(b, *kept.back(), {}, allow));
}
std::string over_tcp(std::string call) {
  call.replace(call.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP");
  return call;
}

void set_length(Octets& frame) {
  constexpr std::size_t kLink = 14, kHeader = 20;
  const auto set = [&](std::size_t place, std::size_t value) {
    frame[kLink + place] = static_cast<std::uint8_t>(value >> 8);
    frame[kLink + place + 1] = static_cast<std::uint8_t>(value);
  };
  set(2, frame.size() - kLink);
  set(10, 0);
  set(10, checksum_of(word_sum(Bytes(frame).subspan(kLink, kHeader))));
}
std::vector<Octets> fragments_of(const Octets& frame, std::size_t size, std::uint16_t identification) {
  constexpr std::size_t kLink = 14, kHeader = 20;
  std::vector<Octets> parts;
  const std::size_t payload = frame.size() - kLink - kHeader;
  for (std::size_t at = 0; at < payload; at += size) {
    const std::size_t count = std::min(size, payload - at);
    Octets part(frame.begin(), frame.begin() + kLink + kHeader);
    part.insert(part.end(), frame.begin() + static_cast<std::ptrdiff_t>(kLink + kHeader + at),
                frame.begin() + static_cast<std::ptrdiff_t>(kLink + kHeader + at + count));
    part[kLink + 6] = static_cast<std::uint8_t>((at / 8 | (at + count < payload ? 0x2000u : 0u)) >> 8);
    part[kLink + 7] = static_cast<std::uint8_t>(at / 8);
    part[kLink + 4] = static_cast<std::uint8_t>(identification >> 8);
    part[kLink + 5] = static_cast<std::uint8_t>(identification);
    set_length(part);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string submit_ucs2(std::uint32_t sequence, std::string_view to, std::u16string_view text) {
  std::string octets;
  for (const char16_t unit : text) append_u16(octets, unit);
  std::string pdu = submit_sm(sequence, "10690001", to, octets);
  pdu[pdu.size() - octets.size() - 3] = 8;
  return pdu;
}

// What must not be readable in what left, wherever a message is cut once.
std::string leaks(const std::function<void(MatchSetBuilder&)>& block, std::uint16_t port, const std::string& stream, std::string_view secret, std::size_t first = 1) {
  std::uint16_t from = 20000;
  std::string bad;
  for (std::size_t cut = first; cut < stream.size(); ++cut) {
    Play play;
    play.filter.block(block);
    if (play.in_parts(port, ++from, stream, cut).find(secret) != std::string::npos) bad += " " + std::to_string(cut);
  }
  return bad + " of " + std::to_string(stream.size());
}
std::string with_tlv(std::string pdu) {
  append_u16(pdu, 0x0204), append_u16(pdu, 2), append_u16(pdu, 7);  // user_message_reference
  std::string length;
  append_u32(length, static_cast<std::uint32_t>(pdu.size()));
  return length + pdu.substr(4);
}
void block_text_only(MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); }

TEST(LetThrough, BaselineListedTextCut) {
  const std::string pdu = submit_sm(1, "10690001", "8613800000001", "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}

TEST(LetThrough, EmptyRecipient) {
  const std::string pdu = submit_multi(1, "10690001", {"", "8613800000001"}, "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}

TEST(LetThrough, DistributionList) {
  std::string pdu = submit_multi(1, "10690001", {"8613800000001"}, "you win a prize today....");
  const std::size_t count = pdu.find("10690001") + 9;
  pdu[count] = 2;
  pdu.insert(count + 1, std::string("\2L\0", 3));
  std::string length;
  append_u32(length, static_cast<std::uint32_t>(pdu.size()));
  pdu = length + pdu.substr(4);
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}
std::string sip_message(std::string from, std::string text, std::string extra = "") {
  std::string call = over_tcp(sip_invite("alice", "+8613800000001", "MESSAGE"));
  call.replace(call.find("From: <sip:alice@10.0.0.1>"), 26, from);
  call.replace(call.find("Content-Length: 0"), 17, extra + "Content-Type: text/plain\r\nContent-Length: " + std::to_string(text.size()));
  return call + text;
}
TEST(LetThrough, SipMessageWithNumberBaseline) {
  const std::string m = sip_message("From: <sip:+8613900000002@10.0.0.1>", "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 5060, m, "win a prize", m.find("you win")), " of " + std::to_string(m.size()));
}
TEST(LetThrough, SipMessageWithoutNumber) {
  const std::string m = sip_message("From: <sip:alice@10.0.0.1>", "you win a prize today....");
  EXPECT_EQ(leaks(block_text_only, 5060, m, "win a prize", m.find("you win")), " of " + std::to_string(m.size()));
}
TEST(LetThrough, SipMessageWithoutNumberListedCalled) {
  const std::string m = sip_message("From: <sip:alice@10.0.0.1>", "hello there....");
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { Filter::block_number(b, "+8613800000001"); }, 5060, m, "hello there...", m.find("hello")), " of " + std::to_string(m.size()));
}

TEST(LetThrough, DomainAtEndOfWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "go to www.evil.example"));
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); }, 2775, pdu, "www.evil.example"), " of " + std::to_string(pdu.size()));
}
TEST(LetThrough, ExpressionAtEndOfWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "you win a prize"));
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { b.add_pattern({"win a prize$", false, false}, Filter::rule(b, "end")); }, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}
TEST(LetThrough, WordsNoneWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "you win a prize"));
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { PatternSource s; s.words.all = {"win a prize"}; s.words.none = {"the police warn"}; b.add_pattern(s, Filter::rule(b, "w")); }, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}

TEST(LetThrough, LastFragmentAgainAfterTwoSeconds) {
  for (const std::uint64_t ms : {100u, 1900u, 2100u, 10000u, 29000u}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const auto parts = fragments_of(udp_frame(sip_invite("+8617000000001", "+8613800000001"), 5060), 240, 7);
    for (const Octets& part : parts) play.filter.access.give(part, play.now);
    play.filter.run();
    EXPECT_EQ(play.filter.core.sent().size(), parts.size() - 1);
    play.now += ms * kMs;
    play.filter.access.give(parts.back(), play.now);
    play.filter.run();
    EXPECT_EQ(play.filter.core.sent().size(), parts.size() - 1) << "the receiver has all of it, " << ms << " ms later";
  }
}
TEST(LetThrough, ChineseStopNames) {
  for (const auto& [site, text] : std::vector<std::pair<std::string, std::u16string>>{
      {"88888.com", u"登录88888。com领奖"}, {"88888.top", u"登录88888。top领奖"}, {"88888.top", u"登录www.88888。top领奖"}, {"88888.top", u"登录88888。top/a领奖"}, {"78965.icu", u"78965。icu"}, {"888.github.io", u"登录888。github。io领奖"}, {"666.pages.dev", u"登录666。pages.dev领奖"}}) {
    Play play;
    play.filter.block([&](MatchSetBuilder& b) { Filter::block_domain(b, site); });
    play.open(2775, 40000);
    const std::string pdu = submit_ucs2(1, "8613800000001", text);
    play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core) == pdu, false) << site;
  }
}
TEST(LetThrough, SpoofedCallerWithAreaCode) {
  for (const std::string from : {"+8621110", "021110", "0108610110", "+8675595588", "02195588", "+862195588", "666110"}) {
    Play play;
    play.filter.block([&](MatchSetBuilder& b) { Filter::block_number(b, from); });
    const std::string call = sip_invite(from, "+8613800000001");
    play.filter.access.give(udp_frame(call, 5060), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), "") << from;
  }
}
TEST(LetThrough, FromAServersPort) {
  for (const std::uint16_t to : {8443, 9000}) for (const std::uint64_t wait : {1u, 61u}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    play.open(to, 443);
    play.now += wait * 1000 * kMs;
    play.filter.access.give(play.packet(to, 443, 0, tls_hello("evil.example")), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), "") << to << " after " << wait << " s";
  }
}
TEST(LetThrough, FromAServersPortNoHandshakeSeen) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    play.filter.access.give(play.packet(9000, 443, 0, tls_hello("evil.example")), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), "");
}
// A fragment of junk with the same number, that goes no further than here; then a sound packet whose listed number is in its last part.
TEST(LetThrough, JunkFirstFragment) {
  for (const bool tail_first : {false, true}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const auto parts = fragments_of(udp_frame(sip_invite("+8617000000001", "+8613800000001"), 5060), 80, 7);
    auto junk = parts.back();
    if (tail_first) junk[34] ^= 1; 
    auto junk0 = parts[0];
    junk0[34 + 8 + 70] ^= 1;
    play.filter.access.give(tail_first ? junk : junk0, play.now);
    play.filter.run();
    play.filter.core.forget();
    for (const Octets& part : parts) play.filter.access.give(part, play.now);
    play.filter.run();
    EXPECT_LT(play.filter.core.sent().size(), parts.size()) << tail_first;
  }
}
TEST(LetThrough, RecipientsGraverButAcquitted) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+86139*"); Filter::block_number(b, "+8617000000001"); allow_number(b, "+8613900000002"); });
  const std::string pdu = submit_multi(2, "10690001", {"8617000000001", "8613900000002", "8613800000003"}, "see you");
  play.open(2775, 40000);
  play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
  play.filter.run();
  std::string wanted = pdu;
  wanted.replace(pdu.find("8617000000001"), 13, 13, '0');
  EXPECT_EQ(payloads_sent(play.filter.core), wanted);
}
// Innocents: several texts to the police.

// SIP in two parts: sos of anything.

// A late body: the segment before the refused request, in its burst.
TEST(LetThrough, TermsOfForgottenRefusals) {
  Play play;
  play.filter.block(block_text_only);
  play.open(2775, 40000);
  const std::string refused = submit_sm(5, "10690001", "8613800000001", "win a prize");
  std::string broken = submit_sm(5, "10690001", "8613800000001", "x");
  broken[broken.size() - 2] = 90;  // longer than the PDU
  play.filter.access.give(play.packet(2775, 40000, 0, broken + refused), play.now);
  play.filter.run();
  play.filter.access.forget();
  play.filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1, .acknowledgement = 1000 + static_cast<std::uint32_t>(broken.size() + refused.size()), .payload = submit_sm_resp(5)}), play.now);
  play.filter.run();
  EXPECT_NE(payloads_sent(play.filter.access), submit_sm_resp(5)) << "the sender is told that it was taken";
}

// Another subscriber's cut message, then a listed request of anybody's: the slot's mark stays.
TEST(LetThrough, CutMarkStaysInTheSlot) {
  for (const bool cut_before : {false, true}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { block_text_only(b); Filter::block_domain(b, "evil.example"); Filter::block_number(b, "+8617000000001");
      PatternSource s; s.words.all = {"lucky draw"}; s.words.none = {"the police warn"}; b.add_pattern(s, Filter::rule(b, "w")); });
    if (cut_before) (void)play.in_parts(2775, 20000, submit_sm(1, "10690001", "8613800000001", "an innocent text of somebody"), 70);
    play.filter.core.forget();
    std::string passed;
    const auto send = [&](const std::string& what, std::uint16_t port, std::uint16_t from, const std::string& bytes) {
      play.filter.core.forget();
      play.open(port, from);
      play.filter.access.give(play.packet(port, from, 0, bytes), play.now);
      play.filter.run();
      if (payloads_sent(play.filter.core) == bytes) passed += what + "; ";
    };
    send("whole sms, domain at its end", 2775, 20001, submit_sm(1, "10690001", "8613800000001", "go to www.evil.example"));
    send("whole sms, words", 2775, 20002, submit_sm(1, "10690001", "8613800000001", "the lucky draw"));
    send("whole submit_multi with an empty recipient", 2775, 20003, submit_multi(1, "10690001", {"", "8613800000001"}, "win a prize"));
    send("whole sip message of alice", 5060, 20004, sip_message("From: <sip:alice@10.0.0.1>", "you win a prize"));
    send("http", 80, 20005, http_request("evil.example"));
    play.filter.core.forget();
    const std::string call = sip_invite("alice", "+8617000000001");
    play.filter.access.give(udp_frame(call, 5060), play.now);
    play.filter.run();
    if (payloads_sent(play.filter.core) == call) passed += "udp call; ";
    play.filter.core.forget();
    play.filter.access.give(udp_frame(dns_query("evil.example"), 53), play.now);
    play.filter.run();
    if (payloads_sent(play.filter.core) == dns_query("evil.example")) passed += "dns; ";
    play.filter.core.forget();
    send("tls", 443, 20006, tls_hello("evil.example"));
    EXPECT_EQ(passed, "") << "after a cut message of somebody: " << cut_before;
  }
}

TEST(LetThrough, LiteralAtEndOfWholeText) {
  const std::string pdu = with_tlv(submit_sm(1, "10690001", "8613800000001", "you win a prize"));
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}

// More recipients than three: content of a further text after never-blocked ones and so on.
TEST(LetThrough, ManyClosingsInABurst) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  play.open(80, 40000);
  const std::string evil = http_request("evil.example");
  for (int i = 0; i < 3; ++i) play.filter.access.give(play.packet(80, 40000, 0, evil), play.now);
  for (int i = 1; i < 20; ++i) play.filter.access.give(play.packet(80, 40000, static_cast<std::uint32_t>(evil.size() * i), evil), play.now);
  play.filter.run();
  EXPECT_EQ(payloads_sent(play.filter.core), "");
}
// The segment behind comes first in the burst.

TEST(LetThrough, SubmitMultiOneWorseButAcquitted) {
  // sender allowed deeper than the prefix; second listed exactly and of less weight
  Play play;
  play.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86139*"); 
    Rule rule; rule.id = 5; rule.value = "x"; rule.source = "t"; rule.category = Category::kOther; rule.tier = static_cast<Tier>(3);
    b.add_number(canonical_number("+8617000000001", "86"), false, MatchSetBuilder::Sides::kEither, b.add_rule(rule));
    prefix(b, "+8615000*", true); });
  play.open(2775, 40000);
  const std::string pdu = submit_multi(2, "8615000000009", {"8617000000001", "8613900000002", "8613800000003"}, "see you");
  play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
  play.filter.run();
  std::string wanted = pdu;
  wanted.replace(pdu.find("8617000000001"), 13, 13, '0');
  EXPECT_EQ(payloads_sent(play.filter.core), wanted);
}

TEST(LetThrough, LastWordOfWhatIsThere) {
  const std::string pdu = submit_sm(1, "10690001", "8613800000001", "you win a prizexxxxxxxxxxxxxx");
  EXPECT_EQ(leaks(block_text_only, 2775, pdu, "win a prize"), " of " + std::to_string(pdu.size()));
}
TEST(LetThrough, ChineseText) {
  const std::string pdu = submit_ucs2(1, "8613800000001", u"恭喜您中奖一百万请速联系客服领取");
  std::string secret;
  for (const char16_t unit : std::u16string_view(u"恭喜您中奖一百万")) append_u16(secret, unit);
  EXPECT_EQ(leaks([](MatchSetBuilder& b) { Filter::block_text(b, "您中奖一百万"); }, 2775, pdu, secret), " of " + std::to_string(pdu.size()));
}

// One cut message of many texts marks as many slots.
TEST(LetThrough, OneMessageMarksManySlots) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  std::string pdu = submit_sm(1, "10690001", "8613800000001", "");
  for (int i = 0; i < 70; ++i) append_u16(pdu, 0x0424), append_u16(pdu, 20), pdu += "abcdefghijklmnopqrs" + std::string(1, static_cast<char>('A' + i % 26));
  std::string length;
  append_u32(length, static_cast<std::uint32_t>(pdu.size()));
  pdu = length + pdu.substr(4);
  play.open(2775, 20000);
  for (std::size_t at = 0; at + 1 < pdu.size(); at += 1200) play.filter.access.give(play.packet(2775, 20000, static_cast<std::uint32_t>(at), std::string_view(pdu).substr(at, std::min<std::size_t>(1200, pdu.size() - 1 - at))), play.now);
  play.filter.run();
  play.pass(210);
  play.filter.core.forget();
  for (int i = 0; i < 64; ++i) play.filter.access.give(udp_frame(dns_query("evil.example"), 53, static_cast<std::uint16_t>(30000 + i)), play.now);
  play.filter.run();
  EXPECT_EQ(play.filter.core.sent().size(), 0u);
}

}  // namespace
}  // namespace telefence
