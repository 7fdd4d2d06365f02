// SPDX-License-Identifier: Apache-2.0
#pragma once

// The versions of QUIC whose Initials are read, and in what they differ: the salt that Initial keys come from, the labels of the
// keys, and the codes of the packet types.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace telefence::quic {

// In the order of the codes of version 1.
enum class PacketType : std::uint8_t { kInitial, kZeroRtt, kHandshake, kRetry };

struct Version {
  std::uint32_t first = 0;  // of a run of numbers, ...
  std::uint32_t last = 0;   // ... and its last
  std::array<std::uint8_t, 20> salt{};
  std::string_view key_label = "quic key";
  std::string_view iv_label = "quic iv";
  std::string_view hp_label = "quic hp";
  std::uint8_t initial_code = 0;  // the other types follow it, modulo four
  std::uint8_t crypto_frame = 0x06;  // another one where all frames are Google's

  // code: the two type bits of a long header (RFC 9000, 17.2).
  PacketType type_of(unsigned code) const { return static_cast<PacketType>((code - initial_code) & 3); }
  std::uint8_t code_of(PacketType type) const {
    return static_cast<std::uint8_t>((static_cast<unsigned>(type) + initial_code) & 3);
  }
};

inline constexpr std::size_t kVersionCount = 11;
std::span<const Version, kVersionCount> versions();

// nullptr for all others, Version Negotiation (0) among them.
const Version* version_of(std::uint32_t number);

}  // namespace telefence::quic
