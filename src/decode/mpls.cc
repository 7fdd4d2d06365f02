// SPDX-License-Identifier: Apache-2.0
// The label stack, and what lies under it. Nothing in the stack says what that is (RFC 3032, 2.2; the edges agreed on it when they
// gave out the label), so it is told by its looks: the strictest test first, since an IP packet can be made to look like an
// Ethernet frame by who chooses its addresses, but hardly the other way round.

#include "base/reader.h"
#include "decode/tunnel_header.h"

namespace telefence::decode_detail {
namespace {

constexpr std::uint32_t kBottomOfStack = 0x100;
constexpr std::size_t kControlWordBytes = 4;
constexpr std::size_t kShortestEthernetPayload = 46;  // shorter packets are padded up to it

bool header_sum_is_right(Bytes header) {
  std::uint32_t sum = 0;
  Reader reader(header);
  while (reader.remaining() >= 2) sum += reader.u16();
  sum = (sum & 0xffff) + (sum >> 16);
  return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

// The checksum is right, though a capture may have cut the packet's end.
bool is_ipv4(Bytes bytes) {
  if (bytes.size() < 20 || bytes[0] >> 4 != 4) return false;
  const std::size_t header = std::size_t{4} * (bytes[0] & 0x0f);
  return header >= 20 && header <= bytes.size() && header_sum_is_right(bytes.first(header));
}

// The checksum is wrong, but all lengths fit.
bool may_be_ipv4(Bytes bytes) {
  if (bytes.size() < 20 || bytes[0] >> 4 != 4) return false;
  const std::size_t header = std::size_t{4} * (bytes[0] & 0x0f);
  Reader reader(bytes.subspan(2, 2));
  const std::size_t length = reader.u16();
  return header >= 20 && header <= length && length <= bytes.size();
}

// There is no checksum: the length must be that of what is there, but for the padding of a short frame.
bool is_ipv6(Bytes bytes) {
  if (bytes.size() < 40 || bytes[0] >> 4 != 6) return false;
  Reader reader(bytes.subspan(4, 2));
  const std::size_t length = 40 + std::size_t{reader.u16()};
  return length <= bytes.size() && bytes.size() - length < kShortestEthernetPayload;
}

bool may_be_ipv6(Bytes bytes) { return bytes.size() >= 40 && bytes[0] >> 4 == 6; }

// A frame of something that is read here.
bool is_ethernet(Bytes bytes) {
  if (bytes.size() < kEthernetBytes) return false;
  Reader reader(bytes.subspan(12, 2));
  const std::uint16_t type = reader.u16();
  const Bytes inside = bytes.subspan(kEthernetBytes);
  switch (type) {
    case kTypeIpv4: return is_ipv4(inside) || may_be_ipv4(inside);
    case kTypeIpv6: return may_be_ipv6(inside);
    case kTypeMpls:
    case kTypePppoe: return true;
    default: return is_vlan(type);
  }
}

// Where the Ethernet frame of a pseudowire begins: behind a control word, whose first four bits are 0, or at once. Many stations'
// addresses begin with a 0 as well, so both are tried.
bool find_ethernet(Bytes under, std::size_t& skipped) {
  const bool may_have_word = under.size() > kControlWordBytes && under[0] >> 4 == 0;
  skipped = may_have_word && is_ethernet(under.subspan(kControlWordBytes)) ? kControlWordBytes : 0;
  return skipped != 0 || is_ethernet(under);
}

Network look_under(Bytes under, std::size_t& skipped) {
  skipped = 0;
  if (is_ipv4(under)) return Network::kIpv4;
  if (is_ipv6(under)) return Network::kIpv6;
  if (find_ethernet(under, skipped)) return Network::kEthernet;
  // A broken header, or a capture that kept the first bytes only.
  if (may_be_ipv4(under)) return Network::kIpv4;
  return may_be_ipv6(under) ? Network::kIpv6 : Network::kUnknown;
}

}  // namespace

void mpls_header(Bytes frame, std::uint16_t at, std::uint16_t network, TunnelHeader& header) {
  header.step.kind = TunnelKind::kMpls;
  header.step.network = network;
  header.step.at = at;
  Reader reader(at <= frame.size() ? frame.subspan(at) : Bytes());
  for (unsigned count = 0;; ++count) {
    if (count == kMostLabels) return;
    const std::uint32_t entry = reader.u32();
    if (!reader.ok()) {
      header.is = TunnelHeader::Is::kCut;
      return;
    }
    header.step.id = entry >> 12;
    if ((entry & kBottomOfStack) != 0) break;
  }
  const std::size_t bottom = at + reader.position();
  std::size_t skipped = 0;
  header.inside = look_under(frame.subspan(bottom), skipped);
  if (bottom + skipped > kFurthestHeader) return;
  header.step.inside = static_cast<std::uint16_t>(bottom + skipped);
  if (header.inside != Network::kUnknown) header.is = TunnelHeader::Is::kTunnel;
}

}  // namespace telefence::decode_detail
