// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_trial.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "match/database_cache.h"
#include "match/innocent_texts.h"
#include "match/scratch_state.h"

namespace telefence {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr int kPasses = 3;  // the fastest counts: others may be using the machine

// Not in the middle of a character.
std::string begin_of(std::string_view sample) {
  if (sample.size() <= kShownBytes) return std::string(sample);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(sample[end]) & 0xc0) == 0x80) --end;
  return std::string(sample.substr(0, end)) + "...";
}

class Trial {
 public:
  Trial(const PatternSet& set, bool over_url) : set_(set), over_url_(over_url), samples_(over_url ? innocent_urls() : innocent_texts()) {
    for (const std::string_view sample : samples_) texts_.push_back(over_url ? std::u16string() : fold_text(sample));
    const auto databases = set.databases();
    is_fit_ = state_.prepare(databases).ok();
    state_.take_over();
  }

  std::size_t samples() const { return samples_.size(); }
  std::string_view sample(std::size_t index) const { return samples_[index]; }

  // Some patterns were not tried to their end on all samples: together they cost more than a message may.
  bool is_incomplete() const { return !is_fit_ || hits_.dropped() != 0; }

  std::span<const Hit> hits_of(std::size_t index) {
    hits_.clear();
    if (!is_fit_) return {};
    if (over_url_) {
      set_.scan(samples_[index], state_, {}, hits_);
    } else {
      const TextKey key{0, texts_[index], as_bytes(samples_[index]), TextCoding::kUtf8};
      set_.scan({&key, 1}, HitPart::kText, state_, hits_);
    }
    return std::as_const(hits_).hits();
  }

  // Of one sample, in the mean.
  double nanoseconds() {
    double best = 1e18;
    for (int pass = 0; pass < kPasses; ++pass) {
      const auto start = std::chrono::steady_clock::now();
      for (std::size_t i = 0; i < samples_.size(); ++i) (void)hits_of(i);
      const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
      best = std::min(best, taken.count() / static_cast<double>(samples_.size()));
    }
    return best;
  }

 private:
  const PatternSet& set_;
  bool over_url_;
  std::span<const std::string_view> samples_;
  std::vector<std::u16string> texts_;
  MatchScratch::State state_;
  HitList hits_;
  bool is_fit_ = false;
};

class Judge {
 public:
  Judge(const PatternSet& set, bool over_url, std::span<const PatternEntry* const> entries, std::uint32_t first_rule,
        const PatternOptions& options)
      : set_(set), over_url_(over_url), entries_(entries), first_rule_(first_rule), options_(options), trial_(set, over_url) {}

  std::vector<PatternError> run() {
    too_many_hits();
    if (out_.empty()) too_slow();
    if (out_.empty()) tell_expressions();
    return std::move(out_);
  }

  std::vector<PatternError> run_hits() {
    too_many_hits();
    return std::move(out_);
  }
  bool is_incomplete() const { return trial_.is_incomplete(); }

 private:
  // Patterns whose rule acquits may be about what innocents write.
  void too_many_hits() {
    struct Hits {
      std::size_t count = 0;
      std::size_t sample = 0;
    };
    std::unordered_map<RuleRef, Hits> of_rule;
    for (std::size_t i = 0; i < trial_.samples(); ++i)
      for (const Hit& hit : trial_.hits_of(i))
        if (Hits& hits = of_rule[hit.rule - first_rule_]; hits.count++ == 0) hits.sample = i;
    if (of_rule.empty()) return;
    const double most = options_.most_innocent_share * static_cast<double>(trial_.samples());
    for (const PatternEntry* entry : entries_) {
      const auto found = of_rule.find(entry->rule);
      if (found == of_rule.end() || entry->allow || static_cast<double>(found->second.count) <= most) continue;
      out_.push_back({entry->rule, "it hits " + std::to_string(found->second.count) + " of " + std::to_string(trial_.samples()) +
                                       (over_url_ ? " everyday urls" : " everyday messages") + ", as \"" +
                                       begin_of(trial_.sample(found->second.sample)) + "\""});
      of_rule.erase(found);
    }
  }

