// SPDX-License-Identifier: Apache-2.0
#include "support/every_cut.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "support/promises.h"

namespace telefence::testing {
namespace {

constexpr std::size_t kShort = 160;
constexpr std::size_t kLong = 2048;

// Values at which parsers turn: ends of ranges, lengths, separators of text protocols.
constexpr std::uint8_t kTelling[] = {0,   1,   2,   3,   0x0a, 0x0d, ' ',  '"',  '.',  '0',  '9',  ':', ';',
                                     '<', '@', '[', 'A', 'z',  0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff};

std::vector<std::uint8_t> values_for(std::uint8_t original, std::size_t size) {
  std::vector<std::uint8_t> values;
  if (size <= kShort) {
    for (unsigned value = 0; value < 256; ++value) values.push_back(static_cast<std::uint8_t>(value));
    return values;
  }
  if (size <= kLong) values.assign(std::begin(kTelling), std::end(kTelling));
  for (unsigned near : {original + 1u, original - 1u, original ^ 0x80u, original ^ 0x20u, original * 2u})
    values.push_back(static_cast<std::uint8_t>(near));
  return values;
}

}  // namespace

void expect_promises_at_every_cut(const Protocol& protocol, const Sample& sample) {
  Promises promises(protocol);
  Payload payload = sample.payload();
  for (std::size_t cut = 0; cut <= sample.bytes.size(); ++cut) {
    payload.bytes = Bytes(sample.bytes).first(cut);
    ASSERT_EQ(promises.broken_by(payload), "") << sample.name << " cut to " << cut << " bytes";
  }
  std::vector<std::uint8_t> changed = sample.bytes;
  payload.bytes = changed;
  for (std::size_t at = 0; at < changed.size(); ++at) {
    for (std::uint8_t value : values_for(sample.bytes[at], changed.size())) {
      changed[at] = value;
      ASSERT_EQ(promises.broken_by(payload), "") << sample.name << " with byte " << at << " = " << unsigned{value};
    }
    changed[at] = sample.bytes[at];
  }
}

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<std::uint8_t> bytes_of_hex(std::string_view digits) {
  std::vector<std::uint8_t> bytes;
  int pending = -1;
  for (char c : digits) {
    if (c == ' ' || c == '\n') continue;
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    CHECK(value >= 0);
    if (pending < 0) {
      pending = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(pending * 16 + value));
      pending = -1;
    }
  }
  CHECK(pending < 0);
  return bytes;
}

}  // namespace telefence::testing
