// SPDX-License-Identifier: Apache-2.0
// The tables against std::map over random entries and keys.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "match/block_filter.h"
#include "match/domain_table.h"
#include "match/line_table.h"
#include "match/number_table.h"
#include "match/rule_ref.h"
#include "match/slot_table.h"

namespace telefence {
namespace {

std::string random_name(std::mt19937& random) {
  static const std::array<std::string, 12> kLabels = {"a", "b", "www", "evil", "com", "cn", "x1", "notevil", "pay", "m", "net", "org"};
  std::string name = kLabels[random() % kLabels.size()];
  for (auto i = random() % 5; i > 0; --i) name += "." + kLabels[random() % kLabels.size()];
  return name;
}

TEST(BlockFilter, ManyAreToldAsOneByOne) {
  std::mt19937_64 random(2);
  for (int way = 0; way < block_filter_ways(); ++way) {
    force_block_filter_way(way);
    std::size_t there = 0, absent = 0;
    for (int round = 0; round < 300; ++round) {
      BlockFilter filter(1 + random() % 200, 1 + random() % 24);  // some so full that they say yes to nearly all
      std::vector<std::uint64_t> added(random() % 200), asked(random() % 65);
      for (std::uint64_t& hash : added) filter.add(hash = random());
      for (std::uint64_t& hash : asked) hash = added.empty() || random() % 2 == 0 ? random() : added[random() % added.size()];
      const std::uint64_t which = filter.which_may_be_there(asked);
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const bool is_there = filter.may_contain(asked[i]);
        ASSERT_EQ(which >> i & 1, is_there ? 1u : 0u) << way;
        ++(is_there ? there : absent);
      }
      if (asked.size() < 64) {
        ASSERT_EQ(which >> asked.size(), 0u);
      }
    }
    EXPECT_GT(there, 1000u);
    EXPECT_GT(absent, 1000u);
  }
  force_block_filter_way(block_filter_ways());
}

TEST(LineTable, FindsWhatWasInsertedAndNothingElse) {
  std::mt19937_64 random(1);
  LineTable table(5000);
  std::map<std::uint64_t, std::uint32_t> expected;
  while (expected.size() < 5000) expected.emplace(random(), static_cast<std::uint32_t>(expected.size() + 1));
  for (const auto& [key, value] : expected) table.insert({key, 7}, key, value);
  for (const auto& [key, value] : expected) {
    EXPECT_TRUE(table.may_contain(key));
    ASSERT_EQ(table.find({key, 7}, key), value);
    ASSERT_EQ(table.find({key, 8}, key), LineTable::kAbsent);
  }
  int passed = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t key = random();
    passed += table.may_contain(key) ? 1 : 0;
    ASSERT_EQ(table.find({key, 7}, key), LineTable::kAbsent);
  }
  EXPECT_LT(passed, 100);  // 16 bits per key: some 0.1%
}

TEST(LineTable, KeysThatFallOnOneLineAllFit) {
  LineTable table(100);
  for (std::uint32_t i = 1; i <= 100; ++i) table.insert({i, 0}, 42, i);
  for (std::uint32_t i = 1; i <= 100; ++i) EXPECT_EQ(table.find({i, 0}, 42), i);
  EXPECT_EQ(table.find({101, 0}, 42), LineTable::kAbsent);
}

TEST(SlotTable, FindsWhatWasInsertedAndNothingElse) {
  std::mt19937_64 random(1);
  constexpr std::uint64_t kMask = ~std::uint64_t{0xfff};
  SlotTable table(5000, 16);
  std::map<std::uint64_t, std::uint64_t> expected;
  while (expected.size() < 5000) expected.emplace(random() & kMask, expected.size() % 4095 + 1);
  for (const auto& [key, value] : expected) table.insert(key * 31, key | value);
  const auto yes = [](std::uint64_t) { return true; };
  for (const auto& [key, value] : expected) {
    EXPECT_TRUE(table.may_contain(key * 31));
    const std::uint64_t* slot = table.find(key * 31, key, kMask, yes);
    ASSERT_NE(slot, nullptr);
    EXPECT_EQ(*slot & ~kMask, value);
    EXPECT_EQ(table.slot(table.number_of(slot)), *slot);
    EXPECT_EQ(table.find(key * 31, key, kMask, [](std::uint64_t) { return false; }), nullptr);
  }
  int passed = 0;
  for (int i = 0; i < 20000; ++i) passed += table.may_contain(random()) ? 1 : 0;
  EXPECT_LT(passed, 100);  // 16 bits per key: some 0.1%
}

