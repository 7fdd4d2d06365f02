// SPDX-License-Identifier: Apache-2.0
// Numbers and prefixes in layers, against strings and maps: what is hit, of which layer, and how specific it is said to be.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "match/number_table.h"
#include "match/prefix_index.h"
#include "match/rule_ref.h"

namespace telefence {
namespace {

constexpr std::int64_t kNow = 1000;

PhoneDigits pack(const std::string& text, bool international) {
  return {std::stoull(text), static_cast<std::uint8_t>(text.size()), international};
}

struct Value {
  std::string digits;
  bool international = false;
  bool prefix = false;
  auto tied() const { return std::tie(digits, international, prefix); }
  friend bool operator<(const Value& a, const Value& b) { return a.tied() < b.tied(); }
};

using Random = std::mt19937_64;

// A layer, and the same as a map.
struct Plain {
  explicit Plain(bool log) : is_log(log) {}
  bool is_log;
  NumberTable table;
  TermsList terms;
  std::map<Value, EntryNotes> entries;

  void add(const Value& value, Random& random) {
    EntryNote note{.terms = terms.intern({.kind = SignatureKind::kNumber,
                                          .allow = random() % 4 == 0,
                                          .sides = static_cast<std::uint8_t>(1 + random() % 3),
                                          .source = std::to_string(random() % 50)})};
    if (random() % 8 == 0) note.id = random();
    if (random() % 8 == 0) note.expires_s = kNow - 5 + static_cast<std::int64_t>(random() % 10);
    if (is_log && random() % 3 == 0) note.word = random() % 2 == 0 ? EntryNote::Word::kRemoved : EntryNote::Word::kEnded;
    EntryNotes& notes = entries[value];
    const bool replaces = is_log || random() % 8 == 0;
    if (replaces) notes.clear();
    notes.push_back(note);
    table.set({pack(value.digits, value.international), value.prefix}, notes);
  }
};

// Event, depth, layer, terms, and whether the entry has an id of its own.
using Found = std::multiset<std::tuple<int, int, std::size_t, int, std::uint64_t>>;

class World {
 public:
  World(std::size_t logs, bool has_files) {
    for (std::size_t i = 0; i < logs; ++i) layers_.emplace_back(true);
    if (has_files) layers_.emplace_back(false);
  }
  std::deque<Plain>& layers() { return layers_; }
  void finish() {
    for (Plain& layer : layers_) layer.table.finish();
  }

  Found found(const std::vector<NumberKey>& keys) const {
    std::vector<TableLayer<NumberTable>> asked;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Plain& layer = layers_[i];
      if (!layer.table.is_empty()) asked.push_back({&layer.table, rule_ref(i, RuleTable::kNumbers), layer.is_log, layer.terms.all()});
    }
    HitList hits;
    find_numbers(keys, asked, kNow, hits);
    Found out;
    for (const Hit& hit : std::as_const(hits).hits()) {
      const std::size_t layer = layer_of(hit.rule);
      const EntryNote note = layers_[layer].table.note({static_cast<std::uint32_t>(hit.rule), (hit.rule >> 32 & 1) != 0});
      out.emplace(hit.event, hit.depth, layer, note.terms, note.id);
    }
    return out;
  }

  void expect(const std::string& number, const NumberKey& key, Found& out) const {
    hear({number, key.digits.international, false}, key, out);
    for (std::size_t length = 1; length <= number.size(); ++length)
      hear({number.substr(0, length), key.digits.international, true}, key, out);
  }

 private:
  void hear(const Value& value, const NumberKey& key, Found& out) const {
    bool log_has_spoken = false, is_worded = false;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Plain& layer = layers_[i];
      const auto found = layer.entries.find(value);
      if (found == layer.entries.end() || (layer.is_log && log_has_spoken)) continue;
      log_has_spoken |= layer.is_log;
      const bool only_allowed = !layer.is_log && is_worded;
      for (const EntryNote& note : found->second) {
        const bool is_entry = note.word == EntryNote::Word::kEntry;
        if (layer.is_log) is_worded |= note.word == EntryNote::Word::kRemoved || (is_entry && !note.is_expired(kNow));
        const Terms& terms = layer.terms[note.terms];
        if (!is_entry || (only_allowed && !terms.allow)) continue;
        if ((terms.sides & (key.side == Side::kCalling ? 1 : 2)) == 0) continue;
        out.emplace(key.event, static_cast<int>(2 * value.digits.size() + (value.prefix ? 0 : 1)), i, note.terms, note.id);
      }
    }
  }

  std::deque<Plain> layers_;
};

std::string some_digits(Random& random, std::size_t length, unsigned kinds) {
  std::string text;
  while (text.size() < length) text += static_cast<char>('0' + random() % kinds);
  return text;
}

// A number that has much in common with those listed: begins as one does, is one, or is one with a digit changed.
std::string near(const std::vector<std::string>& listed, Random& random, unsigned kinds) {
  std::string text = listed[random() % listed.size()];
  if (random() % 4 == 0) text.resize(1 + random() % text.size());
  if (random() % 4 == 0) text[random() % text.size()] = static_cast<char>('0' + random() % kinds);
  const std::size_t most = text.size() < 15 ? 15 : 19;
  if (random() % 4 != 0) text += some_digits(random, random() % (most - text.size() + 1), kinds);
  return text;
}

