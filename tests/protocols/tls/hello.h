// SPDX-License-Identifier: Apache-2.0
#pragma once

// Builds ClientHellos for tests (RFC 8446, 4.1.2), and cuts them into records.

#include <cstdint>
#include <string_view>
#include <vector>

namespace telefence::tls {

using Octets = std::vector<std::uint8_t>;

inline void put(Octets& out, unsigned value, int width) {
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

// The whole after its length.
inline Octets counted(const Octets& part, int width) {
  Octets out;
  put(out, static_cast<unsigned>(part.size()), width);
  out.insert(out.end(), part.begin(), part.end());
  return out;
}

inline Octets extension(unsigned type, const Octets& data) {
  Octets out;
  put(out, type, 2);
  const Octets body = counted(data, 2);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

inline Octets server_name(std::string_view name, unsigned type = 0) {
  Octets entry;
  put(entry, type, 1);
  const Octets host = counted(Octets(name.begin(), name.end()), 2);
  entry.insert(entry.end(), host.begin(), host.end());
  return extension(0, counted(entry, 2));
}

inline Octets join(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// The handshake message. without_extensions: it ends behind the compression methods.
inline Octets client_hello(const Octets& extensions, bool without_extensions = false) {
  Octets body{3, 3};
  for (unsigned i = 0; i < 32; ++i) body.push_back(static_cast<std::uint8_t>(i * 7));
  body = join({body, counted(Octets(32, 0x5e), 1), counted({0x13, 0x01, 0x13, 0x02}, 2), counted({0}, 1)});
  if (!without_extensions) body = join({body, counted(extensions, 2)});
  return join({{1}, counted(body, 3)});
}

inline Octets record(const Octets& fragment, unsigned type = 22) {
  return join({{static_cast<std::uint8_t>(type), 3, 1}, counted(fragment, 2)});
}

// The message in records of at most `size` bytes.
inline Octets records(const Octets& message, std::size_t size) {
  Octets out;
  for (std::size_t at = 0; at < message.size(); at += size) {
    const std::size_t end = at + size < message.size() ? at + size : message.size();
    const auto first = message.begin();
    out =
        join({out, record(Octets(first + static_cast<std::ptrdiff_t>(at), first + static_cast<std::ptrdiff_t>(end)))});
  }
  return out;
}

}  // namespace telefence::tls
