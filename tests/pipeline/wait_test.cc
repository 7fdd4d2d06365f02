// SPDX-License-Identifier: Apache-2.0
// How long the beginning of a message on a shared connection is held for the rest of it: as long as its sender may need to send a lost
// segment again, but no longer than one that waits itself would bear.
#include <gtest/gtest.h>

#include "filter.h"
#include "payloads.h"
#include "pipeline/worker.h"
#include "session_ends.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint32_t kFirst = 0xffffffe0;  // sequence numbers wrap inside the first message
constexpr std::uint64_t kMs = 1'000'000;

class Wait : public ::testing::Test {
 protected:
  void SetUp() override {
    filter.block([](MatchSetBuilder& b) { Filter::block_text(b, "win a prize"); });
    send_frame(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = kFirst - 1, .acknowledgement = 0, .flags = kTcpSyn}));
    const auto answer = frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 999,
                                  .acknowledgement = kFirst, .flags = kTcpSyn | kTcpAck});
    filter.core.give(answer, now_ns);
    filter.run();
    filter.access.forget();
    filter.core.forget();
  }

  void send_frame(const std::vector<std::uint8_t>& frame) {
    filter.access.give(frame, now_ns);
    filter.run();
  }
  // A segment of `stream` from `at` to `to`.
  void send(std::string_view stream, std::size_t at, std::size_t to) {
    send_frame(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = kFirst + static_cast<std::uint32_t>(at),
                         .acknowledgement = 1000, .payload = stream.substr(at, to - at)}));
  }
  // Nothing comes for so long.
  void pass(std::uint64_t ms) {
    for (; ms > 0; --ms) {
      now_ns += kMs;
      filter.access.set_now(now_ns);
      filter.run();
    }
  }

  Filter filter;
  std::uint64_t now_ns = 1'700'000'000'000'000'000;
};

std::string listed(std::uint32_t number) { return submit_sm(number, "10690001", "8613800000001", "You WIN A PRIZE, call now"); }

TEST_F(Wait, ALostRestIsWaitedForUntilItsSenderFindsOut) {
  const std::string pdu = listed(1);
  send(pdu, 0, 60);
  pass(100);  // two round trips of 50 ms: the sender's probe comes
  EXPECT_EQ(filter.core.sent().size(), 0u);
  send(pdu, 60, pdu.size());
  EXPECT_EQ(payloads_sent(filter.core).size(), pdu.size());
  EXPECT_EQ(payloads_sent(filter.core).find("8613800000001"), std::string::npos) << "it is voided whole";
  EXPECT_EQ(payloads_sent(filter.core).find("WIN"), std::string::npos);
}

TEST_F(Wait, WhatNeverBecomesWholeIsLetGo) {
  const std::string pdu = listed(1);
  send(pdu, 0, 60);
  const std::uint64_t bytes = filter.stats().received_bytes.read();
  pass(199);
  EXPECT_EQ(filter.core.sent().size(), 0u);
  pass(3);
  EXPECT_EQ(filter.stats().received_bytes.read(), bytes) << "nothing came meanwhile";
  EXPECT_EQ(payloads_sent(filter.core), pdu.substr(0, 60));
  EXPECT_EQ(filter.fate(Fate::kForwardedHoldExpired), 1u);
}

// Anybody can write the other end's address on what he sends.
TEST_F(Wait, WhatComesFromWhereTheOtherEndIsLeavesByTheWayThatItCameFor) {
  const std::string answer = submit_sm_resp(1);
  const auto forged = [&](std::size_t at) {
    return frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = static_cast<std::uint32_t>(1000 + at),
                     .acknowledgement = kFirst, .payload = answer.substr(at, 5)});
  };
  const std::string pdu = submit_sm(1, "10690001", "8613800000001", "see you");
  send(pdu, 0, pdu.size());
  filter.core.forget();
  send_frame(forged(0));
  pass(300);
  EXPECT_EQ(payloads_sent(filter.core), answer.substr(0, 5)) << "the other end was never heard";
  filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1000,
                             .acknowledgement = kFirst + static_cast<std::uint32_t>(pdu.size())}), now_ns);
  filter.run();
  filter.core.forget();
  filter.access.forget();
  send_frame(forged(5));
  pass(300);
  EXPECT_EQ(payloads_sent(filter.core), answer.substr(5, 5)) << "and now it is known where it is";
  EXPECT_EQ(payloads_sent(filter.access), "");
}

