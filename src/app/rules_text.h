// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `telefence rules` says: for people, and as JSON.

#include <string>
#include <vector>

#include "app/json_lines.h"
#include "app/language.h"
#include "lists/intake.h"
#include "lists/list_diff.h"
#include "lists/list_stats.h"
#include "lists/list_writer.h"

namespace telefence {

Json to_json(const Ledger& ledger);
Json to_json(const Intake& intake);  // files, total, complaints
Json to_json(const ListStats& stats);
Json to_json(const Written& written);

// Several lines each.
std::string to_text(const FileRead& file, Language language);
std::string to_text(const ListStats& stats, Language language);
std::string to_text(const Written& written, const std::string& file, Language language);
// What is wrong, at most `most` lines, and how many more there are.
std::string complaints_text(const Intake& intake, std::size_t most, Language language);

// The line of policy.lists that reads this list: "- {file: ..., kind: domain, category: phishing, tier: 1}".
std::string list_option(const std::string& file, SignatureKind kind, const Signature& meaning, bool exact);

}  // namespace telefence
