// SPDX-License-Identifier: Apache-2.0
#include "base/writer.h"
#include "enforce/checksum.h"
#include "traffic_parts.h"

namespace telefence::perf {
namespace {

constexpr std::size_t kMostOctets = 2048;

void write_ipv4(Writer& writer, std::uint32_t source, std::uint32_t destination, bool tcp, std::size_t payload) {
  const std::size_t start = writer.size();
  writer.u16(0x4500), writer.u16(static_cast<std::uint16_t>(20 + payload)), writer.u32(0x00004000);
  writer.u16(static_cast<std::uint16_t>(0x4000 | (tcp ? 6 : 17))), writer.u16(0);
  writer.u32(source), writer.u32(destination);
  writer.patch_u16(start + 10, checksum_of(word_sum(writer.written().subspan(start))));
}

void write_ipv6(Writer& writer, std::uint32_t source, std::uint32_t destination, bool tcp, std::size_t payload) {
  writer.u32(0x60000000), writer.u16(static_cast<std::uint16_t>(payload)), writer.u16(tcp ? 0x0640 : 0x1140);
  for (const std::uint32_t address : {source, destination}) writer.u32(0x20010db8), writer.u32(0), writer.u32(0), writer.u32(address);
}

// A G-PDU without optional fields, from one node to another.
void write_gtp_u(Writer& writer, std::uint32_t teid, std::size_t packet) {
  constexpr std::size_t kUdp = 8, kGtp = 8;
  constexpr std::uint16_t kPort = 2152;
  write_ipv4(writer, 0x0a640001, 0x0a640002, false, kUdp + kGtp + packet);
  writer.u16(kPort), writer.u16(kPort), writer.u16(static_cast<std::uint16_t>(kUdp + kGtp + packet)), writer.u16(0);
  writer.u16(0x30ff), writer.u16(static_cast<std::uint16_t>(packet)), writer.u32(teid);
}

}  // namespace

std::size_t Traffic::network() const {
  constexpr std::size_t kEthernet = 14, kTag = 4, kTunnel = 20 + 8 + 8;
  return kEthernet + (carrier == Carrier::kVlan ? kTag : 0) + (carrier == Carrier::kGtpU ? kTunnel : 0);
}

void add_frame(Traffic& traffic, bool tcp, unsigned port, std::string_view payload, const Ends& ends) {
  const std::uint32_t source = ends.is_back ? ends.destination : ends.source;
  const std::uint32_t destination = ends.is_back ? ends.source : ends.destination;
  const auto server_port = static_cast<std::uint16_t>(port);
  const std::size_t segment = (tcp ? 20 : 8) + payload.size();
  std::vector<std::uint8_t> frame(kMostOctets);
  Writer writer(frame);
  writer.u32(0x02000000), writer.u32(0x00020200), writer.u32(0x00000001);
  if (traffic.carrier == Carrier::kVlan) writer.u32(0x81000007);
  writer.u16(traffic.carrier == Carrier::kIpv6 ? 0x86dd : 0x0800);
  if (traffic.carrier == Carrier::kGtpU) write_gtp_u(writer, source, 20 + segment);
  CHECK(writer.size() == traffic.network());
  (traffic.carrier == Carrier::kIpv6 ? write_ipv6 : write_ipv4)(writer, source, destination, tcp, segment);
  const std::size_t transport = writer.size();
  CHECK(transport == traffic.transport());
  writer.u16(ends.is_back ? server_port : ends.port), writer.u16(ends.is_back ? ends.port : server_port);
  if (tcp) {
    writer.u32(ends.is_back ? ends.acknowledgement : ends.sequence), writer.u32(ends.is_back ? ends.sequence : ends.acknowledgement);
    writer.u16(0x5018), writer.u16(0xffff), writer.u32(0);
  } else {
    writer.u16(static_cast<std::uint16_t>(segment)), writer.u16(0);
  }
  writer.text(payload);
  // UDP over IPv4 goes without, as it may (RFC 768).
  if (tcp || traffic.carrier == Carrier::kIpv6) {
    const std::size_t addresses = traffic.carrier == Carrier::kIpv6 ? 32 : 8;
    const std::uint64_t sum = word_sum(writer.written().subspan(transport - addresses), (tcp ? 6u : 17u) + segment);
    const std::uint16_t checksum = checksum_of(sum);
    // 0 would say that there is none (RFC 8200, 8.1).
    writer.patch_u16(transport + (tcp ? 16 : 6), tcp || checksum != 0 ? checksum : std::uint16_t{0xffff});
  }
  CHECK(writer.ok());
  traffic.bytes.insert(traffic.bytes.end(), frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(writer.size()));
  traffic.start.push_back(traffic.bytes.size());
}

}  // namespace telefence::perf
