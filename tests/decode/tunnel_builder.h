// SPDX-License-Identifier: Apache-2.0
#pragma once

// Headers of tunnels, around what frame_builder.h makes. All lengths are right unless a field says otherwise; checksums that a
// header may carry are the caller's.

#include <cstdint>
#include <optional>
#include <vector>

#include "frame_builder.h"

namespace telefence::testing {

inline constexpr std::uint16_t kMpls = 0x8847, kPppoe = 0x8864, kBridged = 0x6558;
inline constexpr std::uint8_t kIpInIp = 4, kIpv6InIp = 41, kGre = 47, kMplsInIp = 137;
inline constexpr std::uint16_t kGtpUPort = 2152, kVxlanPort = 4789, kGenevePort = 6081, kL2tpPort = 1701, kCapwapPort = 5247,
                               kTeredoPort = 3544, kAyiyaPort = 5072, kGreInUdpPort = 4754;

struct GtpUFields {
  std::uint32_t teid = 0x11223344;
  std::optional<std::uint16_t> sequence;
  std::optional<std::uint8_t> n_pdu;
  std::vector<std::pair<std::uint8_t, Octets>> extensions;  // type and content of 4n - 2 octets
  std::uint8_t type = 0xff;
  std::uint8_t version = 0x30;
  int length_error = 0;
};

inline Octets gtp_u(const Octets& inside, const GtpUFields& fields = {}) {
  std::uint8_t flags = fields.version;
  if (fields.sequence) flags |= 2;
  if (fields.n_pdu) flags |= 1;
  if (!fields.extensions.empty()) flags |= 4;
  Octets optional;
  if ((flags & 7) != 0) {
    optional = big16(fields.sequence.value_or(0)) + Octets{fields.n_pdu.value_or(0)} +
               Octets{fields.extensions.empty() ? std::uint8_t{0} : fields.extensions.front().first};
    for (std::size_t i = 0; i < fields.extensions.size(); ++i) {
      const Octets& content = fields.extensions[i].second;
      const std::uint8_t next = i + 1 < fields.extensions.size() ? fields.extensions[i + 1].first : std::uint8_t{0};
      optional = optional + Octets{static_cast<std::uint8_t>((content.size() + 2) / 4)} + content + Octets{next};
    }
  }
  const auto length = static_cast<std::size_t>(static_cast<int>(optional.size() + inside.size()) + fields.length_error);
  return Octets{flags, fields.type} + big16(length) + big32(fields.teid) + optional + inside;
}

// 3GPP TS 38.415, 5.5.2: direction (0 down, 1 up) and flow.
inline std::pair<std::uint8_t, Octets> pdu_session_container(bool uplink, std::uint8_t qfi) {
  return {std::uint8_t{0x85}, Octets{static_cast<std::uint8_t>(uplink ? 0x10 : 0), qfi}};
}

struct GreFields {
  bool checksum = false;
  std::optional<std::uint32_t> key;
  std::optional<std::uint32_t> sequence;
  std::uint16_t more_flags = 0;
};

inline Octets gre(std::uint16_t type, const Octets& inside, const GreFields& fields = {}) {
  std::uint16_t flags = fields.more_flags;
  if (fields.checksum) flags |= 0x8000;
  if (fields.key) flags |= 0x2000;
  if (fields.sequence) flags |= 0x1000;
  Octets header = big16(flags) + big16(type);
  if (fields.checksum) header = header + big32(0);
  if (fields.key) header = header + big32(*fields.key);
  if (fields.sequence) header = header + big32(*fields.sequence);
  return header + inside;
}

// RFC 2637: PPP with its protocol in two octets.
inline Octets pptp(std::uint16_t call, std::uint16_t protocol, const Octets& inside, bool acknowledges = false) {
  const Octets ppp = big16(protocol) + inside;
  Octets header = big16(acknowledges ? 0x3081 : 0x3001) + big16(0x880b) + big16(ppp.size()) + big16(call) + big32(77);
  if (acknowledges) header = header + big32(76);
  return header + ppp;
}

inline Octets vxlan(std::uint32_t vni, const Octets& inside) { return Octets{8, 0, 0, 0} + big32(vni << 8) + inside; }

inline Octets geneve(std::uint32_t vni, std::uint16_t type, const Octets& inside, const Octets& options = {}) {
  return Octets{static_cast<std::uint8_t>(options.size() / 4), 0} + big16(type) + big32(vni << 8) + options + inside;
}

inline Octets label(std::uint32_t value, bool bottom) { return big32(value << 12 | (bottom ? 0x100u : 0u) | 64u); }

inline Octets labels(std::size_t count, const Octets& inside) {
  Octets stack;
  for (std::size_t i = 0; i < count; ++i) stack = stack + label(static_cast<std::uint32_t>(1000 + i), i + 1 == count);
  return stack + inside;
}

inline Octets pppoe(std::uint16_t session, const Octets& ppp) {
  return Octets{0x11, 0} + big16(session) + big16(ppp.size()) + ppp;
}

struct L2tpFields {
  bool has_length = true;
  std::optional<std::uint16_t> sequence;
  std::optional<std::uint8_t> offset;  // octets of padding
  std::uint16_t more_flags = 0;
  int length_error = 0;
};

// RFC 2661, 3.1. tunnel_and_session: 16 bits each. ppp: from its protocol on.
inline Octets l2tp(std::uint32_t tunnel_and_session, const Octets& ppp, const L2tpFields& fields = {}) {
  std::uint16_t flags = fields.more_flags | 2;
  if (fields.has_length) flags |= 0x4000;
  if (fields.sequence) flags |= 0x0800;
  if (fields.offset) flags |= 0x0200;
  Octets rest = big32(tunnel_and_session);
  if (fields.sequence) rest = rest + big16(*fields.sequence) + big16(0);
  if (fields.offset) rest = rest + big16(*fields.offset) + filled(*fields.offset, 0xee);
  rest = rest + ppp;
  const auto length = static_cast<std::size_t>(static_cast<int>(rest.size() + 4) + fields.length_error);
  return big16(flags) + (fields.has_length ? big16(length) : Octets{}) + rest;
}

struct CapwapFields {
  bool has_radio_header = true;   // four octets of signal strength, and three of padding
  std::uint32_t more_flags = 0;   // of the 24 bits behind the preamble
  std::uint8_t preamble = 0;
};

// RFC 5415, 4.3. native: a frame of IEEE 802.11, otherwise of 802.3.
inline Octets capwap(bool native, const Octets& inside, const CapwapFields& fields = {}) {
  const std::uint32_t words = fields.has_radio_header ? 4 : 2;
  const std::uint32_t bits = words << 19 | 1u << 9 | (native ? 0x100u : 0u) | (fields.has_radio_header ? 0x020u : 0u) | fields.more_flags;
  return big32(std::uint32_t{fields.preamble} << 24 | bits) + big32(0) +
         (fields.has_radio_header ? Octets{4, 0xbf, 0x23, 0, 0, 0, 0, 0} : Octets{}) + inside;
}

struct WlanFields {
  std::uint8_t type = 0x88;   // data with QoS
  std::uint8_t flags = 0x01;  // to the distribution system
  std::uint8_t qos = 0;
  bool is_swapped = false;    // as some makers put frame control
};

// IEEE 802.11, 9.3.2.1, with LLC and SNAP.
inline Octets wlan(std::uint16_t type, const Octets& inside, const WlanFields& fields = {}) {
  Octets header = fields.is_swapped ? Octets{fields.flags, fields.type} : Octets{fields.type, fields.flags};
  header = header + filled(2, 0) + filled(6, 0xa1) + filled(6, 0xa2) + filled(6, 0xa3) + filled(2, 0);
  if ((fields.flags & 3) == 3) header = header + filled(6, 0xa4);
  if ((fields.type & 0x80) != 0) {
    header = header + Octets{fields.qos, 0};
    if ((fields.flags & 0x80) != 0) header = header + filled(4, 0);
  }
  return header + Octets{0xaa, 0xaa, 3, 0, 0, 0} + big16(type) + inside;
}

struct TeredoFields {
  bool authenticates = false;  // with four octets of client, and eight of confirmation
  bool has_origin = false;
};

// RFC 4380, 5.1.1.
inline Octets teredo(const Octets& inside, const TeredoFields& fields = {}) {
  const Octets authentication = Octets{0, 1, 4, 8} + filled(4, 0xc1) + filled(8, 0xc2) + filled(8, 0xc3) + Octets{0};
  return (fields.authenticates ? authentication : Octets{}) + (fields.has_origin ? Octets{0, 0} + filled(6, 0x5a) : Octets{}) + inside;
}

struct AyiyaFields {
  std::uint8_t identity = 4;   // of so many octets, as a power of two
  std::uint8_t signature = 5;  // words
  std::uint8_t operation = 1;
};

// draft-massar-v6ops-ayiya-02, 3.
inline Octets ayiya(std::uint8_t next, const Octets& inside, const AyiyaFields& fields = {}) {
  return Octets{static_cast<std::uint8_t>(fields.identity << 4 | 1), static_cast<std::uint8_t>(fields.signature << 4 | 2),
                static_cast<std::uint8_t>(0x10 | fields.operation), next} +
         big32(0x4f000000) + filled(std::size_t{1} << fields.identity, 0x20) + filled(std::size_t{4} * fields.signature, 0x77) + inside;
}

// An IPv4 header with a right checksum: what lies under labels is told by it.
inline Octets checked_ipv4(std::uint8_t protocol, const Octets& inside, std::size_t total_length = 0) {
  Octets packet = ipv4(protocol, inside, {.total_length = total_length});
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += static_cast<std::uint32_t>(packet[i] << 8 | packet[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  packet[10] = static_cast<std::uint8_t>(~sum >> 8 & 0xff);
  packet[11] = static_cast<std::uint8_t>(~sum & 0xff);
  return packet;
}

}  // namespace telefence::testing
