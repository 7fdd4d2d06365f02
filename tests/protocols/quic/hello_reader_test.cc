// SPDX-License-Identifier: Apache-2.0
// Hellos over several packets and datagrams.
#include "protocols/quic/hello_reader.h"

#include <gtest/gtest.h>

#include "memory.h"
#include "protocols/tls/hello.h"
#include "support/quic_initial.h"

namespace telefence::quic {
namespace {

using namespace testing;
using tls::client_hello;
using tls::extension;
using tls::join;
using tls::server_name;
using Sight = FlowMemory::Sight;

constexpr std::uint32_t kVersions[] = {1, 0x6b3343cf, 0xff00001d};

const Octets kEncrypted = extension(0xfe0d, {0, 0, 1, 0, 1, 7, 0, 0, 0, 0});
const Octets kKeyShare = extension(51, Octets(1300, 0x77));

// What a client sends whose key share is a post-quantum one.
Octets long_hello(std::string_view name) { return client_hello(join({kKeyShare, server_name(name), kEncrypted})); }

class QuicHello : public ::testing::Test {
 protected:
  // Progress of one datagram; its hosts are added.
  Progress read(const Octets& datagram) {
    events_.clear();
    events_.begin_frame(0, 0);
    const Step step = reader_.read({datagram, Transport::kUdp, 40000, 443}, memory, events_);
    for (const Event& event : events_.events()) {
      const auto& visit = std::get<UrlVisit>(event.what);
      EXPECT_EQ(visit.via, UrlVisit::Via::kQuic);
      EXPECT_EQ(event.message.length, datagram.size());
      hosts.emplace_back(visit.host);
      encrypted.push_back(visit.encrypted_hello);
      marks.emplace_back(visit.connection.begin(), visit.connection.end());
    }
    return step.progress;
  }
  // Part of a handshake message in one Initial of its own datagram.
  static Octets part(const Octets& handshake, std::size_t from, std::size_t to, InitialShape shape = {}) {
    shape.frames = crypto_frame(from, Bytes(handshake).subspan(from, to - from));
    return initial(shape);
  }

  MapMemory memory;
  std::vector<std::string> hosts;
  std::vector<bool> encrypted;
  std::vector<Octets> marks;

 private:
  HelloReader reader_;
  EventList events_;
};

using Hosts = std::vector<std::string>;

TEST_F(QuicHello, WholeInOneDatagramLeavesNothingBehind) {
  const Octets hello = client_hello(server_name("a.example"));
  for (const std::uint32_t version : kVersions) {
    EXPECT_EQ(read(part(hello, 0, hello.size(), {.version = version})), Progress::kDone);
    EXPECT_EQ(memory.unfinished(), 0u);
  }
  EXPECT_EQ(hosts, (Hosts{"a.example", "a.example", "a.example"}));
  EXPECT_EQ(memory.seen(Sight::kOpened), 3u);
  EXPECT_EQ(memory.read, 0u);
}

TEST_F(QuicHello, OverTwoDatagramsInEitherOrder) {
  const Octets hello = long_hello("shop.example");
  for (const bool reversed : {false, true}) {
    const Octets first = part(hello, 0, 1100);
    const Octets second = part(hello, 1100, hello.size(), {.number = 1});
    EXPECT_EQ(read(reversed ? second : first), Progress::kNeedMore);
    EXPECT_EQ(memory.unfinished(), 1u);
    EXPECT_EQ(read(reversed ? first : second), Progress::kDone);
    EXPECT_EQ(memory.unfinished(), 0u);
  }
  EXPECT_EQ(hosts, (Hosts{"shop.example", "shop.example"}));
  EXPECT_EQ(encrypted, (std::vector<bool>{true, true}));
  EXPECT_EQ(memory.read, 2u);
}

TEST_F(QuicHello, CutAtEveryByteOverTwoDatagrams) {
  const Octets hello = client_hello(join({extension(51, Octets(200, 7)), server_name("cut.example"), kEncrypted}));
  for (std::size_t cut = 1; cut < hello.size(); ++cut) {
    hosts.clear();
    read(part(hello, 0, cut));
    read(part(hello, cut, hello.size(), {.number = 1}));
    ASSERT_EQ(hosts, Hosts{"cut.example"}) << cut;
    ASSERT_EQ(memory.unfinished(), 0u) << cut;
  }
}

TEST_F(QuicHello, IsToldOnceItsNameIsThere) {
  const Octets hello = client_hello(join({server_name("early.example"), kKeyShare}));
  EXPECT_EQ(read(part(hello, 0, 1100)), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"early.example"});
  EXPECT_EQ(memory.unfinished(), 1u) << "the rest is expected";
  EXPECT_EQ(read(part(hello, 1100, hello.size(), {.number = 1})), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"early.example"}) << "not told again";
  EXPECT_EQ(memory.unfinished(), 0u);
}

