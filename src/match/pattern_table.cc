// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_table.h"

#include <hs/hs.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "base/check.h"
#include "base/fetch_ahead.h"
#include "base/uncleared.h"
#include "match/scratch_state.h"
#include "normalise/sms_text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence {
namespace {

// So many times what stands beside an anchor is compared there and then. A text that calls for more is no message: each of its
// patterns is then run over all of it, once.
constexpr unsigned kMostNearby = 256;

// So many places of one text, and of all that are searched together: a text with more, which is no everyday message, is searched alone.
constexpr std::size_t kMostOfOne = 16, kMostOfAll = 256;

std::u16string_view text_of(const TextKey& key) { return key.text.substr(0, TextFinder::kLongestScan); }

}  // namespace

bool stands_in(std::u16string_view word, std::u16string_view text) {
  if (word.size() > text.size()) return false;
  const std::size_t starts = text.size() - word.size() + 1;
  std::size_t i = 0;
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(word.front()));
  for (; i + 8 <= starts; i += 8) {
    const __m128i units = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    auto equal = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi16(units, wanted)));
    for (; equal != 0; equal &= equal - 1, equal &= equal - 1)
      if (text.substr(i + static_cast<unsigned>(std::countr_zero(equal)) / 2, word.size()) == word) return true;
  }
#endif
  for (; i < starts; ++i)
    if (text[i] == word.front() && text.substr(i, word.size()) == word) return true;
  return false;
}

// One text.
class PatternTable::Scan {
 public:
  Scan(const PatternTable& table, std::u16string_view text, MatchScratch::State& state, const Hit& hit, HitList& hits)
      : table_(table), text_(text), state_(state), hit_(hit), hits_(hits) {}

  void run() {
    state_.begin_text(text_.size());
    table_.finder_.find(text_, state_.places(), std::ref(*this));
    finish();
  }
  // What a finder has found.
  void operator()(std::uint32_t anchor, std::size_t place, std::size_t length) { take(anchor, place, place + length); }
  // run() where the places that something may stand at are known.
  void run(std::span<const TextFinder::Candidate> candidates) {
    state_.begin_text(text_.size());
    for (const TextFinder::Candidate& one : candidates) table_.finder_.visit(one, text_, std::ref(*this));
    finish();
  }

 private:
  void finish() {
    for (const std::uint32_t pattern : state_.deferred().ids())
      if (!state_.reported().has(pattern) &&
          table_.programs_.found_in(table_.patterns_[pattern].program, text_, state_.workspace()))
        report(pattern);
    if (state_.workspace().is_exhausted()) hits_.drop();
  }

  void take(std::uint32_t anchor, std::size_t start, std::size_t end) {
    if (nearby_ >= kMostNearby && is_crowded(anchor)) return;
    for (std::uint32_t i = table_.use_starts_[anchor]; i < table_.use_starts_[anchor + 1]; ++i) take(table_.uses_[i], start, end);
  }

  // Whether all that the anchor calls for was called for since the text is a crowd.
  bool is_crowded(std::uint32_t anchor) {
    if (state_.crowd().has(anchor)) return true;
    if (state_.crowd().add(anchor)) return false;
    hits_.drop();
    return true;
  }

  void take(const Use& use, std::size_t start, std::size_t end) {
    const PatternPrograms& programs = table_.programs_;
    const bool is_exact = use.before == kNone && use.behind == kNone;
    ++nearby_;
    if (!is_exact && (use.before == kWhole || nearby_ > kMostNearby)) {
      if (!state_.deferred().add(use.pattern)) hits_.drop();
      return;
    }
    if (use.behind != kNone && !programs.stands_behind(use.behind, text_, end, state_.workspace())) return;
    if (use.before != kNone && !programs.stands_before(use.before, text_, start, state_.workspace())) return;
    report(use.pattern);
  }

  void report(std::uint32_t pattern) {
    if (state_.reported().has(pattern)) return;
    const Pattern& found = table_.patterns_[pattern];
    if (found.words != kNone && !table_.hold(found.words, text_)) return;
    if (!state_.reported().add(pattern)) return hits_.drop();
    hit_.rule = found.rule;
    hits_.push(hit_);
  }

  const PatternTable& table_;
  std::u16string_view text_;
  MatchScratch::State& state_;
  Hit hit_;
  HitList& hits_;
  unsigned nearby_ = 0;
};

std::size_t PatternTable::bytes() const {
  std::size_t size = 0;
  if (database_ != nullptr) (void)hs_database_size(database_.get(), &size);
  size += patterns_.capacity() * sizeof(Pattern) + programs_.bytes() + finder_.bytes();
  size += use_starts_.capacity() * sizeof(std::uint32_t) + uses_.capacity() * sizeof(Use);
  size += word_groups_.capacity() * sizeof(WordGroup) + words_.capacity() * sizeof(Word) + word_units_.capacity() * sizeof(char16_t);
  for (const Expression& expression : expressions_) size += sizeof expression + expression.text.capacity();
  return size;
}

