// SPDX-License-Identifier: Apache-2.0
#pragma once

// The generated every-cut test of a protocol: each sample is cut after every byte, and every single byte is changed (to
// all 256 values in short samples, to a telling choice in long ones); for each of these payloads the promises of
// protocols/protocol.h must hold (support/promises.h). For gtest; stops at the first broken promise with what was done
// to which sample.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/protocol.h"

namespace telefence::testing {

struct Sample {
  std::string name;  // shown when it fails
  std::vector<std::uint8_t> bytes;
  Transport transport = Transport::kTcp;
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 80;

  Payload payload() const { return {bytes, transport, source_port, destination_port}; }
};

// Fails the running test when a promise is broken.
void expect_promises_at_every_cut(const Protocol& protocol, const Sample& sample);

// Bytes of a text and of hexadecimal digits (blanks are ignored).
std::vector<std::uint8_t> bytes_of(std::string_view text);
std::vector<std::uint8_t> bytes_of_hex(std::string_view digits);

}  // namespace telefence::testing
