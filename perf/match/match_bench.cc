// SPDX-License-Identifier: Apache-2.0
// Cost of look-ups. Input from fixed seeds; one item = one name, number or text of a burst of 64.
//   match/domains/entries:  5% of the names are listed, three labels each
//   match/numbers/entries:  5% of the numbers are listed; 100 prefixes beside them
//   match/texts/literals:   70 Chinese characters, 5% with a keyword
//   match/texts/rules:      the same with rules of three words and gaps; 5% are hit
//   match/compile/rules:    making a set of them
//   normalise/text:         decoding UCS-2, folding and looking for URLs
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "match/match_set.h"
#include "normalise/normalise.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

constexpr std::size_t kBurst = 64;
constexpr std::size_t kBursts = 512;

std::string name_of(std::uint64_t number) {
  std::string label;
  for (std::uint64_t value = number * 0x9e3779b97f4a7c15 | 1; label.size() < 9; value >>= 5) label += static_cast<char>('a' + value % 26);
  return label + std::to_string(number % 1000) + ".com";
}

PhoneDigits mobile(std::uint64_t number) { return {8613000000000ULL + number % 9000000000ULL, 13, true}; }

// What a worker does for a burst, over and over with different keys.
void run(benchmark::State& state, const MatchSet& set, const std::vector<std::unique_ptr<KeyList>>& bursts) {
  MatchScratch scratch;
  if (!scratch.prepare(set)) return state.SkipWithError("no scratch");
  HitList hits;
  std::size_t burst = 0;
  std::uint64_t found = 0;
  for (auto _ : state) {
    hits.clear();
    set.match(*bursts[burst], scratch, hits);
    found += hits.hits().size();
    burst = (burst + 1) % bursts.size();
  }
  const auto items = static_cast<double>(state.iterations()) * static_cast<double>(kBurst);
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
  state.counters["hits_per_item"] = static_cast<double>(found) / items;
  state.counters["set_MB"] = static_cast<double>(set.size().bytes) / 1e6;
}

void domains(benchmark::State& state) {
  const auto entries = static_cast<std::uint64_t>(state.range(0));
  MatchSetBuilder builder;
  const std::uint32_t rule = builder.add_rule({});
  for (std::uint64_t i = 0; i < entries; ++i) builder.add_domain(name_of(i), true, rule);
  const auto built = builder.build_base(1);
  std::mt19937_64 random(1);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kBurst * kBursts; ++i)
    names.push_back("www." + name_of(random() % 20 == 0 ? random() % entries : entries + random() % 100000000));
  std::vector<std::unique_ptr<KeyList>> bursts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i % kBurst == 0) bursts.push_back(std::make_unique<KeyList>());
    bursts.back()->push(DomainKey{static_cast<std::uint16_t>(i % kBurst), false, names[i]});
  }
  run(state, *built.set, bursts);
}
BENCHMARK(domains)->Name("match/domains/entries")->Arg(10'000)->Arg(1'000'000)->Arg(7'529'000);

void numbers(benchmark::State& state) {
  const auto entries = static_cast<std::uint64_t>(state.range(0));
  MatchSetBuilder builder;
  const std::uint32_t rule = builder.add_rule({});
  std::mt19937_64 random(2);
  std::vector<PhoneDigits> listed;
  for (std::uint64_t i = 0; i < entries; ++i) {
    listed.push_back(mobile(random()));
    builder.add_number(listed.back(), false, MatchSetBuilder::Sides::kEither, rule);
  }
  for (std::uint64_t i = 0; i < 100; ++i)
    builder.add_number({8617000 + i, 7, true}, true, MatchSetBuilder::Sides::kEither, rule);
  const auto built = builder.build_base(1);
  std::vector<std::unique_ptr<KeyList>> bursts;
  for (std::size_t i = 0; i < kBurst * kBursts; ++i) {
    if (i % kBurst == 0) bursts.push_back(std::make_unique<KeyList>());
    const PhoneDigits digits = random() % 20 == 0 ? listed[random() % listed.size()] : mobile(random());
    bursts.back()->push(NumberKey{static_cast<std::uint16_t>(i % kBurst), Side::kCalling, 0, false, digits});
  }
  run(state, *built.set, bursts);
}
BENCHMARK(numbers)->Name("match/numbers/entries")->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);

std::u16string characters(std::mt19937_64& random, std::size_t count) {
  std::u16string text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t spread = random() % 3000 * (random() % 3000) / 3000;  // frequent characters are frequent
    text += static_cast<char16_t>(0x4e00 + spread * 6);
  }
  return text;
}

