// SPDX-License-Identifier: Apache-2.0
#include "sample/live_sample.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#include "match/pattern_set.h"
#include "match/scratch_state.h"

namespace telefence {
namespace {

// Which questions ask for a hash. Nearly no hash is asked for: a bit says so.
class Wanted {
 public:
  struct One {
    std::uint64_t hash = 0;
    std::size_t question = 0;
    bool only_whole = false;
  };

  void add(const One& one) { all_.push_back(one); }
  // Sixteen bits for each: then a few of a hundred hashes that nobody asked for look as if somebody did.
  void finish() {
    bits_.resize(std::max<std::size_t>(std::bit_ceil(all_.size()) * 16, kLeastBits));
    for (const One& one : all_) bits_[bit_of(one.hash)] = true;
    std::sort(all_.begin(), all_.end(), [](const One& a, const One& b) { return a.hash < b.hash; });
  }
  bool empty() const { return all_.empty(); }
  const std::vector<One>& all() const { return all_; }
  bool may_have(std::uint64_t hash) const { return bits_[bit_of(hash)]; }
  template <typename Function>
  void each(std::uint64_t hash, Function&& function) const {
    auto at = std::lower_bound(all_.begin(), all_.end(), hash, [](const One& one, std::uint64_t value) { return one.hash < value; });
    for (; at != all_.end() && at->hash == hash; ++at) function(*at);
  }

 private:
  static constexpr std::size_t kLeastBits = 16384;
  std::size_t bit_of(std::uint64_t hash) const { return hash / 2 & (bits_.size() - 1); }  // all are odd
  std::vector<One> all_;
  std::vector<bool> bits_;
};

bool is_about(const LiveSample::Question& question, SampledKind kind) {
  if (kind == SampledKind::kName) return question.kind == SignatureKind::kDomain;
  return question.kind == SignatureKind::kNumber && (kind == SampledKind::kCalling ? question.calling : question.called);
}

// Taken as it is: whether it harms innocents is what is asked.
PatternEntry entry_of(const PatternSource& source, std::size_t question) {
  PatternEntry entry;
  static_cast<PatternSource&>(entry) = source;
  entry.fold = TextFold::kAll;  // as texts are kept; then it rather hits too much
  entry.rule = static_cast<std::uint32_t>(question);
  entry.allow = entry.is_told = true;
  return entry;
}

}  // namespace

void HashRows::put(std::span<const std::uint64_t> hashes, std::int64_t now_s) {
  if (times_.size() < keep_) {
    times_.push_back(now_s);
    hashes_.resize(hashes_.size() + width_);
    next_ = times_.size() - 1;
  }
  const auto row = hashes_.begin() + static_cast<std::ptrdiff_t>(next_ * width_);
  std::fill(std::copy_n(hashes.begin(), std::min(hashes.size(), width_), row), row + static_cast<std::ptrdiff_t>(width_), 0);
  times_[next_] = now_s;
  next_ = (next_ + 1) % keep_;
}

LiveSample::LiveSample(const SampleOptions& options, const SipHashKey& salt)
    : salt_(salt),
      most_texts_(std::min<std::size_t>(options.keep, kMostTexts)),
      names_(kNameColumns, options.keep),
      calling_(kNumberColumns, options.keep),
      called_(kNumberColumns, options.keep) {}

SipHashKey LiveSample::random_salt() {
  std::random_device device;
  const auto word = [&] { return static_cast<std::uint64_t>(device()) << 32 | device(); };
  return {word(), word()};
}

// Never 0, which is none.
std::uint64_t LiveSample::hash(std::string_view name) const { return siphash(salt_, as_bytes(name)) | 1; }

std::uint64_t LiveSample::hash(const PhoneDigits& digits) const {
  std::array<std::uint8_t, 10> octets{};
  std::memcpy(octets.data(), &digits.value, sizeof digits.value);
  octets[8] = digits.length;
  octets[9] = digits.international ? 1 : 0;
  return siphash(salt_, octets) | 1;
}

void LiveSample::take_name(std::string_view name, std::int64_t now_s) {
  std::array<std::uint64_t, kNameColumns> hashes{};
  hashes[0] = hash(name);
  std::size_t dot = name.rfind('.');
  for (std::size_t column = 1; column < kNameColumns && dot != std::string_view::npos; ++column) {
    hashes[column] = hash(name.substr(dot + 1));
    dot = dot == 0 ? std::string_view::npos : name.rfind('.', dot - 1);
  }
  names_.put(hashes, now_s);
}

void LiveSample::take_number(HashRows& rows, PhoneDigits digits, std::int64_t now_s) {
  std::array<std::uint64_t, kNumberColumns> hashes{};
  // The shortest prefixes are those that entries have; a number of more digits than columns loses the longest ones.
  hashes[0] = hash(digits);
  for (; digits.length > 1; --digits.length) {
    if (digits.length <= kNumberColumns) hashes[digits.length - 1] = hash(digits);
    digits.value /= 10;
  }
  rows.put(hashes, now_s);
}

void LiveSample::take(const SampledKey& key, std::int64_t now_s) {
  switch (key.kind) {
    case SampledKind::kName:
      take_name(key.text(), now_s);
      break;
    case SampledKind::kCalling:
      take_number(calling_, key.digits, now_s);
      break;
    case SampledKind::kCalled:
      take_number(called_, key.digits, now_s);
      break;
    case SampledKind::kText: {
      std::u16string text(key.units(), u'\0');
      std::memcpy(text.data(), key.octets.data(), key.units() * sizeof(char16_t));
      texts_.emplace_back(now_s, std::move(text));
      if (texts_.size() > most_texts_) texts_.pop_front();
      break;
    }
    case SampledKind::kUrl:
      urls_.emplace_back(now_s, key.text());
      if (urls_.size() > most_texts_) urls_.pop_front();
      break;
  }
  note_sizes();
}

void LiveSample::forget(std::int64_t now_s) {
  while (!texts_.empty() && texts_.front().first < now_s - kLongest_s) texts_.pop_front();
  while (!urls_.empty() && urls_.front().first < now_s - kLongest_s) urls_.pop_front();
  note_sizes();
}

void LiveSample::note_sizes() {
  const std::array<std::size_t, kSampledKinds> sizes{names_.size(), calling_.size(), called_.size(), texts_.size(), urls_.size()};
  for (std::size_t i = 0; i < kSampledKinds; ++i) kept_[i].store(sizes[i], std::memory_order_relaxed);
}

void LiveSample::count_rows(const HashRows& rows, SampledKind kind, std::span<const Question> questions, std::int64_t now_s,
                            std::vector<Count>& counts) const {
  Wanted wanted;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (!is_about(questions[i], kind)) continue;
    const bool is_name = kind == SampledKind::kName;
    wanted.add({is_name ? hash(questions[i].name) : hash(questions[i].digits), i, is_name ? !questions[i].subdomains : !questions[i].prefix});
  }
  if (wanted.empty()) return;
  wanted.finish();
  std::uint64_t sampled = 0;
  std::int64_t oldest_s = now_s;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.time_of(i) < now_s - kLongest_s) continue;
    ++sampled;
    oldest_s = std::min(oldest_s, rows.time_of(i));
    const std::span<const std::uint64_t> row = rows.row(i);
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (!wanted.may_have(row[column])) [[likely]] continue;
      // The whole may stand in two columns.
      if (column != 0 && row[column] == row[0]) continue;
      wanted.each(row[column], [&](const Wanted::One& one) {
        if (column == 0 || !one.only_whole) ++counts[one.question].hits;
      });
    }
  }
  for (const Wanted::One& one : wanted.all()) {
    counts[one.question].sampled += sampled;
    counts[one.question].period_s = std::max(counts[one.question].period_s, now_s - oldest_s);
  }
}

