// SPDX-License-Identifier: Apache-2.0
#include "track/flow_key.h"

#include <sys/random.h>

#include <cstring>

#include "base/check.h"
#include "base/chunk.h"

namespace telefence {
namespace {

// 64x64 -> 128 bit multiply, halves joined: every input bit reaches every output bit (the step of wyhash).
std::uint64_t multiply_fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// An address as two numbers, straight from the packet: four octets are the low one.
struct AddressHalves {
  explicit AddressHalves(Bytes address) {
    if (address.size() == 4) {
      std::uint32_t four = 0;
      std::memcpy(&four, address.data(), sizeof four);
      low = four;
    } else {
      low = eight_octets(address.data());
      high = eight_octets(address.data() + 8);
    }
  }
  std::uint64_t low = 0, high = 0;
};

std::uint64_t endpoint(Bytes address, std::uint16_t port, const HashSecret& secret) {
  const AddressHalves halves(address);
  const std::uint64_t low = halves.low ^ secret.first;
  const std::uint64_t high = halves.high ^ secret.second;
  return multiply_fold(low, high) ^ multiply_fold(port ^ secret.second, low + secret.first);
}

// RFC 2516, 4: a session is told by its id and both stations' addresses.
std::uint64_t both_stations(const Frame& frame) {
  std::uint64_t stations[2] = {0, 0};
  for (std::size_t i = 0; i < 12; ++i) stations[i / 6] = stations[i / 6] << 8 | frame.bytes()[i];
  return (stations[0] + stations[1]) ^ (stations[0] ^ stations[1]) << 16;
}

std::uint64_t tunnel_part(const Frame& frame, const Layers& layers, const HashSecret& secret) {
  const unsigned kinds = layers.tunnel_kinds & ~unsigned{bit_of(TunnelKind::kMpls)};
  if (kinds == 0) return 0;
  std::uint64_t part = multiply_fold(kinds ^ secret.first, (traits_of(layers.tunnel).common_id ? layers.tunnel_id : 0) + secret.second);
  if (layers.outer_network != layers.network) part = multiply_fold(part ^ address_pair_key(frame, layers.outer_network, secret), secret.first);
  const bool has_more = layers.tunnel_network != layers.outer_network && layers.tunnel_network != layers.network;
  if (has_more) part = multiply_fold(part ^ address_pair_key(frame, layers.tunnel_network, secret), secret.second);
  if (layers.tunnels == 1 && layers.tunnel == TunnelKind::kPppoe && frame.link == LinkType::kEthernet)
    part = multiply_fold(part ^ both_stations(frame), secret.first);
  return part;
}

// Values that count up must change the upper half of the product as well: with a key whose lower bits happen to be few, the lower half
// hardly changes, and all that a connection numbers would come to the same place of a table.
inline std::uint64_t mixed_with(std::uint64_t key, std::uint64_t value, const HashSecret& secret) {
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;  // odd, its bits as those of the golden ratio (Knuth, volume 3, 6.4)
  return multiply_fold(key ^ secret.first, value * kSpread + secret.second);
}

}  // namespace

HashSecret random_secret() {
  HashSecret secret;
  CHECK(getrandom(&secret, sizeof secret, 0) == static_cast<ssize_t>(sizeof secret));
  secret.first |= 1;  // not zero
  secret.second |= 1;
  return secret;
}

void flow_key(const Frame& frame, const Layers& layers, const HashSecret& secret, FlowKey& key) {
  const Bytes both = addresses_at(frame, layers.network, layers.ip_version);
  const std::uint64_t source = endpoint(both.first(both.size() / 2), layers.source_port, secret);
  const std::uint64_t destination = endpoint(both.last(both.size() / 2), layers.destination_port, secret);
  // Customers behind different tags or wires may have the same private addresses.
  std::uint64_t rest = std::uint64_t{frame.wire} << 40 | std::uint64_t{layers.ip_protocol} << 32 |
                       std::uint64_t{layers.ip_version} << 24 | std::uint64_t{layers.inner_vlan} << 12 | layers.vlan;
  if (layers.tunnels != 0) [[unlikely]] rest ^= tunnel_part(frame, layers, secret);
  key.forward = multiply_fold(source ^ secret.second, destination + rest + secret.first);
  key.reverse = multiply_fold(destination ^ secret.second, source + rest + secret.first);
  key.both = multiply_fold((source + destination) ^ secret.first, (source ^ destination) + rest + secret.second);
}

std::uint64_t address_pair_key(const Frame& frame, std::uint16_t network, const HashSecret& secret) {
  const Bytes both = addresses_at(frame, network);
  const std::uint64_t source = endpoint(both.first(both.size() / 2), 0, secret);
  const std::uint64_t destination = endpoint(both.last(both.size() / 2), 0, secret);
  return multiply_fold((source + destination) ^ secret.first, (source ^ destination) + secret.second);
}

std::uint64_t mixed(std::uint64_t key, std::uint64_t value, const HashSecret& secret) { return mixed_with(key, value, secret); }

// A step waits for the one before it, so a long message goes four ways side by side. Where there are enough octets the last step may cover some
// again, which their number makes good. It comes last, and so spreads what the octets left, which as they are may count up.
std::uint64_t mixed(std::uint64_t key, Bytes bytes, const HashSecret& secret) {
  constexpr std::size_t kWays = 4, kStep = 16, kStride = kWays * kStep;
  const std::uint8_t* const octets = bytes.data();
  const std::size_t size = bytes.size();
  const auto step = [&](std::uint64_t so_far, std::size_t at) {
    return multiply_fold(so_far ^ eight_octets(octets + at) ^ secret.first, eight_octets(octets + at + 8) ^ secret.second);
  };
  if (size < kStep) {
    const FewOctets few(as_text(bytes));
    return mixed_with(multiply_fold(key ^ few.low ^ secret.first, few.high ^ secret.second), size, secret);
  }
  std::size_t at = 0;
  if (size >= 2 * kStride) {
    std::uint64_t ways[kWays];
    for (std::size_t i = 0; i < kWays; ++i) ways[i] = key + i;
    for (; size - at >= kStride; at += kStride)
      for (std::size_t i = 0; i < kWays; ++i) ways[i] = step(ways[i], at + kStep * i);
    key = ways[0];
    for (std::size_t i = 1; i < kWays; ++i) key = mixed_with(key, ways[i], secret);
  }
  for (; size - at > kStep; at += kStep) key = step(key, at);
  return mixed_with(step(key, size - kStep), size, secret);
}

}  // namespace telefence
