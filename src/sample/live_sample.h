// SPDX-License-Identifier: Apache-2.0
#pragma once

// What was sampled of late, and how much of it an entry would have hit. Names and numbers are kept as hashes under a salt that nobody
// else knows: of the whole and of every suffix or prefix, which is what entries name. Texts and URLs have to be kept as they are
// matched. The oldest goes when a new one comes; what is older than a day counts no more. One thread; kept() any.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/siphash.h"
#include "match/pattern_source.h"
#include "match/rule.h"
#include "sample/options.h"
#include "sample/ring.h"

namespace telefence {

// The last so many rows of hashes, and when each came. Column 0 is the whole value, the others parts of it; 0 is none.
class HashRows {
 public:
  HashRows(std::size_t width, std::size_t keep) : width_(width), keep_(keep) {}
  void put(std::span<const std::uint64_t> hashes, std::int64_t now_s);
  std::size_t size() const { return times_.size(); }
  std::size_t width() const { return width_; }
  std::int64_t time_of(std::size_t row) const { return times_[row]; }
  std::span<const std::uint64_t> row(std::size_t index) const { return {hashes_.data() + index * width_, width_}; }

 private:
  std::size_t width_, keep_, next_ = 0;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::int64_t> times_;
};

class LiveSample {
 public:
  // Deeper names keep their shortest suffixes and the whole.
  static constexpr std::size_t kNameColumns = 8;
  static constexpr std::size_t kNumberColumns = 16;
  // Each has to be run through when a pattern is asked for.
  static constexpr std::size_t kMostTexts = 20'000;
  static constexpr std::int64_t kLongest_s = 86'400;

  LiveSample(const SampleOptions& options, const SipHashKey& salt);
  static SipHashKey random_salt();

  void take(const SampledKey& key, std::int64_t now_s);
  // Lets texts go that are too old.
  void forget(std::int64_t now_s);
  std::uint64_t kept(SampledKind kind) const { return kept_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed); }

  // An entry, canonical as signatures/compiler.h makes it.
  struct Question {
    SignatureKind kind = SignatureKind::kDomain;
    std::string_view name;     // domains
    bool subdomains = false;
    PhoneDigits digits;        // numbers
    bool prefix = false;
    bool calling = true, called = true;
    PatternSource pattern;     // texts, urls
  };
  struct Count {
    std::uint64_t sampled = 0;
    std::uint64_t hits = 0;
    std::int64_t period_s = 0;  // age of the oldest
    std::string problem;        // the pattern can't be taken; then nothing was counted
  };
  std::vector<Count> count(std::span<const Question> questions, std::int64_t now_s) const;

 private:
  using Texts = std::deque<std::pair<std::int64_t, std::u16string>>;
  using Urls = std::deque<std::pair<std::int64_t, std::string>>;

  std::uint64_t hash(std::string_view name) const;
  std::uint64_t hash(const PhoneDigits& digits) const;
  void take_name(std::string_view name, std::int64_t now_s);
  void take_number(HashRows& rows, PhoneDigits digits, std::int64_t now_s);
  void count_rows(const HashRows& rows, SampledKind kind, std::span<const Question> questions, std::int64_t now_s, std::vector<Count>& counts) const;
  void count_patterns(bool over_url, std::span<const Question> questions, std::int64_t now_s, std::vector<Count>& counts) const;
  void note_sizes();

  const SipHashKey salt_;
  const std::size_t most_texts_;
  HashRows names_, calling_, called_;
  Texts texts_;
  Urls urls_;
  std::array<std::atomic<std::uint64_t>, kSampledKinds> kept_{};
};

}  // namespace telefence