// Messages of 70 characters as keys; in one of twenty, `plant` puts what is to be found.
template <typename Plant>
std::vector<std::u16string> messages(std::mt19937_64& random, Plant plant) {
  std::vector<std::u16string> out;
  for (std::size_t i = 0; i < kBurst * kBursts; ++i) {
    out.push_back(characters(random, 70));
    if (random() % 20 == 0) plant(out.back());
    out.back().resize(fold_units(out.back()));
  }
  return out;
}

std::vector<std::unique_ptr<KeyList>> bursts_of(const std::vector<std::u16string>& texts) {
  std::vector<std::unique_ptr<KeyList>> bursts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i % kBurst == 0) bursts.push_back(std::make_unique<KeyList>());
    bursts.back()->push(TextKey{static_cast<std::uint16_t>(i % kBurst), texts[i]});
  }
  return bursts;
}

void texts(benchmark::State& state) {
  std::mt19937_64 random(3);
  MatchSetBuilder builder;
  const std::uint32_t rule = builder.add_rule({});
  std::vector<std::u16string> keywords;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    keywords.push_back(characters(random, 3 + random() % 5));
    builder.add_pattern({.expression = to_utf8(keywords.back()), .literal = true}, rule);
  }
  const auto built = builder.build_base(1);
  const auto texts = messages(random, [&](std::u16string& text) { text.replace(20, 3, keywords[random() % keywords.size()]); });
  run(state, *built.set, bursts_of(texts));
}
BENCHMARK(texts)->Name("match/texts/literals")->Arg(100)->Arg(1'000)->Arg(5'000)->Arg(10'000);

// A word, a gap, one of two words, a gap, a number: how the rules of the field are built.
struct GapRule {
  std::u16string first, second, third;
  std::string expression() const {
    return to_utf8(first) + ".{0,6}(?:" + to_utf8(second) + "|" + to_utf8(third) + ").{0,10}[0-9]{5}";
  }
};

std::vector<GapRule> gap_rules(std::mt19937_64& random, std::int64_t count) {
  std::vector<GapRule> rules;
  for (std::int64_t i = 0; i < count; ++i)
    rules.push_back({characters(random, 1 + random() % 2), characters(random, 2), characters(random, 2 + random() % 3)});
  return rules;
}

void rules(benchmark::State& state) {
  std::mt19937_64 random(6);
  MatchSetBuilder builder;
  const std::uint32_t rule = builder.add_rule({});
  const std::vector<GapRule> all = gap_rules(random, state.range(0));
  for (const GapRule& one : all) builder.add_pattern({.expression = one.expression()}, rule);
  const auto built = builder.build_base(1);
  if (!built.rejected.empty()) return state.SkipWithError(built.rejected.front().reason.c_str());
  const auto texts = messages(random, [&](std::u16string& text) {
    const GapRule& one = all[random() % all.size()];
    text.replace(10, 20, one.first + text.substr(40, 4) + one.third + text.substr(50, 3) + u"86753");
  });
  run(state, *built.set, bursts_of(texts));
}
BENCHMARK(rules)->Name("match/texts/rules")->Arg(100)->Arg(1'000)->Arg(10'000);

void compile_rules(benchmark::State& state) {
  std::mt19937_64 random(6);
  const std::vector<GapRule> all = gap_rules(random, state.range(0));
  for (auto _ : state) {
    MatchSetBuilder builder;
    const std::uint32_t rule = builder.add_rule({});
    for (const GapRule& one : all) builder.add_pattern({.expression = one.expression()}, rule);
    benchmark::DoNotOptimize(builder.build_base(1));
  }
}
BENCHMARK(compile_rules)->Name("match/compile/rules")->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

void normalise_text(benchmark::State& state) {
  std::mt19937_64 random(5);
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < kBurst; ++i) {
    std::u16string text = characters(random, 50) + u"www.example.com/x";
    std::string body;
    for (const char16_t unit : text) body += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xff)};
    bodies.push_back(body);
  }
  std::vector<Event> events(kBurst);
  for (std::size_t i = 0; i < kBurst; ++i)
    events[i].what = Sms{.calling = "13812345678", .body = as_bytes(bodies[i]), .coding = TextCoding::kUcs2};
  const Normaliser normaliser({});
  KeyList keys;
  for (auto _ : state) {
    keys.clear();
    normaliser.normalise(events, keys);
    benchmark::DoNotOptimize(keys.texts().size());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}
BENCHMARK(normalise_text)->Name("normalise/text");

}  // namespace
}  // namespace telefence

BENCHMARK_MAIN();
