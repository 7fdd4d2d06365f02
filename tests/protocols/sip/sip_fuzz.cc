// SPDX-License-Identifier: Apache-2.0
#include "support/fuzz_protocol.h"

namespace telefence::sip {
extern const Protocol kProtocol;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return telefence::testing::fuzz_protocol(telefence::sip::kProtocol, {data, size});
}
