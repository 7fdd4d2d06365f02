// SPDX-License-Identifier: Apache-2.0
// What would be refused with the guilty beside it: messages judged before they are whole, recipients and texts that
// something acquits, numbers that read like others, what stands in one burst, fragment number, connection or answer
// with what is refused.
#include <gtest/gtest.h>

#include "exchange.h"
#include "ipv4_parts.h"

namespace telefence {
namespace {

using namespace testing;

TEST(OverBlock, LateMessageToThePoliceFromAListedNumber) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  exchange.expect_untouched(2775, submit_sm(1, "8617000000001", "12110", "help me"));
}

TEST(OverBlock, LateMessageToAnAllowedNumber) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86170*");
    allow_number(b, "+8613800000001");
  });
  exchange.expect_untouched(2775, submit_sm(1, "8617000000001", "8613800000001", "hello"));
}

TEST(OverBlock, LateMessageToSeveralAllowedNumbers) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86170*");
    prefix(b, "+8613800000*", true);
  });
  exchange.expect_untouched(
      2775, submit_multi(1, "8617000000001", {"8613800000001", "8613800000002", "8613800000003"}, "hello"));
}

TEST(OverBlock, LateTextWhoseSiteIsCut) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "taobao.co"); });
  exchange.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "see www.taobao.com/x now"));
}

TEST(OverBlock, LateTextWithAWordThatExcludesIt) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    PatternSource source;
    source.words.all = {"win a prize"};
    source.words.none = {"the police warn"};
    b.add_pattern(source, Filter::rule(b, "win but not police"));
  });
  exchange.expect_untouched(
      2775, submit_sm(1, "10690001", "8613800000001", "who says you win a prize lies, the police warn"));
}

TEST(OverBlock, LateTextThatIsAllowed) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    Filter::block_text(b, "win a prize");
    b.add_pattern({"real bank of china", true, false}, Filter::rule(b, "real bank of china", {}, true));
  });
  exchange.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "win a prize [real bank of china]"));
}

TEST(OverBlock, LateTextThatIsAllowedByAnExpressionAtItsEnd) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    b.add_pattern({"win a prize$", false, false}, Filter::rule(b, "win at the end"));
  });
  exchange.expect_untouched(2775, submit_sm(1, "10690001", "8613800000001", "you win a prize of honour"));
}

TEST(OverBlock, LateCallFromAnAllowedNumber) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86138*");
    allow_number(b, "+8613900000001");
  });
  std::string call = over_tcp(sip_invite("+8613900000001", "+8613800000001"));
  const std::size_t from = call.find("From:"), to = call.find("To:"), id = call.find("Call-ID:");
  call = call.substr(0, from) + call.substr(to, id - to) + call.substr(from, to - from) + call.substr(id);
  exchange.expect_untouched(5060, call);
}

TEST(OverBlock, LateCallWithAnAssertedAllowedNumber) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86138*");
    allow_number(b, "+8613900000001");
  });
  std::string call = over_tcp(sip_invite("+8613900000001", "+8613800000001"));
  call.insert(call.find("Content-Length"), "P-Asserted-Identity: <sip:+8613900000001@10.0.0.1>\r\n");
  exchange.expect_untouched(5060, call);
}

TEST(OverBlock, LateCallWithAnAssertedAllowedNumberBehindAnonymous) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86138*");
    allow_number(b, "+8613900000001");
  });
  std::string call = over_tcp(sip_invite("anonymous", "+8613800000001"));
  call.insert(call.find("Content-Length"), "P-Asserted-Identity: <sip:+8613900000001@10.0.0.1>\r\n");
  exchange.expect_untouched(5060, call);
}

