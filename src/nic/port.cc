// SPDX-License-Identifier: Apache-2.0
#include "nic/port.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace telefence {
namespace {

constexpr std::uint16_t kLargestMtu = 9000;
constexpr std::uint64_t kHashFields = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

// The Toeplitz hash of (a, b) equals that of (b, a) when the key repeats every 16 bits (Woo and Park, KAIST 2012).
constexpr std::array<std::uint8_t, 64> symmetric_key() {
  std::array<std::uint8_t, 64> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}

Error refused(const char* what, int code) {
  return {ErrorCode::kEnvironment, std::string(what) + " was refused: " + rte_strerror(code < 0 ? -code : code)};
}

bool spreads_flows(const rte_eth_dev_info& info) { return (info.flow_type_rss_offloads & kHashFields) != 0; }

bool is_driver(const rte_eth_dev_info& info, std::string_view name) {
  return info.driver_name != nullptr && std::string_view(info.driver_name).starts_with(name);
}

// Vdevs made of several rings or captures spread by themselves.
bool is_virtual(const rte_eth_dev_info& info) {
  return is_driver(info, "net_ring") || is_driver(info, "net_pcap") || is_driver(info, "net_null") ||
         is_driver(info, "net_af_packet");
}

rte_eth_conf configuration(const rte_eth_dev_info& info, std::uint16_t queues, std::array<std::uint8_t, 64>& key) {
  rte_eth_conf conf{};
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
  // Whatever passes the wire without us has to pass with us: the largest MTU that the buffers can hold. The drivers of kernel
  // interfaces would change the interface, so they keep theirs.
  const bool own_hardware = std::string_view(rte_bus_name(rte_dev_bus(info.device))) == "pci";
  const bool scatters = conf.rxmode.offloads != 0;
  const std::uint16_t most = scatters ? kLargestMtu : std::uint16_t{kUsualFrameBytes - 48};
  if (own_hardware) conf.rxmode.mtu = std::min(info.max_mtu, most);
  if (queues > 1 && spreads_flows(info)) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = kHashFields & info.flow_type_rss_offloads;
    if (info.hash_key_size != 0 && info.hash_key_size <= key.size()) {
      conf.rx_adv_conf.rss_conf.rss_key = key.data();
      conf.rx_adv_conf.rss_conf.rss_key_len = info.hash_key_size;
    }
  }
  return conf;
}

Result<void> set_up_queues(std::uint16_t port, const PortUse& use, const PacketMemory& memory) {
  std::uint16_t receive = kDescriptors;
  std::uint16_t transmit = kDescriptors;
  if (const int code = rte_eth_dev_adjust_nb_rx_tx_desc(port, &receive, &transmit); code != 0)
    return refused("the number of descriptors", code);
  const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(port));
  for (std::uint16_t queue = 0; queue < use.receive; ++queue)
    if (const int code = rte_eth_rx_queue_setup(port, queue, receive, socket, nullptr, memory.frames()); code != 0)
      return refused("a receive queue", code);
  for (std::uint16_t queue = 0; queue < use.transmit; ++queue)
    if (const int code = rte_eth_tx_queue_setup(port, queue, transmit, socket, nullptr); code != 0)
      return refused("a transmit queue", code);
  return {};
}

}  // namespace

std::optional<FoundPort> find_port(const Device& device) {
  FoundPort found;
  if (rte_eth_dev_get_port_by_name(device.dpdk_name.c_str(), &found.dpdk_port) != 0) return std::nullopt;
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(found.dpdk_port, &info) != 0) return std::nullopt;
  if (spreads_flows(info) || is_virtual(info))
    found.queues = std::max<std::uint16_t>(std::min(info.max_rx_queues, info.max_tx_queues), 1);
  found.interface = device.interface;
  found.longest_sent = device.longest_sent;
  if (is_driver(info, "net_pcap") || is_driver(info, "net_af_")) found.opened_queues = info.max_rx_queues;
  found.drops_uncounted = is_driver(info, "net_af_packet");
  // What a NIC received has passed a wire, and nobody's checksum is made behind that.
  const auto kernel_drivers = {"net_af_", "net_pcap", "net_tap", "net_tun", "net_virtio_user", "net_vhost", "net_memif"};
  found.may_lack_checksums = std::any_of(kernel_drivers.begin(), kernel_drivers.end(), [&](const char* name) { return is_driver(info, name); });
  const bool is_capture = is_driver(info, "net_pcap") && device.argument.find("iface=") == std::string::npos;
  found.can_overrun = !is_capture && !is_driver(info, "net_null");
  return found;
}

