// SPDX-License-Identifier: Apache-2.0
#pragma once

// One open DPDK port: N queue pairs with RSS that sends both directions of a connection to the same queue number, promiscuous,
// no checksum or segmentation offloads. Control thread; counts() from any.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "nic/memory.h"
#include "nic/nic.h"

namespace telefence {

// A port that DPDK has found but that is not configured yet.
struct FoundPort {
  std::uint16_t dpdk_port = 0;
  std::uint16_t queues = 1;  // pairs it can have so that flows are spread over them
};

// nullopt when DPDK did not open it.
std::optional<FoundPort> find_port(const std::string& dpdk_name);

class Port {
 public:
  // Configures and starts it. `queues` at most FoundPort::queues.
  static Result<Port> open(const FoundPort& found, std::uint16_t queues, const PacketMemory& memory);
  Port(Port&& other) noexcept;
  Port& operator=(Port&&) = delete;
  // Stops and closes it.
  ~Port();

  std::uint16_t dpdk_port() const { return *dpdk_port_; }
  PortCounts counts() const;

 private:
  explicit Port(std::uint16_t dpdk_port) : dpdk_port_(dpdk_port) {}
  std::optional<std::uint16_t> dpdk_port_;
};

}  // namespace telefence
