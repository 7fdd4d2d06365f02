// SPDX-License-Identifier: Apache-2.0
// Cost of patterns at a text of 70 characters, and of the same patterns as Hyperscan takes them plainly (UTF-8, one call for a
// text), in one run. Input from fixed seeds; one item = one text, already folded, one key list that is filled anew for each burst
// of 64.
//   patterns/texts/N:           plain texts of 3 to 7 characters; 5% of the messages hold one
//   patterns/rules/N:           a word, a gap, one of two words, a gap, five digits; 5% hold one
//   patterns/words/N:           all of two words, any of two, none of one
//   patterns/everyday/N:        N rules, over the built-in everyday messages instead
//   patterns/expressions/N:     without a plain text: Hyperscan's own work here, too
//   patterns/build/..., .../cached: making the set; expressions with a cold and a warm cache
//   hyperscan/texts/N, hyperscan/rules/N: HS_FLAG_UTF8 expressions over the same texts in UTF-8
#include <benchmark/benchmark.h>
#include <hs/hs.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "match/innocent_texts.h"
#include "match/match_set.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

constexpr std::size_t kBurst = 64;
constexpr std::size_t kMessages = kBurst * 128;

std::u16string characters(std::mt19937_64& random, std::size_t count) {
  std::u16string text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t spread = random() % 3000 * (random() % 3000) / 3000;  // frequent characters are frequent
    text += static_cast<char16_t>(0x4e00 + spread * 6);
  }
  return text;
}

// As texts and patterns become before they are compared: the rival has no folding.
std::u16string folded(std::u16string text) { return fold_text(to_utf8(text)); }

struct GapRule {
  std::u16string first, second, third;
  std::string expression() const {
    return to_utf8(first) + ".{0,6}(?:" + to_utf8(second) + "|" + to_utf8(third) + ").{0,10}[0-9]{5}";
  }
};

std::vector<GapRule> gap_rules(std::int64_t count) {
  std::mt19937_64 random(6);
  std::vector<GapRule> rules;
  for (std::int64_t i = 0; i < count; ++i)
    rules.push_back({folded(characters(random, 1 + random() % 2)), folded(characters(random, 2)), folded(characters(random, 2 + random() % 3))});
  return rules;
}

std::vector<std::u16string> keywords(std::int64_t count) {
  std::mt19937_64 random(3);
  std::vector<std::u16string> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(folded(characters(random, 3 + random() % 5)));
  return out;
}

// Messages of 70 characters; in one of twenty, `plant` puts what is to be found.
template <typename Plant>
std::vector<std::u16string> messages(Plant plant) {
  std::mt19937_64 random(11);
  std::vector<std::u16string> out;
  for (std::size_t i = 0; i < kMessages; ++i) {
    out.push_back(characters(random, 70));
    if (random() % 20 == 0) plant(random, out.back());
    out.back().resize(fold_units(out.back()));
  }
  return out;
}

std::vector<std::u16string> messages_with(const std::vector<std::u16string>& words) {
  return messages([&](std::mt19937_64& random, std::u16string& text) {
    const std::u16string& word = words[random() % words.size()];
    text.replace(20, word.size(), word);
  });
}

std::vector<std::u16string> messages_with(const std::vector<GapRule>& rules) {
  return messages([&](std::mt19937_64& random, std::u16string& text) {
    const GapRule& one = rules[random() % rules.size()];
    text.replace(10, 20, one.first + text.substr(40, 4) + one.third + text.substr(50, 3) + u"86753");
  });
}

class Patterns {
 public:
  Patterns() { rule_ = builder_.add_rule({}); }
  void add(PatternSource source) { builder_.add_pattern(std::move(source), rule_); }
  MatchSetBuilder::Built build(std::string cache = {}) {
    PatternOptions options;
    options.cache_directory = std::move(cache);
    builder_.set_pattern_options(options);
    return builder_.build_base(1);
  }

 private:
  MatchSetBuilder builder_;
  std::uint32_t rule_ = 0;
};

