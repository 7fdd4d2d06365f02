// SPDX-License-Identifier: Apache-2.0
// What would be refused with the guilty beside it: messages judged before they are whole, recipients and texts that something acquits, numbers
// that read like others, what stands in one burst, fragment number, connection or answer with what is refused.
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

TEST(OverBlock, LateMessageToThePoliceFromAListedNumber) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  play.expect_untouched(2775, submit_sm(1, "8617000000001", "12110", "help me"));
}

TEST(OverBlock, LateMessageToAnAllowedNumber) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+86170*"); allow_number(b, "+8613800000001"); });
  play.expect_untouched(2775, submit_sm(1, "8617000000001", "8613800000001", "hello"));
}

TEST(OverBlock, LateMessageToSeveralAllowedNumbers) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+86170*"); prefix(b, "+8613800000*", true); });
  play.expect_untouched(2775, submit_multi(1, "8617000000001", {"8613800000001", "8613800000002", "8613800000003"}, "hello"));
}

TEST(OverBlock, LateTextWhoseSiteIsCut) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "taobao.co"); });
  play.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "see www.taobao.com/x now"));
}

TEST(OverBlock, LateTextWithAWordThatExcludesIt) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) {
    PatternSource source;
    source.words.all = {"win a prize"};
    source.words.none = {"the police warn"};
    b.add_pattern(source, Filter::rule(b, "win but not police"));
  });
  play.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "who says you win a prize lies, the police warn"));
}

TEST(OverBlock, LateTextThatIsAllowed) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) {
    Filter::block_text(b, "win a prize");
    b.add_pattern({"real bank of china", true, false}, Filter::rule(b, "real bank of china", {}, true));
  });
  play.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "win a prize [real bank of china]"));
}

TEST(OverBlock, LateTextThatIsAllowedByAnExpressionAtItsEnd) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { b.add_pattern({"win a prize$", false, false}, Filter::rule(b, "win at the end")); });
  play.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "you win a prize of honour"));
}

TEST(OverBlock, LateCallFromAnAllowedNumber) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+86138*"); allow_number(b, "+8613900000001"); });
  std::string call = over_tcp(sip_invite("+8613900000001", "+8613800000001"));
  const std::size_t from = call.find("From:"), to = call.find("To:"), id = call.find("Call-ID:");
  call = call.substr(0, from) + call.substr(to, id - to) + call.substr(from, to - from) + call.substr(id);
  play.expect_untouched(5060, call);
}

TEST(OverBlock, LateCallWithAnAssertedAllowedNumber) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+86138*"); allow_number(b, "+8613900000001"); });
  std::string call = over_tcp(sip_invite("+8613900000001", "+8613800000001"));
  call.insert(call.find("Content-Length"), "P-Asserted-Identity: <sip:+8613900000001@10.0.0.1>\r\n");
  play.expect_untouched(5060, call);
}

TEST(OverBlock, LateCallWithAnAssertedAllowedNumberBehindAnonymous) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+86138*"); allow_number(b, "+8613900000001"); });
  std::string call = over_tcp(sip_invite("anonymous", "+8613800000001"));
  call.insert(call.find("Content-Length"), "P-Asserted-Identity: <sip:+8613900000001@10.0.0.1>\r\n");
  play.expect_untouched(5060, call);
}

