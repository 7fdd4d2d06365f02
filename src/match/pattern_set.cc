// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_set.h"

#include <algorithm>
#include <optional>

#include "match/database_cache.h"
#include "match/pattern_table_builder.h"
#include "match/pattern_trial.h"
#include "match/scratch_state.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

constexpr std::array<TextFold, kTextFolds> kFolds = {TextFold::kAll, TextFold::kCase, TextFold::kWidth, TextFold::kNone};

char lower(char octet) { return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + ('a' - 'A')) : octet; }

}  // namespace

PatternSet::PatternSet(std::span<const PatternEntry> entries, Subject subject, std::uint32_t first_rule, const PatternOptions& options,
                       std::vector<PatternError>& rejected) {
  const bool over_url = subject == Subject::kUrl;
  std::vector<const PatternEntry*> wanted;
  for (const PatternEntry& entry : entries)
    if (entry.over_url == over_url) wanted.push_back(&entry);
  if (wanted.empty()) return;
  const DatabaseCache cache(options.cache_directory);
  // Again without those that do harm, until none is left.
  for (;;) {
    std::vector<PatternError> errors;
    for (const TextFold fold : kFolds) {
      PatternTable& table = tables_[static_cast<std::size_t>(fold)];
      std::optional<PatternTable::Builder> builder;
      for (const PatternEntry* entry : wanted) {
        if ((over_url ? TextFold::kAll : entry->fold) != fold) continue;
        if (!builder) builder.emplace(fold, over_url, first_rule, errors);
        builder->take(*entry);
      }
      table = builder ? builder->finish(cache) : PatternTable();
      if (builder && fold != TextFold::kAll) wants_as_sent_ = true;
    }
    const std::vector<PatternError> harmful = try_patterns(*this, over_url, wanted, first_rule, options);
    const bool is_sound = std::none_of(harmful.begin(), harmful.end(), [](const PatternError& error) { return error.is_left_out; });
    for (const PatternError& error : harmful)
      if (error.is_left_out || is_sound) rejected.push_back(error);
    if (is_sound) {
      rejected.insert(rejected.end(), errors.begin(), errors.end());
      return;
    }
    std::erase_if(wanted, [&](const PatternEntry* entry) {
      return std::any_of(harmful.begin(), harmful.end(),
                         [&](const PatternError& error) { return error.is_left_out && error.rule == entry->rule; });
    });
  }
}

std::uint64_t PatternSet::size() const {
  std::uint64_t total = 0;
  for (const PatternTable& table : tables_) total += table.size();
  return total;
}

std::size_t PatternSet::bytes() const {
  std::size_t total = 0;
  for (const PatternTable& table : tables_) total += table.bytes();
  return total;
}

std::array<const hs_database*, kTextFolds> PatternSet::databases() const {
  std::array<const hs_database*, kTextFolds> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = tables_[i].database();
  return out;
}


void PatternSet::scan(std::span<const TextKey> keys, HitPart part, MatchScratch::State& state, HitList& hits) const {
  if (size() == 0) return;
  for (std::size_t first = 0; first < keys.size(); first += PatternTable::kTogether) {
    const std::span<const TextKey> some = keys.subspan(first, std::min(keys.size() - first, PatternTable::kTogether));
    table(TextFold::kAll).scan_together(some, first, state, {.part = part}, hits);
  }
  for (std::size_t i = 0; wants_as_sent_ && i < keys.size(); ++i)
    scan_as_sent(keys[i], state, {.event = keys[i].event, .part = part, .key = static_cast<std::uint16_t>(i)}, hits);
}

void PatternSet::scan_as_sent(const TextKey& key, MatchScratch::State& state, const Hit& hit, HitList& hits) const {
  const std::span<char16_t> units = state.units();
  std::size_t size = std::min(key.text.size(), units.size());
  if (key.body.empty())
    std::copy_n(key.text.begin(), size, units.begin());
  else
    size = decode_sms(key.body, key.coding, units);
  const std::span<char16_t> sent = units.first(size);
  if (key.is_swapped)
    for (char16_t& unit : sent) unit = static_cast<char16_t>(unit << 8 | unit >> 8);
  for (const TextFold fold : {TextFold::kCase, TextFold::kWidth, TextFold::kNone}) {
    if (table(fold).size() == 0) continue;
    const std::span<char16_t> text = state.folded_units().first(size);
    std::copy(sent.begin(), sent.end(), text.begin());
    fold_partly(text, fold);
    table(fold).scan({text.data(), text.size()}, nullptr, state, hit, hits);
  }
}

void PatternSet::scan(std::string_view url, MatchScratch::State& state, const Hit& hit, HitList& hits) const {
  const std::span<char16_t> units = state.units();
  const std::size_t size = std::min(url.size(), units.size());
  for (std::size_t i = 0; i < size; ++i) units[i] = static_cast<unsigned char>(lower(url[i]));
  tables_.front().scan({units.data(), size}, &url, state, hit, hits);
}

}  // namespace telefence
