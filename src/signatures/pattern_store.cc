// SPDX-License-Identifier: Apache-2.0
#include "signatures/pattern_store.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <unordered_set>

namespace telefence {
namespace {

// A delta with more is folded into a new base: Hyperscan compiles all of the delta anew with each change.
constexpr std::size_t kSmallDelta = 64;
// A base of so many is made at once, in some 10 ms.
constexpr std::size_t kQuickFold = 512;

}  // namespace

PatternStore::~PatternStore() {
  if (folding_.valid()) folding_.wait();
}

void PatternStore::count(const Word& word, bool more) {
  std::uint64_t& number = word.entry.rule.allow                                ? counts_.allowed
                          : word.entry.rule.kind == SignatureKind::kUrl ? counts_.urls
                                                                        : counts_.patterns;
  number += more ? 1 : std::uint64_t(0) - 1;
}

std::unique_ptr<PatternStore::Loaded> PatternStore::adopt_files(FilePatterns patterns) {
  auto fresh = std::make_unique<Loaded>();
  for (Entry& entry : patterns.entries) fresh->files.push_back({std::move(entry), ++last_serial_});
  fresh->by_key = std::move(patterns.by_key);
  fresh->samples = std::move(patterns.samples);
  auto before = std::make_unique<Loaded>();
  before->files = files_;
  before->by_key = files_by_key_;
  before->samples = samples_;
  before->refused = counts_.of_files_refused;
  take_back(std::move(fresh));
  return before;
}

void PatternStore::take_back(std::unique_ptr<Loaded> loaded) {
  for (const Word& word : files_)
    if (word.in_force()) count(word, false);
  files_ = std::move(loaded->files);
  files_by_key_ = std::move(loaded->by_key);
  samples_ = std::move(loaded->samples);
  counts_.of_files_refused = loaded->refused;
  for (Word& word : files_) {
    word.hidden_by_log = !word.entry.rule.allow && (log_.contains(word.entry.key) || removals_.contains(word.entry.key));
    if (word.in_force()) count(word, true);
  }
  needs_fold_ = true;
}

// What this site's own people allow is not for the centre to take away.
void PatternStore::hide_in_files(std::uint64_t key, bool is_hidden) {
  const auto [first, last] = files_by_key_.equal_range(key);
  for (auto found = first; found != last; ++found) {
    Word& word = files_[found->second];
    if (word.entry.rule.allow || word.hidden_by_log == is_hidden) continue;
    if (word.in_force()) count(word, false);
    word.hidden_by_log = is_hidden;
    if (word.in_force()) count(word, true);
  }
}

// Takes words of the log about a key away; when none is left, what files say is in force again. Returns whether there was one.
template <typename IsOver>
bool PatternStore::end_words(std::uint64_t key, IsOver is_over) {
  bool has_ended = false;
  const auto [first, last] = log_.equal_range(key);
  for (auto place = first; place != last;) {
    if (!is_over(place->second.entry.rule)) {
      ++place;
      continue;
    }
    count(place->second, false);
    place = log_.erase(place);
    has_ended = true;
  }
  if (!has_ended) return false;
  has_changed_ = true;
  if (!log_.contains(key) && !removals_.contains(key)) hide_in_files(key, false);
  return true;
}

void PatternStore::add(Entry entry) {
  const std::uint64_t key = entry.key;
  end_words(key, [&](const Rule& rule) { return rule.source == entry.rule.source; });
  has_changed_ = true;
  Word word{std::move(entry), ++last_serial_};
  count(word, true);
  log_.emplace(key, std::move(word));
  hide_in_files(key, true);
}

void PatternStore::remove(std::uint64_t key, const std::string& source) {
  end_words(key, [&](const Rule& rule) { return source.empty() || rule.source == source; });
  if (!source.empty() || !files_by_key_.contains(key)) return;
  has_changed_ = true;
  hide_in_files(key, true);
  removals_.insert(key);
}

bool PatternStore::has_word(std::uint64_t key, const std::string& source) const {
  const auto [first, last] = log_.equal_range(key);
  return std::any_of(first, last, [&](const auto& one) { return one.second.entry.rule.source == source; });
}

std::uint64_t PatternStore::words_of_source(SignatureKind kind, const std::string& source) const {
  return static_cast<std::uint64_t>(
      std::count_if(log_.begin(), log_.end(), [&](const auto& one) { return one.second.entry.rule.kind == kind && one.second.entry.rule.source == source; }));
}

bool PatternStore::has_end(std::uint64_t key, std::int64_t expires_s) const {
  const auto [first, last] = log_.equal_range(key);
  return std::any_of(first, last, [&](const auto& one) { return one.second.entry.rule.expires_s == expires_s; });
}

bool PatternStore::end(std::uint64_t key, std::int64_t expires_s) {
  return end_words(key, [&](const Rule& rule) { return rule.expires_s == expires_s; });
}

void PatternStore::forget_log() {
  has_changed_ = true;
  for (const auto& [key, word] : log_) count(word, false);
  log_.clear();
  removals_.clear();
  for (Word& word : files_) {
    if (!std::exchange(word.hidden_by_log, false)) continue;
    if (word.in_force()) count(word, true);
  }
}

void PatternStore::end_list(SignatureKind kind, const std::string& source) {
  const auto is_of_list = [&](const Rule& rule) { return rule.kind == kind && rule.source == source; };
  std::unordered_set<std::uint64_t> keys;
  for (const auto& [key, word] : log_)
    if (is_of_list(word.entry.rule)) keys.insert(key);
  for (const std::uint64_t key : keys) end_words(key, is_of_list);
}

PatternStore::Source PatternStore::source_of(const Word& word) const {
  const Entry& entry = word.entry;
  const bool over_url = entry.rule.kind == SignatureKind::kUrl;
  PatternEntry made{{entry.expression, entry.literal && !over_url, over_url, entry.fold, entry.words}, 0, entry.rule.allow};
  made.is_told = word.is_told;
  return {entry.rule, std::move(made), word.serial};
}

std::vector<PatternStore::Source> PatternStore::in_force(bool only_delta) const {
  std::vector<Source> out;
  const auto take = [&](const Word& word) {
    if (word.in_force() && !(only_delta && base_.rules.contains(word.serial))) out.push_back(source_of(word));
  };
  for (const Word& word : files_) take(word);
  for (const auto& [key, word] : log_) take(word);
  return out;
}

PatternStore::Made PatternStore::make(std::vector<Source> sources, const PatternOptions& options) {
  Made made;
  if (sources.empty()) return made;
  std::vector<Rule> rules;
  std::vector<PatternEntry> entries;
  for (Source& source : sources) {
    source.entry.rule = static_cast<std::uint32_t>(rules.size());
    made.rules.emplace(source.serial, source.entry.rule);
    made.serials.push_back(source.serial);
    rules.push_back(std::move(source.rule));
    entries.push_back(std::move(source.entry));
  }
  made.layer = std::make_shared<const PatternLayer>(std::move(rules), entries, options, made.rejected);
  return made;
}

// A pattern that is in force at a price: told once. False: it is not in force.
bool PatternStore::tell_price(Word& word, const PatternError& error, ComplaintList& complaints) {
  if (error.is_left_out) return false;
  if (!std::exchange(word.is_told, true)) complaints.add({word.entry.where, word.entry.rule.value, error.reason, false});
  return true;
}

// Patterns that Hyperscan refused are not in the layer; they are complained about once and not tried again. Returns whether what
// is in force changed by it: a file's pattern that the log had replaced comes back.
bool PatternStore::refuse(const Made& made, ComplaintList& complaints) {
  if (made.rejected.empty()) return false;
  std::unordered_map<std::uint64_t, const PatternError*> errors;
  for (const PatternError& error : made.rejected) errors.emplace(made.serials[error.rule], &error);
  bool has_changed = false;
  for (Word& word : files_) {
    const auto found = errors.find(word.serial);
    if (found == errors.end() || word.refused || tell_price(word, *found->second, complaints)) continue;
    complaints.add(word.entry.where, word.entry.rule.value, "this pattern is left out: " + found->second->reason);
    if (word.in_force()) count(word, false);
    word.refused = true;
    ++counts_.of_files_refused;
  }
  for (auto place = log_.begin(); place != log_.end();) {
    const auto found = errors.find(place->second.serial);
    if (found == errors.end() || tell_price(place->second, *found->second, complaints)) {
      ++place;
      continue;
    }
    complaints.add(place->second.entry.where, place->second.entry.rule.value, "this pattern is left out: " + found->second->reason);
    count(place->second, false);
    ++counts_.of_log_refused;
    const std::uint64_t key = place->first;
    place = log_.erase(place);
    if (!log_.contains(key) && !removals_.contains(key) && files_by_key_.contains(key)) {
      hide_in_files(key, false);
      has_changed = true;
    }
  }
  return has_changed;
}

// Once for each load. A pattern that hits what it must not, by the word of who wrote it, hits innocents: it is left out. One
// that misses what it must match does no harm.
void PatternStore::run_samples(ComplaintList& complaints) {
  const auto samples = std::exchange(samples_, {});
  if (samples.empty() || base_.layer == nullptr) return;
  MatchSetParts parts;
  parts.patterns = base_.layer;
  const MatchSet set(std::move(parts));
  SampleRunner runner(set, home_country_);
  for (const auto& [index, own] : samples) {
    Word& word = files_[index];
    const auto rule = base_.rules.find(word.serial);
    if (!word.in_force() || rule == base_.rules.end()) continue;
    const Entry& entry = word.entry;
    if (const std::string* hit = runner.first_hit(rule->second, own.must_not_match)) {
      complaints.add(entry.where, entry.rule.value, "this pattern is left out: it matches its own innocent sample \"" +
                                                        shortened(*hit) + "\" (must_not_match)");
      count(word, false);
      word.refused = true;
      ++counts_.of_files_refused;
    } else if (const std::string* missed = runner.first_missed(rule->second, own.must_match)) {
      complaints.add({entry.where, entry.rule.value, "it does not match its own sample \"" + shortened(*missed) +
                                                         "\" (must_match): mend the pattern or the sample", false});
    }
  }
}

std::vector<std::uint32_t> PatternStore::removed_from_base() const {
  std::unordered_set<std::uint64_t> alive;
  for (const Word& word : files_)
    if (word.in_force()) alive.insert(word.serial);
  for (const auto& [key, word] : log_) alive.insert(word.serial);
  std::vector<std::uint32_t> removed;
  for (const auto& [serial, rule] : base_.rules)
    if (!alive.contains(serial)) removed.push_back(rule);
  std::sort(removed.begin(), removed.end());
  return removed;
}

void PatternStore::fold_now(ComplaintList& complaints) {
  if (folding_.valid()) (void)folding_.get();
  base_ = make(in_force(false), options_);
  needs_fold_ = false;
  has_changed_ = true;
  if (refuse(base_, complaints)) base_ = make(in_force(false), options_);
  run_samples(complaints);
}

void PatternStore::take_folded(ComplaintList& complaints) {
  if (!has_news()) return;
  base_ = folding_.get();
  has_changed_ = true;
  refuse(base_, complaints);
}

bool PatternStore::has_news() const {
  return folding_.valid() && folding_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// What has not changed since the last time is not made again: most changes are of domains and numbers.
void PatternStore::build(MatchSetParts& parts, ComplaintList& complaints) {
  if (needs_fold_)
    fold_now(complaints);
  else
    take_folded(complaints);
  if (has_changed_) {
    has_changed_ = false;
    make_delta(complaints);
  }
  parts.patterns = base_.layer;
  parts.pattern_delta = delta_;
  parts.removed_patterns = removed_;
}

void PatternStore::make_delta(ComplaintList& complaints) {
  std::vector<Source> delta = in_force(true);
  removed_ = removed_from_base();
  if (!folding_.valid() && delta.size() + removed_.size() > kSmallDelta) {
    std::vector<Source> all = in_force(false);
    if (all.size() <= kQuickFold) {
      fold_now(complaints);
      delta.clear();
      removed_ = removed_from_base();
    } else {
      folding_ = std::async(std::launch::async, [all = std::move(all), options = options_]() mutable {
        pthread_setname_np(pthread_self(), "telefence:fold");
        return make(std::move(all), options);
      });
    }
  }
  Made made = make(std::move(delta), options_);
  if (refuse(made, complaints)) {
    made = make(in_force(true), options_);
    removed_ = removed_from_base();
  }
  delta_ = std::move(made.layer);
}

void PatternStore::settle() {
  if (folding_.valid()) folding_.wait();
}

}  // namespace telefence
