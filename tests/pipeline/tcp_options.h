// SPDX-License-Identifier: Apache-2.0
#pragma once

// TCP options put into a segment that was made without (RFC 9293, 3.1; RFC 7323; RFC 2018). All lengths and checksums are right then.

#include <cstdint>
#include <vector>

#include "../enforce/packet.h"

namespace telefence::testing {

// What a sender of this kind puts into a segment; 0: nothing. The length is a multiple of four.
inline std::vector<std::uint8_t> tcp_options(std::uint8_t kind, bool opens, std::uint32_t clock, std::uint32_t sacked) {
  std::vector<std::uint8_t> out;
  const auto add = [&](std::initializer_list<std::uint8_t> octets) { out.insert(out.end(), octets); };
  const auto add_u32 = [&](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
  };
  if (opens && (kind & 1) != 0) add({2, 4, 5, 0xb4, 4, 2, 3, 3, 7, 1, 1, 1});
  if ((kind & 2) != 0) add({1, 1, 8, 10}), add_u32(clock), add_u32(clock / 2);
  if (!opens && (kind & 4) != 0) add({1, 1, 5, 10}), add_u32(sacked), add_u32(sacked + 300);
  if ((kind & 8) != 0) add({static_cast<std::uint8_t>(kind >> 4), static_cast<std::uint8_t>(kind), 0xff, static_cast<std::uint8_t>(clock)});
  return out;
}

inline std::vector<std::uint8_t> with_tcp_options(std::vector<std::uint8_t> bytes, const std::vector<std::uint8_t>& options) {
  Frame frame;
  frame.data = bytes.data();
  frame.length = static_cast<std::uint32_t>(bytes.size());
  Layers layers = decode(frame);
  CHECK(layers.transport == Transport::kTcp && options.size() % 4 == 0 && options.size() <= 40);
  bytes.insert(bytes.begin() + layers.transport_at + 20, options.begin(), options.end());
  const auto put = [&](std::size_t at, std::size_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value & 0xff);
  };
  const std::size_t network = layers.network;
  const std::size_t segment = layers.network_end - layers.transport_at + options.size();
  bytes[layers.transport_at + 12u] = static_cast<std::uint8_t>((5 + options.size() / 4) << 4);
  put(layers.transport_at + 16u, 0);
  const Bytes all(bytes);
  std::uint64_t pseudo = segment + 6;
  if (layers.ip_version == 4) {
    put(network + 2, segment + 20);
    put(network + 10, 0);
    put(network + 10, checksum_of(word_sum(all.subspan(network, 20))));
    pseudo = word_sum(all.subspan(network + 12, 8), pseudo);
  } else {
    put(network + 4, segment);
    pseudo = word_sum(all.subspan(network + 8, 32), pseudo);
  }
  put(layers.transport_at + 16u, checksum_of(word_sum(all.subspan(layers.transport_at, segment), pseudo)));
  return bytes;
}

}  // namespace telefence::testing
