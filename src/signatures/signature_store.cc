// SPDX-License-Identifier: Apache-2.0
#include "signatures/signature_store.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "signatures/complaint_list.h"
#include "signatures/expiry_queue.h"
#include "signatures/signature_files.h"

namespace telefence {
namespace {

// A delta above a floor and an eighth of the base is folded into a new base; patterns earlier, since Hyperscan compiles
// the whole delta anew for each batch.
constexpr std::size_t kSmallDelta = 4096;
constexpr std::size_t kSmallPatternDelta = 64;
// A base of so many is made in about a second. After a big import it is worth it: a batch costs 0.4 ms then, and 40 ms above a
// delta of 30,000.
constexpr std::size_t kQuickFold = 1'000'000;

bool is_pattern(const Entry& entry) {
  return entry.rule.kind == SignatureKind::kPattern || entry.rule.kind == SignatureKind::kUrl;
}

// What became of an entry of a file.
struct FileWord {
  bool taken_by_log = false;
  bool refused = false;  // by Hyperscan, or by its own samples
  bool in_base = false;
  bool is_in_force() const { return !taken_by_log && !refused; }
};

// The files, and what became of their entries.
struct LoadedFiles {
  SignatureFiles files;
  std::vector<FileWord> words;      // by index of files.entries
  std::uint64_t lines_refused = 0;  // entries that were never made
  std::uint64_t patterns_refused = 0;
  std::vector<std::uint32_t> harmful;  // patterns that hit what they must not, by their own samples
};

// The log's last word about one value: an entry in force.
struct LogWord {
  Entry entry;
  bool in_base = false;
};

// A pattern given to the builder, to find it again when Hyperscan refuses it.
struct PatternRule {
  std::uint32_t rule = 0;
  bool of_file = false;
  std::uint32_t file_index = 0;  // of_file
  std::uint64_t key = 0;         // else
};

}  // namespace

struct SignatureStore::State {
  CompileTerms terms;
  PatternOptions pattern_options;
  std::unordered_set<std::uint64_t> told;  // keys of patterns whose price was told since the load
  LoadedFiles loaded;
  std::unique_ptr<LoadedFiles> before;  // until the load is kept or undone
  std::unordered_map<std::uint64_t, LogWord> log;
  std::unordered_set<std::uint64_t> removals;  // keys that the log took away from files
  ExpiryQueue expiries;                        // of the log's words
  // What is in force and not in the base: words of the log by key, entries of files by index.
  std::unordered_set<std::uint64_t> delta;
  std::unordered_set<std::uint32_t> delta_files;
  std::unordered_set<std::uint64_t> removed;     // ids of rules of the base that are in force no more
  std::unordered_set<std::uint64_t> shared_ids;  // ids that several rules of the base have: they can't be removed by id
  std::size_t expired_in_base = 0;               // swept, and without effect since their time is over
  std::unique_ptr<const MatchSet> base;
  std::size_t base_size = 0;
  bool needs_fold = true;
  Counts counts;

  using LogPlace = std::unordered_map<std::uint64_t, LogWord>::iterator;

  void count(const Entry& entry, bool more);
  void take_out_of_base(const Entry& entry);
  void take_from_files(std::uint64_t key);
  void give_back_to_files(std::uint64_t key);
  void end_word(LogPlace place);
  void add_word(Entry entry);
  LoadedFiles adopt_files(LoadedFiles fresh);