TEST(OverBlock, ARecipientThatIsAcquittedIsNotVoided) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86139*");                    // covers the second recipient
    Filter::block_number(b, "+8617000000001");  // the first one
    prefix(b, "+8615000*", true);            // the sender, more specific than the prefix
  });
  const std::string alone = submit_multi(1, "8615000000009", {"8613900000002", "8613800000003"}, "see you");
  play.open(2775, 40000);
  play.filter.access.give(play.packet(2775, 40000, 0, alone), play.now);
  play.filter.run();
  EXPECT_EQ(payloads_sent(play.filter.core), alone) << "acquitted";
  play.filter.core.forget();
  const std::string pdu = submit_multi(2, "8615000000009", {"8617000000001", "8613900000002", "8613800000003"}, "see you");
  std::string wanted = pdu;
  wanted.replace(pdu.find("8617000000001"), 13, 13, '0');
  play.filter.access.give(play.packet(2775, 40000, static_cast<std::uint32_t>(alone.size()), pdu), play.now);
  play.filter.run();
  EXPECT_EQ(payloads_sent(play.filter.core), wanted);
  play.filter.core.forget();
  const std::string two = submit_multi(3, "8615000000009", {"8617000000001", "8613900000002"}, "see you");
  wanted = two;
  wanted.replace(two.find("8617000000001"), 13, 13, '0');
  play.filter.access.give(play.packet(2775, 40000, static_cast<std::uint32_t>(alone.size() + pdu.size()), two), play.now);
  play.filter.run();
  EXPECT_EQ(payloads_sent(play.filter.core), wanted);
}

TEST(OverBlock, ABuiltInRecipientIsNotVoided) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "12*"); Filter::block_number(b, "+8617000000001"); });
  const std::string pdu = submit_multi(2, "10690001", {"8617000000001", "12110", "8613800000003"}, "see you");
  std::string wanted = pdu;
  wanted.replace(pdu.find("8617000000001"), 13, 13, '0');
  play.open(2775, 40000);
  play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
  play.filter.run();
  EXPECT_EQ(payloads_sent(play.filter.core), wanted);
}

TEST(OverBlock, AllowedRecipientsAcquitEachTextOfAMessage) {
  for (const std::size_t count : {1u, 2u, 3u}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); prefix(b, "+86138*", true); });
    std::vector<std::string> to;
    for (std::size_t i = 0; i < count; ++i) to.push_back("861380000000" + std::to_string(i));
    for (const bool in_second : {false, true}) {
      std::string pdu = submit_multi(7, "10690001", to, in_second ? "hello" : "you win a prize");
      const std::string second = in_second ? "you win a prize today" : "see you at nine then";
      append_u16(pdu, 0x0424), append_u16(pdu, static_cast<unsigned>(second.size())), pdu += second;
      std::string length;
      append_u32(length, static_cast<std::uint32_t>(pdu.size()));
      pdu = length + pdu.substr(4);
      play.open(2775, in_second ? 40001 : 40000);
      play.filter.access.give(play.packet(2775, in_second ? 40001 : 40000, 0, pdu), play.now);
      play.filter.run();
      EXPECT_EQ(payloads_sent(play.filter.core), pdu) << count << " recipients, in the second text: " << in_second;
    }
  }
}

TEST(OverBlock, ABuiltInCallerWhoseNumberTheNetworkAsserts) {
  for (const bool asserts : {false, true}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { prefix(b, "955*"); });
    std::string call = sip_invite("95588", "+8613800000001");
    if (asserts) call.insert(call.find("Content-Length"), "P-Asserted-Identity: <sip:95588@10.0.0.1>\r\n");
    play.filter.access.give(udp_frame(call, 5060), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), call) << "asserted: " << asserts;
  }
}

TEST(OverBlock, AnEmergencyCallByServiceName) {
  for (const std::string target : {"sip:110@10.0.0.2", "sip:112@10.0.0.2;user=phone", "tel:110;phone-context=+86", "urn:service:sos", "urn:service:sos.police", "sip:sos@10.0.0.2"}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    std::string call = sip_invite("+8617000000001", "110");
    call.replace(7, call.find(" SIP/2.0") - 7, target);
    const std::size_t to = call.find("To: <") + 5;
    call.replace(to, call.find('>', to) - to, target);
    play.filter.access.give(udp_frame(call, 5060), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), call) << target;
  }
}

TEST(OverBlock, EmergencyNumbersWithAreaCodes) {
  for (const std::string to : {"110", "0755110", "010110", "12110", "12110755", "01096110"}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const std::string call = sip_invite("+8617000000001", to);
    play.filter.access.give(udp_frame(call, 5060), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), call) << to;
  }
}