// A sender that was told of a missing segment repeats all that is not confirmed: that is no proof that it waits.
TEST_F(Wait, CopiesOfWhatIsHeldDoNotEndTheWaitForAMissingSegment) {
  const std::string pdu = listed(1);
  const std::string stream = pdu + listed(2);
  send(stream, 0, 60);
  pass(1);
  send(stream, 70, stream.size());
  pass(60);
  send(stream, 0, 60);
  send(stream, 60, 70);
  EXPECT_EQ(payloads_sent(filter.core).size(), stream.size());
  EXPECT_EQ(payloads_sent(filter.core).find("8613800000001"), std::string::npos);
  EXPECT_EQ(payloads_sent(filter.core).find("WIN"), std::string::npos);
  EXPECT_EQ(filter.fate(Fate::kDroppedCopy), 1u);
}

// A message does not wait for the next one, though its end and the next one's first octets came together.
TEST_F(Wait, AWholeMessageLeavesSoonThoughItsBeginningHasWaited) {
  const std::string innocent = submit_sm(1, "10690001", "8613800000001", "the parcel is at the gate");
  const std::string stream = innocent + listed(2);
  send(stream, 0, 40);
  pass(3);
  send(stream, 40, innocent.size() + 4);
  pass(2);
  EXPECT_EQ(payloads_sent(filter.core), innocent);
  send(stream, innocent.size() + 4, stream.size());
  EXPECT_EQ(payloads_sent(filter.core).size(), stream.size());
}

// RFC 896: the rest of a message stays with its sender until the beginning is confirmed. That must not cost a long wait each time.
TEST_F(Wait, ASenderThatWaitsForConfirmationsIsKnownByTwoOfThem) {
  std::string stream;
  for (std::uint32_t number = 1; number <= 4; ++number) {
    const std::size_t at = stream.size();
    stream += submit_sm(number, "10690001", "8613800000001", "the parcel is at the gate");
    send(stream, at, at + 60);
    if (number <= 2) pass(202);
    pass(22);
    EXPECT_EQ(payloads_sent(filter.core).size(), at + 60) << "message " << number;
    send(stream, at + 60, stream.size());
  }
  EXPECT_EQ(payloads_sent(filter.core), stream);
  EXPECT_EQ(filter.fate(Fate::kForwardedHoldExpired), 4u);
}

// What is there of it is enough to refuse it. What it said comes back to its sender though the rest of it comes later.
TEST_F(Wait, AMessageRefusedBeforeItIsWholeIsRefusedToItsSender) {
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  const std::string pdu = submit_sm(1, "8617000000001", "8613800000001", "a text of no interest");
  send(pdu, 0, 70);
  pass(202);
  EXPECT_EQ(payloads_sent(filter.core).size(), 70u);
  EXPECT_EQ(filter.fate(Fate::kNeutralised), 1u);
  send(pdu, 70, pdu.size());
  EXPECT_EQ(payloads_sent(filter.core).size(), pdu.size());
  EXPECT_EQ(payloads_sent(filter.core).find("8613800000001"), std::string::npos);
  EXPECT_EQ(payloads_sent(filter.core).find("interest"), std::string::npos);
  filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1000,
                             .acknowledgement = kFirst + static_cast<std::uint32_t>(pdu.size()), .payload = submit_sm_resp(1)}), now_ns);
  filter.run();
  ASSERT_EQ(filter.access.sent().size(), 1u);
  EXPECT_EQ(filter.access.sent()[0][54 + 11], 0x0a) << "command_status";
  EXPECT_EQ(filter.ring.pushed(), 1u);
}

