// SPDX-License-Identifier: Apache-2.0
#pragma once

// The id of an entry that was given none: made of what it is, so that it is the same on every node and after every start. It stands
// in records, and those who ask what a record is about make it again.

#include <cstdint>
#include <string_view>

#include "match/rule.h"

namespace telefence {

// value: canonical, as Rule has it. A line behind the name of a source (list.txt:17) does not count.
std::uint64_t made_id(SignatureKind kind, bool allow, std::string_view source, std::string_view value);
// The same in two steps: what all entries of a kind and source have in common, and then the value.
std::uint64_t made_id_start(SignatureKind kind, bool allow, std::string_view source);
std::uint64_t made_id(std::uint64_t start, std::string_view value);

}  // namespace telefence
