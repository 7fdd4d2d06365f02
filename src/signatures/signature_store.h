// SPDX-License-Identifier: Apache-2.0
#pragma once

// All signatures in force on this edge, from files and from the log, and the one place that turns them into MatchSets.
// Owned and called by one control thread (the feed's). A change is answered by a delta over the shared base; a big
// delta is folded into a new base. Lines that can't be used become complaints; the rest is in force.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "match/match_set.h"
#include "signatures/compiler.h"
#include "signatures/options.h"
#include "signatures/signature.h"

namespace telefence {

class SignatureStore {
 public:
  explicit SignatureStore(CompileTerms terms);
  ~SignatureStore();

  // Reads all files and builds the base. Complaints: lines left out. Fails only when a named file can't be read at all.
  Result<void> load(const SignatureOptions& options, std::vector<Complaint>& complaints);

  // Applies changes on top of what is in force.
  void apply(std::span<const Change> changes, std::vector<Complaint>& complaints);

  // The set for what is in force now; to be published. `version`: the log's seq, 0 when only files were read.
  std::unique_ptr<const MatchSet> build(std::uint64_t version, std::vector<Complaint>& complaints);

  struct Counts {
    std::uint64_t domains = 0, urls = 0, numbers = 0, patterns = 0, allowed = 0;
    std::uint64_t complaints = 0;  // lines of files and patterns left out since the start
  };
  Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
