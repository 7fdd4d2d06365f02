// SPDX-License-Identifier: Apache-2.0
#include "decode/layers.h"

#include <algorithm>

namespace telefence {

namespace {

IpAddress address_at(const Frame& frame, std::uint16_t network, std::uint8_t version, bool destination) {
  IpAddress result;
  result.version = version;
  const Bytes both = addresses_at(frame, network, version);
  const Bytes view = destination ? both.last(both.size() / 2) : both.first(both.size() / 2);
  std::copy(view.begin(), view.end(), result.bytes.begin());
  return result;
}

}  // namespace

IpAddress source_address(const Frame& frame, const Layers& layers) {
  return address_at(frame, layers.network, layers.ip_version, false);
}

IpAddress destination_address(const Frame& frame, const Layers& layers) {
  return address_at(frame, layers.network, layers.ip_version, true);
}

IpEnds ip_ends_at(const Frame& frame, std::uint16_t network) {
  const std::uint8_t version = ip_version_at(frame, network);
  return {address_at(frame, network, version, false), address_at(frame, network, version, true)};
}

std::uint8_t hops_left(const Frame& frame, const Layers& layers) {
  return frame.bytes()[layers.network + (layers.ip_version == 4 ? 8u : 7u)];
}

std::uint32_t sequence_after(const TcpHeader& header, const Layers& layers) {
  std::uint32_t length = layers.payload_length;
  if ((header.flags & kTcpSyn) != 0) ++length;
  if ((header.flags & kTcpFin) != 0) ++length;
  return header.sequence + length;
}

}  // namespace telefence
