// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "protocols/protocol.h"
#include "query.h"
#include "support/every_cut.h"

namespace telefence::dns {
extern const Protocol kProtocol;
namespace {

// Bytes with the events found in them; events point into both.
class Extracted {
 public:
  explicit Extracted(std::vector<std::uint8_t> bytes, Transport transport = Transport::kUdp)
      : bytes_(std::move(bytes)), payload_{bytes_, transport, 40000, 53} {
    events_.begin_frame(0, 0);
    step_ = kProtocol.extract(payload_, events_);
    if (step_.progress == Progress::kMalformed) events_.undo_frame();
  }

  Progress progress() const { return step_.progress; }
  const Step& step() const { return step_; }
  const Payload& payload() const { return payload_; }
  std::size_t count() const { return events_.events().size(); }
  const Event& event(std::size_t index) const { return events_.events()[index]; }
  const DomainLookup& lookup(std::size_t index) const { return std::get<DomainLookup>(event(index).what); }
  std::string name(std::size_t index = 0) const { return std::string(lookup(index).name); }

 private:
  std::vector<std::uint8_t> bytes_;
  Payload payload_;
  EventList events_;
  Step step_;
};

Message query() { return Message().header(0x1234, kRecursionDesired, 1); }

TEST(Dns, QueryYieldsItsQuestion) {
  const Extracted found(query().question({"www", "shop", "example"}, 28).bytes());
  ASSERT_EQ(found.progress(), Progress::kDone);
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.name(), "www.shop.example");
  EXPECT_EQ(found.lookup(0).type, 28);
  EXPECT_EQ(found.lookup(0).klass, 1);
  EXPECT_EQ(found.lookup(0).id, 0x1234);
  EXPECT_EQ(found.event(0).session_number, 0x1234u);
  EXPECT_EQ(found.event(0).message.offset, 0u);
  EXPECT_EQ(found.event(0).message.length, found.payload().bytes.size());
}

TEST(Dns, EveryQuestionOfAQueryIsToldWithPointersFollowed) {
  const Extracted found(Message()
                            .header(7, 0, 3)
                            .question({"a", "example"})
                            .label("b")
                            .u16(0xc00e)
                            .u16(28)
                            .u16(1)  // "b" + "example" of the first question
                            .u16(0xc00c)
                            .u16(65)
                            .u16(1)
                            .bytes());
  ASSERT_EQ(found.count(), 3u);
  EXPECT_EQ(found.name(0), "a.example");
  EXPECT_EQ(found.name(1), "b.example");
  EXPECT_EQ(found.lookup(1).type, 28);
  EXPECT_EQ(found.name(2), "a.example");
  EXPECT_EQ(found.lookup(2).type, 65);
}

TEST(Dns, TheRootIsTheEmptyName) {
  const Extracted found(query().question({}, 2).bytes());
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.name(), "");
}

TEST(Dns, CaseAndOddOctetsStayAsSent) {
  const Extracted found(query().question({"WwW", std::string_view("a\0\xff", 3), "_x"}).bytes());
  EXPECT_EQ(found.name(), std::string("WwW.a\0\xff._x", 10));
}

TEST(Dns, DotInsideALabelIsNoLabelBorder) {
  const Extracted found(query().question({"www.evil", "ex\\ample"}).bytes());
  EXPECT_EQ(found.name(), "www\\046evil.ex\\092ample");
}

TEST(Dns, NameOf255OctetsIsTheLongest) {
  const std::string label(63, 'x');
  const Extracted longest(query().question({label, label, label, std::string(61, 'y')}).bytes());
  ASSERT_EQ(longest.count(), 1u);
  EXPECT_EQ(longest.name().size(), 253u);
  const Extracted longer(query().question({label, label, label, std::string(62, 'y')}).bytes());
  EXPECT_EQ(longer.progress(), Progress::kMalformed);
  EXPECT_EQ(longer.count(), 0u);
}

TEST(Dns, PointerToItselfOrForwardIsMalformed) {
  EXPECT_EQ(Extracted(query().u16(0xc00c).u16(1).u16(1).bytes()).progress(), Progress::kMalformed);
  EXPECT_EQ(Extracted(query().u16(0xc012).u16(1).u16(1).name({"a"}).bytes()).progress(), Progress::kMalformed);
  EXPECT_EQ(Extracted(query().label("a").u16(0xc00c).u16(1).u16(1).bytes()).progress(), Progress::kMalformed);
}

