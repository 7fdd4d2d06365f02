// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/long_header.h"

#include <gtest/gtest.h>

#include "support/every_cut.h"
#include "support/quic_initial.h"

namespace telefence::quic {
namespace {

using namespace testing;

HeaderFound found_in(const Octets& bytes, LongHeader& header) { return read_long_header(bytes, header); }

HeaderFound found_in(const Octets& bytes) {
  LongHeader header;
  return read_long_header(bytes, header);
}

TEST(QuicLongHeader, TellsIdsAndTheBordersOfAnInitial) {
  const Octets bytes = initial({.token = {7, 7, 7}, .frames = {1}, .size = 100});
  LongHeader header;
  ASSERT_EQ(found_in(bytes, header), HeaderFound::kPacket);
  EXPECT_EQ(header.version_number, 1u);
  EXPECT_EQ(header.type, PacketType::kInitial);
  EXPECT_EQ(Octets(header.destination_id.begin(), header.destination_id.end()), (Octets{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(Octets(header.source_id.begin(), header.source_id.end()), (Octets{9, 10, 11, 12}));
  EXPECT_EQ(header.packet.size(), 100u);
  EXPECT_EQ(header.number_at, 1u + 4 + 9 + 5 + 4 + 2);
}

TEST(QuicLongHeader, EndsWhereItsLengthSays) {
  Octets bytes = initial({.size = 100});
  bytes.resize(160);
  LongHeader header;
  ASSERT_EQ(found_in(bytes, header), HeaderFound::kPacket);
  EXPECT_EQ(header.packet.size(), 100u);
}

// RFC 9369, 3.2.
TEST(QuicLongHeader, Version2HasOtherCodesForTheTypes) {
  for (const std::uint32_t version : {1u, 0x6b3343cfu}) {
    for (const PacketType type : {PacketType::kInitial, PacketType::kZeroRtt, PacketType::kHandshake}) {
      const Octets bytes = type == PacketType::kInitial ? initial({.version = version})
                                                        : sealed_packet({.version = version}, type, 40);
      LongHeader header;
      ASSERT_EQ(found_in(bytes, header), HeaderFound::kPacket);
      EXPECT_EQ(header.type, type);
    }
  }
  EXPECT_EQ(initial({.version = 1})[0] & 0x30, 0x00);
  EXPECT_EQ(initial({.version = 0x6b3343cf})[0] & 0x30, 0x10);
}

TEST(QuicLongHeader, OtherVersionsAreNotRead) {
  Octets bytes = initial({});
  for (const std::uint8_t last : Octets{0, 2, 0x50}) {  // 0: Version Negotiation
    bytes[4] = last;
    EXPECT_EQ(found_in(bytes), HeaderFound::kUnknownVersion);
  }
  EXPECT_EQ(found_in(octets_of(std::string_view("\xc0Q046\x50", 6))), HeaderFound::kUnknownVersion);
}

TEST(QuicLongHeader, ShortHeadersAndOtherProtocolsAreNoLongHeaders) {
  EXPECT_EQ(found_in({}), HeaderFound::kNotLong);
  EXPECT_EQ(found_in({0x40, 0, 0, 0, 1, 8}), HeaderFound::kNotLong);
  EXPECT_EQ(found_in({0xc0, 0, 0, 0}), HeaderFound::kNotLong);
  EXPECT_EQ(found_in(octets_of("INVITE sip:a@b SIP/2.0\r\n")), HeaderFound::kNotLong);
}

// RFC 9287: a client may clear the bit if the server said so before.
TEST(QuicLongHeader, TheFixedBitMayBeClear) {
  Octets bytes = initial({});
  bytes[0] &= 0xbf;
  EXPECT_EQ(found_in(bytes), HeaderFound::kPacket);
}

TEST(QuicLongHeader, LengthsThatDoNotFitAreMalformed) {
  const Octets whole = initial({.size = 100});
  for (std::size_t size = 5; size < whole.size(); ++size)
    EXPECT_EQ(found_in(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), HeaderFound::kMalformed);
  Octets long_id = whole;
  long_id[5] = 21;
  EXPECT_EQ(found_in(long_id), HeaderFound::kMalformed);
  Octets long_token = whole;
  long_token[19] = 0xff;
  EXPECT_EQ(found_in(long_token), HeaderFound::kMalformed);
}

}  // namespace
}  // namespace telefence::quic
