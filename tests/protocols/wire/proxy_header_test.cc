// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace telefence::wire {
namespace {

using namespace std::string_literals;

std::size_t length_of(const std::string& text) { return proxy_header_length(as_bytes(text)); }

// Version 2 with an address block of `length` octets; `kind` is version and command.
std::string binary(char kind, char length, std::size_t octets) {
  return "\r\n\r\n\0\r\nQUIT\n"s + kind + '\x11' + '\0' + length + std::string(octets, 'a');
}

TEST(ProxyHeader, LineOfVersionOneEndsWithItsLineEnd) {
  EXPECT_EQ(length_of("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\nrest"), 42u);
  EXPECT_EQ(length_of("PROXY UNKNOWN\r\n"), 15u);
}

TEST(ProxyHeader, BlockOfVersionTwoEndsWhereItsLengthSays) {
  EXPECT_EQ(length_of(binary('\x21', 12, 20)), 28u);
  EXPECT_EQ(length_of(binary('\x20', 0, 0)), 16u);
}

TEST(ProxyHeader, WhatIsNotWholeIsNone) {
  EXPECT_EQ(length_of("PROXY TCP4 192.0.2.1"), 0u);
  EXPECT_EQ(length_of(binary('\x21', 12, 11)), 0u);
  EXPECT_EQ(length_of(binary('\x21', 12, 20).substr(0, 14)), 0u);
}

TEST(ProxyHeader, OtherBytesAreNone) {
  EXPECT_EQ(length_of(""), 0u);
  EXPECT_EQ(length_of("PROXYX\r\n"), 0u);
  EXPECT_EQ(length_of("PROXY " + std::string(101, 'a') + "\r\n"), 0u);  // longer than the 107 octets of the standard
  EXPECT_EQ(length_of(binary('\x11', 12, 20)), 0u);
  EXPECT_EQ(length_of("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 0u);
}

}  // namespace
}  // namespace telefence::wire
