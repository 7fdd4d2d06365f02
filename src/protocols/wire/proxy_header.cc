// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/proxy_header.h"

#include <cstdint>
#include <string_view>

#include "base/reader.h"

namespace telefence::wire {
namespace {

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::size_t kLongestLine = 107;  // 2.1, the line end included
constexpr std::string_view kBlockStart("\r\n\r\n\0\r\nQUIT\n", 12);

std::size_t block_length(Bytes bytes) {
  Reader reader(bytes);
  reader.skip(kBlockStart.size());
  const std::uint8_t version_and_command = reader.u8();
  reader.skip(1);  // address family and transport
  reader.skip(reader.u16());
  return reader.ok() && version_and_command >> 4 == 2 ? reader.position() : 0;
}

}  // namespace

std::size_t likely_proxy_header_length(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with(kLineStart)) {
    const std::size_t end = text.substr(0, kLongestLine).find("\r\n");
    return end == std::string_view::npos ? 0 : end + 2;
  }
  return text.starts_with(kBlockStart) ? block_length(bytes) : 0;
}

}  // namespace telefence::wire
