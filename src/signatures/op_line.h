// SPDX-License-Identifier: Apache-2.0
#pragma once

// One change as a line of JSON, the form that travels in the change log and that people push:
// {"op":"add","kind":"domain","value":"bad.example","match":"suffix","category":"phishing","level":1}.
// docs/signatures.md has every field. Nothing is made canonical here (compiler.h).

#include <string>
#include <string_view>

#include "base/result.h"
#include "signatures/signature.h"

namespace telefence {

// kInvalid says which field is wrong and what would be right. Of category, level, shadow, action, side and source a line that adds may say
// nothing: then they are as in `defaults`.
Result<Change> parse_op_line(std::string_view line, const Signature& defaults = {});

// When the defaults are of entries that pass and the line says that it blocks: what to say of it; else "".
std::string_view why_not_allowed(const Change& change, const Signature& defaults);

// When the line is one of a later version, because nobody knows its operation here: what to say of it; else "".
std::string unknown_operation(std::string_view line);

// The line for a change, without a line end. parse_op_line reads it back to the same change.
std::string to_op_line(const Change& change);

}  // namespace telefence
