// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"
#include "base/writer.h"
#include "enforce/action.h"
#include "enforce/checksum.h"

namespace telefence::tag_action {
namespace {

std::string_view impossible(const Protocol&) { return {}; }

// RFC 2474, 3: the upper six bits of the second octet; ECN below stays (RFC 3168).
void tag_ipv4(ActionInput& input) {
  const MutableBytes header = input.frame.mutable_bytes().subspan(input.layers.network, 12);
  Reader reader{Bytes(header)};
  const std::uint16_t before = reader.u16();
  reader.skip(8);
  const std::uint16_t checksum = reader.u16();
  const auto after = static_cast<std::uint16_t>((before & 0xff03) | input.options.dscp << 2);
  Writer(header).u16(after);
  Writer(header.subspan(10)).u16(corrected_checksum(checksum, before, after));
}

// RFC 8200, 3: version, traffic class, flow label. The traffic class is in no checksum.
void tag_ipv6(ActionInput& input) {
  const MutableBytes header = input.frame.mutable_bytes().subspan(input.layers.network, 4);
  Reader reader{Bytes(header)};
  const std::uint32_t before = reader.u32();
  Writer(header).u32((before & 0xf03fffff) | static_cast<std::uint32_t>(input.options.dscp) << 22);
}

Fate apply(ActionInput& input) {
  if (input.layers.ip_version == 4)
    tag_ipv4(input);
  else
    tag_ipv6(input);
  return Fate::kTagged;
}

}  // namespace

// Marks the packet's DSCP for equipment further on; nothing is blocked.
extern constinit const Action kAction{.name = "tag", .impossible = impossible, .apply = apply};

}  // namespace telefence::tag_action
