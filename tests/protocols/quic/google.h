// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes hellos of Google's own QUIC and the packets that carry them in the clear.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/quic_initial.h"

namespace telefence::testing {

using GoogleTags = std::vector<std::pair<std::string, std::string>>;

inline void append_little_endian(Octets& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

inline Octets google_message(const GoogleTags& tags) {
  Octets out = octets_of("CHLO");
  append_little_endian(out, tags.size(), 4);  // and padding
  std::size_t end = 0;
  for (const auto& [tag, value] : tags) {
    std::string four = tag;
    four.resize(4, '\0');
    append(out, octets_of(four));
    append_little_endian(out, end += value.size(), 4);
  }
  for (const auto& [tag, value] : tags) append(out, octets_of(value));
  return out;
}

// As Chrome's: padding first, the name second.
inline Octets google_hello(std::string_view name) {
  return google_message({{"PAD", std::string(700, '-')}, {"SNI", std::string(name)}, {"VER", "Q043"}, {"NONP", std::string(32, 'n')}});
}

// version: Q024 to Q046, or "" as when the server has answered. in_front: other frames.
inline Octets google_packet(std::string_view version, const Octets& message, const Octets& in_front = {}) {
  Octets out;
  const Octets id = {1, 2, 3, 4, 5, 6, 7, 8};
  if (version >= "Q044") {
    out = {0xc3};
    append(out, octets_of(version));
    out.push_back(0x50);
    append(out, id);
    append(out, Octets{0, 0, 0, 1});
  } else {
    out = {static_cast<std::uint8_t>(version.empty() ? 0x0c : 0x0d)};
    append(out, id);
    append(out, octets_of(version));
    out.push_back(1);
  }
  append(out, Octets(12, 0x9b));  // a hash
  if (!version.empty() && version < "Q034") out.push_back(0);  // private flags
  append(out, in_front);
  append(out, Octets{0xa0, 0x01});  // a frame of stream 1 with its length
  if (version >= "Q039") {
    out.push_back(static_cast<std::uint8_t>(message.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(message.size()));
  } else {
    append_little_endian(out, message.size(), 2);
  }
  append(out, message);
  return out;
}

}  // namespace telefence::testing
