// SPDX-License-Identifier: Apache-2.0
// Two fuzzers in one: inputs that begin with 'S' are scripts of datagrams which are sealed here (script.h); all others are the bytes
// of a datagram.
#include "script.h"
#include "support/fuzz_protocol.h"

namespace telefence::quic {
extern const Protocol kProtocol;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  const Bytes bytes(data, size);
  if (size == 0 || data[0] != 'S') return testing::fuzz_protocol(quic::kProtocol, bytes);
  if (size > 20'000) return 0;  // more holes than a note takes would need more
  const std::string wrong = quic::Script().run(bytes.subspan(1));
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "quic: %s\n", wrong.c_str());
  std::abort();
}
