// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a record of an interception comes from: the line in the records, and the list, pattern file or batch of the change log that has
// the entry. Reads files only, also those of a running daemon; changes none.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/json_lines.h"
#include "base/result.h"
#include "config/config.h"
#include "signatures/policy_file.h"
#include "signatures/signature.h"

namespace telefence {

// FILE, FILE.1 ... as far as they are there.
std::vector<std::string> with_rotated(const std::string& file);

struct FoundRecord {
  Json line;
  std::string where;  // file:line
};
// The record with this id; "-" is standard input.
std::optional<FoundRecord> find_record(const std::vector<std::string>& files, const std::string& id);

// What a record says of the entry that led to it.
struct RecordedEntry {
  SignatureKind kind = SignatureKind::kDomain;
  std::string value;   // canonical; numbers as the records show them, masked or whole
  std::string source;
  std::uint64_t id = 0;
  std::uint64_t sequence = 0;  // of the newest batch in force at that time
};
std::optional<RecordedEntry> entry_of(const Json& record);

struct Origin {
  Json places = Json::array();     // of the entry: {"from": "list" | "patterns" | "batch", ...}
  Json since = Json::array();      // what the log said about the same value later, the oldest first
  std::string value;               // whole; "" when no place was found
  std::vector<std::string> looked_at;
  bool is_removed = false;         // by the last word of its source
};

// Batches one after the other: those of a folder, or of a log.
using EachBatch = std::function<Result<void>(const std::function<void(const StoredBatch&)>&)>;

// batches: nullptr: none can be read.
Origin origin_of(const RecordedEntry& entry, const Config& config, const EachBatch& batches, std::int64_t now_s);

}  // namespace telefence
