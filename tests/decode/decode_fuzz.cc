// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode(): the first byte chooses the link type, the rest is the frame.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "decode_promises.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  static testing::GuardedBytes memory(1 << 20);
  if (size == 0 || size > 100'000) return 0;
  const auto link = static_cast<LinkType>(data[0] % (static_cast<unsigned>(LinkType::kUnknown) + 1));
  const std::string broken = testing::broken_decode_promise({data + 1, size - 1}, link, memory);
  if (!broken.empty()) {
    std::fprintf(stderr, "broken promise: %s\n", broken.c_str());
    std::abort();
  }
  return 0;
}
