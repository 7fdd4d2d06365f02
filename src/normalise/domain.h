// SPDX-License-Identifier: Apache-2.0
#pragma once

// Canonical domain names: ASCII lower case, no final dot, no empty labels, labels up to 63 and names up to 253 octets
// (RFC 1035, 2.3.4); underscores and other octets are kept as they are. Traffic: canonical_domain (no allocation).
// Signatures: canonical_domain_from_text, which also turns IDN into A-labels (RFC 5891, libidn2 without STD3).

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

// Writes the canonical form to `out` (room for name.size()). Returns its length, 0 when `name` is not a domain name (empty,
// an IP literal, an empty or over-long label).
std::size_t canonical_domain(std::string_view name, char* out);

// The same for what people write in lists: surrounding blanks, IDN. Errors say what is wrong.
Result<std::string> canonical_domain_from_text(std::string_view text);

// The version of the library whose tables decide that.
std::string_view domain_text_library();

// Letters, digits, hyphens, underscores and dots only, no label begins with a hyphen: what nearly all names of lists are. Then
// canonical_domain says all that canonical_domain_from_text would, but for the reason of a refusal.
bool is_plain_domain_text(std::string_view text);

// True for a name under which unrelated parties register (com.cn, github.io): Public Suffix List. Control thread.
bool is_public_suffix(std::string_view canonical_name);

// An A-label name back in Unicode, for people.
std::string domain_for_people(std::string_view canonical_name);

}  // namespace telefence
