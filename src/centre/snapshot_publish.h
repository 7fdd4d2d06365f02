// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes a snapshot of the change log at a primary: the newest snapshot and the batches behind it become the next one. Control thread of
// a tool.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "centre/log_image.h"
#include "redis/connection.h"
#include "signatures/compiler.h"
#include "signatures/key_file.h"
#include "signatures/options.h"
#include "signatures/snapshot.h"

namespace telefence {

struct SnapshotOrder {
  std::string log = "tf:1:log";
  std::string publisher;
  std::vector<const SigningKey*> keys;  // who signs it; none: for edges that accept unsigned
  std::size_t keep = 3;                 // so many snapshots stay
  std::int64_t trim_older_s = 0;        // batches older than this that are in it leave the log; 0 = none do
  bool accept_gaps = false;             // write down what is there though batches are missing
};

// How its error begins when there is nothing to do; the sequence of that snapshot follows.
inline constexpr std::string_view kNothingNew = "nothing was pushed since snapshot ";

struct MadeSnapshot {
  SnapshotManifest manifest;
  std::uint64_t begun_with = 0;  // sequence of the snapshot that it was made from; 0 = from the beginning of the log
  std::uint64_t batches = 0;     // read behind it
  std::uint64_t refused = 0;     // of them, as edges refuse them
  std::string first_refusal;
  std::uint64_t trimmed = 0;     // entries that left the log
};

// What a log has: its last sequence, and that of its newest snapshot.
struct LogReach {
  std::uint64_t last = 0, snapshot = 0;
};
Result<LogReach> reach_of(RedisConnection& connection, const std::string& log);

// What the log comes to now by the word of those whom `image` knows: for who wants to know what a change would change.
struct ReadImage {
  LogImage image;
  std::uint64_t left_out = 0;   // batches that count for nothing
  std::string first_left_out;   // which, and why; goes on like "batch 4-0: it has no signature"
  std::string gap;              // "": the log is whole; else where it is not, and what is missing can be anything
};
// kFailed: the log ends before its snapshot.
Result<ReadImage> read_image(RedisConnection& connection, LogImage image, const std::string& log);

// kUsage: there is nothing new. kFailed: batches are missing, so it would lack what they said; or somebody else was faster, and what was
// written is taken back.
Result<MadeSnapshot> make_snapshot(RedisConnection& connection, const CompileTerms& terms, const TrustOptions& trust, const SnapshotOrder& order);

}  // namespace telefence