// Who else gets it may not be known yet: the others must.
TEST_F(Wait, OfAMessageThatIsNotWholeOnlyTheListedRecipientIsVoided) {
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  const std::string pdu = submit_multi(1, "10690001", {"8617000000001", "8613800000002"}, "see you at nine");
  const std::size_t listed_at = pdu.find("8617000000001");
  std::string wanted = pdu;
  wanted.replace(listed_at, 13, 13, '0');
  std::uint32_t sequence = kFirst;
  for (std::size_t cut = 16; cut < pdu.size(); ++cut) {
    SCOPED_TRACE(cut);
    filter.core.forget();
    filter.access.forget();
    const auto give = [&](std::size_t from, std::size_t to) {
      filter.access.give(frame_of({.source_port = 40000, .destination_port = 2775, .sequence = sequence + static_cast<std::uint32_t>(from),
                                   .acknowledgement = 1000, .payload = std::string_view(pdu).substr(from, to - from)}), now_ns);
      filter.run();
    };
    give(0, cut);
    pass(202);
    give(cut, pdu.size());
    pass(202);
    sequence += static_cast<std::uint32_t>(pdu.size());
    // Where a part of the number has left the rest must not make it another one's.
    const bool has_part_left = cut > listed_at && cut < listed_at + 14;
    ASSERT_EQ(payloads_sent(filter.core), has_part_left ? pdu : wanted);
    filter.core.give(frame_of({.reversed = true, .source_port = 2775, .destination_port = 40000, .sequence = 1000, .acknowledgement = sequence,
                               .payload = submit_sm_resp(1)}), now_ns);
    filter.run();
    ASSERT_EQ(payloads_sent(filter.access), submit_sm_resp(1)) << "it is the others', too";
  }
}

// Whoever sends a call slowly has some of it through before anybody can know who calls. What comes then must still keep it from being one.
class SlowRequest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kBegin = 1000;

  enum class Last { kLate, kWhenTheWaitEnds };

  // `request` in parts from a port of its own, each after the wait for it has ended, or the last one in the burst in which it does.
  // Returns what left.
  std::string in_parts(const std::string& request, const std::vector<std::size_t>& cuts, Last last = Last::kLate) {
    ++port;
    const auto from_client = [&](std::size_t at, std::string_view bytes) {
      return frame_of({.source_port = port, .destination_port = 5060, .sequence = kBegin + static_cast<std::uint32_t>(at),
                       .acknowledgement = 1, .payload = bytes});
    };
    give(filter.access, frame_of({.source_port = port, .destination_port = 5060, .sequence = kBegin - 1, .acknowledgement = 0, .flags = kTcpSyn}));
    give(filter.core, frame_of({.reversed = true, .source_port = 5060, .destination_port = port, .sequence = 0, .acknowledgement = kBegin,
                                .flags = kTcpSyn | kTcpAck}));
    filter.core.forget();
    filter.access.forget();
    std::size_t at = 0;
    for (const std::size_t cut : cuts) {
      give(filter.access, from_client(at, std::string_view(request).substr(at, cut - at)));
      at = cut;
      for (int ms = 0; ms < (last == Last::kLate ? 210 : 190); ++ms) {
        now_ns += kMs;
        filter.access.set_now(now_ns);
        filter.run();
      }
      const std::size_t left = payloads_sent(filter.core).size();
      EXPECT_TRUE(left == at || last != Last::kLate) << "it is not held any longer";
    }
    now_ns += 20 * kMs;
    give(filter.access, from_client(at, std::string_view(request).substr(at)));
    return payloads_sent(filter.core);
  }
  std::string answered(const std::string& response, std::size_t asked) {
    filter.access.forget();
    give(filter.core, frame_of({.reversed = true, .source_port = 5060, .destination_port = port, .sequence = 1,
                                .acknowledgement = kBegin + static_cast<std::uint32_t>(asked), .payload = response}));
    return payloads_sent(filter.access);
  }
  void give(MemoryQueue& queue, const std::vector<std::uint8_t>& frame) {
    queue.give(frame, now_ns);
    filter.run();
  }

  Filter filter;
  std::uint64_t now_ns = 1'700'000'000'000'000'000;
  std::uint16_t port = 1000;

  // What left is the call, but for its method where that was still here, and for the one that CSeq names; and its refusal is the configured one.
  void expect_refused(const std::vector<std::size_t>& cuts, Last last = Last::kLate) {
    std::string left = in_parts(call, cuts, last);
    const std::size_t cseq = call.find("1 INVITE\r") + 2;
    ASSERT_EQ(left.size(), call.size());
    EXPECT_EQ(left[cseq], 'X') << left;
    left[cseq] = 'I';
    if (left[0] == 'X') left[0] = 'I';
    EXPECT_EQ(left, call);
    const std::string told = answered(kRefusal, call.size());
    EXPECT_EQ(told.substr(0, 11), "SIP/2.0 603") << told;
    EXPECT_NE(told.find("CSeq: 1 INVITE"), told.npos);
  }
  static constexpr const char* kRefusal =
      "SIP/2.0 400 CSeq mismatch\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-1\r\nFrom: <sip:+8617000000001@10.0.0.1>;tag=a1\r\n"
      "To: <sip:+8613800000001@10.0.0.2>;tag=b\r\nCall-ID: call-1@10.0.0.1\r\nCSeq: 1 XNVITE\r\nContent-Length: 0\r\n\r\n";
  const std::string call = sip_invite("+8617000000001", "+8613800000001");
};