  // Only Hyperscan's can be slow: what is run where an anchor stands is bounded.
  std::unordered_set<std::uint32_t> rules_of_expressions() const {
    std::unordered_set<std::uint32_t> out;
    for (std::size_t fold = 0; fold < kTextFolds; ++fold)
      for (const Expression& expression : set_.table(static_cast<TextFold>(fold)).expressions()) out.insert(expression.rule - first_rule_);
    return out;
  }

  // Looks for the slow ones only when all together are slow.
  void too_slow() {
    if (trial_.nanoseconds() <= options_.most_nanoseconds) return;
    const std::unordered_set<std::uint32_t> suspects = rules_of_expressions();
    for (const PatternEntry* entry : entries_) {
      if (!suspects.contains(entry->rule)) continue;
      const double cost = cost_alone(*entry);
      if (cost > options_.most_nanoseconds)
        out_.push_back({entry->rule, "it takes " + std::to_string(static_cast<std::uint64_t>(cost)) +
                                         " ns at an everyday message, where a pattern may take " + std::to_string(options_.most_nanoseconds)});
    }
  }

  double cost_alone(const PatternEntry& entry) const {
    PatternEntry alone = entry;
    alone.allow = true;
    alone.is_told = true;
    PatternOptions options;
    options.most_nanoseconds = 0xffffffff;
    options.cache_directory = options_.cache_directory;
    std::vector<PatternError> ignored;
    const PatternSet one({&alone, 1}, over_url_ ? PatternSet::Subject::kUrl : PatternSet::Subject::kText, 0, options, ignored);
    return Trial(one, over_url_).nanoseconds();
  }

  void tell_expressions() {
    const std::unordered_set<std::uint32_t> expressions = rules_of_expressions();
    std::vector<std::uint32_t> untold;
    for (const PatternEntry* entry : entries_)
      if (!entry->is_told && expressions.contains(entry->rule)) untold.push_back(entry->rule);
    if (untold.empty()) return;
    const auto cost = static_cast<std::uint64_t>(trial_.nanoseconds());
    for (const std::uint32_t rule : untold)
      out_.push_back({rule, "no text of it is sure to stand in a match (or it is more than this reads), so it is looked for in every message: the " +
                                std::to_string(expressions.size()) + " such expressions make a message cost " + std::to_string(cost) + " ns", false});
  }

  const PatternSet& set_;
  bool over_url_;
  std::span<const PatternEntry* const> entries_;
  std::uint32_t first_rule_;
  const PatternOptions& options_;
  Trial trial_;
  std::vector<PatternError> out_;
};

}  // namespace

std::vector<PatternError> try_patterns(const PatternSet& set, bool over_url, std::span<const PatternEntry* const> entries,
                                       std::uint32_t first_rule, const PatternOptions& options) {
  if (set.size() == 0) return {};
  return Judge(set, over_url, entries, first_rule, options).run();
}

std::vector<PatternError> innocent_hits(std::vector<PatternEntry> entries, double share, const std::string& cache_directory) {
  if (entries.empty()) return {};
  const bool over_url = entries.front().over_url;
  PatternOptions options;
  options.most_innocent_share = share;
  options.most_nanoseconds = std::numeric_limits<std::uint32_t>::max();
  options.cache_directory = cache_directory;
  std::vector<const PatternEntry*> judged;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].rule = static_cast<std::uint32_t>(i);
    entries[i].allow = entries[i].is_told = true;  // so that the set keeps it, whatever it hits
    judged.push_back(&entries[i]);
  }
  std::vector<PatternError> uncompiled;
  const PatternSet set(entries, over_url ? PatternSet::Subject::kUrl : PatternSet::Subject::kText, 0, options, uncompiled);
  if (set.size() == 0) return {};
  for (PatternEntry& entry : entries) entry.allow = false;
  Judge together(set, over_url, judged, 0, options);
  std::vector<PatternError> out = together.run_hits();
  if (!together.is_incomplete()) return out;
  if (entries.size() == 1) return {{0, "it costs too much to be tried on everyday messages"}};
  // What is costly must not hide what the others hit.
  out.clear();
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (PatternError& error : innocent_hits({entries[i]}, share, cache_directory)) out.push_back({static_cast<std::uint32_t>(i), std::move(error.reason)});
  return out;
}

}  // namespace telefence
