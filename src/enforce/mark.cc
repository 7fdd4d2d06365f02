// SPDX-License-Identifier: Apache-2.0
#include "enforce/mark.h"

#include "base/reader.h"
#include "base/writer.h"
#include "decode/decode.h"
#include "enforce/checksum.h"

namespace telefence {
namespace {

void mark_ipv4(MutableBytes header, std::uint8_t dscp) {
  Reader reader{Bytes(header)};
  const std::uint16_t before = reader.u16();
  reader.skip(8);
  const std::uint16_t checksum = reader.u16();
  const auto after = static_cast<std::uint16_t>((before & 0xff03) | dscp << 2);
  Writer(header).u16(after);
  Writer(header.subspan(10)).u16(corrected_checksum(checksum, before, after));
}

// RFC 8200, 3: version, traffic class, flow label. The traffic class is in no checksum.
void mark_ipv6(MutableBytes header, std::uint8_t dscp) {
  const std::uint32_t before = Reader{Bytes(header)}.u32();
  Writer(header).u32((before & 0xf03fffff) | static_cast<std::uint32_t>(dscp) << 22);
}

void mark_header(Frame& frame, std::uint16_t network, std::uint8_t dscp) {
  const MutableBytes header = frame.mutable_bytes().subspan(network);
  if (header[0] >> 4 == 4)
    mark_ipv4(header.first(12), dscp);
  else
    mark_ipv6(header.first(4), dscp);
}

}  // namespace

void mark(Frame& frame, const Layers& layers, std::uint8_t dscp) {
  const OuterChecksums outer(frame, layers);
  TunnelPath path;
  if (layers.tunnels != 0) (void)decode(frame, path);
  for (const TunnelStep& step : path.all())
    if (step.network != TunnelStep::kOnLink) mark_header(frame, step.network, dscp);
  mark_header(frame, layers.network, dscp);
  outer.correct(frame);
}

}  // namespace telefence
