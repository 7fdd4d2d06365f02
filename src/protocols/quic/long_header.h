// SPDX-License-Identifier: Apache-2.0
#pragma once

// The packets with a long header that a datagram begins with (RFC 9000, 17.2; 12.2: several may stand behind each other). What is
// protected is left as it is.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "protocols/quic/version.h"

namespace telefence::quic {

struct LongHeader {
  const Version* version = nullptr;
  std::uint32_t version_number = 0;
  PacketType type = PacketType::kInitial;
  Bytes destination_id;
  Bytes source_id;
  Bytes packet;               // all of it, from its first byte on; of a Retry all that follows
  std::size_t number_at = 0;  // where in it the packet number begins; 0 for a Retry
};

enum class HeaderFound : std::uint8_t {
  kPacket,
  kNotLong,         // a short header, or no QUIC at all
  kUnknownVersion,  // a long one of a version that is not read here, or Version Negotiation
  kMalformed,
};

inline bool may_be_long_header(Bytes bytes) { return !bytes.empty() && (bytes[0] & 0x80) != 0; }

// Reads the packet at the beginning of `bytes`. Only for kPacket is `header` filled.
HeaderFound read_long_header(Bytes bytes, LongHeader& header);

}  // namespace telefence::quic
