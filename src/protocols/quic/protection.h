// SPDX-License-Identifier: Apache-2.0
#pragma once

// Protection of Initial packets (RFC 9001, 5.3 and 5.4): AES-128-GCM over the payload, and a mask over the packet number and the
// low bits of the first byte. One instance per thread: it has the room that packets are opened in.

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/aes_gcm.h"
#include "protocols/quic/initial_keys.h"
#include "protocols/quic/long_header.h"

namespace telefence::quic {

// An Initial as it is before it is protected.
struct PlainPacket {
  Bytes header;  // up to the token
  std::uint32_t number = 0;
  std::uint8_t number_bytes = 1;  // 1 to 4
  Bytes text;    // frames
};

class Protection {
 public:
  Protection();

  // The payload of the packet, or false when it was not sealed with these keys. `text` lives until the next open().
  // expected: one more than the largest number that was opened of its connection, 0 when there was none (RFC 9000, A.3).
  bool open(const LongHeader& header, const InitialKeys& keys, std::uint64_t& expected, Bytes& text);
  bool open(const LongHeader& header, const InitialKeys& keys, Bytes& text) {
    std::uint64_t none = 0;
    return open(header, keys, none, text);
  }

  // Writes the whole packet, its length and number between header and text. False when it does not fit.
  // Requires: text and number have at least 4 bytes together and less than 16 KiB.
  bool seal(const PlainPacket& plain, const InitialKeys& keys, Writer& out);

 private:
  static constexpr std::size_t kLongestDatagram = 65535;
  struct Room {
    std::array<std::uint8_t, kLongestDatagram> header;
    std::array<std::uint8_t, kLongestDatagram> text;
  };

  AesGcm aes_;
  std::unique_ptr<Room> room_ = std::make_unique<Room>();
};

}  // namespace telefence::quic
