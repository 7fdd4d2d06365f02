// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of every protocol fuzzer: the promises of protocols/protocol.h must hold for these bytes, over UDP and over
// TCP, sent to the protocol's own port. Prints the broken promise and aborts otherwise.

#include "protocols/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence::testing {

// Always 0, as libFuzzer wants it.
int fuzz_protocol(const Protocol& protocol, Bytes bytes);

}  // namespace telefence::testing