TEST(OverBlock, ARecipientThatIsAcquittedIsNotVoided) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "+86139*");                       // covers the second recipient
    Filter::block_number(b, "+8617000000001");  // the first one
    prefix(b, "+8615000*", true);               // the sender, more specific than the prefix
  });
  const std::string alone = submit_multi(1, "8615000000009", {"8613900000002", "8613800000003"}, "see you");
  exchange.open(2775, 40000);
  exchange.filter.access.give(exchange.packet(2775, 40000, 0, alone), exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), alone) << "acquitted";
  exchange.filter.core.forget();
  const std::string pdu =
      submit_multi(2, "8615000000009", {"8617000000001", "8613900000002", "8613800000003"}, "see you");
  std::string wanted = pdu;
  wanted.replace(pdu.find("8617000000001"), 13, 13, '0');
  exchange.filter.access.give(exchange.packet(2775, 40000, static_cast<std::uint32_t>(alone.size()), pdu),
                              exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), wanted);
  exchange.filter.core.forget();
  const std::string two = submit_multi(3, "8615000000009", {"8617000000001", "8613900000002"}, "see you");
  wanted = two;
  wanted.replace(two.find("8617000000001"), 13, 13, '0');
  exchange.filter.access.give(exchange.packet(2775, 40000, static_cast<std::uint32_t>(alone.size() + pdu.size()), two),
                              exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), wanted);
}

TEST(OverBlock, OfManyRecipientsTheListedOnesAloneAreVoided) {
  Exchange exchange;
  std::vector<std::string> to;
  for (int i = 100; i < 170; ++i) to.push_back("8613800000" + std::to_string(i));
  to[0] = "8617000000001", to[40] = "8617000000002", to[69] = "8617000000003";
  exchange.filter.block([](MatchSetBuilder& b) { prefix(b, "+86170*"); });
  const std::string pdu = submit_multi(1, "10690001", to, "see you");
  std::string wanted = pdu;
  for (const std::size_t listed : {0u, 40u, 69u}) wanted.replace(pdu.find(to[listed]), 13, 13, '0');
  exchange.open(2775, 40000);
  exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), wanted);
  EXPECT_EQ(exchange.filter.ring.front()->refused_recipients, 3);
}

TEST(OverBlock, ABuiltInRecipientIsNotVoided) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    prefix(b, "12*");
    Filter::block_number(b, "+8617000000001");
  });
  const std::string pdu = submit_multi(2, "10690001", {"8617000000001", "12110", "8613800000003"}, "see you");
  std::string wanted = pdu;
  wanted.replace(pdu.find("8617000000001"), 13, 13, '0');
  exchange.open(2775, 40000);
  exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), wanted);
}

TEST(OverBlock, AllowedRecipientsAcquitEachTextOfAMessage) {
  for (const std::size_t count : {1u, 2u, 3u}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) {
      Filter::block_text(b, "win a prize");
      prefix(b, "+86138*", true);
    });
    std::vector<std::string> to;
    for (std::size_t i = 0; i < count; ++i) to.push_back("861380000000" + std::to_string(i));
    for (const bool in_second : {false, true}) {
      std::string pdu = submit_multi(7, "10690001", to, in_second ? "hello" : "you win a prize");
      const std::string second = in_second ? "you win a prize today" : "see you at nine then";
      append_u16(pdu, 0x0424), append_u16(pdu, static_cast<unsigned>(second.size())), pdu += second;
      pdu = with_length(pdu);
      exchange.open(2775, in_second ? 40001 : 40000);
      exchange.filter.access.give(exchange.packet(2775, in_second ? 40001 : 40000, 0, pdu), exchange.now);
      exchange.filter.run();
      EXPECT_EQ(payloads_sent(exchange.filter.core), pdu) << count << " recipients, in the second text: " << in_second;
    }
  }
}

TEST(OverBlock, ABuiltInCallerWhoseNumberTheNetworkAsserts) {
  for (const bool asserts : {false, true}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { prefix(b, "955*"); });
    std::string call = sip_invite("95588", "+8613800000001");
    if (asserts) call.insert(call.find("Content-Length"), "P-Asserted-Identity: <sip:95588@10.0.0.1>\r\n");
    exchange.filter.access.give(udp_frame(call, 5060), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), call) << "asserted: " << asserts;
  }
}

