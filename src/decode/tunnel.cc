// SPDX-License-Identifier: Apache-2.0
#include "decode/tunnel.h"

#include <algorithm>

#include "base/reader.h"
#include "decode/network.h"
#include "decode/tunnel_header.h"

namespace telefence::decode_detail {
namespace {

// An Ethernet header and its tags somewhere in the frame. The first two tags from outside are told.
Network decode_inner_ethernet(Bytes bytes, std::size_t at, Layers& layers) {
  const std::uint16_t vlan = layers.vlan;
  const std::uint16_t inner_vlan = layers.inner_vlan;
  layers.vlan = layers.inner_vlan = 0;
  Reader reader(bytes);
  reader.skip(at + kEthernetBytes - 2);
  const std::uint16_t type = reader.u16();
  const Network network = network_by_type(reader, type, layers);
  if (vlan == 0) return network;
  layers.inner_vlan = inner_vlan == 0 ? layers.vlan : inner_vlan;
  layers.vlan = vlan;
  return network;
}

class Walk {
 public:
  Walk(Bytes frame, Layers& layers, TunnelPath& path) : bytes_(frame), layers_(layers), path_(path) {}

  void run(Network network, IpEnd end) {
    what_ = network;
    if (is_ip(network))
      end_ = end;
    else
      carrier_ = layers_;
    while (step()) {
    }
    path_.count = layers_.tunnels;
  }

 private:
  // One tunnel further in. False: there is none, or nothing that is read is in it.
  bool step();
  void enter(const TunnelHeader& header);
  bool decode_inside(const TunnelHeader& header);
  void tell_carriers();
  void bad_header();
  void too_deep();

  Bytes bytes_;       // up to the end of what is being looked into
  Layers& layers_;    // of what_
  Layers carrier_;    // the innermost packet around it: what stands when there is no packet in a tunnel
  Layers doubted_;    // the packet around what is a tunnel only if a sound packet is found in it
  bool is_in_doubt_ = false;
  TunnelPath& path_;
  Network what_ = Network::kUnknown;  // a packet, or kMpls or kPppoe at layers_.network
  IpEnd end_{SIZE_MAX};
};

bool Walk::step() {
  const bool is_packet = is_ip(what_);
  if (is_packet && !may_be_tunnel(what_, layers_)) return false;
  TunnelHeader header;
  if (is_packet)
    carried_tunnel(bytes_, layers_, end_, header);
  else if (what_ == Network::kMpls)
    mpls_header(bytes_, layers_.network, TunnelStep::kOnLink, header);
  else
    pppoe_header(bytes_, layers_.network, header);
  if (header.is == TunnelHeader::Is::kTunnel && header.step.inside > kFurthestHeader) header.is = TunnelHeader::Is::kNone;
  if (header.is == TunnelHeader::Is::kCut) {
    bad_header();
    return false;
  }
  if (header.is == TunnelHeader::Is::kNone) {
    if (!is_packet) layers_ = carrier_;
    return false;
  }
  if (is_packet) carrier_ = layers_;
  if (layers_.tunnels == kMostTunnels) {
    layers_ = carrier_;
    if (!header.is_odd && !is_in_doubt_) too_deep();
    return false;
  }
  if (header.is_odd && !is_in_doubt_) {
    is_in_doubt_ = true;
    doubted_ = carrier_;
  }
  enter(header);
  return decode_inside(header);
}

// Notes the tunnel; what was known of the packet that carries it makes room for what is inside.
void Walk::enter(const TunnelHeader& header) {
  const TunnelStep& tunnel = header.step;
  path_.steps[layers_.tunnels] = tunnel;
  ++layers_.tunnels;
  layers_.tunnel = tunnel.kind;
  layers_.tunnel_kinds = static_cast<TunnelKinds>(layers_.tunnel_kinds | bit_of(tunnel.kind));
  layers_.tunnel_at = tunnel.at;
  layers_.tunnel_id = tunnel.id;
  layers_.network = tunnel.inside;
  layers_.transport = Transport::kNone;
  layers_.ip_version = 0;
  layers_.source_port = layers_.destination_port = 0;
  layers_.payload = layers_.payload_length = 0;
  end_.declared_end = std::min(header.declared_end, end_.declared_end);
  bytes_ = bytes_.first(std::min(end_.declared_end, bytes_.size()));
}

bool Walk::decode_inside(const TunnelHeader& header) {
  what_ = header.inside;
  if (what_ == Network::kEthernet) what_ = decode_inner_ethernet(bytes_, layers_.network, layers_);
  if (what_ == Network::kAnyIp) what_ = by_version(bytes_, layers_.network);
  if (what_ == Network::kMpls || what_ == Network::kPppoe) return true;
  if (what_ == Network::kUnknown) {
    layers_ = is_in_doubt_ ? doubted_ : carrier_;
    return false;
  }
  IpEnd inside;
  layers_.end = what_ == Network::kCut ? DecodeEnd::kBadHeader : decode_network(bytes_, what_, layers_, inside);
  // What claims to be longer than what carries it is nothing that a receiver would take out of it.
  if (layers_.end == DecodeEnd::kBadHeader || inside.declared_end > end_.declared_end) {
    bad_header();
    return false;
  }
  is_in_doubt_ = false;
  tell_carriers();
  end_ = inside;
  return true;
}

// The outermost and the innermost of those tunnels that lie in an IP packet at all.
void Walk::tell_carriers() {
  layers_.outer_network = layers_.network;
  for (std::size_t i = layers_.tunnels; i-- > 0;)
    if (path_.steps[i].network != TunnelStep::kOnLink) layers_.outer_network = path_.steps[i].network;
  const TunnelStep& innermost = path_.steps[layers_.tunnels - 1u];
  layers_.tunnel_network = innermost.network == TunnelStep::kOnLink ? layers_.network : innermost.network;
}

// There is a tunnel, and nobody at its end could make out what is in it; or what only might have been one is none.
void Walk::bad_header() {
  if (is_in_doubt_) {
    layers_ = doubted_;
    return;
  }
  layers_.end = DecodeEnd::kBadHeader;
  layers_.ip_version = 0;
  layers_.transport = Transport::kNone;
  layers_.payload = layers_.payload_length = 0;
}

// The packet that carries one tunnel too many is told as one whose content is not known.
void Walk::too_deep() {
  if (layers_.ip_version == 0) return;
  layers_.end = DecodeEnd::kUnknownTransport;
  layers_.transport = Transport::kNone;
  layers_.source_port = layers_.destination_port = 0;
  layers_.payload = layers_.payload_length = 0;
}

}  // namespace

void walk_tunnels(Bytes frame, Network network, IpEnd end, Layers& layers, TunnelPath& path) {
  Walk(frame, layers, path).run(network, end);
}

}  // namespace telefence::decode_detail
