// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cuts the packet of an Ethernet frame into IP fragments (RFC 791, 3.2; RFC 8200, 4.5).

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../enforce/packet.h"

namespace telefence::testing {

struct FragmentPart {
  std::vector<std::uint8_t> bytes;  // a frame
  std::size_t from = 0, to = 0;     // of the packet's payload
};

// One frame with these bytes of the payload; `goes_on`: others follow behind them.
inline std::vector<std::uint8_t> fragment_of(const std::vector<std::uint8_t>& frame, const Layers& layers, std::size_t from, std::size_t to,
                                             bool goes_on, std::uint16_t identification) {
  const auto begin = frame.begin();
  std::vector<std::uint8_t> out(begin, begin + layers.transport_at);
  const auto put = [&](std::size_t at, std::size_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value & 0xff);
  };
  const std::size_t network = layers.network;
  if (layers.ip_version == 4) {
    put(network + 2, 20 + to - from);
    put(network + 4, identification);
    put(network + 6, from / 8 | (goes_on ? 0x2000u : 0u));
    put(network + 10, 0);
    put(network + 10, checksum_of(word_sum(Bytes(out).subspan(network, 20))));
  } else {
    put(network + 4, 8 + to - from);
    out[network + 6] = 44;
    out.insert(out.end(), {layers.ip_protocol, 0, 0, 0, 0, 0, 0, 0});
    put(layers.transport_at + 2u, from | (goes_on ? 1u : 0u));
    put(layers.transport_at + 6u, identification);
  }
  out.insert(out.end(), begin + static_cast<std::ptrdiff_t>(layers.transport_at + from), begin + static_cast<std::ptrdiff_t>(layers.transport_at + to));
  return out;
}

// `size`: of each part but the last, a multiple of eight.
inline std::vector<FragmentPart> cut_in_fragments(const std::vector<std::uint8_t>& frame, const Layers& layers, std::size_t size,
                                                  std::uint16_t identification) {
  const std::size_t whole = layers.network_end - layers.transport_at;
  std::vector<FragmentPart> parts;
  for (std::size_t from = 0; from < whole; from += size) {
    const std::size_t to = std::min(from + size, whole);
    parts.push_back({fragment_of(frame, layers, from, to, to < whole, identification), from, to});
  }
  return parts;
}

}  // namespace telefence::testing
