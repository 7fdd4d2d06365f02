// SPDX-License-Identifier: Apache-2.0
#include "support/fuzz_protocol.h"

namespace telefence::smpp {
extern const Protocol kProtocol;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return telefence::testing::fuzz_protocol(telefence::smpp::kProtocol, {data, size});
}
