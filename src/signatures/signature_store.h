// SPDX-License-Identifier: Apache-2.0
#pragma once

// All signatures in force on this edge, from files and from the log, and the one place that turns them into MatchSets.
// Owned and called by one control thread (the feed's). Domains and numbers live in the tables that workers read, and nowhere else: the
// files' in one layer, the log's in layers above it (log_layers.h). A change is answered by a new small layer over shared ones. Lines
// that can't be used become complaints; the rest is in force.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "match/match_set.h"
#include "signatures/compiler.h"
#include "signatures/log_layers.h"
#include "signatures/options.h"
#include "signatures/signature.h"

namespace telefence {

class SignatureStore {
 public:
  explicit SignatureStore(CompileTerms terms);
  ~SignatureStore();

  // Reads all files; they take the place of those that were loaded before. Complaints: lines left out. Fails, and changes
  // nothing, when a named file can't be read at all.
  Result<void> load(const SignatureOptions& options, std::vector<Complaint>& complaints);
  // Goes back to the files of before the last load(), when what came of it can't be put in force; or drops them.
  void undo_load();
  // What was loaded stays: it is written to disk in the background, for the next start, where the options say so.
  void keep_load();
  // Why that could not be done; told once.
  std::optional<Error> take_keep_failure();

  // Applies changes on top of what is in force. Each source has one word about a value, and the last one counts. Words of the log
  // replace what files block by the value; a removal of no named source takes all of it away. What a file allows stays: it is not the
  // centre's. A list that names the value only after its removal puts it in force.
  void apply(std::span<const Change> changes, std::vector<Complaint>& complaints);

  // In place of all that the log said: these domains and numbers, and what `changes` add to them. `removed`: values taken away from
  // files; it counts for those that files block now.
  void adopt_log(std::shared_ptr<const Layer> layer, std::span<const Change> removed, std::span<const Change> changes,
                 std::vector<Complaint>& complaints);
  // Every word of the log about domains and numbers, in no order. visit(value, words)
  void for_each_word(const std::function<void(const WordValue&, const LogWords&)>& visit) const;
  // For who applies much and builds nothing: keeps memory and time small.
  void gather();
  // Removals are kept of values that no file blocks, too: for who has no files and writes down what the log says.
  void keep_removals();
  const CompileTerms& terms() const;

  // Drops entries of the log whose time is over, at most so many at once. (Past its time an entry does nothing, dropped or not, and
  // what files say about its value is in force again: match/entry_note.h.)
  struct Swept {
    std::size_t ended = 0;
    bool has_more = false;
  };
  Swept sweep(std::int64_t now_s, std::size_t at_most);
  // For a moment when no batch waits: begins to give back what is over or hidden, when that is worth it. Returns whether a build()
  // would now make a better set of the same: a merge in the background has ended.
  bool tidy();
  // Waits for what is done in the background. For tests, and before a snapshot is written.
  void settle();

  // The set for what is in force now; to be published. `version`: the log's seq, 0 when only files were read.
  std::unique_ptr<const MatchSet> build(std::uint64_t version, std::vector<Complaint>& complaints);

  struct Counts {
    std::uint64_t domains = 0, urls = 0, numbers = 0, patterns = 0, allowed = 0;
    std::uint64_t complaints = 0;            // lines and patterns of the files that are loaded which were left out
    std::uint64_t log_patterns_refused = 0;  // of the log since the start: can't be compiled
    std::uint64_t in_force() const { return domains + urls + numbers + patterns + allowed; }
  };
  Counts counts() const;
  // How many entries of the log a source would have after these changes. What they remove is not taken off.
  std::uint64_t entries_after(const std::string& source, std::span<const Change> changes) const;
  // Values that the log's words are kept for, in force or taken away from files.
  std::size_t words_kept() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