  std::size_t fold_limit() const { return std::max(kSmallDelta, base_size / 8); }
  bool is_fold_due() const;
  void note_rule(std::unordered_set<std::uint64_t>& ids, const Entry& entry);
  void fold(ComplaintList& complaints);
  std::unique_ptr<const MatchSet> build_delta(std::uint64_t version, ComplaintList& complaints);
  void run_samples(const std::vector<PatternRule>& patterns, ComplaintList& complaints);
  void leave_out(const std::vector<PatternError>& rejected, const std::vector<PatternRule>& patterns,
                 ComplaintList& complaints);
};

void SignatureStore::State::count(const Entry& entry, bool more) {
  std::uint64_t* number = &counts.allowed;
  if (!entry.rule.allow) {
    switch (entry.rule.kind) {
      case SignatureKind::kDomain:
        number = &counts.domains;
        break;
      case SignatureKind::kUrl:
        number = &counts.urls;
        break;
      case SignatureKind::kNumber:
        number = &counts.numbers;
        break;
      case SignatureKind::kPattern:
        number = &counts.patterns;
        break;
    }
  }
  *number = more ? *number + 1 : *number - 1;
}

void SignatureStore::State::take_out_of_base(const Entry& entry) {
  removed.insert(entry.rule.id);
  if (shared_ids.contains(entry.rule.id)) needs_fold = true;
}

void SignatureStore::State::take_from_files(std::uint64_t key) {
  const auto [first, last] = loaded.files.by_key.equal_range(key);
  for (auto found = first; found != last; ++found) {
    const Entry& entry = loaded.files.entries[found->second];
    FileWord& word = loaded.words[found->second];
    // What this site's own people allow is not for the centre to take away.
    if (entry.rule.allow || word.taken_by_log) continue;
    if (word.is_in_force()) count(entry, false);
    word.taken_by_log = true;
    delta_files.erase(found->second);
    if (std::exchange(word.in_base, false)) take_out_of_base(entry);
  }
}

void SignatureStore::State::give_back_to_files(std::uint64_t key) {
  const auto [first, last] = loaded.files.by_key.equal_range(key);
  for (auto found = first; found != last; ++found) {
    FileWord& word = loaded.words[found->second];
    if (!std::exchange(word.taken_by_log, false) || word.refused) continue;
    count(loaded.files.entries[found->second], true);
    delta_files.insert(found->second);
  }
}

void SignatureStore::State::end_word(LogPlace place) {
  count(place->second.entry, false);
  if (place->second.in_base) take_out_of_base(place->second.entry);
  delta.erase(place->first);
  log.erase(place);
}

void SignatureStore::State::add_word(Entry entry) {
  const std::uint64_t key = entry.key;
  count(entry, true);
  delta.insert(key);
  const std::int64_t expires_s = entry.rule.expires_s;
  log[key] = LogWord{std::move(entry), false};
  if (expires_s == 0) return;
  expiries.add(expires_s, key);
  // What was pushed again and again has left its old moments behind.
  if (expiries.size() <= 2 * log.size() + 1024) return;
  std::vector<ExpiryQueue::Item> items;
  for (const auto& [known, word] : log)
    if (word.entry.rule.expires_s != 0) items.push_back({word.entry.rule.expires_s, known});
  expiries.assign(std::move(items));
}

// Returns what was loaded so far.
LoadedFiles SignatureStore::State::adopt_files(LoadedFiles fresh) {
  for (std::size_t i = 0; i < loaded.words.size(); ++i)
    if (loaded.words[i].is_in_force()) count(loaded.files.entries[i], false);
  LoadedFiles former = std::exchange(loaded, std::move(fresh));
  loaded.words.assign(loaded.files.entries.size(), FileWord{});
  loaded.patterns_refused = loaded.harmful.size();
  for (const std::uint32_t index : loaded.harmful) loaded.words[index].refused = true;
  delta_files.clear();
  for (std::size_t i = 0; i < loaded.words.size(); ++i)
    if (loaded.words[i].is_in_force()) count(loaded.files.entries[i], true);
  for (const auto& [key, word] : log) take_from_files(key);
  for (const std::uint64_t key : removals) take_from_files(key);
  needs_fold = true;
  return former;
}

bool SignatureStore::State::is_fold_due() const {
  if (base == nullptr || needs_fold) return true;
  const std::size_t limit = fold_limit();
  const std::size_t added = delta.size() + delta_files.size();
  if (added > limit || removed.size() > limit) return true;
  if (added <= kSmallPatternDelta) return false;
  const auto patterns =
      std::count_if(delta.begin(), delta.end(), [this](std::uint64_t key) { return is_pattern(log.at(key).entry); });
  return static_cast<std::size_t>(patterns) > kSmallPatternDelta;
}

void SignatureStore::State::note_rule(std::unordered_set<std::uint64_t>& ids, const Entry& entry) {
  if (!ids.insert(entry.rule.id).second) shared_ids.insert(entry.rule.id);
  ++base_size;
}

void SignatureStore::State::fold(ComplaintList& complaints) {
  MatchSetBuilder builder;
  builder.set_pattern_options(pattern_options);
  std::vector<PatternRule> patterns;
  std::unordered_set<std::uint64_t> ids;
  shared_ids.clear();
  base_size = 0;
  const std::vector<Entry>& entries = loaded.files.entries;
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    loaded.words[i].in_base = loaded.words[i].is_in_force();
    if (!loaded.words[i].in_base) continue;
    const std::uint32_t rule = add_to(builder, entries[i]);
    if (is_pattern(entries[i])) patterns.push_back({rule, true, i, 0});
    note_rule(ids, entries[i]);
  }
  for (auto& [key, word] : log) {
    const std::uint32_t rule = add_to(builder, word.entry);
    if (is_pattern(word.entry)) patterns.push_back({rule, false, 0, key});
    note_rule(ids, word.entry);
    word.in_base = true;
  }
  // Emptied by a new one each: clear() would keep what a hundred thousand entries needed.
  delta = {};
  delta_files = {};
  removed = {};
  expired_in_base = 0;
  if (log.bucket_count() > 8 * (log.size() + 1024)) log.rehash(0);
  needs_fold = false;
  MatchSetBuilder::Built built = builder.build_base(0);
  base = std::move(built.set);
  leave_out(built.rejected, patterns, complaints);
  run_samples(patterns, complaints);
}

