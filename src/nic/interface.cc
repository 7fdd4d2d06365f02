// SPDX-License-Identifier: Apache-2.0
#include "nic/interface.h"

#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace telefence {
namespace {

bool is_packet_socket_on(int file, unsigned interface_index) {
  sockaddr_ll address{};
  socklen_t length = sizeof address;
  return getsockname(file, reinterpret_cast<sockaddr*>(&address), &length) == 0 && address.sll_family == AF_PACKET &&
         address.sll_ifindex == static_cast<int>(interface_index);
}

}  // namespace

Interface look_up_interface(const std::string& name) {
  Interface found;
  found.there = name.size() < IFNAMSIZ && if_nametoindex(name.c_str()) != 0;
  const int any_socket = found.there ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
  if (any_socket < 0) return found;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(any_socket, SIOCGIFFLAGS, &request) == 0) {
    found.up = (request.ifr_flags & IFF_UP) != 0;
    found.has_link = found.up && (request.ifr_flags & IFF_RUNNING) != 0;
  }
  if (ioctl(any_socket, SIOCGIFMTU, &request) == 0) found.mtu = static_cast<std::uint32_t>(request.ifr_mtu);
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  request.ifr_data = reinterpret_cast<char*>(&channels);
  if (ioctl(any_socket, SIOCETHTOOL, &request) == 0) {
    found.receive_queues = std::max(channels.rx_count + channels.combined_count, 1u);
    found.queues_are_combined = channels.combined_count != 0;
  }
  close(any_socket);
  return found;
}

// Drivers keep their sockets to themselves, so they are found among the open files.
std::vector<int> packet_sockets_on(const std::string& interface) {
  std::vector<int> sockets;
  const unsigned index = if_nametoindex(interface.c_str());
  DIR* entries = index == 0 ? nullptr : opendir("/proc/self/fd");
  if (entries == nullptr) return sockets;
  while (const dirent* entry = readdir(entries)) {
    const int file = std::atoi(entry->d_name);
    if (is_packet_socket_on(file, index)) sockets.push_back(file);
  }
  closedir(entries);
  return sockets;
}

PacketSocketDrops::PacketSocketDrops(const std::string& interface) : sockets_(packet_sockets_on(interface)) {
  (void)read();
  dropped_ = 0;
}

std::uint64_t PacketSocketDrops::read() {
  for (const int file : sockets_) {
    tpacket_stats stats{};
    socklen_t length = sizeof stats;
    if (getsockopt(file, SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0) dropped_ += stats.tp_drops;
  }
  return dropped_;
}

}  // namespace telefence