// Another connection's refused request stands before it in the burst.
TEST(OverBlock, ARequestBeforeARefusedOneLeavesWhateverStandsInItsBurst) {
  for (const bool has_other : {false, true}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    play.open(80, 40000);
    play.open(80, 40001);
    const std::string good = http_request("good.example", "/pay"), evil = http_request("evil.example");
    if (has_other) play.filter.access.give(play.packet(80, 40001, 0, evil), play.now);
    play.filter.access.give(play.packet(80, 40000, 0, good), play.now);
    play.filter.access.give(play.packet(80, 40000, static_cast<std::uint32_t>(good.size()), evil), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), good) << "with another connection's refused request before it: " << has_other;
  }
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

TEST(OverBlock, FragmentsThatUseTheNumberOfARefusedPacketAgain) {
  for (const std::uint64_t seconds : {31u, 59u, 61u}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const auto send = [&](const std::string& call, std::uint16_t number) {
      for (const Octets& part : fragments_of(udp_frame(call, 5060), 240, number)) play.filter.access.give(part, play.now);
      play.filter.run();
    };
    send(sip_invite("+8617000000001", "+8613800000001"), 7);
    EXPECT_EQ(play.filter.fate(Fate::kAnswered), 1u);
    play.filter.core.forget();
    play.now += seconds * 1000 * kMs;
    send(sip_invite("+8613900000002", "+8613800000001"), 7);
    EXPECT_EQ(play.filter.core.sent().size(), 2u) << "after " << seconds << " s";
  }
}


std::string submit_ucs2(std::uint32_t sequence, std::string_view to, std::u16string_view text) {
  std::string octets;
  for (const char16_t unit : text) append_u16(octets, unit);
  std::string pdu = submit_sm(sequence, "10690001", to, octets);
  pdu[pdu.size() - octets.size() - 3] = 8;
  return pdu;
}

TEST(OverBlock, TwoChineseSentencesAreNoSite) {
  for (const std::u16string_view text : {u"您的验证码是888888。VIP客户请放心使用", u"本次消费999。App可查明细"}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "888888.vip"); Filter::block_domain(b, "999.app"); });
    play.open(2775, 40000);
    const std::string pdu = submit_ucs2(1, "8613800000001", text);
    play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core) == pdu, true);
  }
}

TEST(OverBlock, AnAllowedMobileNumberThatCallsItselfInternational) {
  for (const std::string to : {"8613800000001", "13800000001"}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); allow_number(b, "13800000001"); });
    play.open(2775, 40000);
    const std::string pdu = submit_sm(1, "10690001", to, "you win a prize");
    play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), pdu) << to;
  }
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+1*"); });
  play.open(2775, 40000);
  const std::string pdu = submit_sm(1, "10690001", "13800000001", "hello");
  play.filter.access.give(play.packet(2775, 40000, 0, pdu), play.now);
  play.filter.run();
  EXPECT_EQ(payloads_sent(play.filter.core), pdu) << "+1*";
}

TEST(OverBlock, AServiceNumberWithAnExtensionIsNotRomanian) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { prefix(b, "+40*"); });
  for (const std::string from : {"4008123456", "400812345601", "40081234560123"}) {
    const std::string call = sip_invite(from, "+8613800000001");
    play.filter.core.forget();
    play.filter.access.give(udp_frame(call, 5060), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), call) << from;
  }
}

TEST(OverBlock, FragmentsThatUseTheNumberOfAPacketThatNeverBecameWhole) {
  for (const std::uint64_t seconds : {1u, 31u, 45u, 61u}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    auto listed = fragments_of(udp_frame(sip_invite("+8617000000001", "+8613800000001"), 5060), 160, 7);
    play.filter.access.give(listed[0], play.now);  // its rest is lost before it comes here
    play.filter.run();
    play.filter.core.forget();
    play.now += seconds * 1000 * kMs;
    std::string call = sip_invite("+8613900000002", "+8613800000001");
    call.replace(call.find("CSeq: 1"), 7, "CSeq: 2");
    const auto innocent = fragments_of(udp_frame(call, 5060), 160, 7);
    for (const Octets& part : innocent) play.filter.access.give(part, play.now);
    play.filter.run();
    // While the old part may contradict the new ones the packet is lost, as at a receiver that has both; its sender repeats it under another.
    EXPECT_EQ(play.filter.core.sent().size(), innocent.size() - (seconds > 60 ? 0 : 1)) << "after " << seconds << " s";
    EXPECT_EQ(play.filter.fate(Fate::kAnswered), 0u) << "after " << seconds << " s";
  }
}

