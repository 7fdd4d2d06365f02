// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/client_hello.h"

#include "base/reader.h"

namespace telefence::wire {
namespace {

constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kEncryptedClientHello = 0xfe0d;
constexpr std::uint8_t kHostName = 0;
constexpr std::size_t kHandshakeHeader = 4;
constexpr std::size_t kExtensionHeader = 4;
constexpr std::size_t kVersionAndRandom = 2 + 32;

// RFC 6066, 3: a list of names, one per type; only host_name exists.
std::string_view read_server_name(Reader extension) {
  Reader list = extension.child(extension.u16());
  while (list.ok() && !list.at_end()) {
    const std::uint8_t type = list.u8();
    const Bytes name = list.bytes(list.u16());
    if (list.ok() && type == kHostName) return as_text(name);
  }
  return {};
}

// Reads extensions until they end or the bytes do.
void read_extensions(Reader& reader, ClientHello& hello, bool& has_name) {
  // Headers are looked at as they lie there: a reader made for each of a dozen extensions costs more than all else of a hello.
  const Bytes bytes = reader.rest();
  std::size_t at = 0;
  while (bytes.size() - at >= kExtensionHeader) {
    const auto type = big_endian<std::uint16_t>(bytes.data() + at);
    const std::size_t length = big_endian<std::uint16_t>(bytes.data() + at + 2);
    at += kExtensionHeader;
    if (length > bytes.size() - at) return reader.fail();
    if (type == kEncryptedClientHello) hello.has_encrypted_hello = true;
    if (type == kServerName && !has_name) {
      has_name = true;
      hello.server_name = read_server_name(Reader(bytes.subspan(at, length)));
    }
    at += length;
  }
  if (at != bytes.size()) reader.fail();
}

}  // namespace

HelloFound read_client_hello(Bytes bytes, ClientHello& hello) {
  Reader header(bytes);
  header.skip(1);
  const std::uint32_t length = header.u24();
  if (!header.ok()) return HelloFound::kCut;
  const bool is_whole = length <= bytes.size() - kHandshakeHeader;
  Reader reader(is_whole ? header.bytes(length) : header.rest());
  reader.skip(kVersionAndRandom);
  reader.skip(reader.u8());   // legacy_session_id
  reader.skip(reader.u16());  // cipher_suites
  reader.skip(reader.u8());   // legacy_compression_methods
  bool has_name = false;
  if (reader.ok() && !reader.at_end()) {  // before TLS 1.3 a hello could end here
    const std::uint16_t size = reader.u16();
    if (reader.ok() && is_whole) {
      Reader extensions = reader.child(size);
      read_extensions(extensions, hello, has_name);
      if (!extensions.ok()) reader.fail();
    } else if (reader.ok()) {
      read_extensions(reader, hello, has_name);
    }
  }
  if (is_whole) return reader.ok() ? HelloFound::kWhole : HelloFound::kMalformed;
  return has_name ? HelloFound::kNamed : HelloFound::kCut;
}

}  // namespace telefence::wire
