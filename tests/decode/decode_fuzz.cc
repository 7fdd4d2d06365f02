// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode(). The first byte modulo 8 chooses the link type and the rest is the frame; or, divided by 8, it chooses NFLOG, or a tunnel
// that the rest is put into with right lengths: a tunnel's own checks would else let few changed inputs through to what is inside.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "decode_promises.h"
#include "tunnel_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence::testing {
namespace {

Octets over_udp(std::uint16_t port, const Octets& payload) { return ethernet(kIpv4, ipv4(kUdp, udp(port, payload))); }

using Wrapper = Octets (*)(const Octets& inside);
constexpr std::array<Wrapper, 21> kWrappers = {
    [](const Octets& inside) { return inside; },
    [](const Octets& inside) { return over_udp(kGtpUPort, gtp_u(inside)); },
    // The inside begins with the four octets of options, and extension headers.
    [](const Octets& inside) { return over_udp(kGtpUPort, gtp_u(inside, {.version = 0x34})); },
    [](const Octets& inside) { return over_udp(kVxlanPort, vxlan(7, inside)); },
    [](const Octets& inside) { return over_udp(kGenevePort, geneve(7, kBridged, inside)); },
    [](const Octets& inside) { return ethernet(kIpv4, ipv4(kGre, inside)); },
    [](const Octets& inside) { return ethernet(kIpv6, ipv6(kGre, gre(kBridged, inside))); },
    [](const Octets& inside) { return ethernet(kIpv4, ipv4(kIpInIp, inside)); },
    [](const Octets& inside) { return ethernet(kIpv4, ipv4(kIpv6InIp, inside)); },
    [](const Octets& inside) { return ethernet(kMpls, inside); },
    [](const Octets& inside) { return ethernet(kMpls, labels(1, inside)); },
    [](const Octets& inside) { return ethernet(kPppoe, pppoe(8, inside)); },
    [](const Octets& inside) { return over_udp(kL2tpPort, l2tp(8, inside)); },
    [](const Octets& inside) { return over_udp(kL2tpPort, inside); },
    [](const Octets& inside) { return over_udp(kCapwapPort, capwap(true, inside)); },
    [](const Octets& inside) { return over_udp(kCapwapPort, capwap(false, inside)); },
    [](const Octets& inside) { return over_udp(kCapwapPort, inside); },
    [](const Octets& inside) { return over_udp(kTeredoPort, inside); },
    [](const Octets& inside) { return over_udp(kAyiyaPort, inside); },
    [](const Octets& inside) { return over_udp(kGreInUdpPort, inside); },
    [](const Octets& inside) { return ethernet(kIpv4, ipv4(kGre, gre(0x8200, inside))); },
};

void check(Bytes frame, LinkType link) {
  static GuardedBytes memory(1 << 20);
  const std::string broken = broken_decode_promise(frame, link, memory);
  if (broken.empty()) return;
  std::fprintf(stderr, "broken promise: %s\n", broken.c_str());
  std::abort();
}

}  // namespace
}  // namespace telefence::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  using namespace telefence::testing;
  if (size == 0 || size > 60'000) return 0;
  const Octets rest(data + 1, data + size);
  constexpr std::size_t kNflog = 31;
  const std::size_t wrapper = data[0] / 8 % kWrappers.size();
  const unsigned link = data[0] % 8u;
  if (data[0] / 8 == kNflog) {
    check(rest, LinkType::kNflog);
  } else if (wrapper != 0) {
    check(kWrappers[wrapper](rest), LinkType::kEthernet);
  } else {
    check(rest, link < static_cast<unsigned>(LinkType::kUnknown) ? static_cast<LinkType>(link) : LinkType::kUnknown);
  }
  return 0;
}
