// SPDX-License-Identifier: Apache-2.0
#include "decode_promises.h"

#include "decode/decode.h"

namespace telefence::testing {
namespace {

std::string broken_by_network(const Frame& frame, const Layers& layers) {
  const std::size_t header = layers.ip_version == 4 ? 20 : 40;
  if (layers.network + header > frame.length) return "the IP header is not in the frame";
  if (layers.network_end > frame.length) return "the IP packet ends behind the frame";
  if (source_address(frame, layers).version != layers.ip_version) return "the address has another version";
  if (destination_address(frame, layers).version != layers.ip_version) return "the address has another version";
  return "";
}

std::string broken_by_transport(const Frame& frame, const Layers& layers) {
  const bool tcp = layers.transport == Transport::kTcp;
  if (layers.ip_protocol != (tcp ? 6 : 17)) return "transport and IP protocol differ";
  if (layers.transport_at < layers.network + 20) return "the transport header lies in the IP header";
  if (layers.payload < layers.transport_at + (tcp ? 20u : 8u)) return "the payload lies in the transport header";
  if (std::size_t{layers.payload} + layers.payload_length > layers.network_end) return "payload behind the IP packet";
  if ((layers.payload_length != 0) != (layers.end == DecodeEnd::kPayload)) return "payload length and end differ";
  if (tcp && tcp_header(frame, layers).header_bytes != layers.payload - layers.transport_at)
    return "the TCP header does not end where the payload begins";
  unsigned sum = 0;
  for (std::uint8_t byte : payload_of(frame, layers)) sum += byte;  // reads all of it, for guards and sanitizers
  return sum == ~0u ? "unreachable" : "";
}

std::string broken_by_tunnels(const Frame& frame, const Layers& layers) {
  TunnelPath path;
  const Layers again = decode(frame, path);
  if (!(again == layers)) return "the path changes the layers";
  if (path.count != layers.tunnels || layers.tunnels > kMostTunnels) return "the path has another length";
  if ((layers.tunnels == 0) != (layers.tunnel == TunnelKind::kNone)) return "a kind without tunnel, or none with one";
  std::size_t reached = 0;
  for (const TunnelStep& step : path.all()) {
    if (step.network != TunnelStep::kOnLink && (step.network < reached || step.network >= step.at)) return "the carrier lies elsewhere";
    if (step.at < reached || step.inside < step.at || step.inside > frame.length) return "a tunnel goes back or out of the frame";
    if (!layers.is_in(step.kind)) return "a kind is not told";
    reached = step.inside;
  }
  if (layers.tunnels == 0 || layers.ip_version == 0) return "";
  if (layers.network < reached) return "the packet does not lie in its tunnels";
  if (layers.outer_network > layers.tunnel_network || layers.tunnel_network > layers.network) return "the carriers are in no order";
  const IpEnds outer = ip_ends_at(frame, layers.outer_network);
  const bool has_version = outer.source.version == 4 || outer.source.version == 6;
  return has_version && outer.source.version == outer.destination.version ? "" : "no packet where the outermost one is told";
}

}  // namespace

std::string broken_decode_promise(Bytes bytes, LinkType link, GuardedBytes& memory) {
  const MutableBytes copy = memory.copy(bytes);
  Frame frame;
  frame.data = copy.data();
  frame.length = static_cast<std::uint32_t>(copy.size());
  frame.link = link;
  const Layers layers = decode(frame);
  const bool to_transport = layers.end == DecodeEnd::kPayload || layers.end == DecodeEnd::kNoPayload;
  if (to_transport != (layers.transport != Transport::kNone)) return "transport told without a sound header, or none";
  if (!to_transport && layers.payload_length != 0) return "payload without transport";
  const bool needs_network = to_transport || layers.end == DecodeEnd::kFragment ||
                             layers.end == DecodeEnd::kUnknownTransport;
  if (needs_network && layers.ip_version == 0) return "no IP version";
  if (layers.end == DecodeEnd::kUnknownLink && layers.ip_version != 0) return "an IP version without IP";
  std::string broken = layers.ip_version != 0 ? broken_by_network(frame, layers) : "";
  if (broken.empty() && to_transport) broken = broken_by_transport(frame, layers);
  if (broken.empty()) broken = broken_by_tunnels(frame, layers);
  return broken;
}

}  // namespace telefence::testing
