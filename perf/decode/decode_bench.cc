// SPDX-License-Identifier: Apache-2.0
// decode() over bursts of frames in cache, one shape of frame per benchmark. Items are frames.

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "decode/decode.h"
#include "decode/frame_builder.h"

namespace telefence {
namespace {

using namespace testing;  // the builder's functions

constexpr std::size_t kBurst = 64;

void bench(benchmark::State& state, const Octets& bytes) {
  std::vector<Octets> copies(kBurst, bytes);
  std::array<Frame, kBurst> frames;
  std::array<Layers, kBurst> layers;
  for (std::size_t i = 0; i < kBurst; ++i) {
    frames[i].data = copies[i].data();
    frames[i].length = static_cast<std::uint32_t>(copies[i].size());
  }
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i) decode(frames[i], layers[i]);
    benchmark::DoNotOptimize(layers.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}

Octets query() { return udp(53, filled(40, 1)); }
Octets segment() { return tcp(443, filled(517, 1), 12); }
Octets inner() { return ipv4(kTcp, segment()); }
Octets gtp() { return Octets{0x34, 0xff} + big16(inner().size() + 8) + big32(0x11223344) + Octets{0, 0, 0, 0x85, 1, 0x10, 9, 0} + inner(); }
Octets vxlan() { return Octets{8, 0, 0, 0, 0, 0, 42, 0} + ethernet(kIpv4, inner()); }

BENCHMARK_CAPTURE(bench, udp4, ethernet(kIpv4, ipv4(kUdp, query())))->Name("decode/decode/udp4");
BENCHMARK_CAPTURE(bench, tcp4, ethernet(kIpv4, ipv4(kTcp, segment())))->Name("decode/decode/tcp4");
BENCHMARK_CAPTURE(bench, udp6, ethernet(kIpv6, ipv6(kUdp, query())))->Name("decode/decode/udp6");
BENCHMARK_CAPTURE(bench, tcp6, ethernet(kIpv6, ipv6(kTcp, segment())))->Name("decode/decode/tcp6");
BENCHMARK_CAPTURE(bench, tagged, ethernet(0x8100, tag(7, kIpv4, ipv4(kTcp, segment()))))->Name("decode/decode/tagged");
BENCHMARK_CAPTURE(bench, gtp_u, ethernet(kIpv4, ipv4(kUdp, udp(2152, gtp()))))->Name("decode/decode/gtp_u");
BENCHMARK_CAPTURE(bench, gre, ethernet(kIpv4, ipv4(47, Octets{0, 0, 8, 0} + inner())))->Name("decode/decode/gre");
BENCHMARK_CAPTURE(bench, vxlan, ethernet(kIpv4, ipv4(kUdp, udp(4789, vxlan()))))->Name("decode/decode/vxlan");
BENCHMARK_CAPTURE(bench, mpls, ethernet(0x8847, Octets{0, 0x10, 1, 64} + inner()))->Name("decode/decode/mpls");
BENCHMARK_CAPTURE(bench, pppoe, ethernet(0x8864, Octets{0x11, 0, 0, 9} + big16(inner().size() + 2) + big16(0x21) + inner()))
    ->Name("decode/decode/pppoe");

}  // namespace
}  // namespace telefence