TEST_F(QuicHello, SeveralInitialsInOneDatagramBehindOtherPackets) {
  const Octets hello = client_hello(server_name("coalesced.example"));
  Octets datagram = sealed_packet({}, PacketType::kZeroRtt, 200);
  append(datagram, part(hello, 40, hello.size(), {.number = 1, .size = 0}));
  append(datagram, sealed_packet({}, PacketType::kHandshake, 300));
  append(datagram, part(hello, 0, 40, {.size = 700}));
  datagram.resize(datagram.size() + 50);  // padding behind the last packet
  EXPECT_EQ(read(datagram), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"coalesced.example"});
}

// RFC 9000, 7.2: from the server's first packet on, its id is the destination; the keys stay.
TEST_F(QuicHello, LaterPacketsGoToTheServersIdUnderTheFirstKeys) {
  const Octets hello = long_hello("moved.example");
  const Octets first_id{1, 2, 3, 4, 5, 6, 7, 8};
  for (const Octets& server_id : {Octets{0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3, 4, 5}, Octets{0xee}, Octets{}}) {
    hosts.clear();
    read(part(hello, 0, 1100));
    EXPECT_EQ(read(part(hello, 1100, hello.size(), {.destination_id = server_id, .key_id = first_id, .number = 2})),
              Progress::kDone);
    EXPECT_EQ(hosts, Hosts{"moved.example"});
    EXPECT_EQ(memory.unfinished(), 0u);
  }
}

// RFC 9000, 17.2.5.2: the id of the Retry is the new destination, and new keys come from it.
TEST_F(QuicHello, AfterARetryAllOfItIsSentAgainUnderNewKeys) {
  const Octets hello = long_hello("retried.example");
  read(part(hello, 0, 1100));
  const InitialShape retried{.destination_id = {0x51, 2, 3, 4, 5, 6, 7, 8, 9}, .token = Octets(60, 7), .number = 2};
  EXPECT_EQ(read(part(hello, 0, 1000, retried)), Progress::kNeedMore);
  EXPECT_EQ(read(part(hello, 1000, hello.size(), retried)), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"retried.example"});
}

TEST_F(QuicHello, AfterVersionNegotiationAllOfItIsSentAgainInAnotherVersion) {
  const Octets hello = long_hello("negotiated.example");
  read(part(hello, 0, 1100, {.version = 0x6b3343cf}));
  EXPECT_EQ(read(part(hello, 0, 1100)), Progress::kNeedMore);
  EXPECT_EQ(read(part(hello, 1100, hello.size())), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"negotiated.example"});
}

TEST_F(QuicHello, AForgedConnectionOfTheSameFlowDoesNotHideTheRealOne) {
  const Octets real = long_hello("evil.example");
  const Octets decoy = long_hello("good.example");
  read(part(real, 0, 1100));
  for (std::uint8_t i = 0; i < 20; ++i) read(part(decoy, 0, 1100, {.destination_id = {9, 9, 9, 9, 9, 9, 9, i}}));
  EXPECT_EQ(read(part(real, 1100, real.size())), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"evil.example"});
}

// A receiver should look at the first connection of a datagram only (RFC 9000, 12.2); one that looks at all gets no further.
TEST_F(QuicHello, ADecoyInFrontInTheSameDatagramHidesNothing) {
  const Octets real = client_hello(server_name("evil.example"));
  const Octets decoy = client_hello(server_name("good.example"));
  Octets datagram = part(decoy, 0, decoy.size(), {.destination_id = Octets(8, 0xdd), .size = 0});
  append(datagram, part(real, 0, real.size()));
  EXPECT_EQ(read(datagram), Progress::kDone);
  EXPECT_EQ(hosts, (Hosts{"good.example", "evil.example"}));
  EXPECT_NE(marks[0], marks[1]);
}