// The key bits of one are as those of a slot that holds nothing.
TEST(SlotTable, AnEmptySlotIsNobodys) {
  constexpr std::uint64_t kMask = ~std::uint64_t{0xffffffff};
  const auto yes = [](std::uint64_t) { return true; };
  SlotTable table(6, 16);
  EXPECT_EQ(table.find(5, 0, kMask, yes), nullptr);
  EXPECT_EQ(table.likely(5, 0, 0, kMask), SlotTable::kEmpty);
  constexpr std::uint64_t kOther = std::uint64_t{7} << 32, kUpper = std::uint64_t{1} << 63;
  table.insert(5, kOther | 3);
  EXPECT_EQ(table.find(5, 0, kMask, yes), nullptr);
  table.insert(5, 4);
  ASSERT_NE(table.find(5, 0, kMask, yes), nullptr);
  EXPECT_EQ(*table.find(5, 0, kMask, yes), 4u);
  EXPECT_EQ(table.likely(5, 0, kOther, kMask), kOther | 3);
  // Both halves of a slot count, and each bit of the mask.
  table.insert(5, kUpper | 9);
  EXPECT_EQ(table.likely(5, 0, kUpper, kMask), kUpper | 9);
  EXPECT_EQ(table.likely(5, 0, kUpper | 8, ~std::uint64_t{7}), kUpper | 9);
  EXPECT_EQ(table.likely(5, 0, kUpper | 16, ~std::uint64_t{7}), SlotTable::kEmpty);
  EXPECT_EQ(table.likely(5, 0, 8, ~std::uint64_t{7}), SlotTable::kEmpty);
}