TEST(Dns, ChainOfPointersIsBounded) {
  // The chain stands inside a label of the first question: each pointer leads to the one before it.
  const auto chain_of = [](unsigned pointers) {
    std::string chain;
    for (unsigned i = 0; i < pointers; ++i) {
      chain += '\xc0';
      chain += static_cast<char>(i == 0 ? 12 : 13 + 2 * (i - 1));
    }
    return Message().header(1, 0, 2).question({chain}).u16(0xc00du + 2 * (pointers - 1)).u16(1).u16(1).bytes();
  };
  EXPECT_EQ(Extracted(chain_of(15)).count(), 2u);
  EXPECT_EQ(Extracted(chain_of(16)).count(), 1u);
}

TEST(Dns, ReservedLabelTypesAreMalformed) {
  EXPECT_EQ(Extracted(query().u8(0x41).u8('a').u8(0).u16(1).u16(1).bytes()).progress(), Progress::kMalformed);
  EXPECT_EQ(Extracted(query().u8(0x80).u8(0).u16(1).u16(1).bytes()).progress(), Progress::kMalformed);
}

TEST(Dns, FirstQuestionIsToldThoughTheSecondIsCut) {
  const Extracted found(Message().header(1, 0, 2).question({"a"}).name({"b"}).u16(1).bytes());
  EXPECT_EQ(found.progress(), Progress::kDone);
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.name(), "a");
}

TEST(Dns, CountsThatLieDoNotHideTheQuestion) {
  const Message counted[] = {
      Message().header(1, kRecursionDesired, 0x81), Message().header(1, kRecursionDesired, 0x7300),
      Message().header(1, kRecursionDesired, 1, 0x8000), Message().header(1, kRecursionDesired, 1, 0, 0x5200),
      Message().header(1, kRecursionDesired, 1, 0, 0, 0x2587)};
  for (Message message : counted) {
    const Extracted found(message.question({"evil", "example"}).bytes());
    EXPECT_EQ(found.progress(), Progress::kDone);
    ASSERT_EQ(found.count(), 1u);
    EXPECT_EQ(found.name(), "evil.example");
  }
}

TEST(Dns, OfMoreThanSixteenQuestionsSixteenAreTold) {
  Message message = Message().header(1, 0, 17);
  for (int i = 0; i < 17; ++i) message.question({"a"});
  const Extracted found(message.bytes());
  EXPECT_EQ(found.progress(), Progress::kDone);
  EXPECT_EQ(found.count(), 16u);
}

TEST(Dns, ResponsesAndOtherOpcodesYieldNothing) {
  for (unsigned flags : {0x8180u, 0x2000u, 0x2800u}) {
    const Extracted found(Message().header(1, flags, 1).question({"a"}).bytes());
    EXPECT_EQ(found.progress(), Progress::kDone);
    EXPECT_EQ(found.count(), 0u);
  }
}

TEST(Dns, ShorterThanAHeaderIsMalformed) { EXPECT_EQ(Extracted({1, 2, 3}).progress(), Progress::kMalformed); }

TEST(Dns, OtherProtocolsOnPort53AreNotMine) {
  EXPECT_EQ(Extracted(testing::bytes_of("INVITE sip:a@b SIP/2.0\r\n\r\n")).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(testing::bytes_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Transport::kTcp).progress(),
            Progress::kNotMine);
  EXPECT_EQ(Extracted(testing::bytes_of_hex("16030101fc010001f80303aabbccdd"), Transport::kTcp).progress(),
            Progress::kNotMine);
  EXPECT_EQ(Extracted(testing::bytes_of_hex("16030101b0010001f80303aabbccdd"), Transport::kTcp).progress(),
            Progress::kNotMine);
  // WireGuard: type 4, receiver index, counter. Its counts are no counts and no question follows them.
  EXPECT_EQ(Extracted(testing::bytes_of_hex("0400000012345678010000000000000000aabbccddeeff")).progress(),
            Progress::kNotMine);
  EXPECT_EQ(Extracted(Message().header(1, 0, 0x5678).question({}).bytes()).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(Message().header(1, 0, 0x5678).question({"a"}, 1, 0x4141).bytes()).progress(),
            Progress::kNotMine);
  EXPECT_EQ(Extracted(Message().header(1, 0, 0, 0x5678).bytes()).progress(), Progress::kNotMine);
}

TEST(DnsOverTcp, WholeMessagesAreReadAndACutOneIsWaitedFor) {
  std::vector<std::uint8_t> two = query().question({"one", "example"}).over_tcp();
  const std::size_t first = two.size();
  const auto second = query().question({"two", "example"}).over_tcp();
  two.insert(two.end(), second.begin(), second.end());

  const Extracted whole(two, Transport::kTcp);
  EXPECT_EQ(whole.progress(), Progress::kDone);
  ASSERT_EQ(whole.count(), 2u);
  EXPECT_EQ(whole.name(1), "two.example");
  EXPECT_EQ(whole.event(1).message.offset, first + 2);

  two.pop_back();
  const Extracted cut(two, Transport::kTcp);
  EXPECT_EQ(cut.progress(), Progress::kNeedMore);
  EXPECT_EQ(cut.count(), 1u);
  EXPECT_EQ(cut.step().consumed, first);
  EXPECT_EQ(cut.step().need, second.size());
}

