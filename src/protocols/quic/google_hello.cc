// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/google_hello.h"

#include <string_view>

#include "base/reader.h"

namespace telefence::quic {
namespace {

constexpr std::string_view kHello = "CHLO";
constexpr std::string_view kServerName{"SNI\0", 4};
constexpr unsigned kMostTags = 128;
constexpr std::size_t kHash = 12;  // what stands in place of a seal

// The public flags, the first byte of a packet up to Q043.
constexpr std::uint8_t kVersionFlag = 0x01;
constexpr std::uint8_t kResetFlag = 0x02;
constexpr std::uint8_t kLongIdFlag = 0x08;  // the connection id has eight bytes, as in all packets of a client that begins
constexpr std::uint8_t kReservedFlags = 0xc0;
constexpr std::size_t kId = 8;

std::uint32_t read_little_endian(Reader& reader, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint32_t{reader.u8()} << (8 * i);
  return value;
}

bool is_version(Bytes four) {
  const auto is_digit = [](std::uint8_t byte) { return byte >= '0' && byte <= '9'; };
  return four.size() == 4 && four[0] == 'Q' && four[1] == '0' && is_digit(four[2]) && is_digit(four[3]);
}

// Passes over everything that stands before the frames.
struct Header {
  bool tells_version = false;
  std::size_t size = 0;
};
bool read_header(Bytes datagram, Header& header) {
  Reader reader(datagram);
  const std::uint8_t flags = reader.u8();
  if ((flags & 0x80) != 0) {  // Q044 and Q046, which look like the drafts of their time
    header.tells_version = is_version(reader.bytes(4));
    if (!header.tells_version) return false;
    const std::uint8_t sizes = reader.u8();  // of both ids, less three; 0: none
    for (const int size : {sizes >> 4, sizes & 15}) reader.skip(size == 0 ? 0 : static_cast<std::size_t>(size) + 3);
    reader.skip((flags & 3u) + 1u);  // packet number
  } else {
    if ((flags & (kReservedFlags | kResetFlag | kLongIdFlag)) != kLongIdFlag) return false;
    reader.skip(kId);
    if ((flags & kVersionFlag) != 0) {
      header.tells_version = is_version(reader.bytes(4));
      if (!header.tells_version) return false;
    }
    const unsigned code = flags >> 4 & 3;
    reader.skip(code == 0 ? 1 : 2u * code);  // packet number: 1, 2, 4 or 6 bytes
  }
  reader.skip(kHash);
  header.size = reader.position();
  return reader.ok();
}

}  // namespace

bool tells_google_version(Bytes datagram) {
  Header header;
  return read_header(datagram, header) && header.tells_version;
}

// What stands in front of the frame that the hello is in (acknowledgements and others, in layouts that changed from version to version)
// is passed over by the look of the hello itself.
std::size_t find_google_hello(Bytes datagram) {
  Header header;
  if (!read_header(datagram, header)) return 0;
  const std::size_t found = as_text(datagram).find(kHello, header.size);
  return found == std::string_view::npos ? 0 : found;
}

wire::HelloFound read_google_hello(Bytes message, wire::ClientHello& hello) {
  const std::string_view begins = as_text(message).substr(0, kHello.size());
  if (begins != kHello.substr(0, begins.size())) return wire::HelloFound::kMalformed;
  Reader reader(message);
  reader.skip(kHello.size());
  const std::uint32_t count = read_little_endian(reader, 2);
  reader.skip(2);  // padding
  Reader tags = reader.child(std::size_t{8} * count);
  if (count > kMostTags) return wire::HelloFound::kMalformed;
  if (!reader.ok() || !tags.ok()) return wire::HelloFound::kCut;
  const Bytes values = reader.rest();
  bool has_name = false;
  std::size_t end = 0;
  while (!tags.at_end()) {
    const std::string_view tag = as_text(tags.bytes(4));
    const std::size_t start = end;
    end = read_little_endian(tags, 4);
    if (end < start) return wire::HelloFound::kMalformed;
    if (tag != kServerName || end > values.size()) continue;
    hello.server_name = as_text(values.subspan(start, end - start));
    has_name = true;
  }
  if (end <= values.size()) return wire::HelloFound::kWhole;
  return has_name ? wire::HelloFound::kNamed : wire::HelloFound::kCut;
}

}  // namespace telefence::quic
