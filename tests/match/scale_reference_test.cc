// SPDX-License-Identifier: Apache-2.0
// What random names of small tables do not show: millions of look-ups in a large one, names that everything but their octets takes for one
// another, and a set that is replaced while several threads match against it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "match/domain_table.h"
#include "match/match_set.h"
#include "match/rule_ref.h"
#include "match/set_maker.h"
#include "normalise/sms_text.h"
#include "publish/published.h"

namespace telefence {
namespace {

// Of a name in the table: whether it is listed by itself, and with all below it.
struct Listed {
  bool alone = false, with_subdomains = false;
};
using Reference = std::unordered_map<std::string, Listed>;

std::string random_label(std::mt19937_64& random) {
  static constexpr std::string_view kOctets = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::string label;
  for (std::size_t length = 1 + random() % (random() % 8 == 0 ? 40 : 4); label.size() < length;) label += kOctets[random() % kOctets.size()];
  return label;
}

// So short labels meet again and again, in names and above them.
std::string random_domain(std::mt19937_64& random) {
  static const std::array<std::string, 6> kTops = {"com", "net", "cn", "com.cn", "co.uk", "t"};
  std::string name = kTops[random() % kTops.size()];
  for (std::size_t more = random() % 4; more != 0; --more) name.insert(0, random_label(random) + ".");
  return name;
}

// As many hits as the reference says, by its suffixes.
std::size_t hits_of(const Reference& listed, const std::string& name) {
  std::size_t hits = 0;
  for (std::size_t start = 0;;) {
    const auto found = listed.find(name.substr(start));
    if (found != listed.end()) hits += (found->second.with_subdomains ? 1u : 0u) + (found->second.alone && start == 0 ? 1u : 0u);
    const std::size_t dot = name.find('.', start);
    if (dot == std::string::npos) return hits;
    start = dot + 1;
  }
}

// A name that somebody might take for this one.
std::string near_miss(std::string name, std::mt19937_64& random) {
  switch (random() % 5) {
    case 0: return random_label(random) + "." + name;
    case 1: return random_label(random) + name;
    case 2: return name.substr(name.find('.') + 1);
    case 3: name[random() % name.size()] = 'q'; return name;
    default: return name;
  }
}

TEST(DomainTable, AgreesWithAnUnorderedMapOverMillionsOfNames) {
  constexpr std::size_t kEntries = 100'000, kLookUps = 2'000'000, kBurst = 500;
  std::mt19937_64 random(17);
  Reference listed;
  std::vector<std::string> names;
  DomainTable table;
  TermsList terms;
  const std::uint16_t plain = terms.intern({.kind = SignatureKind::kDomain});
  while (names.size() < kEntries) {
    names.push_back(random_label(random) + "." + random_domain(random));  // no top-level domain: most names would be below it
    const bool subdomains = random() % 2 == 0;
    bool& is_listed = subdomains ? listed[names.back()].with_subdomains : listed[names.back()].alone;
    ASSERT_EQ(table.add(names.back(), {.terms = plain, .subdomains = subdomains}), !is_listed);
    is_listed = true;
  }
  table.finish();
  const std::vector<TableLayer<DomainTable>> layers = {{&table, rule_ref(0, RuleTable::kDomains), false, terms.all()}};
  std::vector<std::string> asked(kBurst);
  std::size_t blocked = 0;
  HitList hits;
  for (std::size_t done = 0; done < kLookUps; done += kBurst) {
    std::vector<DomainKey> keys;
    for (std::string& name : asked) {
      name = random() % 2 == 0 ? random_domain(random) : near_miss(names[random() % names.size()], random);
      if (name.empty()) name = "t";
      keys.push_back({static_cast<std::uint16_t>(keys.size()), false, name});
    }
    hits.clear();
    find_domains(keys, layers, 0, hits);
    std::vector<std::size_t> found(kBurst);
    for (const Hit& hit : std::as_const(hits).hits()) ++found[hit.event];
    for (std::size_t i = 0; i < kBurst; ++i) {
      ASSERT_EQ(found[i], hits_of(listed, asked[i])) << asked[i];
      blocked += found[i] != 0 ? 1u : 0u;
    }
  }
  EXPECT_GT(blocked, kLookUps / 10);
  EXPECT_LT(blocked, kLookUps - kLookUps / 10);
}

// Names with the same tag, in a table of one line: nothing but their octets tells them apart there.
TEST(DomainTable, NamesThatDifferOnlyBeyondTheFingerprintAreToldApart) {
  std::unordered_map<std::uint32_t, std::string> by_tag;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 400'000; ++i) {  // 19 pairs of equal tags are to be expected
    const std::string name = "n" + std::to_string(i) + ".example";
    const auto [place, is_new] = by_tag.emplace(hash_name(name).tag, name);
    if (!is_new) pairs.emplace_back(place->second, name);
  }
  ASSERT_FALSE(pairs.empty());
  for (const auto& [one, other] : pairs) {
    const NameHash hash = hash_name(one), same_tag = hash_name(other);
    ASSERT_EQ(hash.tag, same_tag.tag);
    DomainTable table;
    table.reserve(2);
    table.add(one, {.terms = 1});
    const std::uint32_t place = table.find(hash, one);
    ASSERT_NE(place, 0u);
    const DomainProbe probe{.hash = same_tag, .suffix = other};
    ASSERT_EQ(table.likely_place(probe), place) << "the fingerprint says it is there";
    EXPECT_EQ(table.find(probe, place), 0u);
    EXPECT_EQ(table.find(same_tag, other), 0u);
    EXPECT_TRUE(table.notes_of(other).empty());
    table.add(other, {.terms = 2});
    ASSERT_EQ(table.notes_of(one).size(), 1u);
    ASSERT_EQ(table.notes_of(other).size(), 1u);
    EXPECT_EQ(table.notes_of(one)[0].terms, 1u);
    EXPECT_EQ(table.notes_of(other)[0].terms, 2u);
  }
}

// One of two sets, which share a domain and differ in another, in a number and in a text.
std::unique_ptr<const MatchSet> one_of_two(bool is_even) {
  SetMaker maker;
  maker.domain("both.example").domain(is_even ? "even.example" : "odd.example");
  maker.number(is_even ? "13812345678" : "13912345678").pattern(is_even ? "even" : "odd.{0,3}r", is_even);
  return std::move(maker.base().set);
}

// Matches until it is told to stop; every burst must see one of the sets, whole.
class Reader {
 public:
  Reader(std::size_t id, Readers& readers, const Published<MatchSet>& sets) : id_(id), readers_(readers), sets_(sets) {
    for (const char* name : {"www.both.example", "even.example", "a.odd.example", "innocent.example"})
      keys_.push(DomainKey{event_++, false, name});
    for (const char* number : {"13812345678", "13912345678"})
      keys_.push(NumberKey{event_++, Side::kCalling, 0, false, canonical_number(number, "86")});
    keys_.push(TextKey{event_++, text_});
  }
  MatchScratch& scratch() { return scratch_; }
  std::uint64_t wrong() const { return wrong_; }
  const std::array<std::uint64_t, 2>& seen() const { return seen_; }