TEST(OverBlock, AnEmergencyCallByServiceName) {
  for (const std::string target : {"sip:110@10.0.0.2", "sip:112@10.0.0.2;user=phone", "tel:110;phone-context=+86",
                                   "urn:service:sos", "urn:service:sos.police", "sip:sos@10.0.0.2"}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    std::string call = sip_invite("+8617000000001", "110");
    call.replace(7, call.find(" SIP/2.0") - 7, target);
    const std::size_t to = call.find("To: <") + 5;
    call.replace(to, call.find('>', to) - to, target);
    exchange.filter.access.give(udp_frame(call, 5060), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), call) << target;
  }
}

TEST(OverBlock, EmergencyNumbersWithAreaCodes) {
  for (const std::string to : {"110", "0755110", "010110", "12110", "12110755", "01096110"}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const std::string call = sip_invite("+8617000000001", to);
    exchange.filter.access.give(udp_frame(call, 5060), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), call) << to;
  }
}

// Another connection's refused request stands before it in the burst.
TEST(OverBlock, ARequestBeforeARefusedOneLeavesWhateverStandsInItsBurst) {
  for (const bool has_other : {false, true}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    exchange.open(80, 40000);
    exchange.open(80, 40001);
    const std::string good = http_request("good.example", "/pay"), evil = http_request("evil.example");
    if (has_other) exchange.filter.access.give(exchange.packet(80, 40001, 0, evil), exchange.now);
    exchange.filter.access.give(exchange.packet(80, 40000, 0, good), exchange.now);
    exchange.filter.access.give(exchange.packet(80, 40000, static_cast<std::uint32_t>(good.size()), evil),
                                exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), good)
        << "with another connection's refused request before it: " << has_other;
  }
}

TEST(OverBlock, FragmentsThatUseTheNumberOfARefusedPacketAgain) {
  for (const std::uint64_t seconds : {31u, 59u, 61u}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    const auto send = [&](const std::string& call, std::uint16_t number) {
      for (const Octets& part : fragments_of(udp_frame(call, 5060), 240, number))
        exchange.filter.access.give(part, exchange.now);
      exchange.filter.run();
    };
    send(sip_invite("+8617000000001", "+8613800000001"), 7);
    EXPECT_EQ(exchange.filter.fate(Fate::kAnswered), 1u);
    exchange.filter.core.forget();
    exchange.now += seconds * 1000 * kMs;
    send(sip_invite("+8613900000002", "+8613800000001"), 7);
    EXPECT_EQ(exchange.filter.core.sent().size(), 2u) << "after " << seconds << " s";
  }
}

TEST(OverBlock, TwoChineseSentencesAreNoSite) {
  for (const std::u16string_view text : {u"您的验证码是888888。VIP客户请放心使用", u"本次消费999。App可查明细"}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) {
      Filter::block_domain(b, "888888.vip");
      Filter::block_domain(b, "999.app");
    });
    exchange.open(2775, 40000);
    const std::string pdu = submit_ucs2(1, "8613800000001", text);
    exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core) == pdu, true);
  }
}

TEST(OverBlock, AnAllowedMobileNumberThatCallsItselfInternational) {
  for (const std::string to : {"8613800000001", "13800000001"}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) {
      Filter::block_text(b, "win a prize");
      allow_number(b, "13800000001");
    });
    exchange.open(2775, 40000);
    const std::string pdu = submit_sm(1, "10690001", to, "you win a prize");
    exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), pdu) << to;
  }
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { prefix(b, "+1*"); });
  exchange.open(2775, 40000);
  const std::string pdu = submit_sm(1, "10690001", "13800000001", "hello");
  exchange.filter.access.give(exchange.packet(2775, 40000, 0, pdu), exchange.now);
  exchange.filter.run();
  EXPECT_EQ(payloads_sent(exchange.filter.core), pdu) << "+1*";
}

TEST(OverBlock, AServiceNumberWithAnExtensionIsNotRomanian) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { prefix(b, "+40*"); });
  for (const std::string from : {"4008123456", "400812345601", "40081234560123"}) {
    const std::string call = sip_invite(from, "+8613800000001");
    exchange.filter.core.forget();
    exchange.filter.access.give(udp_frame(call, 5060), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), call) << from;
  }
}