// Once for each load. A pattern that hits what it must not, by the word of who wrote it, hits innocents: it is left out. One
// that misses what it must match does no harm.
void SignatureStore::State::run_samples(const std::vector<PatternRule>& patterns, ComplaintList& complaints) {
  const auto samples = std::exchange(loaded.files.samples, {});
  if (samples.empty()) return;
  std::unordered_map<std::uint32_t, std::uint32_t> rules;  // by index of the files' entries
  for (const PatternRule& pattern : patterns)
    if (pattern.of_file) rules.emplace(pattern.file_index, pattern.rule);
  SampleRunner runner(*base, terms.home_country);
  for (const auto& [index, own] : samples) {
    FileWord& word = loaded.words[index];
    if (!word.in_base) continue;
    const Entry& entry = loaded.files.entries[index];
    if (const std::string* hit = runner.first_hit(rules.at(index), own.must_not_match)) {
      complaints.add(entry.where, entry.rule.value, "this pattern is left out: it matches its own innocent sample \"" +
                                                        shortened(*hit) + "\" (must_not_match)");
      loaded.harmful.push_back(index);
      ++loaded.patterns_refused;
      count(entry, false);
      word = FileWord{word.taken_by_log, true, false};
      take_out_of_base(entry);
    } else if (const std::string* missed = runner.first_missed(rules.at(index), own.must_match)) {
      complaints.add({entry.where, entry.rule.value, "it does not match its own sample \"" + shortened(*missed) +
                                                         "\" (must_match): mend the pattern or the sample", false});
    }
  }
}

std::unique_ptr<const MatchSet> SignatureStore::State::build_delta(std::uint64_t version, ComplaintList& complaints) {
  MatchSetBuilder builder;
  builder.set_pattern_options(pattern_options);
  std::vector<PatternRule> patterns;
  for (const std::uint64_t key : delta) {
    const Entry& entry = log.at(key).entry;
    const std::uint32_t rule = add_to(builder, entry);
    if (is_pattern(entry)) patterns.push_back({rule, false, 0, key});
  }
  for (const std::uint32_t index : delta_files) {
    const Entry& entry = loaded.files.entries[index];
    const std::uint32_t rule = add_to(builder, entry);
    if (is_pattern(entry)) patterns.push_back({rule, true, index, 0});
  }
  const std::vector<std::uint64_t> removed_ids(removed.begin(), removed.end());
  MatchSetBuilder::Built built = builder.build_delta(*base, removed_ids, version);
  leave_out(built.rejected, patterns, complaints);
  return std::move(built.set);
}

// Patterns that Hyperscan refused are not in the set; they are complained about once and not tried again.
void SignatureStore::State::leave_out(const std::vector<PatternError>& rejected,
                                      const std::vector<PatternRule>& patterns, ComplaintList& complaints) {
  for (const PatternError& error : rejected) {
    const auto found =
        std::find_if(patterns.begin(), patterns.end(), [&](const PatternRule& p) { return p.rule == error.rule; });
    if (found == patterns.end()) continue;
    const Entry& entry = found->of_file ? loaded.files.entries[found->file_index] : log.at(found->key).entry;
    if (!error.is_left_out) {
      if (told.insert(entry.key).second) complaints.add({entry.where, entry.rule.value, error.reason, false});
      continue;
    }
    complaints.add(entry.where, entry.rule.value, "this pattern is left out: " + error.reason);
    count(entry, false);
    if (found->of_file) {
      FileWord& word = loaded.words[found->file_index];
      word = FileWord{word.taken_by_log, true, false};
      delta_files.erase(found->file_index);
      ++loaded.patterns_refused;
    } else {
      ++counts.log_patterns_refused;
      delta.erase(found->key);
      log.erase(found->key);
      if (!removals.contains(found->key)) give_back_to_files(found->key);
    }
  }
}

