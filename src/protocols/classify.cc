// SPDX-License-Identifier: Apache-2.0
#include "protocols/classify.h"

#include <algorithm>

#include "base/check.h"

namespace telefence {

Classifier::Classifier() : ports_(std::make_unique<PortMap>()) {
  ports_->tcp.fill(kNoProtocol);
  ports_->udp.fill(kNoProtocol);
  const auto all = registered_protocols();
  CHECK(all.size() <= enabled_.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    enabled_[i] = true;
    if (all[i]->spreads && all[i]->recognise != nullptr) spread_[spread_count_++] = all[i];
    for (std::uint16_t port : all[i]->tcp_ports) ports_->tcp[port] = static_cast<std::uint8_t>(i);
    for (std::uint16_t port : all[i]->udp_ports) ports_->udp[port] = static_cast<std::uint8_t>(i);
  }
}

void Classifier::disable(std::uint8_t protocol) { enabled_[protocol] = false; }

void Classifier::set_ports(std::uint8_t protocol, std::span<const std::uint16_t> tcp,
                           std::span<const std::uint16_t> udp) {
  std::replace(ports_->tcp.begin(), ports_->tcp.end(), protocol, kNoProtocol);
  std::replace(ports_->udp.begin(), ports_->udp.end(), protocol, kNoProtocol);
  for (std::uint16_t port : tcp) ports_->tcp[port] = protocol;
  for (std::uint16_t port : udp) ports_->udp[port] = protocol;
}

std::uint8_t Classifier::by_source_or_content(const Payload& payload, bool from_opener) const {
  const auto& map = payload.transport == Transport::kUdp ? ports_->udp : ports_->tcp;
  const std::uint8_t by_source = from_opener ? kNoProtocol : map[payload.source_port];
  if (by_source != kNoProtocol && !registered_protocols()[by_source]->keeps_its_ports) return by_source;  // or what it shows to be
  const std::uint8_t by_content = next_by_content(payload, kNoProtocol);
  // Whoever sends from that port may have chosen it to be taken for something else.
  return by_content != kNoProtocol ? by_content : by_source;
}

std::uint8_t Classifier::next_by_content(const Payload& payload, std::uint8_t tried) const {
  const auto all = registered_protocols();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i == tried || all[i]->recognise == nullptr) continue;
    if (all[i]->recognise(payload)) return static_cast<std::uint8_t>(i);
  }
  return kNoProtocol;
}

}  // namespace telefence
