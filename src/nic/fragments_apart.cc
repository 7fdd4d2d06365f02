// SPDX-License-Identifier: Apache-2.0
// DPDK's net_af_packet puts each of its sockets into a group (PACKET_FANOUT) with PACKET_FANOUT_FLAG_DEFRAG, even a single one
// (drivers/net/af_packet/rte_eth_af_packet.c, rte_pmd_init_internals; 22.11 has no argument against it). The kernel then puts the
// fragments of an IPv4 packet together before the socket gets them (packet(7); packet_rcv_fanout in its net/packet/af_packet.c).
// The whole packet is longer than the MTU of the port to leave by, and often than a frame of the ring: it would be lost, and on a
// wire without us it would not be. A group can't be left and its flags can't be changed, so the flag is taken out where the driver
// sets it: the setsockopt of the program comes before libc's for every library that it loads (nic/meson.build exports it).
//
// Fragments of one packet come to the same queue by themselves: the kernel's hash takes no ports of a fragment, not even of the
// first (__skb_flow_dissect without FLOW_DISSECTOR_F_PARSE_1ST_FRAG), only addresses and protocol.
#include "nic/fragments_apart.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "nic/interface.h"

namespace telefence {
namespace {

constexpr std::uint32_t kDefrag = std::uint32_t{PACKET_FANOUT_FLAG_DEFRAG} << 16;  // beside the type, above the group's number

}  // namespace

bool joins_fragments(const std::string& interface) {
  for (const int file : packet_sockets_on(interface)) {
    std::uint32_t group = 0;  // stays so for a socket in no group
    socklen_t length = sizeof group;
    if (getsockopt(file, SOL_PACKET, PACKET_FANOUT, &group, &length) == 0 && (group & kDefrag) != 0) return true;
  }
  return false;
}

}  // namespace telefence

// As libc declares it. Every other option goes to the kernel as it is.
extern "C" __attribute__((visibility("default"), used)) int setsockopt(int file, int level, int option, const void* value,
                                                                       socklen_t length) noexcept {
  std::uint32_t words[4] = {};  // the second form, struct fanout_args, begins with the same word
  if (level == SOL_PACKET && option == PACKET_FANOUT && value != nullptr && length >= sizeof words[0] && length <= sizeof words) {
    std::memcpy(words, value, length);
    words[0] &= ~telefence::kDefrag;
    value = words;
  }
  return static_cast<int>(syscall(SYS_setsockopt, file, level, option, value, length));
}
