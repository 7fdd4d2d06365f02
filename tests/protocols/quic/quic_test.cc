// SPDX-License-Identifier: Apache-2.0
// The protocol as the registry has it: single datagrams.
#include <gtest/gtest.h>

#include "protocols/protocol.h"
#include "protocols/tls/hello.h"
#include "support/every_cut.h"
#include "support/promises.h"
#include "support/quic_initial.h"
#include "vectors.h"

namespace telefence::quic {
extern const Protocol kProtocol;
namespace {

using namespace testing;
using tls::client_hello;
using tls::extension;
using tls::join;
using tls::server_name;

Octets hello_datagram(std::string_view name, InitialShape shape = {}) {
  shape.frames = crypto_frame(0, client_hello(server_name(name)));
  return initial(shape);
}

class Extracted {
 public:
  explicit Extracted(Octets bytes, Transport transport = Transport::kUdp)
      : bytes_(std::move(bytes)), payload_{bytes_, transport, 40000, 443} {
    events_.begin_frame(0, 0);
    step_ = kProtocol.extract(payload_, events_);
  }
  Progress progress() const { return step_.progress; }
  std::string host() const {
    return events_.events().size() == 1 ? std::string(std::get<UrlVisit>(event().what).host) : "(no event)";
  }
  const Event& event() const { return events_.events().front(); }
  const Payload& payload() const { return payload_; }

 private:
  Octets bytes_;
  Payload payload_;
  EventList events_;
  Step step_;
};

bool is_recognised(const Octets& bytes, Transport transport = Transport::kUdp) {
  return kProtocol.recognise({bytes, transport, 40000, 12345});
}

TEST(Quic, TheHelloOfTheStandardsIsRead) {
  for (const Vectors& vectors : {kVersion1, kVersion2}) {
    const Extracted found(bytes_of_hex(vectors.client_packet));
    EXPECT_EQ(found.progress(), Progress::kDone);
    EXPECT_EQ(found.host(), "example.com");
  }
}

TEST(Quic, IsRecognisedOnAnyPortByItsVersion) {
  EXPECT_TRUE(is_recognised(hello_datagram("a.example")));
  EXPECT_TRUE(is_recognised(hello_datagram("a.example", {.version = 0x6b3343cf})));
  EXPECT_TRUE(is_recognised(sealed_packet({}, PacketType::kZeroRtt, 50)));
  EXPECT_TRUE(is_recognised(bytes_of_hex(kVersion1.server_packet)));
  EXPECT_FALSE(is_recognised(hello_datagram("a.example"), Transport::kTcp));
  Octets other = hello_datagram("a.example");
  other[4] = 9;
  EXPECT_FALSE(is_recognised(other));
  EXPECT_EQ(Extracted(other).progress(), Progress::kNotMine);
  EXPECT_FALSE(is_recognised({0x41, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_FALSE(is_recognised({}));
}

TEST(Quic, ShortHeadersAreNotItsBusiness) {
  EXPECT_EQ(Extracted(Octets(100, 0x45)).progress(), Progress::kNotMine);
  EXPECT_EQ(Extracted(hello_datagram("a.example"), Transport::kTcp).progress(), Progress::kNotMine);
}

TEST(Quic, AHelloThatGoesOnElsewhereNeedsMore) {
  const Octets hello = client_hello(join({extension(51, Octets(1300, 7)), server_name("far.example")}));
  const Extracted found(initial({.frames = crypto_frame(0, Bytes(hello).first(1100))}));
  EXPECT_EQ(found.progress(), Progress::kNeedMore);
  EXPECT_EQ(found.host(), "(no event)");
}

// Opened with the keys that a client has.
TEST(QuicClose, IsAnInitialOfTheServerThatRefusesTheConnection) {
  for (const std::uint32_t version : {1u, 0x6b3343cfu, 0xff00001du}) {
    const Extracted found(hello_datagram("a.example", {.version = version}));
    ASSERT_EQ(found.host(), "a.example");
    std::array<std::uint8_t, 200> room;
    Writer writer(room);
    ASSERT_TRUE(kProtocol.refuse(found.event(), found.payload(), RefusalTerms{}, writer).is_written);
    LongHeader header;
    ASSERT_EQ(read_long_header(writer.written(), header), HeaderFound::kPacket);
    EXPECT_EQ(header.type, PacketType::kInitial);
    EXPECT_EQ(header.version_number, version);
    EXPECT_EQ(header.packet.size(), writer.size());
    EXPECT_EQ(Octets(header.destination_id.begin(), header.destination_id.end()), (Octets{9, 10, 11, 12}));
    Protection protection;
    Bytes text;
    const Octets first_id{1, 2, 3, 4, 5, 6, 7, 8};
    ASSERT_TRUE(protection.open(header, KeyMaker().make(*version_of(version), first_id, Side::kServer), text));
    EXPECT_EQ(Octets(text.begin(), text.end()), (Octets{0x1c, 0x02, 0x00, 0x00}));
  }
}

TEST(QuicClose, IsNotWrittenWhereItDoesNotFit) {
  const Extracted found(hello_datagram("a.example"));
  std::array<std::uint8_t, 30> room;
  Writer writer(room);
  EXPECT_FALSE(kProtocol.refuse(found.event(), found.payload(), RefusalTerms{}, writer).is_written);
}

TEST(QuicEveryCut, KeepsItsPromises) {
  Octets two = initial({.frames = crypto_frame(30, Bytes(client_hello(server_name("a.example"))).subspan(30)), .size = 0});
  append(two, initial({.frames = crypto_frame(0, Bytes(client_hello(server_name("a.example"))).first(30)), .size = 1000}));
  const std::vector<Sample> samples = {
      {"version 1", hello_datagram("a.example"), Transport::kUdp, 40000, 443},
      {"version 2", hello_datagram("a.example", {.version = 0x6b3343cf, .token = {1, 2, 3}}), Transport::kUdp, 40000, 443},
      {"two packets", two, Transport::kUdp, 40000, 443},
      {"of the server", bytes_of_hex(kVersion1.server_packet), Transport::kUdp, 443, 40000},
      {"retry", bytes_of_hex(kVersion2.retry_packet), Transport::kUdp, 443, 40000},
  };
  for (const Sample& sample : samples) expect_promises_at_every_cut(kProtocol, sample);
}

// Behind the seal: every cut and many changes of what a packet holds, sealed anew.
TEST(QuicEveryCut, KeepsItsPromisesBehindTheSeal) {
  Octets frames = crypto_frame(20, Bytes(client_hello(server_name("a.example"))).subspan(20));
  append(frames, Octets{0x02, 0x05, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01});
  append(frames, crypto_frame(0, Bytes(client_hello(server_name("a.example"))).first(20)));
  Promises promises(kProtocol);
  const auto expect_kept = [&](const Octets& changed, std::size_t at) {
    const Octets datagram = initial({.frames = changed});
    const std::string broken = promises.broken_by({datagram, Transport::kUdp, 40000, 443});
    ASSERT_EQ(broken, "") << "at " << at;
  };
  for (std::size_t at = 0; at < frames.size(); ++at) {
    expect_kept(Octets(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(at)), at);
    for (const std::uint8_t value : Octets{0x00, 0x01, 0x02, 0x06, 0x1c, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff}) {
      Octets changed = frames;
      changed[at] = value;
      expect_kept(changed, at);
    }
  }
}

}  // namespace
}  // namespace telefence::quic
