// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pattern files: YAML with text and url patterns, each with samples that it must and must not match. docs/signatures.md
// has the schema. A bad pattern is a complaint with its id; the rest of the file loads. Control thread.

#include <string>
#include <vector>

#include "base/result.h"
#include "signatures/signature.h"

namespace telefence {

struct Pattern {
  Signature signature;  // name = id of the pattern; where = file:line
  std::string name_en;
  std::string name_zh;
  std::vector<std::string> must_match;      // messages (or urls) that this pattern has to hit
  std::vector<std::string> must_not_match;  // innocent ones that no pattern may hit
};

struct PatternFile {
  std::vector<Pattern> patterns;
  std::vector<Complaint> complaints;
};

// Fails only when the file can't be read.
Result<PatternFile> read_pattern_file(const std::string& file);
PatternFile read_pattern_text(std::string_view yaml, const std::string& file);

// The files that a name with stars means ("patterns/*.yaml"), sorted. A name without stars is itself. Fails when a name
// with stars means no file.
Result<std::vector<std::string>> expand_file_name(const std::string& name);

}  // namespace telefence