std::size_t agrees(World& world, const std::vector<std::string>& listed, Random& random, std::size_t look_ups, unsigned kinds) {
  std::size_t hits = 0;
  for (std::size_t done = 0; done < look_ups;) {
    std::vector<NumberKey> keys;
    Found wanted;
    for (std::size_t count = 1 + random() % 300; keys.size() < count; ++done) {
      const std::string number = random() % 8 == 0 ? some_digits(random, 1 + random() % 19, kinds) : near(listed, random, kinds);
      const NumberKey key{static_cast<std::uint16_t>(keys.size()), random() % 2 == 0 ? Side::kCalling : Side::kCalled, 0, false,
                          pack(number, random() % 2 == 0)};
      world.expect(number, key, wanted);
      keys.push_back(key);
    }
    hits += wanted.size();
    if (wanted != world.found(keys)) {
      ADD_FAILURE() << "after " << done << " look-ups";
      return hits;
    }
  }
  return hits;
}

// Few digits, so that they lie inside one another: 1 to 19 of them, in three layers, some put in force again after they were removed.
TEST(NumberPrefixes, AgreeWithStringsOverNestedOnesInLayers) {
  Random random(21);
  std::size_t hits = 0;
  for (int round = 0; round < 10; ++round) {
    World world(static_cast<std::size_t>(round % 4), round % 3 != 2 || round % 4 == 0);
    const unsigned kinds = round % 2 == 0 ? 2 : 10;
    std::vector<std::string> listed;
    for (std::size_t i = 0; i < 1500; ++i) {
      const std::size_t length = 1 + random() % (i % 10 == 0 ? 19 : 15);
      listed.push_back(i > 3 && random() % 2 == 0 ? near(listed, random, kinds) : some_digits(random, length, kinds));
      for (Plain& layer : world.layers())
        if (random() % 2 == 0) layer.add({listed.back(), random() % 2 == 0, random() % 4 != 0}, random);
    }
    world.finish();
    hits += agrees(world, listed, random, 50'000, kinds);
  }
  EXPECT_GT(hits, 500'000U);
}

// As many as a city has: dense blocks, scattered ones, and a chain from one digit to fifteen.
TEST(NumberPrefixes, AgreeWithStringsOverAHundredThousand) {
  Random random(22);
  World world(1, true);
  std::vector<std::string> listed;
  for (std::size_t i = 0; i < 40'000; ++i) listed.push_back("8618" + std::to_string(100'000 + i).substr(1));
  for (std::size_t i = 0; i < 59'985; ++i) listed.push_back("86" + some_digits(random, 2 + random() % 12, 10));
  for (std::size_t length = 1; length <= 15; ++length) listed.push_back(std::string("861812345678901").substr(0, length));
  for (const std::string& digits : listed) world.layers()[1].add({digits, true, true}, random);
  for (std::size_t i = 0; i < 1000; ++i) world.layers()[0].add({listed[random() % listed.size()], true, true}, random);
  world.finish();
  EXPECT_GT(agrees(world, listed, random, 500'000, 10), 200'000U);
}

// Until finish() all lengths are tried.
TEST(NumberPrefixes, AreFoundBeforeAndAfterTheTableIsFinished) {
  Random random(23);
  World world(0, true);
  std::vector<std::string> listed;
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < 200; ++i) {
      listed.push_back(some_digits(random, 1 + random() % 19, 3));
      world.layers()[0].add({listed.back(), random() % 2 == 0, true}, random);
    }
    if (round % 2 == 1) world.finish();
    EXPECT_GT(agrees(world, listed, random, 3000, 3), 500U) << "round " << round;
  }
}

// The length of a prefix that covers a number is always told; what is told beside it is rare.
TEST(PrefixIndex, TellsEveryLengthAndFewTooMany) {
  Random random(24);
  std::vector<PhoneDigits> prefixes;
  std::set<std::string> listed;
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::string digits = "86" + some_digits(random, random() % 17, 10);
    if (listed.insert(digits).second) prefixes.push_back(pack(digits, true));
  }
  PrefixIndex index;
  index.build(prefixes);
  std::size_t too_many = 0;
  for (std::size_t i = 0; i < 100'000; ++i) {
    const std::string number = "86" + some_digits(random, 11, 10);
    const std::array<NumberKey, 2> keys = {NumberKey{.digits = pack(number, true)}, NumberKey{.digits = pack(number, false)}};
    std::array<std::uint32_t, 2> lengths{};
    index.find(keys, lengths);
    ASSERT_EQ(lengths[1], 0U) << "no national ones are listed";
    for (std::size_t length = 1; length <= number.size(); ++length) {
      const bool is_told = (lengths[0] >> length & 1) != 0;
      const bool is_listed = listed.contains(number.substr(0, length));
      ASSERT_TRUE(is_told || !is_listed) << number << " " << length;
      too_many += is_told && !is_listed ? 1 : 0;
    }
  }
  EXPECT_LT(too_many, 60'000U);
}

TEST(PrefixIndex, TakesFewOctets) {
  Random random(25);
  std::vector<PhoneDigits> dense, scattered;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    dense.push_back({861'800'000 + i, 9, true});
    scattered.push_back({random() % 1'000'000'000'000'000, 15, true});
  }
  PrefixIndex index;
  index.build(dense);
  EXPECT_LE(index.bytes(), 400'000U);
  index.build(scattered);
  EXPECT_LE(index.bytes(), 3'800'000U);
  index.clear();
  EXPECT_EQ(index.bytes(), 0U);
}

}  // namespace
}  // namespace telefence
