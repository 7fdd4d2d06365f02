// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/text_headers.h"

namespace telefence::wire {

// Requires: fewer than 64 octets stand from `start` on.
std::uint64_t LineEnds::last_line_feeds(std::string_view text, std::size_t start) {
  std::uint64_t found = 0;
  for (std::size_t at = start; at < text.size(); at += Chunk::kSize) {
    const bool is_whole = at + Chunk::kSize <= text.size();
    const Chunk chunk = is_whole ? Chunk::at(text.data() + at) : Chunk::of_few(text.substr(at));
    found |= std::uint64_t{chunk.equal('\n')} << (at - start);
  }
  return found;
}

}  // namespace telefence::wire
