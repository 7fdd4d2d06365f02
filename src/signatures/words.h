// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words of signatures outside the program (log, lists, pattern files), and moments as they are written there.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "match/rule.h"
#include "signatures/signature.h"

namespace telefence {

// domain, url, number, pattern.
std::string_view kind_name(SignatureKind kind);
std::optional<SignatureKind> kind_from(std::string_view name);

// The same of a change, also ip, account and app.
std::string_view kind_name(const Change& change);
std::string_view unenforced_name(UnenforcedKind kind);
std::optional<UnenforcedKind> unenforced_from(std::string_view name);

// add, allow, remove, replace-list.
std::string_view op_name(const Change& change);

// calling, called, either.
std::string_view sides_name(Signature::Sides sides);
std::optional<Signature::Sides> sides_from(std::string_view name);

// all, case, width, none; by TextFold.
std::array<std::string_view, kTextFolds> fold_names();
std::string_view fold_name(TextFold fold);
std::optional<TextFold> fold_from(std::string_view name);
std::optional<TextFold> fold_from(std::optional<std::size_t> index);

// Unix time in milliseconds of ISO 8601 / RFC 3339 text with a zone ("2026-12-01T00:00:00.5+08:00", "...Z").
std::optional<std::int64_t> parse_instant_ms(std::string_view text);
// "2026-12-01T00:00:00.500Z".
std::string instant_text(std::int64_t unix_ms);

}  // namespace telefence
