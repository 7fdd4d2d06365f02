// SPDX-License-Identifier: Apache-2.0
#pragma once

// How much memory and time lists will take before they are loaded: from the lines and octets of the files, what a table takes for each
// entry, and the speed at which this machine loads a part of them. Control thread.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "signatures/compiler.h"
#include "signatures/options.h"
#include "signatures/snapshot.h"

namespace telefence {

struct SizeEstimate {
  std::uint64_t domains = 0;  // entries of lists of domains, and so on; of longer lists as the part that is loaded tells, without one lines
  std::uint64_t numbers = 0;
  std::uint64_t urls = 0;            // lines
  std::uint64_t patterns = 0;        // of pattern files, in force
  std::uint64_t left_out = 0;        // lines of that part, and patterns, that can't be used
  std::uint64_t kept_entries = 0;    // of the change log, in the snapshot that the last start left in policy.state_dir; 0 without Redis
  std::uint64_t kept_bytes = 0;      // of these, in force
  std::uint64_t bytes = 0;           // in force, without what was kept
  std::uint64_t peak_bytes = 0;      // while it is loaded in place of one as large, which is in force until then
  double load_seconds = 0;           // from the text of the lists
  double compiled_seconds = 0;       // from the compiled form of an earlier start; an estimate of 1 GB/s
};

// measures_speed: loads up to 200,000 lines of each list, and compiles all patterns: what they take is no estimate, and asking takes as long
// as loading them. Without it patterns are in the sum by the size of their files.
Result<SizeEstimate> estimate_size(const SignatureOptions& options, const CompileTerms& terms, bool measures_speed);

// The same of entries that come one by one, of lists that a node does not load itself.
class EntriesEstimate {
 public:
  explicit EntriesEstimate(const CompileTerms& terms);
  ~EntriesEstimate();
  void add(const Signature& signature);
  // Compiles its patterns and URLs, and adds everything to `out`.
  void finish(SizeEstimate& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What a snapshot takes when it is in force.
std::uint64_t bytes_in_force(const SnapshotManifest& manifest);

// Of this machine or its container: what could be taken now without swapping. 0: not known.
std::uint64_t available_memory();

}  // namespace telefence
