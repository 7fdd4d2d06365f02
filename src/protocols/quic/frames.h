// SPDX-License-Identifier: Apache-2.0
#pragma once

// The frames of an Initial packet (RFC 9000, 12.4 and 19): PADDING, PING, ACK, CRYPTO and CONNECTION_CLOSE may stand there, in any
// order and number. Only CRYPTO says something here; the others are passed over.

#include <cstdint>

#include "base/bytes.h"
#include "base/reader.h"

namespace telefence::quic {

struct CryptoFrame {
  std::uint64_t offset = 0;
  Bytes bytes;
};

class FrameReader {
 public:
  // text: the opened payload of a packet; frames are views into it. crypto_frame: Version::crypto_frame.
  FrameReader(Bytes text, std::uint8_t crypto_frame) : reader_(text), crypto_frame_(crypto_frame) {}

  // The next CRYPTO frame. False at the end, or where something stands that may not stand there.
  bool next(CryptoFrame& frame);
  // False when it did not end well. What was told before still holds: a receiver may have taken it, too.
  bool ok() const { return reader_.ok(); }

 private:
  bool read_crypto(CryptoFrame& frame);
  void skip_ack(bool with_counts);
  void skip_close();

  Reader reader_;
  std::uint8_t crypto_frame_;
};

}  // namespace telefence::quic