TEST(OverBlock, FragmentsThatUseTheNumberOfAPacketThatNeverBecameWhole) {
  for (const std::uint64_t seconds : {1u, 31u, 45u, 61u}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
    auto listed = fragments_of(udp_frame(sip_invite("+8617000000001", "+8613800000001"), 5060), 160, 7);
    exchange.filter.access.give(listed[0], exchange.now);  // its rest is lost before it comes here
    exchange.filter.run();
    exchange.filter.core.forget();
    exchange.now += seconds * 1000 * kMs;
    std::string call = sip_invite("+8613900000002", "+8613800000001");
    call.replace(call.find("CSeq: 1"), 7, "CSeq: 2");
    const auto innocent = fragments_of(udp_frame(call, 5060), 160, 7);
    for (const Octets& part : innocent) exchange.filter.access.give(part, exchange.now);
    exchange.filter.run();
    EXPECT_EQ(exchange.filter.core.sent().size(), innocent.size()) << "after " << seconds << " s";
    EXPECT_EQ(exchange.filter.fate(Fate::kAnswered), 0u) << "after " << seconds << " s";
  }
}

TEST(OverBlock, ALongUploadMayHoldWhatLooksLikeARequest) {
  for (const std::uint64_t seconds : {1u, 16u, 59u, 100u, 125u, 200u}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
    exchange.open(80, 40000);
    const std::string head = "POST /report HTTP/1.1\r\nHost: good.example\r\nContent-Length: 4000\r\n\r\n";
    const std::string first = head + std::string(1000, 'x');
    const std::string second = std::string(1000, 'y');
    const std::string third =
        "GET /pay HTTP/1.1\r\nHost: evil.example\r\nUser-Agent: what I found\r\n\r\n" + std::string(900, 'z');
    exchange.filter.access.give(exchange.packet(80, 40000, 0, first), exchange.now);
    exchange.filter.run();
    for (std::uint64_t s = 0; s < seconds; s += 5) {  // it goes on slowly
      exchange.now += std::min<std::uint64_t>(5, seconds - s) * 1000 * kMs;
      const auto at = static_cast<std::uint32_t>(first.size() + s / 5 * 20);
      exchange.filter.access.give(exchange.packet(80, 40000, at, std::string(20, 'y')), exchange.now);
      exchange.filter.run();
    }
    const auto at = static_cast<std::uint32_t>(first.size() + (seconds + 4) / 5 * 20);
    exchange.filter.core.forget();
    exchange.filter.access.give(exchange.packet(80, 40000, at, third), exchange.now);
    exchange.filter.run();
    EXPECT_EQ(payloads_sent(exchange.filter.core), third) << "after " << seconds << " s";
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
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  exchange.expect_untouched(
      2775,
      deliver_receipt(
          "8617000000001", "10690001",
          "id:12345 sub:001 dlvrd:001 submit date:2401010101 done date:2401010102 stat:DELIVRD err:000 text:hello"));
}

TEST(OverBlock, ANameThatGoesOnIsAnother) {
  for (const auto& [port, stream] : std::vector<std::pair<std::uint16_t, std::string>>{
           {80, http_request("evil.example.org", "/evil.example")},
           {80, "GET http://evil.example.org/x HTTP/1.1\r\nHost: evil.example.org\r\n\r\n"},
           {80, "CONNECT evil.example.org:443 HTTP/1.1\r\nHost: evil.example.org:443\r\n\r\n"},
           {443, tls_hello("evil.example.org")},
           {53, std::string("\0\x22", 2) + dns_query("evil.example.org")},
           {5060, over_tcp(sip_invite("+86170000000012", "+86170000000013"))}}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) {
      Filter::block_domain(b, "evil.example");
      Filter::block_number(b, "+8617000000001");
    });
    std::uint16_t from = 20000;
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
      exchange.filter.core.forget();
      ASSERT_EQ(exchange.in_parts(port, ++from, stream, cut), stream) << cut;
    }
  }
}