bool PatternTable::has_word(std::u16string_view text, std::uint32_t word) const {
  return stands_in({word_units_.data() + words_[word].first, words_[word].size}, text);
}

bool PatternTable::hold(std::uint32_t group, std::u16string_view text) const {
  const WordGroup& words = word_groups_[group];
  std::uint32_t word = words.first;
  for (std::uint32_t i = 0; i < words.all; ++i)
    if (!has_word(text, word++)) return false;
  bool has_any = words.any == 0;
  for (std::uint32_t i = 0; i < words.any; ++i, ++word) has_any = has_any || has_word(text, word);
  if (!has_any) return false;
  for (std::uint32_t i = 0; i < words.none; ++i)
    if (has_word(text, word++)) return false;
  return true;
}

void PatternTable::scan(std::u16string_view text, const std::string_view* octets, MatchScratch::State& state, const Hit& hit,
                        HitList& hits) const {
  if (!finder_.is_empty()) Scan(*this, text, state, hit, hits).run();
  if (database_ != nullptr) find_expressions(text, octets, state, hit, hits);
}

void PatternTable::scan_together(std::span<const TextKey> keys, std::size_t first, MatchScratch::State& state, Hit hit, HitList& hits) const {
  DCHECK(keys.size() <= kTogether);
  Uncleared<TextFinder::Candidate, kMostOfAll> candidates;
  std::array<std::uint16_t, kTogether + 1> starts;
  std::uint64_t is_alone = 0;  // as bits
  std::size_t count = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    starts[i] = static_cast<std::uint16_t>(count);
    const std::span<TextFinder::Candidate> room = candidates.first(std::min(count + kMostOfOne, kMostOfAll));
    if (!finder_.look(text_of(keys[i]), state.places(), room, count)) is_alone |= std::uint64_t{1} << i;
  }
  starts[keys.size()] = static_cast<std::uint16_t>(count);
  if (count != 0) fetch(candidates.first(count));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hit.event = keys[i].event;
    hit.key = static_cast<std::uint16_t>(first + i);
    const std::span<const TextFinder::Candidate> own = candidates.first(starts[i + 1]).subspan(starts[i]);
    if ((is_alone >> i & 1) != 0)
      Scan(*this, text_of(keys[i]), state, hit, hits).run();
    else if (!own.empty())
      Scan(*this, text_of(keys[i]), state, hit, hits).run(own);
    if (database_ != nullptr) find_expressions(text_of(keys[i]), nullptr, state, hit, hits);
  }
}

// What the candidates lead to, each step in a loop that does nothing else, as in layer_probes.h.
void PatternTable::fetch(std::span<const TextFinder::Candidate> candidates) const {
  for (const TextFinder::Candidate& one : candidates) finder_.fetch_text(one);
  Uncleared<std::uint32_t, kMostOfAll> anchors;
  std::size_t count = 0;
  for (const TextFinder::Candidate& one : candidates) {
    const std::uint32_t anchor = finder_.likely_text(one);
    if (anchor == TextFinder::kNone) continue;
    anchors[count++] = anchor;
    fetch_ahead(&use_starts_[anchor]);
  }
  for (const std::uint32_t anchor : anchors.first(count)) fetch_ahead(uses_.data() + use_starts_[anchor]);
  for (const std::uint32_t anchor : anchors.first(count)) {
    if (use_starts_[anchor] == use_starts_[anchor + 1]) continue;
    const Use& use = uses_[use_starts_[anchor]];
    fetch_ahead(&patterns_[use.pattern]);
    for (const std::uint32_t part : {use.before, use.behind})
      if (part != kNone && part != kWhole) programs_.fetch(part);
  }
}

void PatternTable::find_expressions(std::u16string_view text, const std::string_view* octets, MatchScratch::State& state, const Hit& hit,
                                    HitList& hits) const {
  if (state.scratch() == nullptr) return;
  std::string_view read;
  if (octets != nullptr)
    read = *octets;
  else
    read = {state.characters().data(), to_utf8(text, state.characters())};
  struct Found {
    const PatternTable& table;
    std::u16string_view text;
    Hit hit;
    HitList& hits;
  } found{*this, text, hit, hits};
  const auto push_hit = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
    Found& one = *static_cast<Found*>(context);
    const Expression& expression = one.table.expressions_[id];
    if (expression.words != kNone && !one.table.hold(expression.words, one.text)) return 0;
    one.hit.rule = expression.rule;
    one.hits.push(one.hit);
    return 0;
  };
  (void)hs_scan(database_.get(), read.data(), static_cast<unsigned>(read.size()), 0, state.scratch(), push_hit, &found);
}

}  // namespace telefence
