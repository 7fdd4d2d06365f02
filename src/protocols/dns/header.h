// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fixed header of a DNS message (RFC 1035, 4.1.1) and the few numbers of the protocol that reading and answering
// share.

#include <cstddef>
#include <cstdint>

#include "base/big_endian.h"
#include "base/reader.h"

namespace telefence::dns {

inline constexpr std::size_t kHeaderBytes = 12;

inline constexpr std::uint16_t kClassIn = 1;  // RFC 1035, 3.2.4

inline constexpr std::uint16_t kFlagResponse = 0x8000;
inline constexpr std::uint16_t kFlagAuthoritative = 0x0400;
inline constexpr std::uint16_t kFlagRecursionDesired = 0x0100;
inline constexpr std::uint16_t kFlagRecursionAvailable = 0x0080;
inline constexpr std::uint16_t kFlagCheckingDisabled = 0x0010;  // RFC 4035, 3.2.2
inline constexpr std::uint16_t kOpcodeMask = 0x7800;            // 0: a standard query

// RFC 9619 allows one question and servers answer FORMERR to more. A few more are read, so that no lenient server is a
// way around the filter; all of many more would only let one packet use up the event list of a burst.
inline constexpr std::uint16_t kMostQuestions = 16;

struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;

  bool is_response() const { return (flags & kFlagResponse) != 0; }
  bool is_standard_query() const { return (flags & (kFlagResponse | kOpcodeMask)) == 0; }
};

// Zeros where it is not all there; the reader has failed then.
inline Header read_header(Reader& reader) {
  const Bytes octets = reader.bytes(kHeaderBytes);
  if (octets.empty()) [[unlikely]] return {};
  const auto number = [&](std::size_t index) { return big_endian<std::uint16_t>(octets.data() + 2 * index); };
  return {number(0), number(1), number(2), number(3), number(4), number(5)};
}

}  // namespace telefence::dns
