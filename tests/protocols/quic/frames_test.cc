// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/frames.h"

#include <gtest/gtest.h>

#include "support/quic_initial.h"

namespace telefence::quic {
namespace {

using namespace testing;

struct Found {
  std::vector<std::pair<std::uint64_t, std::string>> crypto;
  bool ok = false;
};

Found read(const Octets& text, std::uint8_t crypto_frame = 0x06) {
  FrameReader reader(text, crypto_frame);
  Found found;
  CryptoFrame frame;
  while (reader.next(frame)) found.crypto.emplace_back(frame.offset, as_text(frame.bytes));
  found.ok = reader.ok();
  return found;
}

Octets join(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) append(out, part);
  return out;
}

const Octets kPing{0x01};
const Octets kPaddings(37, 0);
const Octets kAck{0x02, 0x42, 0x00, 0x0a, 0x02, 0x05, 0x01, 0x01, 0x00, 0x03};
const Octets kAckWithCounts{0x03, 0x09, 0x00, 0x00, 0x04, 0x01, 0x02, 0x03};
const Octets kClose{0x1c, 0x01, 0x06, 0x03, 'b', 'a', 'd'};

TEST(QuicFrames, CryptoIsToldAndAllOthersPassedOver) {
  const Found found = read(join({kPing, kPaddings, crypto_frame(300, octets_of("abc")), kAck, kAckWithCounts, kPing, kPing,
                                 crypto_frame(0, octets_of("defg")), kClose, kPaddings}));
  EXPECT_TRUE(found.ok);
  ASSERT_EQ(found.crypto.size(), 2u);
  EXPECT_EQ(found.crypto[0], (std::pair<std::uint64_t, std::string>(300, "abc")));
  EXPECT_EQ(found.crypto[1], (std::pair<std::uint64_t, std::string>(0, "defg")));
}

TEST(QuicFrames, PaddingOfAnyLengthIsPassedOver) {
  for (std::size_t size = 0; size < 30; ++size) {
    const Found found = read(join({Octets(size), crypto_frame(1, octets_of("x")), Octets(size)}));
    EXPECT_TRUE(found.ok && found.crypto.size() == 1) << size;
  }
}

TEST(QuicFrames, AFrameThatMayNotStandThereEndsTheReading) {
  for (const std::uint8_t type : Octets{0x04, 0x05, 0x07, 0x08, 0x10, 0x18, 0x1d, 0x1e, 0x30}) {
    const Found found = read(join({crypto_frame(0, octets_of("seen")), Octets{type, 0, 0, 0}, crypto_frame(4, octets_of("not"))}));
    EXPECT_FALSE(found.ok) << int{type};
    ASSERT_EQ(found.crypto.size(), 1u) << int{type};
  }
}

TEST(QuicFrames, ALongerEncodingOfTheTypeIsTheSameType) {
  const Found found = read({0x40, 0x06, 0x00, 0x01, 'x'});
  EXPECT_TRUE(found.ok);
  EXPECT_EQ(found.crypto.size(), 1u);
}

TEST(QuicFrames, GooglesFirstVersionsHaveAnotherNumberForCrypto) {
  EXPECT_EQ(read({0x08, 0x00, 0x01, 'x'}, 0x08).crypto.size(), 1u);
  EXPECT_FALSE(read({0x08, 0x00, 0x01, 'x'}).ok);
}

TEST(QuicFrames, CutAnywhereTheyEndWithoutASurprise) {
  const Octets whole = join({kPing, crypto_frame(70, octets_of("abc")), kAck, kAckWithCounts, kClose});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const Found found = read(cut);
    EXPECT_LE(found.crypto.size(), 1u);
    if (size > 1 && size < 8) {
      EXPECT_FALSE(found.ok) << size;
    }
  }
}

TEST(QuicFrames, ACountOfRangesThatIsALieCostsNoMoreThanWhatIsThere) {
  Octets lie{0x02, 0x00, 0x00};
  append_varint(lie, 0x3fffffffffffffff, 8);
  EXPECT_FALSE(read(join({lie, Octets(20)})).ok);
}

}  // namespace
}  // namespace telefence::quic
