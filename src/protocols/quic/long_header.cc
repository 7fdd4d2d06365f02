// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/long_header.h"

#include "base/reader.h"
#include "protocols/quic/varint.h"

namespace telefence::quic {
namespace {

constexpr std::size_t kLongestId = 20;  // RFC 9000, 17.2

Bytes read_id(Reader& reader) {
  const std::uint8_t length = reader.u8();
  if (length > kLongestId) reader.fail();
  return reader.bytes(length);
}

}  // namespace

HeaderFound read_long_header(Bytes bytes, LongHeader& header) {
  Reader reader(bytes);
  const std::uint8_t first = reader.u8();
  // The bit after it is 1, but may be anything if the server said so in an earlier connection (RFC 9287).
  if (!may_be_long_header(bytes)) return HeaderFound::kNotLong;
  header.version_number = reader.u32();
  if (!reader.ok()) return HeaderFound::kNotLong;
  header.version = version_of(header.version_number);
  if (header.version == nullptr) return HeaderFound::kUnknownVersion;
  header.type = header.version->type_of(first >> 4 & 3);
  header.destination_id = read_id(reader);
  header.source_id = read_id(reader);
  header.number_at = 0;
  if (header.type == PacketType::kRetry) {  // RFC 9000, 17.2.5: it has no length
    header.packet = bytes;
    return reader.ok() ? HeaderFound::kPacket : HeaderFound::kMalformed;
  }
  if (header.type == PacketType::kInitial) reader.skip(read_varint(reader));  // the token
  const std::uint64_t length = read_varint(reader);
  if (!reader.ok() || length > reader.remaining()) return HeaderFound::kMalformed;
  header.number_at = reader.position();
  header.packet = bytes.first(header.number_at + length);
  return HeaderFound::kPacket;
}

}  // namespace telefence::quic