// Line by line, as those do who have many keys under way: the same as find() comes to, at the end of the lines, too.
TEST(SlotTable, LineByLineIsFoundWhatFindFinds) {
  std::mt19937_64 random(2);
  constexpr std::uint64_t kMask = ~std::uint64_t{0xfff};
  const auto yes = [](std::uint64_t) { return true; };
  const auto line_by_line = [&](const SlotTable& table, std::uint64_t hash, std::uint64_t key, std::size_t& nth) {
    for (nth = 0;; ++nth) {
      const std::uint64_t slot = table.likely(hash, nth, key, kMask);
      if (slot != SlotTable::kEmpty || !table.goes_on(hash, nth)) return slot;
    }
  };
  std::size_t beyond_second = 0, absent_beyond_second = 0, nth = 0;
  for (const std::size_t entries : std::initializer_list<std::size_t>{1, 8, 40, 5000}) {
    SlotTable table(entries, 16);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> keys;  // with their hashes, many of which lead to the last lines
    for (std::size_t i = 0; i < entries; ++i) {
      keys.emplace_back(random() & kMask, entries < 100 ? ~random() / 64 * 63 : random());
      table.insert(keys.back().second, keys.back().first | 1);
    }
    for (const auto& [key, hash] : keys) {
      EXPECT_EQ(line_by_line(table, hash, key, nth), *table.find(hash, key, kMask, yes));
      beyond_second += nth > 1 ? 1 : 0;
    }
    for (int i = 0; i < 5000; ++i) {
      const std::uint64_t hash = keys[random() % keys.size()].second, key = random() & kMask;
      ASSERT_EQ(table.find(hash, key, kMask, yes), nullptr);
      EXPECT_EQ(line_by_line(table, hash, key, nth), SlotTable::kEmpty);
      absent_beyond_second += nth > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(beyond_second, 10u);
  EXPECT_GT(absent_beyond_second, 1000u);
}

// Entries of one table, each with terms of its own whose source is its number; asked as traffic asks.
template <typename Table>
struct Filled {
  std::uint16_t terms(std::uint32_t number, SignatureKind kind) {
    return list.intern({.kind = kind, .source = std::to_string(number)});
  }
  std::vector<TableLayer<Table>> layers() const { return {{&table, rule_ref(0, RuleTable::kDomains), false, list.all()}}; }
  TermsList list;
  Table table;
};

std::uint32_t number_in(const Terms& terms) { return static_cast<std::uint32_t>(std::stoul(terms.source)); }

std::uint32_t hit_number(const Filled<DomainTable>& filled, const Hit& hit) {
  const RuleRef place = hit.rule & kRulePlaceMask;
  return number_in(filled.list[filled.table.note({static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(place >> 32)}).terms]);
}

std::uint32_t hit_number(const Filled<NumberTable>& filled, const Hit& hit) {
  return number_in(filled.list[filled.table.note({static_cast<std::uint32_t>(hit.rule), (hit.rule >> 32 & 1) != 0}).terms]);
}

// Labels of all sizes at which names are read otherwise, in names that end as those do whose home is of three labels.
std::string name_of_any_shape(std::mt19937& random) {
  static const std::array<std::string, 16> kLabels = {"a",   "t",   "www", "com",  "cn", "co", "uk", "gov", "evil", "evil2",
                                                      "pay", "m-1", "exactly-sixteen8", "one-more-than-16", "seventeen-octets-", "of-forty-one-octets-which-is-a-long-label"};
  std::string name = kLabels[random() % kLabels.size()];
  for (auto i = random() % 5; i > 0; --i) name += "." + kLabels[random() % 10];
  return name;
}

struct ExpectedDomain {
  std::uint32_t number;
  bool subdomains;
};

// Asks for many names at a time, and compares with a search through all entries.
void expect_what_a_map_says(const Filled<DomainTable>& filled, const std::multimap<std::string, ExpectedDomain>& expected,
                            std::span<const std::string> names) {
  std::vector<DomainKey> keys;
  for (const std::string& name : names) keys.push_back({static_cast<std::uint16_t>(keys.size()), false, name});
  HitList hits;
  find_domains(keys, filled.layers(), 0, hits);
  std::vector<std::set<std::pair<std::uint32_t, int>>> found(names.size());
  for (const Hit& hit : std::as_const(hits).hits()) found[hit.event].emplace(hit_number(filled, hit), hit.depth);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::set<std::pair<std::uint32_t, int>> wanted;
    for (const auto& [entry_name, entry] : expected) {
      const bool same = entry_name == names[i];
      const bool below = entry.subdomains && names[i].ends_with("." + entry_name);
      if (same || below) wanted.emplace(entry.number, 2 * count_labels(entry_name) + (entry.subdomains ? 0 : 1));
    }
    ASSERT_EQ(found[i], wanted) << names[i];
  }
}

// A table of names that have `least` labels at least, and names that are asked for.
void compare_with_a_map(std::string (*make_name)(std::mt19937&), std::uint16_t least, std::uint32_t seed) {
  std::mt19937 random(seed);
  Filled<DomainTable> filled;
  std::multimap<std::string, ExpectedDomain> expected;
  std::vector<std::string> listed;
  for (std::uint32_t i = 0; i < 400;) {
    const ExpectedDomain entry{i, random() % 2 == 0};
    const std::string name = make_name(random);
    if (count_labels(name) < least) continue;
    EXPECT_TRUE(filled.table.add(name, {.terms = filled.terms(i, SignatureKind::kDomain), .subdomains = entry.subdomains}));
    expected.emplace(name, entry);
    listed.push_back(name);
    ++i;
  }
  filled.table.finish();
  EXPECT_EQ(filled.table.size(), 400u);
  std::vector<std::string> names(500);
  for (int round = 0; round < 10; ++round) {
    for (std::string& name : names) {
      name = make_name(random);
      // Names with empty labels are asked for, too; none is listed.
      if (random() % 10 == 0) name += '.';
      if (random() % 10 == 0) name.insert(0, 1, '.');
      if (const std::size_t dot = name.find('.'); dot != std::string::npos && random() % 10 == 0) name.insert(dot, 1, '.');
    }
    // As where much is blocked.
    for (std::size_t i = 0; round % 2 == 1 && i < 200; ++i) names[i] = listed[random() % listed.size()];
    ASSERT_NO_FATAL_FAILURE(expect_what_a_map_says(filled, expected, names));
    for (std::size_t i = 0; i < 20; ++i) ASSERT_NO_FATAL_FAILURE(expect_what_a_map_says(filled, expected, std::span(names).subspan(i, 1)));
  }
}

TEST(DomainTable, AgreesWithAMapOverRandomNames) {
  compare_with_a_map(random_name, 1, 2);
}

TEST(DomainTable, AgreesWithAMapWhateverTheShapeOfNamesAndHowShortTheShortestIs) {
  for (std::uint16_t least = 1; least <= 4; ++least) {
    SCOPED_TRACE(least);
    compare_with_a_map(name_of_any_shape, least, 10u + least);
  }
}

TEST(DomainTable, HasWhatWasAddedAndWalksThroughIt) {
  DomainTable table;
  std::map<std::string, EntryNotes> expected;
  std::mt19937_64 random(9);
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = "n" + std::to_string(random() % 8000) + ".example";
    EntryNote note{.terms = static_cast<std::uint16_t>(random() % 3), .subdomains = random() % 2 == 0};
    if (random() % 4 == 0) note.id = random();
    if (random() % 4 == 0) note.expires_s = static_cast<std::int64_t>(random() % 4'000'000'000);
    if (random() % 8 == 0) {
      table.set(name, {&note, 1});
      expected[name] = {note};
      continue;
    }
    EntryNotes& notes = expected[name];
    const bool is_new = std::find(notes.begin(), notes.end(), note) == notes.end();
    EXPECT_EQ(table.add(name, note), is_new);
    if (is_new) notes.push_back(note);
  }
  table.finish();
  std::size_t entries = 0;
  for (const auto& [name, notes] : expected) {
    EXPECT_EQ(table.notes_of(name), notes) << name;
    entries += notes.size();
  }
  EXPECT_EQ(table.size(), entries);
  EXPECT_EQ(table.names(), expected.size());
  EXPECT_TRUE(table.notes_of("n1.example.com").empty());
  std::map<std::string, EntryNotes> walked;
  table.for_each([&](std::string_view name, std::span<const EntryNote> notes) {
    EXPECT_TRUE(walked.emplace(std::string(name), EntryNotes(notes.begin(), notes.end())).second) << name;
  });
  EXPECT_TRUE(walked == expected);
}

TEST(DomainTable, NamesOfTheGreatestLengthAndOddOctets) {
  Filled<DomainTable> filled;
  std::string deep = "a";
  while (deep.size() + 2 <= 253) deep += ".a";
  const std::string wide = std::string(63, 'x') + "." + std::string(63, 'y') + "." + std::string(63, 'z') + "." + std::string(61, 'w');
  const std::string binary = std::string("b\0\xff\x01", 4) + ".example";
  for (const std::string& name : {deep, wide, binary})
    filled.table.add(name, {.terms = filled.terms(1, SignatureKind::kDomain), .subdomains = true});
  HitList hits;
  const auto asked = [&](const std::string& name) {
    hits.clear();
    const DomainKey key{0, false, name};
    find_domains({&key, 1}, filled.layers(), 0, hits);
    return hits.hits().size();
  };
  for (const std::string& name : {deep, wide, binary, "x." + binary}) EXPECT_EQ(asked(name), 1u);
  std::string other = wide;
  for (std::size_t i = 0; i < other.size(); ++i) {
    other[i] = other[i] == '.' ? '.' : 'q';
    if (wide[i] != '.') {
      EXPECT_EQ(asked(other), 0u) << i;
    }
    other[i] = wide[i];
  }
  for (const std::string& name : {std::string(""), std::string("."), std::string("a..a"), ".example" + std::string("."), std::string("..")})
    EXPECT_EQ(asked(name), 0u) << name;
}

TEST(DomainTable, BurstsLargerThanAChunkAreWhole) {
  std::vector<std::string> names;
  Filled<DomainTable> filled;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    names.push_back("host" + std::to_string(i) + ".example.com");
    if (i % 3 == 0) filled.table.add(names.back(), {.terms = filled.terms(i, SignatureKind::kDomain), .subdomains = true});
  }
  std::vector<DomainKey> keys;
  for (const std::string& name : names) keys.push_back({static_cast<std::uint16_t>(keys.size()), false, name});
  HitList hits;
  find_domains(keys, filled.layers(), 0, hits);
  ASSERT_EQ(hits.hits().size(), 334u);
  for (const Hit& hit : std::as_const(hits).hits()) EXPECT_EQ(hit_number(filled, hit), hit.event);
}

