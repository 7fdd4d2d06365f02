// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the word `device` of a port means, what DPDK calls it, and whether the machine has it: a PCI address, a kernel
// interface or a vdev string. Looked at before DPDK starts, because DPDK reports success when it opened nothing. Control
// thread, at start.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nic/options.h"

namespace telefence {

enum class DeviceKind : std::uint8_t { kPci, kInterface, kVdev };

struct Device {
  DeviceKind kind = DeviceKind::kVdev;
  std::string dpdk_name;   // rte_eth_dev_get_port_by_name() finds it by this
  std::string argument;    // value of --allow (PCI) or --vdev
  std::uint32_t largest_frame = 0;  // bytes a receive buffer has to hold; 0 = the usual
  std::vector<std::string> notes;
  std::string interface;  // of the kernel; "" = none
  std::uint32_t longest_sent = UINT32_MAX;  // bytes of a frame that it may be given
};

DeviceKind device_kind(std::string_view device);

// Fails with kEnvironment and the sentence for the operator, without the port's name. `index` keeps names apart.
Result<Device> find_device(const PortOptions& port, std::size_t index);

}  // namespace telefence