TEST_F(QuicHello, TheFirstCopyOfAByteCountsAndOthersAreNoted) {
  const Octets real = long_hello("evil.example");
  const Octets decoy = long_hello("good.example");
  read(part(real, 0, 1100));
  read(part(real, 1300, real.size(), {.number = 1}));
  EXPECT_EQ(read(part(decoy, 1000, decoy.size(), {.number = 2})), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"evil.example"});
  EXPECT_GE(memory.seen(Sight::kInconsistent), 1u);
}

TEST_F(QuicHello, WhatDoesNotAuthenticateIsNeitherReadNorKept) {
  const Octets hello = long_hello("a.example");
  Octets datagram = part(hello, 0, 1100);
  for (const std::size_t at : {std::size_t{30}, datagram.size() - 1}) {
    Octets changed = datagram;
    changed[at] ^= 0x20;
    EXPECT_EQ(read(changed), Progress::kDone);
  }
  read(part(hello, 0, 1100, {.key_id = Octets(8, 0x99)}));
  EXPECT_EQ(memory.seen(Sight::kNotOpened), 3u);
  EXPECT_EQ(memory.seen(Sight::kOpened), 0u);
  EXPECT_EQ(memory.unfinished(), 0u);
  EXPECT_TRUE(memory.belongings.empty());
}

TEST_F(QuicHello, WhatTheServerSaysIsNoHello) {
  EXPECT_EQ(read(part(long_hello("a.example"), 0, 900, {.side = Side::kServer})), Progress::kDone);
  EXPECT_TRUE(hosts.empty());
}

// RFC 9000, 14.1: its receiver discards it. One that knows the connection may not.
TEST_F(QuicHello, ASmallDatagramBeginsNothingButMayGoOn) {
  const Octets hello = client_hello(server_name("small.example"));
  EXPECT_EQ(read(part(hello, 0, hello.size(), {.size = 1199})), Progress::kDone);
  EXPECT_EQ(memory.seen(Sight::kTooSmall), 1u);
  read(part(hello, 0, 20));
  EXPECT_EQ(read(part(hello, 20, hello.size(), {.size = 0})), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"small.example"});
}

TEST_F(QuicHello, AShortFirstIdIsNotAClients) {
  const Octets hello = client_hello(server_name("a.example"));
  EXPECT_EQ(read(part(hello, 0, hello.size(), {.destination_id = Octets(7, 1)})), Progress::kDone);
  EXPECT_EQ(memory.seen(Sight::kNotOpened), 1u);
}

TEST_F(QuicHello, OneThatIsTooLongIsGivenUp) {
  const Octets hello = client_hello(join({extension(51, Octets(17000, 7)), server_name("far.example")}));
  for (std::size_t at = 0; at < hello.size(); at += 1000)
    read(part(hello, at, std::min(at + 1000, hello.size())));
  EXPECT_TRUE(hosts.empty());
  EXPECT_GE(memory.given_up, 1u);
}

// A server with more room takes them, and reads a hello that ends before them.
TEST_F(QuicHello, BytesFarBeyondItsEndHideNothing) {
  const Octets hello = long_hello("evil.example");
  Octets frames = crypto_frame(CryptoStream::kLongest + 1000, Octets{1, 2, 3});
  append(frames, crypto_frame(std::uint64_t{1} << 61, Octets{1}));
  Octets first = crypto_frame(0, Bytes(hello).first(1000));
  append(first, frames);
  EXPECT_EQ(read(initial({.frames = frames})), Progress::kNeedMore);
  EXPECT_EQ(read(initial({.number = 1, .frames = first})), Progress::kNeedMore);
  EXPECT_EQ(read(part(hello, 1000, hello.size(), {.number = 2})), Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"evil.example"});
  EXPECT_EQ(memory.given_up, 0u);
}