TEST(NumberCode, IsOneForEachNumberAndBack) {
  std::set<std::uint64_t> codes;
  std::size_t count = 0;
  const auto check = [&](std::uint64_t value, std::uint8_t length) {
    for (const bool international : {false, true}) {
      const PhoneDigits digits{value, length, international};
      const std::uint64_t code = number_code(digits);
      EXPECT_LT(code, std::uint64_t{1} << kNumberCodeBits);
      EXPECT_EQ(number_from_code(code), digits) << value << " " << int{length};
      codes.insert(code);
      ++count;
    }
  };
  for (std::uint8_t length = 1; length <= 4; ++length)
    for (std::uint64_t value = 0; value < kPowersOfTen[length]; ++value) check(value, length);
  for (std::uint8_t length = 5; length <= kLongestCodedNumber; ++length)
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{86}, kPowersOfTen[length] - 1}) check(value, length);
  EXPECT_EQ(codes.size(), count);
}

TEST(NumberTable, AgreesWithStringsOverRandomNumbers) {
  std::mt19937_64 random(3);
  const auto digits = [&](unsigned most) {
    std::string text;
    for (std::size_t length = 1 + random() % most; text.size() < length;) text += static_cast<char>('0' + random() % 3);
    return text;
  };
  const auto pack = [](const std::string& text, bool international) {
    return PhoneDigits{std::stoull(text), static_cast<std::uint8_t>(text.size()), international};
  };
  struct Expected {
    std::string digits;
    bool international, prefix;
  };
  Filled<NumberTable> filled;
  std::vector<Expected> expected;
  for (std::uint32_t i = 0; i < 300; ++i) {
    expected.push_back({digits(7), random() % 2 == 0, random() % 2 == 0});
    EntryNote note{.terms = filled.terms(i, SignatureKind::kNumber)};
    if (i % 5 == 0) note.id = i + 1;
    if (i % 7 == 0) note.expires_s = std::int64_t{1} << 32;  // beyond what a column holds: stands apart
    filled.table.add({pack(expected.back().digits, expected.back().international), expected.back().prefix}, note);
  }
  filled.table.finish();
  EXPECT_EQ(filled.table.size(), 300u);
  HitList hits;
  for (int round = 0; round < 5000; ++round) {
    const std::string text = digits(9);
    const bool international = random() % 2 == 0;
    const NumberKey key{0, Side::kCalling, 0, false, pack(text, international)};
    hits.clear();
    find_numbers({&key, 1}, filled.layers(), 0, hits);
    std::set<std::uint32_t> found, wanted;
    for (const Hit& hit : std::as_const(hits).hits()) found.insert(hit_number(filled, hit));
    for (std::uint32_t i = 0; i < expected.size(); ++i) {
      const Expected& entry = expected[i];
      if (entry.international == international && (entry.prefix ? text.starts_with(entry.digits) : text == entry.digits)) wanted.insert(i);
    }
    ASSERT_EQ(found, wanted) << text;
  }
}

