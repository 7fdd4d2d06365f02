// SPDX-License-Identifier: Apache-2.0
#pragma once

// How edges stand to one batch, by their heartbeats and receipts (docs/signatures.md, Receipts): in force, behind, refused, or not
// known. What tells of a batch that the log does not have is of another log, and counts for nothing. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace telefence {

// A batch that an edge refused.
struct ToldRefusal {
  std::uint64_t sequence = 0;
  std::string hash;         // its first digits
  std::string reason, why;  // a word, and the text for people where it is told
};
// Lines of "SEQ HASH REASON WHY"; what is none is passed over.
std::vector<ToldRefusal> read_refusals(std::string_view text);

struct Heartbeat {
  std::string name, mode, problem;
  std::string unproved;        // "", or why its word counts for nothing
  std::string other_log;       // "", or the key of the log that it follows in place of this one
  std::string hash;            // of the batch `sequence`; "": an earlier version does not tell
  std::uint64_t sequence = 0;  // in force
  std::uint64_t from = 0;      // of the batches before it is not known there which were refused
  std::uint64_t refused = 0;   // since its start
  std::vector<ToldRefusal> refusals;
  std::vector<ToldRefusal> left_out;  // batches in force in part; reason: how many of their changes are not

  const ToldRefusal* left_out_of(std::uint64_t batch) const;
};

struct Receipt {
  std::string node, hash;
  std::uint64_t from = 0, sequence = 0;  // what it covers
  std::optional<std::int64_t> took_ms;
  std::vector<ToldRefusal> refusals;

  const ToldRefusal* refusal_of(std::uint64_t batch) const;
  bool speaks_of(std::uint64_t batch) const { return (from <= batch && batch <= sequence) || refusal_of(batch) != nullptr; }
};

struct LogPlaces {
  std::map<std::uint64_t, std::string> hashes;  // of those that were looked for and are there
  std::uint64_t first = 0, last = 0;            // those before `first` were trimmed away

  // Not another batch than the log has there; one that was trimmed away can't be told.
  bool may_have(std::uint64_t sequence, std::string_view hash) const;
};

struct Standing {
  enum class Is : std::uint8_t { kApplied, kBehind, kRefused, kUnknown, kUnproved };
  Is is = Is::kUnknown;
  std::string reason;  // kRefused: a word
  std::string why;     // for people; may be ""
};

// Where the log must be looked at to judge.
std::set<std::uint64_t> places_needed(std::uint64_t batch, const std::map<std::string, Heartbeat>& nodes, const std::vector<Receipt>& receipts);

// `receipts`: the newest first; of each edge the newest one that fits the log counts. Returns how many milliseconds it took those that
// measured it.
std::map<std::string, std::int64_t> judge(std::uint64_t batch, const LogPlaces& places, const std::map<std::string, Heartbeat>& nodes,
                                          const std::vector<Receipt>& receipts, std::map<std::string, Standing>& standings);

}  // namespace telefence
