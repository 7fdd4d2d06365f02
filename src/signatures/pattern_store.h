// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text and URL patterns in force, from files and from the log, and the layers made of them: a big base, and a small delta that is
// compiled with every change. A delta that has grown is folded into a new base by a thread of its own, since Hyperscan takes seconds
// for a hundred thousand. One control thread.

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "match/layer.h"
#include "signatures/compiler.h"
#include "signatures/complaint_list.h"
#include "signatures/pattern_samples.h"

namespace telefence {

// The patterns of the files of one configuration.
struct FilePatterns {
  std::vector<Entry> entries;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_key;  // index in entries
  std::vector<std::pair<std::uint32_t, PatternSamples>> samples;  // by index; until they were run

  void add(Entry entry) {
    by_key.emplace(entry.key, static_cast<std::uint32_t>(entries.size()));
    entries.push_back(std::move(entry));
  }
};

class PatternStore {
 public:
  explicit PatternStore(std::string home_country) : home_country_(std::move(home_country)) {}
  ~PatternStore();

  struct Counts {
    std::uint64_t patterns = 0, urls = 0, allowed = 0;
    std::uint64_t of_files_refused = 0;  // by Hyperscan, or by their own samples
    std::uint64_t of_log_refused = 0;    // since the start
  };
  const Counts& counts() const { return counts_; }
  // How patterns are judged and kept, from the next build() on.
  void set_options(PatternOptions options) { options_ = std::move(options); }
  std::size_t words_kept() const { return log_.size() + removals_.size(); }

  // Files: in place of those that were there. What is returned takes them back.
  struct Loaded;
  std::unique_ptr<Loaded> adopt_files(FilePatterns patterns);
  void take_back(std::unique_ptr<Loaded> before);

  // The log's words, one of each source about a key. An entry replaces what files say by it; a removal of source "" takes all away.
  void add(Entry entry);
  void remove(std::uint64_t key, const std::string& source);
  bool has_word(std::uint64_t key, const std::string& source) const;
  std::uint64_t words_of_source(SignatureKind kind, const std::string& source) const;
  // All words of the log, and what it took away, are forgotten.
  void forget_log();
  // All words of a source about this kind end.
  void end_list(SignatureKind kind, const std::string& source);
  // The words with this end are over; false when they were replaced meanwhile.
  bool has_end(std::uint64_t key, std::int64_t expires_s) const;
  bool end(std::uint64_t key, std::int64_t expires_s);

  // The layers for what is in force; into `parts`. Complaints: what Hyperscan refuses, and what samples condemn.
  void build(MatchSetParts& parts, ComplaintList& complaints);
  bool has_news() const;
  void settle();

 private:
  // An entry in force or not, of a file or of the log. The serial says which it is: every word of the log has a new one.
  struct Word {
    Entry entry;
    std::uint64_t serial = 0;
    bool hidden_by_log = false;  // of a file
    bool refused = false;
    bool is_told = false;  // that it costs much
    bool in_force() const { return !hidden_by_log && !refused; }
  };
  // A layer and which words it is made of.
  struct Made {
    std::shared_ptr<const PatternLayer> layer;
    std::unordered_map<std::uint64_t, std::uint32_t> rules;  // serial -> index of its rule
    std::vector<PatternError> rejected;
    std::vector<std::uint64_t> serials;  // by index of rule
  };
  struct Source {
    Rule rule;
    PatternEntry entry;
    std::uint64_t serial = 0;
  };

  static Made make(std::vector<Source> sources, const PatternOptions& options);
  std::vector<Source> in_force(bool only_delta) const;
  Source source_of(const Word& word) const;
  void count(const Word& word, bool more);
  void hide_in_files(std::uint64_t key, bool is_hidden);
  template <typename IsOver>
  bool end_words(std::uint64_t key, IsOver is_over);
  static bool tell_price(Word& word, const PatternError& error, ComplaintList& complaints);
  bool refuse(const Made& made, ComplaintList& complaints);
  void make_delta(ComplaintList& complaints);
  void fold_now(ComplaintList& complaints);
  void take_folded(ComplaintList& complaints);
  void run_samples(ComplaintList& complaints);
  std::vector<std::uint32_t> removed_from_base() const;

  std::string home_country_;
  PatternOptions options_;
  Counts counts_;
  std::vector<Word> files_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> files_by_key_;
  std::vector<std::pair<std::uint32_t, PatternSamples>> samples_;
  std::unordered_multimap<std::uint64_t, Word> log_;  // of each source one
  std::unordered_set<std::uint64_t> removals_;  // keys that the log took away from files
  std::uint64_t last_serial_ = 0;
  Made base_;
  bool has_changed_ = true;  // since the delta was made
  std::shared_ptr<const PatternLayer> delta_;
  std::vector<std::uint32_t> removed_;  // of base_
  bool needs_fold_ = true;
  std::future<Made> folding_;
};

struct PatternStore::Loaded {
  std::vector<Word> files;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_key;
  std::vector<std::pair<std::uint32_t, PatternSamples>> samples;
  std::uint64_t refused = 0;
};

}  // namespace telefence
