// SPDX-License-Identifier: Apache-2.0
// Fuzzes a whole worker with connections and flows in tunnels: fuzz_play.h has what an input is, and what is promised of it;
// fuzz_tunnel.h, which tunnels. The first byte chooses how the worker stands in the line, whether outer datagrams bear checksums, and
// whether some segments come in IP fragments, each of them in the tunnel.

#include "fuzz_play.h"
#include "fuzz_stands.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence::testing;
  if (size == 0 || size > 8192) return 0;
  const auto script = std::make_unique<std::vector<std::uint8_t>>(data + 1, data + size);
  const PlayOptions options{.has_tunnels = true, .has_outer_checksums = (data[0] & 0x10) == 0, .has_fragments = (data[0] & 0x20) != 0};
  Play(world_of(data[0]), Choices(*script), options).run();
  return 0;
}