void run(benchmark::State& state, const MatchSet& set, const std::vector<std::u16string>& texts) {
  MatchScratch scratch;
  if (!scratch.prepare(set)) return state.SkipWithError("no scratch");
  HitList hits;
  KeyList keys;
  std::size_t next = 0;
  std::uint64_t found = 0;
  for (auto _ : state) {
    hits.clear();
    keys.clear();
    for (std::size_t i = 0; i < kBurst; ++i, ++next) {
      if (next == texts.size()) next = 0;
      keys.push(TextKey{static_cast<std::uint16_t>(i), texts[next]});
    }
    set.match(keys, scratch, hits);
    found += hits.hits().size();
  }
  const auto items = static_cast<double>(state.iterations()) * static_cast<double>(kBurst);
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
  state.counters["hits_per_text"] = static_cast<double>(found) / items;
  state.counters["set_MB"] = static_cast<double>(set.size().bytes) / 1e6;
  state.counters["ns_per_text"] = benchmark::Counter(items / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void texts(benchmark::State& state) {
  const auto words = keywords(state.range(0));
  Patterns patterns;
  for (const std::u16string& word : words) patterns.add({.expression = to_utf8(word), .literal = true});
  run(state, *patterns.build().set, messages_with(words));
}
BENCHMARK(texts)->Name("patterns/texts")->Arg(100)->Arg(1'000)->Arg(2'000)->Arg(3'000)->Arg(5'000)->Arg(6'000)->Arg(10'000)->Arg(100'000);

void rules(benchmark::State& state) {
  const auto all = gap_rules(state.range(0));
  Patterns patterns;
  for (const GapRule& one : all) patterns.add({.expression = one.expression()});
  run(state, *patterns.build().set, messages_with(all));
}
BENCHMARK(rules)->Name("patterns/rules")->Arg(100)->Arg(1'000)->Arg(5'000)->Arg(10'000)->Arg(100'000);

void words(benchmark::State& state) {
  const auto all = gap_rules(state.range(0));
  Patterns patterns;
  for (const GapRule& one : all)
    patterns.add({.words = {{to_utf8(one.first), to_utf8(one.third)}, {to_utf8(one.second), "86753"}, {"96110"}}});
  run(state, *patterns.build().set, messages_with(all));
}
BENCHMARK(words)->Name("patterns/words")->Arg(1'000)->Arg(10'000);

// Rules out of the characters that everyday messages have, so that their anchors are met.
void everyday(benchmark::State& state) {
  std::mt19937_64 random(12);
  std::vector<std::u16string> samples;
  for (const std::string_view text : innocent_texts()) samples.push_back(fold_text(text));
  const auto piece = [&](std::size_t size) {
    const std::u16string& text = samples[random() % samples.size()];
    std::u16string out = text.size() > size ? text.substr(random() % (text.size() - size), size) : text;
    for (char16_t& unit : out)
      if (unit < 128) unit = u'中';
    return to_utf8(out);
  };
  Patterns patterns;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    patterns.add({.expression = piece(2) + ".{0,6}(?:" + piece(2) + "|" + piece(3) + ").{0,10}[0-9]{5}"});
  std::vector<std::u16string> texts;
  while (texts.size() < kMessages) texts.push_back(samples[random() % samples.size()]);
  run(state, *patterns.build().set, texts);
}
BENCHMARK(everyday)->Name("patterns/everyday")->Arg(1'000)->Arg(10'000);

std::string without_text(std::int64_t i) { return "[a-z]{" + std::to_string(5 + i % 9) + "}[0-9]{" + std::to_string(9 + i / 9 % 90) + ",}"; }

void expressions(benchmark::State& state) {
  Patterns patterns;
  for (std::int64_t i = 0; i < state.range(0); ++i) patterns.add({.expression = without_text(i)});
  run(state, *patterns.build().set, messages_with(keywords(100)));
}
BENCHMARK(expressions)->Name("patterns/expressions")->Arg(1)->Arg(10)->Arg(100);

void build_texts(benchmark::State& state) {
  const auto words = keywords(state.range(0));
  for (auto _ : state) {
    Patterns patterns;
    for (const std::u16string& word : words) patterns.add({.expression = to_utf8(word), .literal = true});
    benchmark::DoNotOptimize(patterns.build());
  }
}
BENCHMARK(build_texts)->Name("patterns/build/texts")->Arg(1)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void build_rules(benchmark::State& state) {
  const auto all = gap_rules(state.range(0));
  for (auto _ : state) {
    Patterns patterns;
    for (const GapRule& one : all) patterns.add({.expression = one.expression()});
    benchmark::DoNotOptimize(patterns.build());
  }
}
BENCHMARK(build_rules)->Name("patterns/build/rules")->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void build_expressions(benchmark::State& state, bool is_cached) {
  std::string directory = (std::filesystem::temp_directory_path() / "telefence-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no folder");
  const auto build = [&](const std::string& cache) {
    Patterns patterns;
    for (std::int64_t i = 0; i < state.range(0); ++i) patterns.add({.expression = without_text(i)});
    return patterns.build(cache);
  };
  if (is_cached) (void)build(directory);
  for (auto _ : state) benchmark::DoNotOptimize(build(is_cached ? directory : std::string()));
  std::filesystem::remove_all(directory);
}
void build_cold(benchmark::State& state) { build_expressions(state, false); }
void build_cached(benchmark::State& state) { build_expressions(state, true); }
BENCHMARK(build_cold)->Name("patterns/build/expressions")->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(build_cached)->Name("patterns/build/expressions/cached")->Arg(500)->Unit(benchmark::kMillisecond);

// The rival: each pattern an expression, each text in UTF-8.
void hyperscan(benchmark::State& state, const std::vector<std::string>& expressions, const std::vector<std::u16string>& texts) {
  std::vector<const char*> starts;
  for (const std::string& expression : expressions) starts.push_back(expression.c_str());
  const std::vector<unsigned> flags(expressions.size(), HS_FLAG_UTF8 | HS_FLAG_CASELESS | HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH);
  std::vector<unsigned> ids(expressions.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<unsigned>(i);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(starts.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK, nullptr, &database,
                       &error) != HS_SUCCESS)
    return state.SkipWithError("not compiled");
  hs_scratch_t* scratch = nullptr;
  hs_alloc_scratch(database, &scratch);
  std::vector<std::string> utf8;
  for (const std::u16string& text : texts) utf8.push_back(to_utf8(text));
  std::uint64_t found = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i, ++next) {
      if (next == utf8.size()) next = 0;
      hs_scan(
          database, utf8[next].data(), static_cast<unsigned>(utf8[next].size()), 0, scratch,
          [](unsigned, unsigned long long, unsigned long long, unsigned, void* count) {
            ++*static_cast<std::uint64_t*>(count);
            return 0;
          },
          &found);
    }
  }
  const auto items = static_cast<double>(state.iterations()) * static_cast<double>(kBurst);
  state.counters["hits_per_text"] = static_cast<double>(found) / items;
  state.counters["ns_per_text"] = benchmark::Counter(items / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  hs_free_scratch(scratch);
  hs_free_database(database);
}

void hyperscan_texts(benchmark::State& state) {
  const auto words = keywords(state.range(0));
  std::vector<std::string> expressions;
  for (const std::u16string& word : words) expressions.push_back(to_utf8(word));
  hyperscan(state, expressions, messages_with(words));
}
BENCHMARK(hyperscan_texts)->Name("hyperscan/texts")->Arg(1'000)->Arg(5'000)->Arg(10'000)->Arg(100'000);

// 5,000 of them take half a minute to compile, and 10,000 gigabytes of memory.
void hyperscan_rules(benchmark::State& state) {
  const auto all = gap_rules(state.range(0));
  std::vector<std::string> expressions;
  for (const GapRule& one : all) expressions.push_back(one.expression());
  hyperscan(state, expressions, messages_with(all));
}
BENCHMARK(hyperscan_rules)->Name("hyperscan/rules")->Arg(1'000);

}  // namespace
}  // namespace telefence

BENCHMARK_MAIN();
