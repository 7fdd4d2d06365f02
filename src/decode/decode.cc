// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include "decode/ip.h"
#include "decode/link.h"
#include "decode/transport.h"

namespace telefence {

namespace {

using decode_detail::Found;
using decode_detail::IpEnd;
using decode_detail::Network;

Network by_version(const Frame& frame, const Layers& layers) {
  Reader reader(frame.bytes().subspan(layers.network));
  switch (reader.peek() >> 4) {
    case 4:
      return Network::kIpv4;
    case 6:
      return Network::kIpv6;
    default:
      return Network::kUnknown;
  }
}

DecodeEnd decode_network(const Frame& frame, Network network, Layers& layers) {
  IpEnd end;
  const Found found = network == Network::kIpv4 ? decode_detail::decode_ipv4(frame.bytes(), layers, end)
                                                : decode_detail::decode_ipv6(frame.bytes(), layers, end);
  switch (found) {
    case Found::kTransport:
      return decode_detail::decode_transport(frame.bytes(), layers, end);
    case Found::kFragment:
      return DecodeEnd::kFragment;
    case Found::kBad:
      break;
  }
  return DecodeEnd::kBadHeader;
}

}  // namespace

Layers decode(const Frame& frame) {
  Layers layers;
  Network network = decode_detail::decode_link(frame, layers);
  if (network == Network::kAnyIp) network = by_version(frame, layers);
  if (network == Network::kUnknown) {
    layers.end = DecodeEnd::kUnknownLink;
  } else if (network != Network::kCut) {
    layers.end = decode_network(frame, network, layers);
  }
  return layers;
}

}  // namespace telefence
