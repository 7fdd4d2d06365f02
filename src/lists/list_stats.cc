// SPDX-License-Identifier: Apache-2.0
#include "lists/list_stats.h"

#include <algorithm>
#include <unordered_map>

#include "lists/text.h"
#include "normalise/domain.h"

namespace telefence {
namespace {

// Any last label that nobody knows counts as a public suffix: a list of nonsense has millions.
constexpr std::size_t kMostSuffixes = 100'000;
// +86170*: a hundred million numbers. Nine digits (+861701234*) are a block of ten thousand, which carriers hand out.
constexpr std::size_t kWideDigits = 7;
constexpr std::size_t kShortText = 12;  // bytes: four Chinese characters

class Counter {
 public:
  Counter(ListStats& stats, std::size_t most, std::int64_t now_s) : stats_(stats), most_(most), now_s_(now_s) {}

  void count(const Signature& signature) {
    ++stats_.kinds[static_cast<std::size_t>(signature.kind)];
    ++stats_.categories[static_cast<std::size_t>(signature.category)];
    ++stats_.tiers[std::min<std::size_t>(signature.tier, 3)];
    stats_.allowed += signature.allow;
    stats_.shadow += signature.shadow;
    stats_.expiring += signature.expires_s != 0;
    stats_.expired += signature.expires_s != 0 && signature.expires_s <= now_s_;
    stats_.memory_bytes += signature.value.size();
    if (signature.kind == SignatureKind::kDomain) domain(signature);
    if (signature.kind == SignatureKind::kNumber) number(signature);
    if (signature.kind == SignatureKind::kPattern && signature.literal && signature.value.size() <= kShortText) wide(signature.value);
  }

  void finish() {
    stats_.suffix_count = suffixes_.size();
    stats_.suffixes.assign(suffixes_.begin(), suffixes_.end());
    std::sort(stats_.suffixes.begin(), stats_.suffixes.end(), [](const ListStats::Counted& a, const ListStats::Counted& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (stats_.suffixes.size() > most_) stats_.suffixes.resize(most_);
  }

 private:
  void domain(const Signature& signature) {
    const std::string_view name = signature.value;
    stats_.exact_domains += !signature.subdomains;
    stats_.international_domains += name.starts_with("xn--") || name.find(".xn--") != std::string_view::npos;
    const auto labels = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) + 1;
    ++stats_.labels[std::min(labels, stats_.labels.size() - 1)];
    const std::string suffix(public_suffix_of(name));
    const auto found = suffixes_.find(suffix);
    if (found != suffixes_.end()) ++found->second;
    else if (suffixes_.size() < kMostSuffixes) suffixes_.emplace(suffix, 1);
  }

  // The longest end of the name that is one.
  std::string_view public_suffix_of(std::string_view name) {
    for (;;) {
      const std::size_t dot = name.find('.');
      if (dot == std::string_view::npos) return name;
      name.remove_prefix(dot + 1);
      if (suffixes_.contains(std::string(name)) || is_public_suffix(name)) return name;
    }
  }

  void number(const Signature& signature) {
    const auto digits = static_cast<std::size_t>(std::count_if(signature.value.begin(), signature.value.end(), is_digit));
    if (!signature.value.ends_with('*')) {
      ++stats_.exact_numbers;
      return;
    }
    ++stats_.prefix_digits[std::min(digits, stats_.prefix_digits.size() - 1)];
    if (digits <= kWideDigits) wide(signature.value);
  }

  void wide(const std::string& value) {
    ++stats_.wide_count;
    if (stats_.wide.size() < most_) stats_.wide.push_back(value);
  }

  ListStats& stats_;
  const std::size_t most_;
  const std::int64_t now_s_;
  std::unordered_map<std::string, std::uint64_t> suffixes_;
};

}  // namespace

Result<ListStats> stats_of(Intake& intake, std::size_t most, std::int64_t now_s) {
  ListStats stats;
  Counter counter(stats, most, now_s);
  const Result<void> gone = intake.each([&](const StoredEntry& entry) -> Result<void> {
    counter.count(entry.signature);
    return {};
  });
  if (!gone) return gone.error();
  counter.finish();
  return stats;
}

}  // namespace telefence