TEST(OverBlock, ALongUploadMayHoldWhatLooksLikeARequest) {
  for (const std::uint64_t seconds : {1u, 16u, 59u, 100u, 125u, 200u}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    play.open(80, 40000);
    const std::string head = "POST /report HTTP/1.1\r\nHost: good.example\r\nContent-Length: 4000\r\n\r\n";
    const std::string first = head + std::string(1000, 'x');
    const std::string second = std::string(1000, 'y');
    const std::string third = "GET /pay HTTP/1.1\r\nHost: evil.example\r\nUser-Agent: what I found\r\n\r\n" + std::string(900, 'z');
    play.filter.access.give(play.packet(80, 40000, 0, first), play.now);
    play.filter.run();
    for (std::uint64_t s = 0; s < seconds; s += 5) {  // it goes on slowly
      play.now += std::min<std::uint64_t>(5, seconds - s) * 1000 * kMs;
      const auto at = static_cast<std::uint32_t>(first.size() + s / 5 * 20);
      play.filter.access.give(play.packet(80, 40000, at, std::string(20, 'y')), play.now);
      play.filter.run();
    }
    const auto at = static_cast<std::uint32_t>(first.size() + (seconds + 4) / 5 * 20);
    play.filter.core.forget();
    play.filter.access.give(play.packet(80, 40000, at, third), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.core), third) << "after " << seconds << " s";
  }
}


std::string deliver_receipt(std::string_view from, std::string_view to, std::string_view text) {
  std::string pdu = submit_sm(5, from, to, text);
  pdu[7] = 5;  // deliver_sm
  const std::size_t esm = pdu.find(to) + to.size() + 1;
  pdu[esm] = 4;
  pdu[esm + 5] = 0;
  return pdu;
}

TEST(OverBlock, LateReceiptOfAListedNumber) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  play.expect_untouched(2775, deliver_receipt("8617000000001", "10690001", "id:12345 sub:001 dlvrd:001 submit date:2401010101 done date:2401010102 stat:DELIVRD err:000 text:hello"));
}

TEST(OverBlock, ANameThatGoesOnIsAnother) {
  for (const auto& [port, stream] : std::vector<std::pair<std::uint16_t, std::string>>{
           {80, http_request("evil.example.org", "/evil.example")},
           {80, "GET http://evil.example.org/x HTTP/1.1\r\nHost: evil.example.org\r\n\r\n"},
           {80, "CONNECT evil.example.org:443 HTTP/1.1\r\nHost: evil.example.org:443\r\n\r\n"},
           {443, tls_hello("evil.example.org")},
           {53, std::string("\0\x22", 2) + dns_query("evil.example.org")},
           {5060, over_tcp(sip_invite("+86170000000012", "+86170000000013"))}}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); Filter::block_number(b, "+8617000000001"); });
    std::uint16_t from = 20000;
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
      play.filter.core.forget();
      ASSERT_EQ(play.in_parts(port, ++from, stream, cut), stream) << cut;
    }
  }
}

