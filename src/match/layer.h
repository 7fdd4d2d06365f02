// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts that a MatchSet is put together from, each immutable once it is in one and shared between versions. Domains and numbers
// come in layers: what the files say below, above it what the change log says, the newest on top; a value's newest word counts
// (entry_note.h). Patterns come as a base and a delta. Filled on a control thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/allowed_names.h"
#include "match/domain_table.h"
#include "match/number_table.h"
#include "match/pattern_set.h"
#include "match/terms.h"

namespace telefence {

// What goes with a layer on disk.
struct LayerPapers {
  std::string key;   // what it was made of
  std::string note;  // the owner's own
};

class Layer {
 public:
  std::uint16_t intern(const Terms& terms) { return terms_.intern(terms); }
  DomainTable& domains() { return domains_; }
  NumberTable& numbers() { return numbers_; }
  // No more will come.
  void finish();

  const DomainTable& domains() const { return domains_; }
  const NumberTable& numbers() const { return numbers_; }
  const TermsList& terms() const { return terms_; }
  const AllowedNames& allowed_names() const { return allowed_names_; }
  bool is_empty() const { return domains_.names() == 0 && numbers_.is_empty(); }
  std::uint64_t size() const { return domains_.size() + numbers_.size(); }
  std::size_t bytes() const { return domains_.bytes() + numbers_.bytes() + allowed_names_.bytes(); }

  // To a file and back (layer_file.cc). Only a file with the same key is read. The error says why a file was not written or is of no
  // use. A file that could be written is whole.
  Result<void> write(const std::string& file, const LayerPapers& papers) const;
  static Result<std::unique_ptr<Layer>> read(const std::string& file, LayerPapers& papers);

 private:
  void name_what_is_allowed();

  TermsList terms_;
  DomainTable domains_;
  NumberTable numbers_;
  AllowedNames allowed_names_{{}};
};

class PatternLayer {
 public:
  // entries[i].rule is the index in `rules`. `rejected`: what is not in force, or told of.
  PatternLayer(std::vector<Rule> rules, std::span<const PatternEntry> entries, const PatternOptions& options,
               std::vector<PatternError>& rejected)
      : rules_(std::move(rules)),
        texts_(entries, PatternSet::Subject::kText, 0, options, rejected),
        urls_(entries, PatternSet::Subject::kUrl, 0, options, rejected) {
    note_what_needs_all(entries);
  }

  const std::vector<Rule>& rules() const { return rules_; }
  const PatternSet& texts() const { return texts_; }
  const PatternSet& urls() const { return urls_; }
  std::size_t bytes() const;

  // Some texts acquit what is said beside them.
  bool has_allowed_texts() const { return has_allowed_texts_; }
  // Whether this rule's pattern hits may depend on what comes behind the place where it does.
  bool needs_whole(std::size_t rule) const { return needs_whole_[rule]; }

 private:
  void note_what_needs_all(std::span<const PatternEntry> entries);

  std::vector<Rule> rules_;
  std::vector<bool> needs_whole_;  // by rule
  bool has_allowed_texts_ = false;
  PatternSet texts_;
  PatternSet urls_;
};

struct MatchSetParts {
  std::vector<std::shared_ptr<const Layer>> log;  // newest first; with `files` at most kMostLayers
  std::shared_ptr<const Layer> files;             // may be null
  std::shared_ptr<const PatternLayer> patterns;        // may be null
  std::shared_ptr<const PatternLayer> pattern_delta;   // may be null
  std::vector<std::uint32_t> removed_patterns;    // of `patterns`: indexes of their rules; sorted
  std::uint64_t version = 0;
};

}  // namespace telefence
