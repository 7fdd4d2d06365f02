// SPDX-License-Identifier: Apache-2.0
#include "match/made_id.h"

#include "match/keyed_hash.h"

namespace telefence {
namespace {

// Ids go out in JSON, where many readers know no whole numbers above 2^53.
constexpr std::uint64_t kIdMask = (std::uint64_t{1} << 53) - 1;

// Without the line: it moves when the file is edited.
std::string_view without_line(std::string_view source) {
  const std::size_t end = source.find_last_not_of("0123456789");
  return end != std::string_view::npos && end + 1 < source.size() && source[end] == ':' ? source.substr(0, end) : source;
}

}  // namespace

std::uint64_t made_id(SignatureKind kind, bool allow, std::string_view source, std::string_view value) {
  return made_id(made_id_start(kind, allow, source), value);
}

std::uint64_t made_id_start(SignatureKind kind, bool allow, std::string_view source) {
  const std::uint64_t seed = static_cast<std::uint64_t>(kind) << 1 | (allow ? 1 : 0);
  return stable_hash(without_line(source), seed);
}

std::uint64_t made_id(std::uint64_t start, std::string_view value) { return stable_hash(value, start) & kIdMask; }

}  // namespace telefence