// How many of the entries have a moment at which they end, and how many an id of their own: 1 of so many.
struct Share {
  unsigned ends, ids;
};

class NumbersWithMoreToSay : public testing::TestWithParam<Share> {};

TEST_P(NumbersWithMoreToSay, AreAllThereAndWalkedThrough) {
  NumberTable table;
  std::map<std::string, EntryNotes> expected;
  std::map<std::string, NumberValue> values;
  std::mt19937_64 random(10);
  for (int i = 0; i < 20'000; ++i) {
    const NumberValue value{{8613800000000 + random() % 6000, 13, true}, random() % 16 == 0};
    const std::string key = std::to_string(value.digits.value) + (value.prefix ? "*" : "");
    values[key] = value;
    EntryNote note{.terms = static_cast<std::uint16_t>(random() % 3)};
    if (random() % 50 == 0) note.terms = 9000;  // more terms than a slot can name
    if (random() % GetParam().ends == 0) note.expires_s = static_cast<std::int64_t>(random() % 4'000'000'000);
    if (random() % GetParam().ids == 0) note.id = random();
    if (random() % 1000 == 0) note.expires_s = std::int64_t{1} << 32;  // later than 32 bits can say
    if (i == 15'000) table.finish();  // what comes behind it is taken all the same
    if (random() % 8 == 0) {
      table.set(value, {&note, 1});
      expected[key] = {note};
      continue;
    }
    EntryNotes& notes = expected[key];
    const bool is_new = std::find(notes.begin(), notes.end(), note) == notes.end();
    EXPECT_EQ(table.add(value, note), is_new);
    if (is_new) notes.push_back(note);
  }
  table.finish();
  std::size_t entries = 0;
  for (const auto& [key, notes] : expected) {
    EXPECT_EQ(table.notes_of(values[key]), notes) << key;
    entries += notes.size();
  }
  EXPECT_EQ(table.size(), entries);
  std::map<std::string, EntryNotes> walked;
  table.for_each([&](const NumberValue& value, std::span<const EntryNote> notes) {
    const std::string key = std::to_string(value.digits.value) + (value.prefix ? "*" : "");
    EXPECT_TRUE(walked.emplace(key, EntryNotes(notes.begin(), notes.end())).second) << key;
  });
  EXPECT_TRUE(walked == expected);
}

INSTANTIATE_TEST_SUITE_P(FewOrMany, NumbersWithMoreToSay,
                         testing::Values(Share{1'000'000, 1'000'000}, Share{8, 1'000'000}, Share{1, 200}, Share{200, 2}, Share{3, 3}, Share{100, 100}));

TEST(NumberTable, TwentyDigitsAreNotTruncated) {
  Filled<NumberTable> filled;
  filled.table.add({{10690000000000000001ULL, 20, false}, false}, {.terms = filled.terms(5, SignatureKind::kNumber)});
  HitList hits;
  const std::array<NumberKey, 2> keys = {NumberKey{0, Side::kCalled, 0, false, {10690000000000000001ULL, 20, false}},
                                         NumberKey{1, Side::kCalled, 0, false, {10690000000000000002ULL, 20, false}}};
  find_numbers(keys, filled.layers(), 0, hits);
  ASSERT_EQ(hits.hits().size(), 1u);
  EXPECT_EQ(hit_number(filled, std::as_const(hits).hits()[0]), 5u);
}

TEST(Tables, TakeNoMoreMemoryThanWasPromised) {
  constexpr std::size_t kEntries = 300'000;
  DomainTable domains(kEntries);
  NumberTable numbers(kEntries);
  std::size_t octets = 0;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::string name = "fraud-" + std::to_string(100'000 + i) + ".test";  // 17 octets, as the names of real lists
    octets += name.size();
    domains.add(name, {.subdomains = true});
    numbers.add({{8613000000000 + i, 13, true}, false}, {});
  }
  domains.finish();
  numbers.finish();
  EXPECT_LE(static_cast<double>(domains.bytes() - octets) / kEntries, 13.5) << "beside the names";
  EXPECT_LE(static_cast<double>(domains.bytes()) / kEntries, 30.5);
  EXPECT_LE(static_cast<double>(numbers.bytes()) / kEntries, 11.0);
}

// Octets for each of so many numbers, of which one in `ends` ends and one in `ids` has an id; 0: none.
double octets_of_numbers(unsigned ends, unsigned ids) {
  constexpr std::size_t kEntries = 300'000;
  NumberTable numbers;  // grows as it is filled
  for (std::size_t i = 0; i < kEntries; ++i) {
    EntryNote note;
    if (ends != 0 && i % ends == 0) note.expires_s = 1'800'000'000 + static_cast<std::int64_t>(i);
    if (ids != 0 && i % ids == 0) note.id = i + 1;
    numbers.add({{8613000000000 + i, 13, true}, false}, note);
  }
  numbers.finish();
  return static_cast<double>(numbers.bytes()) / kEntries;
}

TEST(Tables, ANumberThatEndsOrHasAnIdTakesLittleMore) {
  EXPECT_LE(octets_of_numbers(1, 0), 15.7);
  EXPECT_LE(octets_of_numbers(0, 1), 20.4);
  EXPECT_LE(octets_of_numbers(1, 1), 25.1);
  // Where few do, the others take no more for it.
  EXPECT_LE(octets_of_numbers(1000, 1000), 11.1);
  EXPECT_LE(octets_of_numbers(100, 1), 21.5);
  EXPECT_LE(octets_of_numbers(20, 0), 15.7);
}

}  // namespace
}  // namespace telefence
