// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes pcap and pcapng files byte by byte, and reads pcap back, without libpcap: what nic/ reads and writes through libpcap
// is checked against the formats themselves (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng). For tests only.

#include <cstdint>
#include <string>
#include <vector>

namespace telefence::testing {

using Octets = std::vector<std::uint8_t>;

struct Packet {
  std::uint64_t time_ns = 0;
  Octets bytes;
  std::uint32_t on_wire = 0;  // 0: as many as there are
  friend bool operator==(const Packet&, const Packet&) = default;
};

inline constexpr std::uint32_t kLinkEthernet = 1, kLinkRaw = 101, kLinkCooked = 113, kLinkNull = 0, kLinkUser = 147;

void write_file(const std::string& path, const Octets& bytes);
Octets pcap_bytes(std::uint32_t link, const std::vector<Packet>& packets, bool nanoseconds = true);
// One section, one interface, if_tsresol 9.
Octets pcapng_bytes(std::uint16_t link, const std::vector<Packet>& packets);

struct PcapContents {
  std::uint32_t link = 0;
  std::vector<Packet> packets;
};
// Little-endian pcap of either precision. Aborts on anything else.
PcapContents read_pcap(const std::string& path);

// A folder of this test's own, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

// `count` Ethernet frames of different lengths and bytes.
std::vector<Packet> sample_packets(std::size_t count);

}  // namespace telefence::testing
