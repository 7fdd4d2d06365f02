// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/google_hello.h"

#include <gtest/gtest.h>

#include "google.h"
#include "memory.h"
#include "protocols/protocol.h"
#include "protocols/quic/hello_reader.h"
#include "support/every_cut.h"

namespace telefence::quic {
extern const Protocol kProtocol;
namespace {

using namespace testing;
using wire::HelloFound;

// ACK and STOP_WAITING as Q025 has them.
const Octets kAcknowledgement = {0x40, 0x00, 0x01, 0xf3, 0x0e, 0x01, 0x00, 0x8c, 0x32, 0x01, 0x00, 0x06, 0x00, 0x02};
constexpr std::string_view kClearVersions[] = {"Q024", "Q025", "Q033", "Q035", "Q039", "Q043", "Q044", "Q046", ""};

class GoogleQuic : public ::testing::Test {
 protected:
  Progress read(const Octets& datagram) {
    EventList events;
    events.begin_frame(0, 0);
    const Step step = reader_.read({datagram, Transport::kUdp, 40000, 443}, memory, events);
    for (const Event& event : events.events()) {
      hosts.emplace_back(std::get<UrlVisit>(event.what).host);
      marks += std::get<UrlVisit>(event.what).connection.size();
    }
    return step.progress;
  }
  MapMemory memory;
  std::vector<std::string> hosts;
  std::size_t marks = 0;

 private:
  HelloReader reader_;
};

TEST_F(GoogleQuic, HellosInTheClearAreReadInEveryVersion) {
  for (const std::string_view version : kClearVersions) {
    hosts.clear();
    EXPECT_EQ(read(google_packet(version, google_hello("www.google.example"))), Progress::kDone) << version;
    EXPECT_EQ(read(google_packet(version, google_hello("full.google.example"), kAcknowledgement)), Progress::kDone) << version;
    EXPECT_EQ(hosts, (std::vector<std::string>{"www.google.example", "full.google.example"})) << version;
  }
  EXPECT_EQ(marks, 0u) << "each is judged by itself";
}

TEST_F(GoogleQuic, TheLastOneIsSealed) {
  const Octets hello = google_hello("sealed.google.example");
  Octets frames = crypto_frame(0, hello);
  frames[0] = 0x08;
  EXPECT_EQ(read(initial({.version = 0x51303530, .frames = frames})), Progress::kDone);
  EXPECT_EQ(hosts, std::vector<std::string>{"sealed.google.example"});
  EXPECT_GT(marks, 0u);
}

TEST_F(GoogleQuic, OneWithoutANameIsToldWithoutOne) {
  EXPECT_EQ(read(google_packet("Q043", google_message({{"PAD", "--"}, {"VER", "Q043"}}))), Progress::kDone);
  EXPECT_EQ(hosts, std::vector<std::string>{""});
}

TEST_F(GoogleQuic, WhatIsNoHelloIsNotItsBusiness) {
  EXPECT_EQ(read(google_packet("Q043", octets_of("REJ\0"))), Progress::kNotMine);
  EXPECT_EQ(read(google_packet("Q043", octets_of("CHLO with words behind it that are no table at all"))), Progress::kNotMine);
  EXPECT_EQ(read(google_packet("Q1x3", google_hello("a.example"))), Progress::kNotMine);
  Octets reset = google_packet("Q043", google_hello("a.example"));
  reset[0] |= 0x02;
  EXPECT_EQ(read(reset), Progress::kNotMine);
  EXPECT_TRUE(hosts.empty());
}

TEST(GoogleHello, IsCutOrNamedOrWhole) {
  const Octets whole = google_hello("cut.example");
  const std::size_t name_end = 8 + 4 * 8 + 700 + std::string_view("cut.example").size();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    wire::ClientHello hello;
    const HelloFound found = read_google_hello(Bytes(whole).first(size), hello);
    ASSERT_EQ(found, size < name_end ? HelloFound::kCut : size < whole.size() ? HelloFound::kNamed : HelloFound::kWhole) << size;
    ASSERT_EQ(hello.server_name, size < name_end ? "" : "cut.example") << size;
  }
}

TEST(GoogleHello, ATableThatContradictsItselfIsMalformed) {
  wire::ClientHello hello;
  Octets back = google_message({{"PAD", "12345"}, {"SNI", "a.example"}});
  back[12] = 200;
  EXPECT_EQ(read_google_hello(back, hello), HelloFound::kMalformed);
  Octets many = google_hello("a.example");
  many[4] = 129;
  EXPECT_EQ(read_google_hello(many, hello), HelloFound::kMalformed);
  EXPECT_EQ(read_google_hello(octets_of("SHLO"), hello), HelloFound::kMalformed);
}

TEST(GoogleVersion, IsToldOnAnyPortOnlyWhereItStands) {
  for (const std::string_view version : kClearVersions)
    EXPECT_EQ(tells_google_version(google_packet(version, google_hello("a.example"))), !version.empty()) << version;
  EXPECT_FALSE(tells_google_version({}));
  EXPECT_FALSE(tells_google_version(Octets(50, 0x45)));
  EXPECT_FALSE(tells_google_version(initial({})));
}

TEST(GoogleEveryCut, KeepsItsPromises) {
  const Octets message = google_message({{"PAD", std::string(20, '-')}, {"SNI", "a.example"}, {"VER", "Q043"}});
  for (const std::string_view version : {"Q025", "Q043", "Q046", ""})
    expect_promises_at_every_cut(
        kProtocol, {std::string(version), google_packet(version, message, kAcknowledgement), Transport::kUdp, 40000, 443});
}

}  // namespace
}  // namespace telefence::quic
