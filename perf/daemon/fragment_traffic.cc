// SPDX-License-Identifier: Apache-2.0
// Messages in IP packets that came in two fragments each.
#include <algorithm>
#include <span>

#include "base/writer.h"
#include "enforce/checksum.h"
#include "traffic.h"
#include "traffic_parts.h"

namespace telefence::perf {
namespace {

constexpr std::size_t kIp = 20, kCut = 1480;  // of an Ethernet that carries 1,500 octets

// Packet i of `whole`, which is an IPv4 packet with UDP, as two frames. With the checksum of UDP: what has none is looked at twice.
void add_fragments(const Traffic& whole, std::size_t i, std::uint16_t number, Traffic& out) {
  const std::size_t network = whole.network(), transport = whole.transport();
  const auto begin = whole.bytes.begin() + static_cast<std::ptrdiff_t>(whole.start[i]);
  std::vector<std::uint8_t> frame(begin, whole.bytes.begin() + static_cast<std::ptrdiff_t>(whole.start[i + 1]));
  const std::span<const std::uint8_t> packet = frame;
  const std::uint16_t sum = checksum_of(word_sum(packet.subspan(transport - 8), 17 + packet.size() - transport));
  frame[transport + 6] = static_cast<std::uint8_t>(sum >> 8), frame[transport + 7] = static_cast<std::uint8_t>(sum & 0xff);
  for (std::size_t from = 0; from < packet.size() - transport; from += kCut) {
    const std::size_t octets = std::min(kCut, packet.size() - transport - from);
    const bool is_last = from + octets == packet.size() - transport;
    std::vector<std::uint8_t> part(network + kIp + octets);
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(transport + from), octets, part.begin() + static_cast<std::ptrdiff_t>(network + kIp));
    Writer writer(part);
    writer.bytes(packet.first(network + kIp));
    writer.patch_u16(network + 2, static_cast<std::uint16_t>(kIp + octets));
    writer.patch_u16(network + 4, number);
    writer.patch_u16(network + 6, static_cast<std::uint16_t>((is_last ? 0 : 0x2000) | from / 8));
    writer.patch_u16(network + 10, 0);
    writer.patch_u16(network + 10, checksum_of(word_sum(writer.written().subspan(network, kIp))));
    CHECK(writer.ok());
    out.bytes.insert(out.bytes.end(), part.begin(), part.end());
    out.start.push_back(out.bytes.size());
  }
}

}  // namespace

Traffic sip_fragments_traffic(const Sizes& sizes) {
  CHECK(sizes.carrier == Carrier::kIpv4);
  Sizes half = sizes;
  half.packets /= 2;
  const Traffic whole = long_sip_traffic(half);
  Traffic out{.carrier = sizes.carrier, .renumbered = true};
  for (std::size_t i = 0; i < whole.count(); ++i) add_fragments(whole, i, static_cast<std::uint16_t>(i), out);
  out.messages = static_cast<double>(whole.count());
  return out;
}

}  // namespace telefence::perf