  void run(const std::atomic<bool>& stop) {
    readers_.online(id_);
    while (!stop) {
      const MatchSet& set = sets_.read();
      HitList hits;
      set.match(keys_, scratch_, hits);
      note(set, std::as_const(hits).hits());
      readers_.quiesce(id_);
    }
    readers_.offline(id_);
  }

 private:
  void note(const MatchSet& set, std::span<const Hit> hits) {
    std::string values;
    for (const Hit& hit : hits) values += set.rule(hit.rule).value + " ";
    const bool is_even = values == "both.example even.example +8613812345678 even ";
    const bool is_odd = values == "both.example odd.example +8613912345678 odd.{0,3}r ";
    if (is_even || is_odd)
      ++seen_[is_even ? 0 : 1];
    else
      ++wrong_;
  }

  std::size_t id_;
  Readers& readers_;
  const Published<MatchSet>& sets_;
  const std::u16string text_ = fold_text("even or odd or");
  KeyList keys_;
  MatchScratch scratch_;
  std::uint16_t event_ = 0;
  std::uint64_t wrong_ = 0;
  std::array<std::uint64_t, 2> seen_{};
};

TEST(MatchSet, ReadersSeeOneSetOrTheOtherWhileAWriterReplacesIt) {
  Readers readers;
  Published<MatchSet> sets(readers, one_of_two(true));
  std::vector<std::unique_ptr<Reader>> all;
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  for (std::size_t id = 0; id < 3; ++id) {
    all.push_back(std::make_unique<Reader>(id, readers, sets));
    ASSERT_TRUE(all.back()->scratch().prepare(sets.read()).ok());
  }
  for (const auto& reader : all) threads.emplace_back([&] { reader->run(stop); });
  for (int version = 1; version <= 60; ++version) {
    auto next = one_of_two(version % 2 == 0);
    for (const auto& reader : all) ASSERT_TRUE(reader->scratch().prepare(*next).ok());
    ASSERT_TRUE(readers.wait(sets.publish(std::move(next)), 10'000));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const auto& reader : all) {
    EXPECT_EQ(reader->wrong(), 0u);
    EXPECT_NE(reader->seen()[0], 0u);
    EXPECT_NE(reader->seen()[1], 0u);
  }
}

}  // namespace
}  // namespace telefence