TEST(OverBlock, OthersInTheBurstOfARefusalLeave) {
  Exchange exchange;
  exchange.filter.block([](MatchSetBuilder& b) {
    Filter::block_domain(b, "evil.example");
    Filter::block_text(b, "win a prize");
    Filter::block_number(b, "+8617000000001");
  });
  std::string wanted;
  for (std::uint16_t port = 40000; port < 40010; ++port) exchange.open(80, port);
  exchange.open(2775, 41000);
  std::uint32_t at = 0;
  for (std::uint16_t port = 40000; port < 40010; ++port) {
    const bool is_evil = port % 3 == 0;
    const std::string request = http_request(is_evil ? "www.evil.example" : "good.example", "/" + std::to_string(port));
    exchange.filter.access.give(exchange.packet(80, port, 0, request), exchange.now);
    const std::string pdu = submit_sm(port, "10690001", "8613800000001", is_evil ? "win a prize" : "hello there");
    exchange.filter.access.give(exchange.packet(2775, 41000, at, pdu), exchange.now);
    at += static_cast<std::uint32_t>(pdu.size());
    if (!is_evil) wanted += request + pdu;
    exchange.filter.access.give(udp_frame(dns_query(is_evil ? "evil.example" : "good.example"), 53, port),
                                exchange.now);
    if (!is_evil) wanted += dns_query("good.example");
  }
  exchange.filter.run();
  const std::string sent = payloads_sent(exchange.filter.core);
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

// The same ports are used for a new connection behind a refused one, in one burst or later, with numbers near the old
// ones.
TEST(OverBlock, ANewConnectionOnThePortsOfARefusedOne) {
  for (const bool in_one_burst : {false, true}) {
    for (const std::uint32_t isn : {999u, 1100u, 0xfffffff0u}) {
      Exchange exchange;
      exchange.filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
      exchange.open(443, 40000);
      exchange.filter.access.give(exchange.packet(443, 40000, 0, tls_hello("evil.example")), exchange.now);
      if (!in_one_burst) exchange.filter.run();
      exchange.filter.core.forget();
      exchange.filter.access.give(
          frame_of(
              {.source_port = 40000, .destination_port = 443, .sequence = isn, .acknowledgement = 0, .flags = kTcpSyn}),
          exchange.now);
      if (!in_one_burst) {
        exchange.filter.run();
        exchange.filter.core.give(frame_of({.reversed = true,
                                            .source_port = 443,
                                            .destination_port = 40000,
                                            .sequence = 5,
                                            .acknowledgement = isn + 1,
                                            .flags = kTcpSyn | kTcpAck}),
                                  exchange.now);
        exchange.filter.run();
      }
      const std::string hello = tls_hello("good.example");
      exchange.filter.access.give(frame_of({.source_port = 40000,
                                            .destination_port = 443,
                                            .sequence = isn + 1,
                                            .acknowledgement = 6,
                                            .payload = hello}),
                                  exchange.now);
      exchange.filter.run();
      EXPECT_EQ(payloads_sent(exchange.filter.core), hello) << in_one_burst << ' ' << isn;
    }
  }
}

// A refused message whose response never came, and later an innocent one with its number, in the same burst as other
// refused ones.
TEST(OverBlock, TheResponseOfAnInnocentMessageIsItsOwn) {
  for (const bool is_receipt : {false, true}) {
    Exchange exchange;
    exchange.filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
    exchange.open(2775, 40000);
    std::string refused = submit_sm(5, "10690001", "8613800000001", "win a prize");
    std::string innocent = is_receipt ? deliver_receipt("8613800000001", "10690001", "id:1 stat:DELIVRD text:x")
                                      : submit_sm(5, "10690001", "8613800000001", "hello");
    std::string response = submit_sm_resp(5);
    if (is_receipt) refused[7] = 5, response[7] = 5;
    exchange.filter.access.give(exchange.packet(2775, 40000, 0, refused), exchange.now);
    exchange.filter.run();
    exchange.now += 60'000 * kMs;  // never answered
    exchange.filter.access.give(exchange.packet(2775, 40000, static_cast<std::uint32_t>(refused.size()), innocent),
                                exchange.now);
    exchange.filter.run();
    exchange.filter.access.forget();
    exchange.answer(2775, 40000, refused.size() + innocent.size(), response);
    EXPECT_EQ(payloads_sent(exchange.filter.access), response) << "receipt: " << is_receipt;
  }
}

}  // namespace
}  // namespace telefence
