// SPDX-License-Identifier: Apache-2.0
// The tables against std::map over random entries and keys.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "match/domain_table.h"
#include "match/line_table.h"
#include "match/number_table.h"

namespace telefence {
namespace {

std::string random_name(std::mt19937& random) {
  static const std::array<std::string, 12> kLabels = {"a", "b", "www", "evil", "com", "cn", "x1", "notevil", "pay", "m", "net", "org"};
  std::string name = kLabels[random() % kLabels.size()];
  for (auto i = random() % 5; i > 0; --i) name += "." + kLabels[random() % kLabels.size()];
  return name;
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

TEST(DomainTable, AgreesWithAMapOverRandomNames) {
  std::mt19937 random(2);
  std::vector<DomainEntry> entries;
  std::multimap<std::string, DomainEntry> expected;
  for (std::uint32_t i = 0; i < 400; ++i) {
    entries.push_back({random_name(random), random() % 2 == 0, i});
    expected.emplace(entries.back().name, entries.back());
  }
  const DomainTable table(entries, 1000);
  const std::array<const DomainTable*, 1> tables = {&table};
  HitList hits;
  for (int round = 0; round < 5000; ++round) {
    const std::string name = random_name(random);
    const DomainKey key{3, false, name};
    hits.clear();
    find_domains({&key, 1}, tables, hits);
    std::set<std::pair<std::uint32_t, int>> found, wanted;
    for (const Hit& hit : hits.hits()) found.emplace(hit.rule, hit.depth);
    for (const auto& [entry_name, entry] : expected) {
      const bool same = entry_name == name;
      const bool below = entry.subdomains && name.ends_with("." + entry_name);
      if (same || below) wanted.emplace(entry.rule + 1000, 2 * count_labels(entry_name) + (entry.subdomains ? 0 : 1));
    }
    ASSERT_EQ(found, wanted) << name;
  }
}

TEST(DomainTable, BurstsLargerThanAChunkAreWhole) {
  std::vector<std::string> names;
  std::vector<DomainEntry> entries;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    names.push_back("host" + std::to_string(i) + ".example.com");
    if (i % 3 == 0) entries.push_back({names.back(), true, i});
  }
  const DomainTable table(entries, 0);
  std::vector<DomainKey> keys;
  for (const std::string& name : names) keys.push_back({static_cast<std::uint16_t>(keys.size()), false, name});
  HitList hits;
  const std::array<const DomainTable*, 1> tables = {&table};
  find_domains(keys, tables, hits);
  ASSERT_EQ(hits.hits().size(), 334u);
  for (const Hit& hit : hits.hits()) EXPECT_EQ(hit.rule, hit.event);
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
  std::vector<NumberEntry> entries;
  std::vector<Expected> expected;
  for (std::uint32_t i = 0; i < 300; ++i) {
    expected.push_back({digits(7), random() % 2 == 0, random() % 2 == 0});
    entries.push_back({pack(expected.back().digits, expected.back().international), expected.back().prefix, 3, i});
  }
  const NumberTable table(entries, 0);
  HitList hits;
  for (int round = 0; round < 5000; ++round) {
    const std::string text = digits(9);
    const bool international = random() % 2 == 0;
    const NumberKey key{0, Side::kCalling, 0, false, pack(text, international)};
    hits.clear();
    table.find({&key, 1}, hits);
    std::set<std::uint32_t> found, wanted;
    for (const Hit& hit : hits.hits()) found.insert(hit.rule);
    for (std::uint32_t i = 0; i < expected.size(); ++i) {
      const Expected& entry = expected[i];
      if (entry.international == international && (entry.prefix ? text.starts_with(entry.digits) : text == entry.digits)) wanted.insert(i);
    }
    ASSERT_EQ(found, wanted) << text;
  }
}

TEST(NumberTable, TwentyDigitsAreNotTruncated) {
  const NumberEntry entry{{10690000000000000001ULL, 20, false}, false, 3, 5};
  const NumberTable table({&entry, 1}, 0);
  HitList hits;
  const std::array<NumberKey, 2> keys = {NumberKey{0, Side::kCalled, 0, false, {10690000000000000001ULL, 20, false}},
                                         NumberKey{1, Side::kCalled, 0, false, {10690000000000000002ULL, 20, false}}};
  table.find(keys, hits);
  ASSERT_EQ(hits.hits().size(), 1u);
  EXPECT_EQ(hits.hits()[0].rule, 5u);
}

}  // namespace
}  // namespace telefence
