// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes frames for tests, layer inside layer: ethernet(kIpv4, ipv4(kUdp, udp(53, payload))). Checksums are left at zero;
// decode/ does not look at them.

#include <cstdint>
#include <string>
#include <vector>

namespace telefence::testing {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd, kArp = 0x0806;
inline constexpr std::uint8_t kTcp = 6, kUdp = 17;

inline Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Octets big16(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8 & 0xff), static_cast<std::uint8_t>(value & 0xff)};
}

inline Octets big32(std::size_t value) { return big16(value >> 16 & 0xffff) + big16(value & 0xffff); }

inline Octets filled(std::size_t count, std::uint8_t value) { return Octets(count, value); }

inline Octets octets(const std::string& text) { return {text.begin(), text.end()}; }

inline Octets addresses() { return {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}; }

inline Octets ethernet(std::uint16_t type, const Octets& inside) { return addresses() + big16(type) + inside; }

inline Octets tag(std::uint16_t id, std::uint16_t type, const Octets& inside) {
  return big16(0x6000u | id) + big16(type) + inside;  // a priority stands before the id
}

inline Octets snap(std::uint16_t type, const Octets& inside) {
  return Octets{0xaa, 0xaa, 3, 0, 0, 0} + big16(type) + inside;
}

struct Ipv4Fields {
  std::size_t options = 0;            // bytes, a multiple of 4
  std::uint16_t flags_and_offset = 0;
  std::size_t total_length = 0;       // 0: what is right
};

inline Octets ipv4(std::uint8_t protocol, const Octets& inside, Ipv4Fields fields = {}) {
  const std::size_t header = 20 + fields.options;
  const std::size_t total = fields.total_length != 0 ? fields.total_length : header + inside.size();
  return Octets{static_cast<std::uint8_t>(0x40 | header / 4), 0} + big16(total) + big16(7) +
         big16(fields.flags_and_offset) + Octets{64, protocol, 0, 0, 10, 0, 0, 1, 192, 0, 2, 9} +
         filled(fields.options, 1) + inside;
}

inline Octets ipv6_address(std::uint8_t last) {
  return Octets{0x20, 1, 0xd, 0xb8} + filled(11, 0) + Octets{last};
}

inline Octets ipv6_with_length(std::uint8_t next, std::size_t length, const Octets& inside) {
  return Octets{0x60, 0, 0, 0} + big16(length) + Octets{next, 64} + ipv6_address(1) + ipv6_address(2) + inside;
}

inline Octets ipv6(std::uint8_t next, const Octets& inside) { return ipv6_with_length(next, inside.size(), inside); }

// Hop-by-hop, routing and destination options: `units` of eight bytes after the first eight.
inline Octets extension(std::uint8_t next, std::uint8_t units, const Octets& inside) {
  return Octets{next, units} + filled(std::size_t{8} * units + 6, 0) + inside;
}

inline Octets authentication(std::uint8_t next, std::size_t check_bytes, const Octets& inside) {
  return Octets{next, static_cast<std::uint8_t>((12 + check_bytes) / 4 - 2)} + filled(10 + check_bytes, 0) + inside;
}

inline Octets fragment_header(std::uint8_t next, std::uint16_t offset, bool more, const Octets& inside) {
  return Octets{next, 0} + big16(static_cast<std::size_t>(offset) * 8 | (more ? 1 : 0)) + big32(77) + inside;
}

inline Octets udp_with_length(std::uint16_t destination, std::size_t length, const Octets& payload, std::uint16_t source = 40000) {
  return big16(source) + big16(destination) + big16(length) + big16(0) + payload;
}

inline Octets udp(std::uint16_t destination, const Octets& payload, std::uint16_t source = 40000) {
  return udp_with_length(destination, 8 + payload.size(), payload, source);
}

inline Octets tcp(std::uint16_t destination, const Octets& payload, std::size_t options = 0) {
  return big16(40001) + big16(destination) + big32(0x01020304) + big32(0xfffefdfc) +
         Octets{static_cast<std::uint8_t>((20 + options) / 4 << 4), 0x18} + big16(501) + big16(0) + big16(0) +
         filled(options, 1) + payload;
}

}  // namespace telefence::testing
