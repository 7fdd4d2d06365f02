// SPDX-License-Identifier: Apache-2.0
// Keys, packets and headers as RFC 9001, appendix A, and RFC 9369, appendix A, print them.
#include "vectors.h"

#include <gtest/gtest.h>

#include "protocols/quic/initial_keys.h"
#include "protocols/quic/protection.h"
#include "support/every_cut.h"

namespace telefence::quic {
namespace {

using Octets = std::vector<std::uint8_t>;
using testing::bytes_of_hex;

template <typename Array>
Octets octets(const Array& array) {
  return {array.begin(), array.end()};
}

class QuicVectors : public ::testing::TestWithParam<Vectors> {
 protected:
  InitialKeys keys(Side side) const {
    return KeyMaker().make(*version_of(GetParam().version), bytes_of_hex(kVectorId), side);
  }
  Octets opened(std::string_view packet, Side side) {
    bytes_ = bytes_of_hex(packet);
    LongHeader header;
    EXPECT_EQ(read_long_header(bytes_, header), HeaderFound::kPacket);
    EXPECT_EQ(header.type, PacketType::kInitial);
    EXPECT_EQ(header.packet.size(), bytes_.size());
    Bytes text;
    EXPECT_TRUE(protection_.open(header, keys(side), text));
    return {text.begin(), text.end()};
  }
  Octets sealed(std::string_view header, std::uint32_t number, std::uint8_t number_bytes, const Octets& text, Side side) {
    Octets out(2000);
    Writer writer(out);
    EXPECT_TRUE(protection_.seal({bytes_of_hex(header), number, number_bytes, text}, keys(side), writer));
    return octets(writer.written());
  }
  static Octets client_text() {
    Octets text = bytes_of_hex(kClientFrames);
    text.resize(1162);
    return text;
  }

 private:
  Octets bytes_;
  Protection protection_;
};

TEST_P(QuicVectors, KeysOfBothSides) {
  const InitialKeys client = keys(Side::kClient);
  EXPECT_EQ(octets(client.key), bytes_of_hex(GetParam().client_key));
  EXPECT_EQ(octets(client.iv), bytes_of_hex(GetParam().client_iv));
  EXPECT_EQ(octets(client.hp), bytes_of_hex(GetParam().client_hp));
  const InitialKeys server = keys(Side::kServer);
  EXPECT_EQ(octets(server.key), bytes_of_hex(GetParam().server_key));
  EXPECT_EQ(octets(server.iv), bytes_of_hex(GetParam().server_iv));
  EXPECT_EQ(octets(server.hp), bytes_of_hex(GetParam().server_hp));
}

TEST_P(QuicVectors, TheClientsInitialIsOpened) {
  EXPECT_EQ(opened(GetParam().client_packet, Side::kClient), client_text());
}

TEST_P(QuicVectors, TheServersInitialIsOpened) {
  EXPECT_EQ(opened(GetParam().server_packet, Side::kServer), bytes_of_hex(kServerFrames));
}

TEST_P(QuicVectors, PacketsAreSealedAsPrinted) {
  EXPECT_EQ(sealed(GetParam().client_header, 2, 4, client_text(), Side::kClient), bytes_of_hex(GetParam().client_packet));
  EXPECT_EQ(sealed(GetParam().server_header, 1, 2, bytes_of_hex(kServerFrames), Side::kServer),
            bytes_of_hex(GetParam().server_packet));
}

TEST_P(QuicVectors, ARetryIsKnownForOne) {
  const Octets bytes = bytes_of_hex(GetParam().retry_packet);
  LongHeader header;
  ASSERT_EQ(read_long_header(bytes, header), HeaderFound::kPacket);
  EXPECT_EQ(header.type, PacketType::kRetry);
  EXPECT_EQ(octets(header.source_id), bytes_of_hex("f067a5502a4262b5"));
  EXPECT_EQ(header.packet.size(), bytes.size());
}

INSTANTIATE_TEST_SUITE_P(Version, QuicVectors, ::testing::Values(kVersion1, kVersion2),
                         [](const auto& one) { return one.param.version == 1 ? "1" : "2"; });

}  // namespace
}  // namespace telefence::quic