void LiveSample::count_patterns(bool over_url, std::span<const Question> questions, std::int64_t now_s, std::vector<Count>& counts) const {
  const SignatureKind kind = over_url ? SignatureKind::kUrl : SignatureKind::kPattern;
  std::vector<PatternEntry> entries;
  for (std::size_t i = 0; i < questions.size(); ++i)
    if (questions[i].kind == kind) entries.push_back(entry_of(questions[i].pattern, i));
  if (entries.empty()) return;
  PatternOptions options;
  options.most_nanoseconds = 0xffffffff;
  std::vector<PatternError> rejected;
  const PatternSet set(entries, over_url ? PatternSet::Subject::kUrl : PatternSet::Subject::kText, 0, options, rejected);
  MatchScratch::State state;
  const auto databases = set.databases();
  if (const Result<void> fits = state.prepare(databases); !fits) {
    for (const PatternEntry& entry : entries) counts[entry.rule].problem = fits.error().message;
    return;
  }
  state.take_over();
  HitList hits;
  std::uint64_t sampled = 0;
  std::int64_t oldest_s = now_s;
  const auto add = [&](std::int64_t time_s) {
    ++sampled;
    oldest_s = std::min(oldest_s, time_s);
    for (const Hit& hit : hits.hits()) ++counts[hit.rule].hits;
    hits.clear();
  };
  for (auto text = texts_.begin(); !over_url && text != texts_.end(); ++text) {
    if (text->first < now_s - kLongest_s) continue;
    const TextKey key{0, text->second, {}, TextCoding::kUcs2};
    set.scan({&key, 1}, HitPart::kText, state, hits);
    add(text->first);
  }
  for (auto url = urls_.begin(); over_url && url != urls_.end(); ++url) {
    if (url->first < now_s - kLongest_s) continue;
    set.scan(url->second, state, {}, hits);
    add(url->first);
  }
  for (const PatternEntry& entry : entries) {
    counts[entry.rule].sampled = sampled;
    counts[entry.rule].period_s = now_s - oldest_s;
  }
  for (const PatternError& error : rejected)
    if (error.is_left_out) counts[error.rule] = Count{.problem = error.reason};
}

std::vector<LiveSample::Count> LiveSample::count(std::span<const Question> questions, std::int64_t now_s) const {
  std::vector<Count> counts(questions.size());
  count_rows(names_, SampledKind::kName, questions, now_s, counts);
  count_rows(calling_, SampledKind::kCalling, questions, now_s, counts);
  count_rows(called_, SampledKind::kCalled, questions, now_s, counts);
  count_patterns(false, questions, now_s, counts);
  count_patterns(true, questions, now_s, counts);
  return counts;
}

}  // namespace telefence