TEST_F(SlowRequest, AListedCallIsNoneWhereverItIsCut) {
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  for (std::size_t cut = 1; cut < call.size(); ++cut) {
    SCOPED_TRACE(cut);
    expect_refused({cut});
  }
  EXPECT_EQ(filter.ring.pushed(), call.size() - 1) << "each is recorded once";
}

TEST_F(SlowRequest, AListedCallIsNoneInThreeParts) {
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  for (std::size_t first = 1; first < call.size(); first += 3)
    for (std::size_t second = first + 1; second < call.size(); second += 3) {
      SCOPED_TRACE(std::to_string(first) + " and " + std::to_string(second));
      expect_refused({first, second});
      if (HasFailure()) return;
    }
}

// The rest comes in the very burst in which what is there is judged.
TEST_F(SlowRequest, AListedCallIsNoneWhenItsRestComesAsTheWaitEnds) {
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  for (std::size_t cut = 1; cut < call.size(); ++cut) {
    SCOPED_TRACE(cut);
    expect_refused({cut}, Last::kWhenTheWaitEnds);
  }
  EXPECT_EQ(filter.ring.pushed(), call.size() - 1) << "each is recorded once";
}

TEST_F(SlowRequest, AnInnocentCallIsWhatItWasWhereverItIsCut) {
  // Parts of the one that calls.
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+861700"), Filter::block_number(b, "10086"); });
  std::string other = call;
  const std::size_t from = other.find("From: <sip:");
  other.replace(from, other.find(";tag", from) - from, "P-Asserted-Identity: <sip:bob@h>, <tel:100861234567>\r\nFrom: \"me@home\" <tel:100861234567>");
  for (const std::string& innocent : {call, other})
    for (std::size_t cut = 1; cut < innocent.size(); ++cut)
      for (const Last last : {Last::kLate, Last::kWhenTheWaitEnds}) EXPECT_EQ(in_parts(innocent, {cut}, last), innocent) << cut;
}

TEST_F(SlowRequest, WithoutCSeqBehindTheCutItsFieldsAreNone) {
  filter.block([](MatchSetBuilder& b) { Filter::block_number(b, "+8617000000001"); });
  const std::string start = "INVITE sip:+8613800000001@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-1\r\nCSeq: 1 INVITE\r\nCall-ID: 1@10.0.0.1\r\n"
                            "To: <sip:+8613800000001@10.0.0.2>\r\nFrom: <sip:+861";
  const std::string rest = "7000000001@10.0.0.1>;tag=a1\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(in_parts(start + rest, {start.size()}), start + std::string(27, '<') + "\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace telefence