SignatureStore::SignatureStore(CompileTerms terms) : state_(std::make_unique<State>()) {
  state_->terms = std::move(terms);
}
SignatureStore::~SignatureStore() = default;

Result<void> SignatureStore::load(const SignatureOptions& options, std::vector<Complaint>& complaints) {
  State& state = *state_;
  state.pattern_options = options.pattern_options;
  state.told.clear();
  ComplaintList collected(complaints);
  Result<SignatureFiles> read = read_signature_files(options, state.terms, collected);
  if (!read.ok()) return read.error();
  state.before = std::make_unique<LoadedFiles>(state.adopt_files({std::move(read.value()), {}, collected.count(), 0}));
  return {};
}

void SignatureStore::undo_load() {
  if (state_->before != nullptr) state_->adopt_files(std::move(*std::exchange(state_->before, nullptr)));
}

void SignatureStore::keep_load() { state_->before.reset(); }

void SignatureStore::apply(std::span<const Change> changes, std::vector<Complaint>& complaints) {
  State& state = *state_;
  ComplaintList collected(complaints);
  for (const Change& change : changes) {
    const Signature& signature = change.signature;
    const bool is_removal = change.op == Change::Op::kRemove;
    Result<Entry> entry =
        is_removal ? canonical_entry(signature, state.terms) : compile_signature(signature, state.terms);
    if (!entry.ok()) {
      collected.add(signature.where, signature.value, entry.error().message);
      continue;
    }
    const std::uint64_t key = entry.value().key;
    if (const auto place = state.log.find(key); place != state.log.end()) state.end_word(place);
    state.take_from_files(key);
    if (!is_removal)
      state.add_word(std::move(entry.value()));
    else if (state.loaded.files.by_key.contains(key))
      state.removals.insert(key);
  }
}

SignatureStore::Swept SignatureStore::sweep(std::int64_t now_s, std::size_t at_most) {
  State& state = *state_;
  Swept swept;
  while (swept.ended < at_most) {
    const auto due = state.expiries.take_due(now_s);
    if (!due) {
      if (swept.ended > 0) state.expiries.shrink();
      return swept;
    }
    const auto [expires_s, key] = *due;
    const auto place = state.log.find(key);
    // Ended before, or pushed again with another end.
    if (place == state.log.end() || place->second.entry.rule.expires_s != expires_s) continue;
    // Not taken out of the base: it does nothing there any more, and a delta without half the base costs every batch that
    // comes next. tidy() makes a new base when nobody waits.
    if (std::exchange(place->second.in_base, false)) ++state.expired_in_base;
    state.end_word(place);
    if (!state.removals.contains(key)) state.give_back_to_files(key);
    ++swept.ended;
  }
  swept.has_more = state.expiries.has_due(now_s);
  return swept;
}

bool SignatureStore::tidy() {
  State& state = *state_;
  const std::size_t changed = state.delta.size() + state.delta_files.size() + state.removed.size();
  const bool is_quick = state.base_size + changed < kQuickFold;
  const bool is_worth_it = state.expired_in_base > state.fold_limit() || (is_quick && changed > kSmallDelta);
  state.needs_fold |= is_worth_it;
  return is_worth_it;
}

std::unique_ptr<const MatchSet> SignatureStore::build(std::uint64_t version, std::vector<Complaint>& complaints) {
  ComplaintList collected(complaints);
  State& state = *state_;
  if (state.is_fold_due()) state.fold(collected);
  // A pattern that its samples condemn and that shares its id with another can't be taken out of the base.
  if (state.needs_fold) state.fold(collected);
  const std::size_t files_before = state.delta_files.size();
  auto set = state.build_delta(version, collected);
  // A pattern of the log that can't be compiled gave its place back to a file's.
  if (state.delta_files.size() > files_before) set = state.build_delta(version, collected);
  return set;
}

SignatureStore::Counts SignatureStore::counts() const {
  Counts counts = state_->counts;
  counts.complaints = state_->loaded.lines_refused + state_->loaded.patterns_refused;
  return counts;
}

std::size_t SignatureStore::words_kept() const { return state_->log.size() + state_->removals.size(); }

}  // namespace telefence
