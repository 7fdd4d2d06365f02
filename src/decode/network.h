// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a network header to the payload of UDP or TCP. Pure functions.

#include "base/bytes.h"
#include "decode/ip.h"
#include "decode/layers.h"
#include "decode/link.h"
#include "decode/transport.h"

namespace telefence::decode_detail {

inline Network by_version(Bytes bytes, std::size_t at) {
  if (at >= bytes.size()) return Network::kUnknown;
  switch (bytes[at] >> 4) {
    case 4: return Network::kIpv4;
    case 6: return Network::kIpv6;
    default: return Network::kUnknown;
  }
}

// Requires: is_ip(network), whose header lies at layers.network. `end` gets where the packet ends by its own length.
[[gnu::always_inline]] inline DecodeEnd decode_network(Bytes bytes, Network network, Layers& layers, IpEnd& end) {
  const Found found = network == Network::kIpv4 ? decode_ipv4(bytes, layers, end) : decode_ipv6(bytes, layers, end);
  switch (found) {
    case Found::kTransport: return decode_transport(bytes, layers, end);
    case Found::kFragment: return DecodeEnd::kFragment;
    case Found::kBad: break;
  }
  return DecodeEnd::kBadHeader;
}

}  // namespace telefence::decode_detail