// A keeps its connection; B's is refused; all innocent ones around leave.
TEST(OverBlock, OthersInTheBurstOfARefusalLeave) {
  Play play;
  play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); Filter::block_text(b, "win a prize"); Filter::block_number(b, "+8617000000001"); });
  std::string wanted;
  for (std::uint16_t port = 40000; port < 40010; ++port) play.open(80, port);
  play.open(2775, 41000);
  std::uint32_t at = 0;
  for (std::uint16_t port = 40000; port < 40010; ++port) {
    const bool is_evil = port % 3 == 0;
    const std::string request = http_request(is_evil ? "www.evil.example" : "good.example", "/" + std::to_string(port));
    play.filter.access.give(play.packet(80, port, 0, request), play.now);
    const std::string pdu = submit_sm(port, "10690001", "8613800000001", is_evil ? "win a prize" : "hello there");
    play.filter.access.give(play.packet(2775, 41000, at, pdu), play.now);
    at += static_cast<std::uint32_t>(pdu.size());
    if (!is_evil) wanted += request + pdu;
    play.filter.access.give(udp_frame(dns_query(is_evil ? "evil.example" : "good.example"), 53, port), play.now);
    if (!is_evil) wanted += dns_query("good.example");
  }
  play.filter.run();
  const std::string sent = payloads_sent(play.filter.core);
  for (std::uint16_t port = 40000; port < 40010; ++port) {
    if (port % 3 == 0) continue;
    EXPECT_NE(sent.find("GET /" + std::to_string(port)), sent.npos) << port;
  }
  std::size_t count = 0;
  for (std::size_t place = 0; (place = sent.find("hello there", place)) != sent.npos; ++place) ++count;
  EXPECT_EQ(count, 7u);
  count = 0;
  for (std::size_t place = 0; (place = sent.find("\4good\7example", place)) != sent.npos; ++place) ++count;
  EXPECT_EQ(count, 7u);
}

// The same ports are used for a new connection behind a refused one, in one burst or later, with numbers near the old ones.
TEST(OverBlock, ANewConnectionOnThePortsOfARefusedOne) {
  for (const bool in_one_burst : {false, true}) {
    for (const std::uint32_t isn : {999u, 1100u, 0xfffffff0u}) {
      Play play;
      play.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      play.open(443, 40000);
      play.filter.access.give(play.packet(443, 40000, 0, tls_hello("evil.example")), play.now);
      if (!in_one_burst) play.filter.run();
      play.filter.core.forget();
      play.filter.access.give(frame_of({.source_port = 40000, .destination_port = 443, .sequence = isn, .acknowledgement = 0, .flags = kTcpSyn}), play.now);
      if (!in_one_burst) {
        play.filter.run();
        play.filter.core.give(frame_of({.reversed = true, .source_port = 443, .destination_port = 40000, .sequence = 5, .acknowledgement = isn + 1, .flags = kTcpSyn | kTcpAck}), play.now);
        play.filter.run();
      }
      const std::string hello = tls_hello("good.example");
      play.filter.access.give(frame_of({.source_port = 40000, .destination_port = 443, .sequence = isn + 1, .acknowledgement = 6, .payload = hello}), play.now);
      play.filter.run();
      EXPECT_EQ(payloads_sent(play.filter.core), hello) << in_one_burst << ' ' << isn;
    }
  }
}

// A refused message whose response never came, and later an innocent one with its number, in the same burst as other refused ones.
TEST(OverBlock, TheResponseOfAnInnocentMessageIsItsOwn) {
  for (const bool is_receipt : {false, true}) {
    Play play;
    play.filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
    play.open(2775, 40000);
    std::string refused = submit_sm(5, "10690001", "8613800000001", "win a prize");
    std::string innocent = is_receipt ? deliver_receipt("8613800000001", "10690001", "id:1 stat:DELIVRD text:x") : submit_sm(5, "10690001", "8613800000001", "hello");
    std::string response = submit_sm_resp(5);
    if (is_receipt) refused[7] = 5, response[7] = 5;
    play.filter.access.give(play.packet(2775, 40000, 0, refused), play.now);
    play.filter.run();
    play.now += 60'000 * kMs;  // never answered
    play.filter.access.give(play.packet(2775, 40000, static_cast<std::uint32_t>(refused.size()), innocent), play.now);
    play.filter.run();
    play.filter.access.forget();
    play.filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1,
                                    .acknowledgement = 1000 + static_cast<std::uint32_t>(refused.size() + innocent.size()), .payload = response}), play.now);
    play.filter.run();
    EXPECT_EQ(payloads_sent(play.filter.access), response) << "receipt: " << is_receipt;
  }
}

}  // namespace
}  // namespace telefence
