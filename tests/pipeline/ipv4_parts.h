// SPDX-License-Identifier: Apache-2.0
#pragma once

// IPv4 packets in parts.

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "decode/decode.h"
#include "decode/fragment.h"
#include "enforce/checksum.h"

namespace telefence::testing {

using Octets = std::vector<std::uint8_t>;

// The length of an IPv4 frame's packet, and the checksum of its header, as they ought to be.
inline void set_length(Octets& frame) {
  constexpr std::size_t kLink = 14, kHeader = 20;
  const auto set = [&](std::size_t place, std::size_t value) {
    frame[kLink + place] = static_cast<std::uint8_t>(value >> 8);
    frame[kLink + place + 1] = static_cast<std::uint8_t>(value);
  };
  set(2, frame.size() - kLink);
  set(10, 0);
  set(10, checksum_of(word_sum(Bytes(frame).subspan(kLink, kHeader))));
}

// The parts of an IPv4 frame, `size` bytes of payload each, a multiple of eight.
inline std::vector<Octets> fragments_of(const Octets& frame, std::size_t size, std::uint16_t identification) {
  constexpr std::size_t kLink = 14, kHeader = 20;
  std::vector<Octets> parts;
  const std::size_t payload = frame.size() - kLink - kHeader;
  for (std::size_t at = 0; at < payload; at += size) {
    const std::size_t count = std::min(size, payload - at);
    Octets part(frame.begin(), frame.begin() + kLink + kHeader);
    part.insert(part.end(), frame.begin() + static_cast<std::ptrdiff_t>(kLink + kHeader + at),
                frame.begin() + static_cast<std::ptrdiff_t>(kLink + kHeader + at + count));
    part[kLink + 6] = static_cast<std::uint8_t>((at / 8 | (at + count < payload ? 0x2000u : 0u)) >> 8);
    part[kLink + 7] = static_cast<std::uint8_t>(at / 8);
    part[kLink + 4] = static_cast<std::uint8_t>(identification >> 8);
    part[kLink + 5] = static_cast<std::uint8_t>(identification);
    set_length(part);
    parts.push_back(std::move(part));
  }
  return parts;
}

// A receiver's table of parts: RFC 791, 3.2, for untagged frames.
class PartsAtReceiver {
 public:
  // The frame that this part makes whole; empty: it is still waited for.
  Octets put(const Frame& part, const Layers& layers) {
    constexpr std::size_t kLink = 14, kHeader = 20;
    const FragmentHeader header = fragment_header(part, layers);
    const Bytes payload = fragment_payload(part, layers);
    Packet& packet = packets_[header.identification];
    packet.parts.emplace(header.offset, Octets(payload.begin(), payload.end()));
    if (header.is_last) packet.size = header.offset + payload.size();
    Octets whole(part.data, part.data + kLink + kHeader);
    for (const auto& [offset, bytes] : packet.parts) {
      if (offset != whole.size() - kLink - kHeader) return {};
      whole.insert(whole.end(), bytes.begin(), bytes.end());
    }
    if (packet.size == 0 || whole.size() != kLink + kHeader + packet.size) return {};
    packets_.erase(header.identification);
    whole[kLink + 6] = whole[kLink + 7] = 0;
    set_length(whole);
    return whole;
  }

 private:
  struct Packet {
    std::map<std::size_t, Octets> parts;
    std::size_t size = 0;
  };
  std::map<std::uint32_t, Packet> packets_;
};

}  // namespace telefence::testing
