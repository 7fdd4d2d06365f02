// SPDX-License-Identifier: Apache-2.0
#include "support/fuzz_protocol.h"

#include <cstdio>
#include <cstdlib>

#include "support/promises.h"

namespace telefence::testing {
namespace {

constexpr std::size_t kLongest = 65535;  // no packet carries more

std::uint16_t first_or(std::span<const std::uint16_t> ports, std::uint16_t other) {
  return ports.empty() ? other : ports.front();
}

}  // namespace

int fuzz_protocol(const Protocol& protocol, Bytes bytes) {
  static Promises promises(protocol);  // one fuzzer, one protocol
  if (bytes.size() > kLongest) return 0;
  const Payload payloads[] = {
      {bytes, Transport::kUdp, 40000, first_or(protocol.udp_ports, 5060)},
      {bytes, Transport::kTcp, 40000, first_or(protocol.tcp_ports, 80)},
  };
  for (const Payload& payload : payloads) {
    const std::string broken = promises.broken_by(payload);
    if (broken.empty()) continue;
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(protocol.name.size()), protocol.name.data(), broken.c_str());
    std::abort();
  }
  return 0;
}

}  // namespace telefence::testing
