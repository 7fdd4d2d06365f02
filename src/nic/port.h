// SPDX-License-Identifier: Apache-2.0
#pragma once

// One open DPDK port: N queue pairs with RSS that sends both directions of a connection to the same queue number, promiscuous,
// no checksum or segmentation offloads. Control thread; counts() from any.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "nic/device.h"
#include "nic/interface.h"
#include "nic/mac_address.h"
#include "nic/memory.h"
#include "nic/nic.h"

namespace telefence {

// A port that DPDK has found but that is not configured yet.
struct FoundPort {
  std::uint16_t dpdk_port = 0;
  std::uint16_t queues = 1;  // pairs it can have so that flows are spread over them
  std::string interface;     // of the kernel; "" = none
  std::uint32_t longest_sent = UINT32_MAX;
  std::uint16_t opened_queues = 0;  // of a vdev that receives into them whether they are served or not
  bool drops_uncounted = false;  // by its driver
  bool may_lack_checksums = false;  // frames of senders on this machine, who leave checksums to a NIC that they never come to
  bool can_overrun = true;       // else it makes its packets itself, and they wait
};

// nullopt when DPDK did not open it.
std::optional<FoundPort> find_port(const Device& device);

// What a port is opened for: queues of each kind, at most FoundPort::queues.
struct PortUse {
  std::uint16_t receive = 1;
  std::uint16_t transmit = 1;
  bool listens = true;  // false: nobody takes what comes in, so it is not missed
};

class Port {
 public:
  // Configures and starts it.
  static Result<Port> open(const FoundPort& found, const PortUse& use, const PacketMemory& memory);
  Port(Port&& other) noexcept;
  Port& operator=(Port&&) = delete;
  // Stops and closes it.
  ~Port();

  std::uint16_t dpdk_port() const { return *dpdk_port_; }
  MacAddress address() const;
  // Of each receive queue, as the driver set them.
  std::uint16_t descriptors() const;
  PortCounts counts() const;

 private:
  Port(const FoundPort& found, bool listens) : dpdk_port_(found.dpdk_port), interface_(found.interface), listens_(listens) {}
  std::optional<std::uint16_t> dpdk_port_;
  std::string interface_;
  bool listens_;
  std::unique_ptr<PacketSocketDrops> drops_;
};

}  // namespace telefence