// A thousand pieces of one byte with holes between them: more than a list of holes would take.
TEST_F(QuicHello, AnyNumberOfHolesIsPutTogether) {
  const Octets hello = long_hello("holes.example");
  std::vector<Octets> frames;
  for (const std::size_t parity : {1u, 0u})
    for (std::size_t at = parity; at < hello.size(); at += 2) frames.push_back(crypto_frame(at, Bytes(hello).subspan(at, 1)));
  Octets collected;
  for (const Octets& frame : frames) {
    append(collected, frame);
    if (collected.size() < 1100) continue;
    read(initial({.frames = collected}));
    collected.clear();
  }
  read(initial({.frames = collected}));
  EXPECT_EQ(hosts, Hosts{"holes.example"});
  EXPECT_EQ(memory.unfinished(), 0u);
}

TEST_F(QuicHello, PacketsOfARefusedConnectionAreKnownWhateverTheirId) {
  const Octets hello = long_hello("refused.example");
  const Octets first_id{1, 2, 3, 4, 5, 6, 7, 8};
  read(part(hello, 0, 1100));
  read(part(hello, 1100, hello.size()));
  ASSERT_EQ(marks.size(), 1u);
  memory.refuse(marks[0]);
  const Octets datagrams[] = {
      part(hello, 0, 1100, {.number = 7}), part(hello, 0, 1100, {.number = 8, .size = 0}),
      part(hello, 1100, hello.size(), {.destination_id = Octets(11, 0xab), .key_id = first_id, .number = 9}),
      sealed_packet({}, PacketType::kZeroRtt, 100), sealed_packet({}, PacketType::kHandshake, 100)};
  for (const Octets& datagram : datagrams) {
    memory.belongings.clear();
    read(datagram);
    EXPECT_EQ(memory.belongings, std::set<Octets>{marks[0]});
  }
  EXPECT_EQ(memory.unfinished(), 0u);
  EXPECT_EQ(hosts.size(), 1u);
  EXPECT_EQ(read(initial({.number = 20, .frames = crypto_frame(0, client_hello(server_name("again.example")))})), Progress::kDone);
  EXPECT_EQ(hosts.back(), "again.example") << "a whole one is told again, for the same answer";
  memory.belongings.clear();
  const Octets other = client_hello(server_name("other.example"));
  read(part(other, 0, other.size(), {.destination_id = Octets(8, 0x77)}));
  EXPECT_EQ(hosts.back(), "other.example") << "another connection of the same flow is its own";
  EXPECT_FALSE(memory.belongings.contains(marks[0]));
}

TEST_F(QuicHello, SomethingElseInCryptoIsMalformed) {
  const Octets finished{20, 0, 0, 4, 1, 2, 3, 4};
  EXPECT_EQ(read(part(finished, 0, finished.size())), Progress::kMalformed);
  EXPECT_EQ(memory.unfinished(), 0u);
  EXPECT_EQ(read(initial({.frames = {0x09, 1, 2}})), Progress::kMalformed);
}

// The server answers it, and the whole hello then goes to the id that it chose.
TEST_F(QuicHello, APingMayBeAllThatSaysTheKeys) {
  const Octets hello = client_hello(server_name("pinged.example"));
  EXPECT_EQ(read(initial({.frames = {1, 0, 0, 1}})), Progress::kNeedMore);
  EXPECT_EQ(read(part(hello, 0, hello.size(), {.destination_id = Octets(5, 0xaa), .key_id = {1, 2, 3, 4, 5, 6, 7, 8}})),
            Progress::kDone);
  EXPECT_EQ(hosts, Hosts{"pinged.example"});
  EXPECT_EQ(memory.unfinished(), 0u);
}

// What must cost no more than a few packets of a good datagram.
TEST_F(QuicHello, ManyConnectionsInOneDatagramAreNotAllTried) {
  Octets datagram;
  for (std::uint8_t i = 0; i < 100; ++i)
    append(datagram, initial({.destination_id = {1, 1, 1, 1, 1, 1, 1, i}, .frames = crypto_frame(9, Octets{1}), .size = 0}));
  read(datagram);
  EXPECT_LE(memory.seen(Sight::kOpened), 16u + 8u);
  EXPECT_EQ(memory.seen(Sight::kOpened) + memory.seen(Sight::kNotOpened), 100u);
}

}  // namespace
}  // namespace telefence::quic
