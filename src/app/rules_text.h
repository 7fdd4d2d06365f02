// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `telefence rules` says: for people, and as JSON.

#include <cstdio>
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
// What was read and what is wrong with it, by whoever read it. Views of that.
struct Reading {
  const std::vector<FileRead>& files;
  const std::vector<Complaint>& complaints;
  std::uint64_t complaint_count = 0;  // with those that were not kept
};
inline Reading reading_of(const Intake& intake) { return {intake.files(), intake.complaints(), intake.complaint_count()}; }
Ledger total_of(const Reading& reading);
Json to_json(const Reading& reading);  // files, total, complaints
inline Json to_json(const Intake& intake) { return to_json(reading_of(intake)); }
Json to_json(const ListStats& stats);
Json to_json(const Written& written);

// Several lines each.
std::string to_text(const FileRead& file, Language language);
std::string to_text(const ListStats& stats, Language language);
std::string to_text(const Written& written, const std::string& file, Language language);
// What is wrong, at most `most` lines, and how many more there are.
std::string complaints_text(const Reading& reading, std::size_t most, Language language);
// What is wrong goes to standard error, the counts go to `to`.
void print_reading(const Reading& reading, std::size_t most, std::FILE* to, Language language);

// " (level: 1 -> 2)": what of an entry is another; "" for none.
std::string changes_text(const std::vector<FieldChange>& changes, Language language);

// The line of policy.lists that reads this list: "- {file: ..., kind: domain, category: phishing, tier: 1}".
std::string list_option(const std::string& file, SignatureKind kind, const Signature& meaning, bool exact);

}  // namespace telefence
