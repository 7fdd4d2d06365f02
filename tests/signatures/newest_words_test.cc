// SPDX-License-Identifier: Apache-2.0
#include "signatures/newest_words.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace telefence {
namespace {

// Half domains, half numbers.
WordValue value_of(unsigned i) {
  if (i % 2 == 0) return WordValue::of_domain("n" + std::to_string(i) + ".example");
  return WordValue::of_number({{std::uint64_t{13'800'000'000} + i, 11, false}, i % 3 == 0});
}

EntryNotes notes_of(unsigned first, unsigned count) {
  EntryNotes notes;
  for (unsigned i = 0; i < count; ++i) notes.push_back({.terms = static_cast<std::uint16_t>(first + i)});
  return notes;
}

TEST(NewestWords, HoldsWhatAMapHolds) {
  std::minstd_rand random(7);
  NewestWords words;
  std::map<std::string, EntryNotes> model;
  for (unsigned step = 0; step < 200'000; ++step) {
    // Waves: it grows to thousands, and is nearly empty again, so that room of what was erased is used anew.
    const WordValue value = value_of(static_cast<unsigned>(random() % 5'000));
    if (random() % 100 < (step / 20'000 % 2 == 0 ? 70 : 10)) {
      const EntryNotes notes = notes_of(step % 60'000, 1 + (step % 7 == 0 ? 2 : 0));
      words.set(value, notes);
      model[value.key()] = notes;
    } else {
      words.erase(value);
      model.erase(value.key());
    }
    ASSERT_EQ(words.size(), model.size());
    const WordValue asked = value_of(static_cast<unsigned>(random() % 5'000));
    const auto found = words.find(asked);
    const auto known = model.find(asked.key());
    ASSERT_EQ(EntryNotes(found.begin(), found.end()), known == model.end() ? EntryNotes() : known->second);
    if (asked.is_number()) continue;
    const WordValue* by_hash = words.domain_of(asked.hash());
    ASSERT_EQ(by_hash != nullptr, known != model.end());
    if (by_hash != nullptr) {
      ASSERT_EQ(by_hash->key(), asked.key());
    }
  }
  std::size_t visited = 0;
  words.for_each([&](const WordValue& value, std::span<const EntryNote> notes) {
    ++visited;
    EXPECT_EQ(EntryNotes(notes.begin(), notes.end()), model.at(value.key()));
  });
  EXPECT_EQ(visited, model.size());
}

}  // namespace
}  // namespace telefence
