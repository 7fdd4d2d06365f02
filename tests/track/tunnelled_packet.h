// SPDX-License-Identifier: Apache-2.0
#pragma once

// A subscriber's packet in a tunnel, with what tells flows and directions apart as parameters.

#include "decode/decode.h"
#include "decode/in_tunnel.h"

namespace telefence::testing {

struct InnerShape {
  bool reversed = false;  // from the server
  std::uint8_t subscriber = 1;
  std::uint16_t port = 40000;
  std::uint16_t service = 443;
  bool udp = false;
  std::uint32_t sequence = 1000;
  std::uint32_t acknowledgement = 5000;
  std::uint8_t flags = kTcpAck;
  Octets payload;
};

inline Octets inner_of(const InnerShape& shape) {
  const Octets near{10, 0, 0, shape.subscriber}, far{198, 51, 100, 7};
  const Octets ports = shape.reversed ? big16(shape.service) + big16(shape.port) : big16(shape.port) + big16(shape.service);
  const Octets segment = shape.udp ? ports + big16(8 + shape.payload.size()) + big16(0) + shape.payload
                                   : ports + big32(shape.sequence) + big32(shape.acknowledgement) + Octets{5 << 4, shape.flags} +
                                         filled(6, 0) + shape.payload;
  Octets header = Octets{0x45, 0} + big16(20 + segment.size()) + big32(0) + Octets{64, shape.udp ? kUdp : kTcp, 0, 0} +
                  (shape.reversed ? far + near : near + far);
  put16(header, 10, static_cast<std::uint16_t>(~sum_of(header)));
  return header + segment;
}

struct TunnelledPacket {
  Octets octets;
  Frame frame;
  Layers layers;

  explicit TunnelledPacket(Octets given) : octets(std::move(given)) {
    frame.data = octets.data();
    frame.length = static_cast<std::uint32_t>(octets.size());
    layers = decode(frame);
  }
  TunnelledPacket(TunnelShape tunnel, const InnerShape& inner) : TunnelledPacket(in_tunnel((tunnel.reversed = inner.reversed, tunnel), inner_of(inner))) {}
  TunnelledPacket(const TunnelledPacket&) = delete;
  TunnelledPacket& operator=(const TunnelledPacket&) = delete;
};

}  // namespace telefence::testing
