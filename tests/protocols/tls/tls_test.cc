// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "hello.h"
#include "protocols/protocol.h"
#include "support/every_cut.h"

namespace telefence::tls {
extern const Protocol kProtocol;
namespace {

// A segment with the hello found in it; events point into both.
class Extracted {
 public:
  explicit Extracted(Octets bytes) : bytes_(std::move(bytes)), payload_{bytes_, Transport::kTcp, 40000, 443} {
    events_.begin_frame(0, 0);
    step_ = kProtocol.extract(payload_, events_);
    if (step_.progress == Progress::kMalformed) events_.undo_frame();
  }

  Progress progress() const { return step_.progress; }
  const Step& step() const { return step_; }
  const Payload& payload() const { return payload_; }
  std::size_t count() const { return events_.events().size(); }
  const Event& event() const { return events_.events().front(); }
  const UrlVisit& visit() const { return std::get<UrlVisit>(event().what); }
  std::string host() const { return count() == 1 ? std::string(visit().host) : "(no event)"; }

 private:
  Octets bytes_;
  Payload payload_;
  EventList events_;
  Step step_;
};

bool is_recognised(const Octets& bytes, Transport transport = Transport::kTcp) {
  return kProtocol.recognise({bytes, transport, 40000, 12345});
}

Octets first(const Octets& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

const Octets kGroups = extension(10, {0, 2, 0, 29});
const Octets kEncrypted = extension(0xfe0d, {0, 0, 1, 0, 1, 7, 0, 0, 0, 0});

TEST(Tls, ServerNameOfAClientHelloIsTold) {
  const Extracted found(record(client_hello(join({kGroups, server_name("Www.Shop.Example"), kGroups}))));
  EXPECT_EQ(found.progress(), Progress::kDone);
  ASSERT_EQ(found.count(), 1u);
  EXPECT_EQ(found.visit().via, UrlVisit::Via::kTls);
  EXPECT_EQ(found.host(), "Www.Shop.Example");
  EXPECT_FALSE(found.visit().encrypted_hello);
  EXPECT_EQ(found.visit().path, "");
}

TEST(Tls, EncryptedClientHelloIsNotedBesideTheOuterName) {
  const Extracted found(record(client_hello(join({server_name("outer.example"), kEncrypted}))));
  EXPECT_EQ(found.host(), "outer.example");
  EXPECT_TRUE(found.visit().encrypted_hello);
}

TEST(Tls, HelloWithoutServerNameHasAnEmptyHost) {
  EXPECT_EQ(Extracted(record(client_hello(kGroups))).host(), "");
  EXPECT_EQ(Extracted(record(client_hello({}))).host(), "");
  EXPECT_EQ(Extracted(record(client_hello({}, true))).host(), "");
  EXPECT_EQ(Extracted(record(client_hello(extension(0, {})))).host(), "");
  EXPECT_EQ(Extracted(record(client_hello(server_name("x", 7)))).host(), "");
}

TEST(Tls, FirstOfSeveralServerNamesCounts) {
  EXPECT_EQ(Extracted(record(client_hello(join({server_name("a.example"), server_name("b.example")})))).host(),
            "a.example");
}

TEST(Tls, HelloInSeveralRecordsIsJoined) {
  const Octets hello = client_hello(join({kGroups, server_name("split.example"), kEncrypted}));
  for (std::size_t size : {1u, 2u, 3u, 5u, 17u, 64u}) {
    const Extracted found(records(hello, size));
    EXPECT_EQ(found.host(), "split.example") << "records of " << size;
    EXPECT_TRUE(found.count() == 1 && found.visit().encrypted_hello) << "records of " << size;
  }
}

TEST(Tls, HelloThatGoesOnIsToldWhenItsNameIsHere) {
  const Octets whole = record(client_hello(join({server_name("pq.example"), extension(51, Octets(1300, 1))})));
  const Extracted found(first(whole, 700));
  EXPECT_EQ(found.progress(), Progress::kDone);
  EXPECT_EQ(found.host(), "pq.example");
}

TEST(Tls, HelloThatGoesOnBeforeItsNameNeedsMore) {
  const Octets whole = record(client_hello(join({extension(51, Octets(1300, 1)), server_name("pq.example")})));
  for (std::size_t count : {std::size_t{5}, std::size_t{6}, std::size_t{9}, std::size_t{60}, whole.size() - 1}) {
    const Extracted found(first(whole, count));
    EXPECT_EQ(found.progress(), Progress::kNeedMore) << count;
    EXPECT_EQ(found.count(), 0u) << count;
    EXPECT_EQ(found.step().need, whole.size()) << count;
  }
}

TEST(Tls, ACutHelloNeverHasAnotherNameThanTheWholeOne) {
  const Octets whole = record(client_hello(join({kGroups, server_name("shop.example"), kEncrypted})));
  bool told = false;
  for (std::size_t count = 0; count < whole.size(); ++count) {
    const Extracted found(first(whole, count));
    told = told || found.count() != 0;
    if (found.count() != 0) {
      EXPECT_EQ(found.host(), "shop.example") << "cut at " << count;
    }
  }
  EXPECT_TRUE(told);
}

TEST(Tls, HelloThatGoesOnInAnotherRecordNeedsMore) {
  const Octets hello = client_hello(join({extension(51, Octets(300, 1)), server_name("pq.example")}));
  const Extracted found(record(first(hello, 200)));
  EXPECT_EQ(found.progress(), Progress::kNeedMore);
  EXPECT_EQ(found.step().need, 0u);
}

// RFC 8446, 5.1: it "MUST be ignored for all purposes".
TEST(Tls, VersionOfARecordSaysNothing) {
  const Octets hello = client_hello(join({kGroups, server_name("minor.example")}));
  const Octets split = records(hello, hello.size() / 2 + 1);
  const std::size_t second = 5 + hello.size() / 2 + 1;
  for (unsigned minor = 0; minor < 256; ++minor) {
    Octets whole = record(hello);
    whole[2] = static_cast<std::uint8_t>(minor);
    EXPECT_EQ(Extracted(whole).host(), "minor.example") << minor;
    EXPECT_TRUE(is_recognised(whole)) << minor;
    Octets two = split;
    two[second + 2] = static_cast<std::uint8_t>(minor);
    EXPECT_EQ(Extracted(two).host(), "minor.example") << minor;
  }
  for (unsigned major : {0u, 1u, 2u, 4u, 0x16u, 255u}) {
    Octets other = record(hello);
    other[1] = static_cast<std::uint8_t>(major);
    EXPECT_FALSE(is_recognised(other)) << major;
    EXPECT_EQ(Extracted(other).progress(), Progress::kNotMine) << major;
  }
}

TEST(Tls, VersionOfAHelloMayBeAny) {
  for (unsigned version : {0x0305u, 0x0403u, 0x7f00u, 0xffffu, 0u}) {
    Octets hello = client_hello(join({kGroups, server_name("version.example"), extension(43, {2, 3, 4})}));
    hello[4] = static_cast<std::uint8_t>(version >> 8);
    hello[5] = static_cast<std::uint8_t>(version);
    EXPECT_EQ(Extracted(record(hello)).host(), "version.example") << version;
    EXPECT_TRUE(is_recognised(record(hello))) << version;
    EXPECT_TRUE(is_recognised(first(record(hello), 11))) << version << ", only its length and the record's can tell";
    for (std::size_t size : {1u, 20u, 60u}) {
      EXPECT_EQ(Extracted(records(hello, size)).host(), "version.example") << version << ", records of " << size;
      EXPECT_TRUE(is_recognised(records(hello, size))) << version << ", records of " << size;
    }
  }
}

TEST(Tls, RecordsWithoutABytePassOver) {
  const Octets hello = client_hello(join({kGroups, server_name("empty.example")}));
  const Octets empty = record({});
  Octets most;
  for (int i = 0; i < 32; ++i) most = join({most, empty});
  const Octets front = first(hello, 20), back(hello.begin() + 20, hello.end());
  for (const Octets& between : {empty, most}) {
    EXPECT_EQ(Extracted(join({between, record(hello)})).host(), "empty.example");
    EXPECT_TRUE(is_recognised(join({between, record(hello)})));
    EXPECT_EQ(Extracted(join({record(front), between, record(back)})).host(), "empty.example");
    EXPECT_EQ(Extracted(join({between, record(front), between, record(back)})).host(), "empty.example");
  }
  for (std::size_t cut = 0; cut < 5; ++cut) {
    const Extracted found(join({most, first(record(hello), cut)}));
    EXPECT_EQ(found.progress(), Progress::kNeedMore) << cut;
    EXPECT_LE(found.step().consumed, most.size()) << cut;
  }
  EXPECT_FALSE(is_recognised(most));
  EXPECT_EQ(Extracted(record({}, 23)).progress(), Progress::kNotMine);
}

TEST(Tls, HelloMayBeLongerThan64KiB) {
  const Octets whole = records(client_hello(join({kGroups, server_name("long.example"), extension(21, Octets(65000, 0))})), 16384);
  EXPECT_TRUE(is_recognised(first(whole, 1400)));
  EXPECT_EQ(Extracted(first(whole, 1400)).host(), "long.example");
  Octets longest = whole;
  longest[6] = 2;  // 131,396 bytes at most
  EXPECT_EQ(Extracted(first(longest, 1400)).host(), "long.example");
  longest[6] = 3;
  EXPECT_EQ(Extracted(first(longest, 1400)).count(), 0u);
  EXPECT_FALSE(is_recognised(first(longest, 1400)));
}

TEST(Tls, NameBehindALongExtensionIsTold) {
  const Octets hello = client_hello(join({extension(21, Octets(17000, 0)), server_name("padded.example")}));
  EXPECT_EQ(Extracted(records(hello, 16000)).host(), "padded.example");
}

// What begins like a record and is none: random bytes behind the few that are looked at first, on any port.
TEST(Tls, OtherBytesAreNotRecognised) {
  std::mt19937 random(20261127);
  unsigned recognised = 0;
  for (int i = 0; i < 200000; ++i) {
    Octets bytes(64);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    bytes[0] = 22;
    bytes[1] = 3;
    bytes[3] &= 0x3f;
    recognised += is_recognised(bytes) ? 1u : 0u;
  }
  EXPECT_LE(recognised, 3u) << "of 200,000 that have the first two octets right";
  Octets text = testing::bytes_of("\x16\x03\x01 is how a record begins, says the log\n");
  EXPECT_FALSE(is_recognised(text));
  // The same with the handshake type, the length and another version right; a session id has no 33 bytes, suites have two each.
  Octets hello = client_hello(server_name("a.example"));
  hello[4] = 7;
  Octets session = hello;
  session[4 + 34] = 33;
  EXPECT_FALSE(is_recognised(record(session)));
  Octets suites = hello;
  suites[4 + 34 + 1 + 32 + 1] = 3;
  EXPECT_FALSE(is_recognised(record(suites)));
  EXPECT_FALSE(is_recognised(record(first(hello, 20)))) << "too little to be sure";
}

TEST(Tls, SecondHelloBehindAChangeCipherSpecIsTold) {
  const Octets retry = join({{20, 3, 3, 0, 1, 1}, record(client_hello(server_name("retry.example")))});
  EXPECT_TRUE(is_recognised(retry));
  const Extracted found(retry);
  EXPECT_EQ(found.host(), "retry.example");
  EXPECT_EQ(found.event().message.offset, 6u);
}

TEST(Tls, HelloBehindAProxyHeaderIsTold) {
  const Octets proxy = testing::bytes_of("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n");
  const Octets hello = record(client_hello(server_name("proxied.example")));
  EXPECT_TRUE(is_recognised(join({proxy, hello})));
  const Extracted found(join({proxy, hello}));
  EXPECT_EQ(found.host(), "proxied.example");
  EXPECT_EQ(found.event().message.offset, proxy.size());
  EXPECT_EQ(found.event().message.length, hello.size());
}

TEST(Tls, LengthsThatDisagreeAreMalformed) {
  Octets hello = client_hello(server_name("a.example"));
  Octets longer = hello;
  longer[4 + 34 + 33 + 6 + 2 + 1] = 200;  // length of all extensions
  EXPECT_EQ(Extracted(record(longer)).progress(), Progress::kMalformed);
  Octets session = hello;
  session[4 + 34] = 255;  // legacy_session_id
  EXPECT_EQ(Extracted(record(session)).progress(), Progress::kMalformed);
  EXPECT_EQ(Extracted(record(session)).count(), 0u);
}

TEST(Tls, OtherRecordsYieldNothing) {
  EXPECT_EQ(Extracted(record({2, 0, 0, 0})).progress(), Progress::kDone);       // ServerHello
  EXPECT_EQ(Extracted(record(Octets(50, 9), 23)).progress(), Progress::kDone);  // application data
  EXPECT_EQ(Extracted({21, 3, 3, 0, 2, 2, 40}).progress(), Progress::kDone);    // alert
  EXPECT_EQ(Extracted(testing::bytes_of("GET / HTTP/1.1\r\n\r\n")).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted({0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10}).progress(), Progress::kNotMine);  // SSL 2.0
  EXPECT_EQ(Extracted({22, 3}).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted({}).progress(), Progress::kNotMine);
}

TEST(Tls, HellosAreRecognisedByContent) {
  const Octets hello = record(client_hello(server_name("a.example")));
  EXPECT_TRUE(is_recognised(hello));
  EXPECT_TRUE(is_recognised(first(hello, 6)));
  EXPECT_TRUE(is_recognised(records(client_hello(kGroups), 1)));
  EXPECT_FALSE(is_recognised(hello, Transport::kUdp));
  EXPECT_FALSE(is_recognised(first(hello, 5)));
  EXPECT_FALSE(is_recognised(record({2, 0, 0, 0})));
  EXPECT_FALSE(is_recognised(record({1, 9, 0, 0})));
  EXPECT_FALSE(is_recognised({22, 2, 0, 0, 9, 1, 0, 0, 5}));
}

TEST(TlsRefusal, IsAFatalAccessDenied) {
  const Extracted found(record(client_hello(server_name("a.example"))));
  std::uint8_t room[16];
  Writer writer(room);
  ASSERT_TRUE(kProtocol.refuse(found.event(), found.payload(), RefusalTerms{}, writer).is_written);
  const Bytes said = writer.written();
  EXPECT_EQ(Octets(said.begin(), said.end()), (Octets{21, 3, 3, 0, 2, 2, 49}));
  Writer narrow(MutableBytes(room).first(6));
  EXPECT_FALSE(kProtocol.refuse(found.event(), found.payload(), RefusalTerms{}, narrow).is_written);
}

TEST(TlsEveryCut, KeepsItsPromises) {
  const Octets hello = client_hello(join({kGroups, server_name("a.example"), kEncrypted}));
  const std::vector<testing::Sample> samples = {
      {"one record", record(hello), Transport::kTcp, 40000, 443},
      {"records of 50", records(hello, 50), Transport::kTcp, 40000, 443},
      {"records of 1", records(first(hello, 30), 1), Transport::kTcp, 40000, 443},
      {"retry", join({{20, 3, 3, 0, 1, 1}, record(hello)}), Transport::kTcp, 40000, 443},
      {"proxied", join({testing::bytes_of("PROXY UNKNOWN\r\n"), record(hello)}), Transport::kTcp, 40000, 443},
      {"no extensions", record(client_hello({}, true)), Transport::kTcp, 40000, 443},
      {"empty records", join({record({}), record({}), record(first(hello, 9)), record({}), record(hello)}), Transport::kTcp, 40000, 443},
  };
  for (const testing::Sample& sample : samples) testing::expect_promises_at_every_cut(kProtocol, sample);
}

}  // namespace
}  // namespace telefence::tls