std::vector<std::uint8_t> join(std::initializer_list<std::vector<std::uint8_t>> parts) {
  std::vector<std::uint8_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<std::uint8_t> first(const std::vector<std::uint8_t>& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

// Servers answer each message for itself, a bad one by an error or not at all.
TEST(DnsOverTcp, ABadMessageEndsOnlyItself) {
  const auto good = query().question({"evil", "example"}).over_tcp();
  const std::vector<std::uint8_t> bad[] = {
      {0, 3, 'a', 'b', 'c'},
      {0, 0},
      query().u8(0x3f).u8('a').over_tcp(),                                             // a label that is cut
      query().u8(0xc0).u8(0xff).u16(1).u16(1).over_tcp(),                              // a pointer to nowhere
      Message().header(1, 0x7900, 1).question({"a", "example"}).over_tcp(),            // opcode 15
      Message().header(1, 0x7900, 1, 0x4142, 0x4344).question({"a"}, 1, 3).over_tcp()  // a header like no other
  };
  for (const auto& other : bad) {
    for (const auto& bytes : {join({good, other}), join({other, good}), join({other, other, good, other})}) {
      const Extracted found(bytes, Transport::kTcp);
      EXPECT_EQ(found.progress(), Progress::kDone) << other.size();
      ASSERT_EQ(found.count(), 1u) << other.size();
      EXPECT_EQ(found.name(), "evil.example") << other.size();
    }
    const auto cut = first(good, 20);
    const Extracted behind_good(join({good, other, cut}), Transport::kTcp);
    EXPECT_EQ(behind_good.progress(), Progress::kNeedMore) << other.size();
    EXPECT_EQ(behind_good.count(), 1u) << other.size();
    const Extracted behind_bad(join({other, cut}), Transport::kTcp);
    EXPECT_EQ(behind_bad.progress(), Progress::kNeedMore) << other.size();
    EXPECT_EQ(behind_bad.step().consumed, other.size());
    EXPECT_EQ(behind_bad.step().need, good.size());
  }
}

// On port 53 runs whatever firewalls let pass there, also with a length before each of its messages.
TEST(DnsOverTcp, BadMessagesAloneAreNone) {
  EXPECT_EQ(Extracted({0, 3, 'a', 'b', 'c', 0, 0}, Transport::kTcp).progress(), Progress::kMalformed);
  const auto other = Message().header(1, 0, 0x5678, 0x4141, 0x4242).question({"a", "b"}, 1, 0x4141).over_tcp();
  EXPECT_EQ(Extracted(join({other, other}), Transport::kTcp).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(join({other, first(other, 9)}), Transport::kTcp).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(join({other, first(other, 18)}), Transport::kTcp).progress(), Progress::kNotMine);
  const auto text = testing::bytes_of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Extracted(text, Transport::kTcp).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(join({text, std::vector<std::uint8_t>(4000, ' ')}), Transport::kTcp).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(std::vector<std::uint8_t>(1400, 0), Transport::kTcp).count(), 0u);
}

std::vector<testing::Sample> samples() {
  using testing::Sample;
  std::vector<Sample> all;
  const auto add = [&all](std::string name, std::vector<std::uint8_t> bytes, Transport transport) {
    all.push_back({std::move(name), std::move(bytes), transport, 40000, 53});
  };
  add("plain", query().question({"www", "example"}).bytes(), Transport::kUdp);
  add("edns", Message().header(9, 0x0110, 1, 0, 0, 1).question({"a", "example"}, 65).opt(1232, 0x8000).bytes(),
      Transport::kUdp);
  add("pointers", Message().header(1, 0, 2).question({"a", "example"}).label("b").u16(0xc00e).u16(28).u16(1).bytes(),
      Transport::kUdp);
  add("lying counts", Message().header(1, 0, 0x7300, 0x8000).question({"a", "example"}).bytes(), Transport::kUdp);
  add("odd octets", query().question({"a.b\\", "c"}).bytes(), Transport::kUdp);
  add("tcp", query().question({"one", "example"}).over_tcp(), Transport::kTcp);
  add("tcp with a bad one", join({{0, 2, 1, 1}, query().question({"one"}).over_tcp(), Message().header(1, 0x7900, 1).question({"a"}).over_tcp()}),
      Transport::kTcp);
  return all;
}

TEST(DnsEveryCut, KeepsItsPromises) {
  for (const testing::Sample& sample : samples()) testing::expect_promises_at_every_cut(kProtocol, sample);
}

}  // namespace
}  // namespace telefence::dns
