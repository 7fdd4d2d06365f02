// SPDX-License-Identifier: Apache-2.0
#pragma once

// List files: one domain, url or number per line; blank lines and # comments; LF or CRLF; a byte order mark is skipped.
// Control thread.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"
#include "match/layer.h"
#include "signatures/compiler.h"
#include "signatures/complaint_list.h"
#include "signatures/options.h"
#include "signatures/signature.h"

namespace telefence {

// Calls `take` with every value, as written, with its place. Fails only when the file can't be read.
Result<void> read_list_file(const ListOptions& list, const std::function<void(Signature)>& take);

// Puts the domains or numbers of a list straight into a layer: 7.5 million domains in some 2 seconds. A line that can't be used is a
// complaint; a value twice in one list is one entry. Fails when the file can't be read.
// Requires: list.kind is kDomain or kNumber.
// at_most: only so many lines of it are read.
Result<void> load_list_file(const ListOptions& list, const CompileTerms& terms, Layer& layer, ComplaintList& complaints,
                            std::size_t at_most = std::numeric_limits<std::size_t>::max());

// The line of a list on which an entry stands, for people who ask about one; 0: not found (the list was changed since). Canonical value
// as told by MatchSet::rule. Reads the file: some 0.5 s for millions of lines.
std::size_t line_of_entry(const std::string& file, SignatureKind kind, std::string_view value, const CompileTerms& terms);

}  // namespace telefence
