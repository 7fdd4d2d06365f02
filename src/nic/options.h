// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace telefence {

// One port. `device` is a PCI address (0000:3b:00.0), a kernel interface name (ens1f0), or a DPDK vdev string
// (net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap). Sealed at start.
struct PortOptions {
  std::string name;
  std::string device;
  std::string driver = "af_packet";  // for kernel interface names: af_packet or af_xdp
  // Whether a frame may come before its checksum is made; kAuto: from kernel interfaces and captures.
  enum class Checksums : std::uint8_t { kAuto, kStrict, kLenient };
  Checksums checksums = Checksums::kAuto;
};

// Packets that workers handed over and that may wait for one worker at one port.
inline constexpr std::uint32_t kPassedOnFrames = 1024;

struct NicOptions {
  std::vector<PortOptions> ports;
  std::vector<std::pair<std::string, std::string>> wire;  // in-line pairs by port name
  std::vector<std::string> mirror;                        // one-sided ports by name
  std::string respond;                                    // port by name that copies are answered by; "" = none
  std::string respond_gateway;                            // MAC address that answers are sent to; "" = as in the copy
  std::uint16_t respond_vlan = 0;                         // 802.1Q id of answers; 0 = as in the copy, to a gateway none
  std::vector<unsigned> worker_cores;                     // lcore ids; one worker each
  unsigned control_core = 0;
  std::string hugepages = "auto";  // auto, off, or a size in MiB as decimal digits
  std::uint32_t frames = 0;        // buffers in the pool; 0 = from ports, queues and workers
  std::uint32_t held_frames = 2048;  // that each worker may keep waiting
  bool spread_tunnels = true;      // workers may hand packets to one another: there are buffers for those on their way
  std::vector<std::string> eal;    // extra EAL arguments, last
};

}  // namespace telefence
