// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/client_hello.h"

#include "base/reader.h"

namespace telefence::wire {
namespace {

constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kEncryptedClientHello = 0xfe0d;
constexpr std::uint8_t kHostName = 0;
constexpr std::size_t kHandshakeHeader = 4;
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
  while (reader.ok() && !reader.at_end()) {
    const std::uint16_t type = reader.u16();
    Reader extension = reader.child(reader.u16());
    // A type that is cut off reads as 0, which is a server name.
    if (!reader.ok() || !extension.ok()) return;
    if (type == kEncryptedClientHello) hello.has_encrypted_hello = true;
    if (type != kServerName || has_name) continue;
    has_name = true;
    hello.server_name = read_server_name(extension);
  }
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
