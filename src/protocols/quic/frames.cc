// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/frames.h"

#include <cstring>

#include "protocols/quic/varint.h"

namespace telefence::quic {
namespace {

constexpr std::uint64_t kPadding = 0x00;
constexpr std::uint64_t kPing = 0x01;
constexpr std::uint64_t kAck = 0x02;
constexpr std::uint64_t kAckWithCounts = 0x03;
constexpr std::uint64_t kConnectionClose = 0x1c;

// How many zero bytes these begin with. A client's Initial is mostly padding.
std::size_t zeros_of(Bytes bytes) {
  std::size_t at = 0;
  std::uint64_t eight = 0;
  for (; at + sizeof eight <= bytes.size(); at += sizeof eight) {
    std::memcpy(&eight, bytes.data() + at, sizeof eight);
    if (eight != 0) break;
  }
  while (at < bytes.size() && bytes[at] == 0) ++at;
  return at;
}

}  // namespace

// RFC 9000, 19.3.
void FrameReader::skip_ack(bool with_counts) {
  (void)read_varint(reader_);  // the largest acknowledged
  (void)read_varint(reader_);  // delay
  const std::uint64_t ranges = read_varint(reader_);
  (void)read_varint(reader_);  // the first range
  for (std::uint64_t i = 0; i < ranges && reader_.ok(); ++i) {
    (void)read_varint(reader_);  // gap
    (void)read_varint(reader_);  // length
  }
  for (int i = 0; with_counts && i < 3; ++i) (void)read_varint(reader_);
}

// RFC 9000, 19.19.
void FrameReader::skip_close() {
  (void)read_varint(reader_);  // error code
  (void)read_varint(reader_);  // type of the frame that was wrong
  reader_.skip(read_varint(reader_));  // reason
}

// RFC 9000, 19.6.
bool FrameReader::read_crypto(CryptoFrame& frame) {
  frame.offset = read_varint(reader_);
  frame.bytes = reader_.bytes(read_varint(reader_));
  return reader_.ok();
}

bool FrameReader::next(CryptoFrame& frame) {
  while (reader_.ok() && !reader_.at_end()) {
    const std::uint64_t type = read_varint(reader_);
    if (type == crypto_frame_ && reader_.ok()) return read_crypto(frame);
    switch (type) {
      case kPadding: {
        Reader ahead = reader_;
        reader_.skip(zeros_of(ahead.rest()));
        break;
      }
      case kPing:
        break;
      case kAck:
        skip_ack(false);
        break;
      case kAckWithCounts:
        skip_ack(true);
        break;
      case kConnectionClose:
        skip_close();
        break;
      default:
        reader_.fail();
    }
  }
  return false;
}

}  // namespace telefence::quic