Result<Port> Port::open(const FoundPort& found, const PortUse& use, const PacketMemory& memory) {
  if (use.listens && found.opened_queues > use.receive)
    return Error{ErrorCode::kInvalid, "has " + std::to_string(found.opened_queues) + " receive queues, of which " +
                                          std::to_string(use.receive) + " would be served, and what comes into the others would be "
                                          "lost: give it fewer, or more to the other port of its wire and to `engine.workers`"};
  Port port(found, use.listens);
  rte_eth_dev_info info{};
  if (const int code = rte_eth_dev_info_get(found.dpdk_port, &info); code != 0) return refused("a look at it", code);
  std::array<std::uint8_t, 64> key = symmetric_key();
  const rte_eth_conf conf = configuration(info, use.receive, key);
  if (const int code = rte_eth_dev_configure(found.dpdk_port, use.receive, use.transmit, &conf); code != 0)
    return refused("the configuration", code);
  if (Result<void> set_up = set_up_queues(found.dpdk_port, use, memory); !set_up) return set_up.error();
  if (const int code = rte_eth_dev_start(found.dpdk_port); code != 0) return refused("its start", code);
  // Some vdevs have no such mode and see everything anyway.
  if (use.listens) (void)rte_eth_promiscuous_enable(found.dpdk_port);
  (void)rte_eth_stats_reset(found.dpdk_port);
  if (found.drops_uncounted && use.listens) port.drops_ = std::make_unique<PacketSocketDrops>(found.interface);
  return port;
}

Port::Port(Port&& other) noexcept
    : dpdk_port_(std::exchange(other.dpdk_port_, std::nullopt)),
      interface_(std::move(other.interface_)),
      listens_(other.listens_),
      drops_(std::move(other.drops_)) {}

std::uint16_t Port::descriptors() const {
  rte_eth_rxq_info info{};
  return rte_eth_rx_queue_info_get(*dpdk_port_, 0, &info) == 0 ? info.nb_desc : kDescriptors;
}

Port::~Port() {
  if (!dpdk_port_) return;
  (void)rte_eth_dev_stop(*dpdk_port_);
  (void)rte_eth_dev_close(*dpdk_port_);
}

MacAddress Port::address() const {
  rte_ether_addr found{};
  (void)rte_eth_macaddr_get(*dpdk_port_, &found);
  MacAddress address;
  std::copy(std::begin(found.addr_bytes), std::end(found.addr_bytes), address.begin());
  return address;
}

PortCounts Port::counts() const {
  PortCounts counts;
  rte_eth_stats stats{};
  if (rte_eth_stats_get(*dpdk_port_, &stats) == 0) {
    counts.received = stats.ipackets;
    counts.received_bytes = stats.ibytes;
    counts.transmitted = stats.opackets;
    counts.transmitted_bytes = stats.obytes;
    counts.missed = listens_ ? stats.imissed : 0;
    counts.no_buffer = stats.rx_nombuf;
    counts.receive_errors = stats.ierrors;
    counts.transmit_errors = stats.oerrors;
  }
  if (drops_) counts.missed += drops_->read();
  if (!interface_.empty()) {
    counts.link_up = look_up_interface(interface_).has_link;
    return counts;
  }
  rte_eth_link link{};
  counts.link_up = rte_eth_link_get_nowait(*dpdk_port_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  return counts;
}

}  // namespace telefence
