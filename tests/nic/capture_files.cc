// SPDX-License-Identifier: Apache-2.0
#include "capture_files.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"

namespace telefence::testing {
namespace {

constexpr std::uint32_t kMicrosecondMagic = 0xa1b2c3d4, kNanosecondMagic = 0xa1b23c4d;
constexpr std::uint64_t kSecond = 1'000'000'000;

void put(Octets& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint32_t get32(const Octets& in, std::size_t at) {
  CHECK(at + 4 <= in.size());
  return static_cast<std::uint32_t>(in[at] | in[at + 1] << 8 | in[at + 2] << 16) |
         static_cast<std::uint32_t>(in[at + 3]) << 24;
}

void put_block(Octets& out, std::uint32_t type, Octets body) {
  while (body.size() % 4 != 0) body.push_back(0);
  put(out, type, 4);
  put(out, body.size() + 12, 4);
  out.insert(out.end(), body.begin(), body.end());
  put(out, body.size() + 12, 4);
}

std::uint32_t on_wire(const Packet& packet) {
  return packet.on_wire != 0 ? packet.on_wire : static_cast<std::uint32_t>(packet.bytes.size());
}

}  // namespace

void write_file(const std::string& path, const Octets& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  CHECK(file.good());
}

Octets pcap_bytes(std::uint32_t link, const std::vector<Packet>& packets, bool nanoseconds) {
  Octets out;
  put(out, nanoseconds ? kNanosecondMagic : kMicrosecondMagic, 4);
  put(out, 2, 2);
  put(out, 4, 2);
  put(out, 0, 8);
  put(out, 262144, 4);
  put(out, link, 4);
  for (const Packet& packet : packets) {
    put(out, packet.time_ns / kSecond, 4);
    put(out, packet.time_ns % kSecond / (nanoseconds ? 1 : 1000), 4);
    put(out, packet.bytes.size(), 4);
    put(out, on_wire(packet), 4);
    out.insert(out.end(), packet.bytes.begin(), packet.bytes.end());
  }
  return out;
}

Octets pcapng_bytes(std::uint16_t link, const std::vector<Packet>& packets) {
  Octets out;
  Octets section;
  put(section, 0x1a2b3c4d, 4);
  put(section, 1, 2);
  put(section, 0, 2);
  put(section, ~std::uint64_t{0}, 8);
  put_block(out, 0x0a0d0d0a, section);
  Octets interface;
  put(interface, link, 2);
  put(interface, 0, 2);
  put(interface, 262144, 4);
  put(interface, 9, 2);  // if_tsresol
  put(interface, 1, 2);
  put(interface, 9, 4);
  put(interface, 0, 4);
  put_block(out, 1, interface);
  for (const Packet& packet : packets) {
    Octets enhanced;
    put(enhanced, 0, 4);
    put(enhanced, packet.time_ns >> 32, 4);
    put(enhanced, packet.time_ns & 0xffffffff, 4);
    put(enhanced, packet.bytes.size(), 4);
    put(enhanced, on_wire(packet), 4);
    enhanced.insert(enhanced.end(), packet.bytes.begin(), packet.bytes.end());
    put_block(out, 6, enhanced);
  }
  return out;
}

PcapContents read_pcap(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const Octets bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::uint32_t magic = get32(bytes, 0);
  CHECK(magic == kNanosecondMagic || magic == kMicrosecondMagic);
  PcapContents contents;
  contents.link = get32(bytes, 20);
  for (std::size_t at = 24; at < bytes.size();) {
    Packet packet;
    const std::uint32_t captured = get32(bytes, at + 8);
    packet.time_ns = get32(bytes, at) * kSecond + get32(bytes, at + 4) * (magic == kNanosecondMagic ? 1u : 1000u);
    packet.on_wire = get32(bytes, at + 12);
    CHECK(at + 16 + captured <= bytes.size());
    const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(at + 16);
    packet.bytes.assign(start, start + captured);
    if (packet.on_wire == captured) packet.on_wire = 0;
    contents.packets.push_back(std::move(packet));
    at += 16 + captured;
  }
  return contents;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "telefence-nic-XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr);
  chmod(pattern.c_str(), 0777);  // another user's process writes here in one test
  folder_ = pattern;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(folder_); }

std::vector<Packet> sample_packets(std::size_t count) {
  std::vector<Packet> packets;
  for (std::size_t i = 0; i < count; ++i) {
    Packet packet;
    packet.time_ns = 1'700'000'000 * kSecond + i * 100'001;  // one burst takes as many as it may
    packet.bytes.resize(60 + i * 37 % 1400);
    for (std::size_t at = 0; at < packet.bytes.size(); ++at) packet.bytes[at] = static_cast<std::uint8_t>(at * 7 + i);
    packets.push_back(std::move(packet));
  }
  return packets;
}

}  // namespace telefence::testing
