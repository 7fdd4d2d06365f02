// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernel knows of its interfaces and DPDK's drivers for them do not tell: they say that the link is up whatever
// happens, and do not count what comes while the ring of a packet socket is full. Asked in this process's network namespace
// (/sys shows another one's after setns). Any thread.

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace telefence {

struct Interface {
  bool there = false;
  bool up = false;        // by the operator's will
  bool has_link = false;  // and in fact
  std::uint32_t mtu = 1500;
  std::uint32_t receive_queues = 1;
  bool queues_are_combined = false;  // with those for sending, as ethtool -L calls it
};

Interface look_up_interface(const std::string& name);

// The packet sockets that this process has open on it, whoever opened them.
std::vector<int> packet_sockets_on(const std::string& interface);

// Packets that were lost because this process's packet sockets on one interface were full.
class PacketSocketDrops {
 public:
  // Looks for the sockets that are open now. They must stay open while this lives.
  explicit PacketSocketDrops(const std::string& interface);
  // Since the construction.
  std::uint64_t read();

 private:
  std::vector<int> sockets_;
  std::atomic<std::uint64_t> dropped_{0};  // the kernel's own counter goes back to 0 with every look at it
};

}  // namespace telefence
