// SPDX-License-Identifier: Apache-2.0
// Whole pattern sets against a plain reference: std::wregex for expressions and std::u16string::find for words, on texts made at
// random from few characters so that much is met, and on adversarial ones. TELEFENCE_REFERENCE_TEXTS says how many texts (default
// 20,000). With a million: no difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "match/set_maker.h"
#include "match/text_finder.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

std::size_t texts_wanted() {
  const char* wanted = std::getenv("TELEFENCE_REFERENCE_TEXTS");
  return wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
}

std::wstring wide(std::u16string_view text) { return {text.begin(), text.end()}; }

// Characters that fold to themselves, so that a text is known before folding: the reference has no folding of its own.
constexpr std::u16string_view kCharacters = u"贷款微信加我验证码银行abc019一三\u4e4d";

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}
  std::size_t pick(std::size_t most) { return random_() % most; }
  char16_t character() { return kCharacters[pick(kCharacters.size())]; }
  std::u16string word(std::size_t least, std::size_t most) {
    std::u16string out;
    for (std::size_t i = least + pick(most - least + 1); i > 0; --i) out += character();
    return out;
  }

  // As people write them: words, choices, gaps with counts, digits.
  std::string expression() {
    std::string out;
    for (std::size_t parts = 1 + pick(4); parts > 0; --parts) {
      out += part();
      if (parts > 1) out += gap();
    }
    return out;
  }
  PatternWords words() {
    PatternWords out;
    if (pick(3) != 0) out.all = some(1 + pick(3));
    if (out.all.empty() || pick(3) == 0) out.any = some(1 + pick(3));
    if (pick(2) == 0) out.none = some(1 + pick(2));
    return out;
  }

  std::u16string text() {
    switch (pick(12)) {
      case 0: return {};
      case 1: return word(1, 3);
      case 2: return repeated(word(1, 4), pick(60));
      case 3: return word(60, 70);
      case 4: return word(124, 132);  // about the border of a word of places
      default: return word(5, 80);
    }
  }
  std::u16string repeated(const std::u16string& piece, std::size_t times) {
    std::u16string out;
    for (; times > 0; --times) out += piece;
    return out + word(0, 9);
  }

 private:
  std::vector<std::string> some(std::size_t count) {
    std::vector<std::string> out;
    for (; count > 0; --count) out.push_back(to_utf8(word(1, 3)));
    return out;
  }
  std::string part() {
    switch (pick(7)) {
      case 0: return "(?:" + to_utf8(word(1, 3)) + "|" + to_utf8(word(1, 3)) + ")";
      case 1: return "[0-9]{" + std::to_string(1 + pick(3)) + "}";
      case 2: return to_utf8(word(1, 2)) + "(?:" + to_utf8(word(1, 2)) + ")?";
      case 3: return "[" + to_utf8(word(1, 3)) + "]" + to_utf8(word(1, 2));
      default: return to_utf8(word(1, 3));
    }
  }
  std::string gap() {
    switch (pick(6)) {
      case 0: return "";
      case 1: return ".*";
      case 2: return ".{1,}";
      case 3: return ".{0,70}";
      case 4: return "[^a微]{0,9}";
      default: return ".{" + std::to_string(pick(3)) + "," + std::to_string(3 + pick(8)) + "}";
    }
  }
  std::mt19937 random_;
};

// Patterns, and the same for the reference.
class Both {
 public:
  explicit Both(unsigned seed) {
    Maker maker(seed);
    PatternOptions options;
    options.most_innocent_share = 1;
    options.most_nanoseconds = 0xffffffff;
    MatchSetBuilder builder;
    builder.set_pattern_options(options);
    const std::size_t count = 1 + maker.pick(60);
    for (std::size_t i = 0; i < count; ++i) add(maker, builder);
    MatchSetBuilder::Built built = builder.build_base(1);
    for (const PatternError& error : built.rejected)
      if (error.is_left_out) references_[error.rule].is_refused = true;
    set_ = std::move(built.set);
    EXPECT_TRUE(scratch_.prepare(*set_).ok());
  }

  std::size_t compare(const std::u16string& text) {
    KeyList keys;
    keys.push(TextKey{0, text});
    return compare(text, keys);
  }

  std::size_t compare(const std::u16string& text, KeyList& keys) {
    hits_.clear();
    set_->match(keys, scratch_, hits_);
    std::set<std::uint32_t> found;
    for (const Hit& hit : hits_.hits()) EXPECT_TRUE(found.insert(static_cast<std::uint32_t>(hit.rule)).second) << "reported twice";
    for (std::uint32_t rule = 0; rule < references_.size(); ++rule)
      EXPECT_EQ(found.contains(rule), references_[rule].found_in(text)) << references_[rule].shown << "\n" << to_utf8(text);
    EXPECT_EQ(hits_.dropped(), 0u);
    return found.size();
  }

 private:
  struct Reference {
    std::string shown;
    bool is_refused = false;
    bool has_expression = false;
    std::wregex expression;
    std::u16string literal;
    std::vector<std::u16string> all, any, none;

    bool found_in(const std::u16string& text) const {
      if (is_refused) return false;
      const auto stands = [&](const std::u16string& word) { return text.find(word) != std::u16string::npos; };
      if (!literal.empty() && !stands(literal)) return false;
      if (!std::all_of(all.begin(), all.end(), stands)) return false;
      if (!any.empty() && !std::any_of(any.begin(), any.end(), stands)) return false;
      if (std::any_of(none.begin(), none.end(), stands)) return false;
      return !has_expression || std::regex_search(wide(text), expression);
    }
  };

  void add(Maker& maker, MatchSetBuilder& builder) {
    PatternSource source;
    Reference reference;
    const std::size_t kind = maker.pick(5);
    if (kind == 0) {
      reference.literal = maker.word(1, 30);
      source.expression = to_utf8(reference.literal);
      source.literal = true;
    } else if (kind < 4) {
      source.expression = maker.expression();
      reference.has_expression = true;
      const std::u16string units = fold_text(source.expression, TextFold::kNone);
      reference.expression = std::wregex(dot_for_all(wide(units)), std::regex::ECMAScript);
    }
    if (kind >= 3) {
      source.words = maker.words();
      const auto units_of = [](const std::vector<std::string>& from) {
        std::vector<std::u16string> to;
        for (const std::string& word : from) to.push_back(fold_text(word));
        return to;
      };
      reference.all = units_of(source.words.all);
      reference.any = units_of(source.words.any);
      reference.none = units_of(source.words.none);
    }
    reference.shown = source.expression;
    for (const auto& [name, list] : {std::pair{" all:", &source.words.all}, {" any:", &source.words.any}, {" none:", &source.words.none}})
      for (const std::string& word : *list) reference.shown += name + word;
    builder.add_pattern(source, builder.add_rule({}));
    references_.push_back(std::move(reference));
  }

  static std::wstring dot_for_all(const std::wstring& from) { return from; }

  std::vector<Reference> references_;
  std::unique_ptr<const MatchSet> set_;
  MatchScratch scratch_;
  HitList hits_;
};

TEST(PatternReference, RandomPatternsAndTexts) {
  const std::size_t wanted = texts_wanted();
  std::size_t compared = 0;
  std::size_t found = 0;
  KeyList keys;
  for (unsigned seed = 0; compared < wanted && !testing::Test::HasFailure(); ++seed) {
    TextFinder::force_way(static_cast<int>(seed % 3));
    Both both(seed);
    Maker maker(seed + 1'000'000);
    for (int i = 0; i < 250; ++i, ++compared) {
      const std::u16string text = maker.text();
      keys.clear();
      if (!text.empty() || i % 2 == 0) keys.push(TextKey{0, text});
      found += both.compare(text, keys);
    }
  }
  TextFinder::force_way(2);
  EXPECT_GT(found, compared / 4);
}

// Plain texts of at most so many units, each of which is a rule, whatever innocents say.
std::vector<std::u16string> add_words(std::size_t count, std::size_t most_units, Maker& maker, MatchSetBuilder& builder) {
  PatternOptions options;
  options.most_innocent_share = 1;
  builder.set_pattern_options(options);
  std::vector<std::u16string> words;
  for (std::size_t i = 0; i < count; ++i) {
    words.push_back(maker.word(1, most_units));
    builder.add_pattern({.expression = to_utf8(words.back()), .literal = true}, builder.add_rule({}));
  }
  return words;
}

// The texts of a burst are searched together; each has what it has alone, also beside some that are full of what is looked for.
TEST(PatternReference, TextsOfABurstHaveWhatEachHasAlone) {
  for (unsigned seed = 0; seed < 30 && !testing::Test::HasFailure(); ++seed) {
    TextFinder::force_way(static_cast<int>(seed % 3));
    Maker maker(seed + 2'000'000);
    MatchSetBuilder builder;
    const std::vector<std::u16string> words = add_words(60, 5, maker, builder);
    for (int i = 0; i < 20; ++i) builder.add_pattern({.expression = maker.expression()}, builder.add_rule({}));
    const auto set = builder.build_base(1).set;
    MatchScratch scratch;
    ASSERT_TRUE(scratch.prepare(*set).ok());
    std::vector<std::u16string> texts;
    for (std::size_t i = 0; i < 50 + 20 * seed; ++i) {
      texts.push_back(maker.text());
      if (maker.pick(4) == 0) texts.back() += maker.repeated(words[maker.pick(words.size())], 1 + maker.pick(200));
    }
    KeyList together, one;
    std::set<std::pair<std::size_t, std::uint32_t>> wanted;
    HitList hits;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      together.push(TextKey{static_cast<std::uint16_t>(i), texts[i]});
      one.clear();
      one.push(TextKey{0, texts[i]});
      hits.clear();
      set->match(one, scratch, hits);
      for (const Hit& hit : hits.hits())
        if (static_cast<std::uint32_t>(hit.rule) >= words.size()) wanted.emplace(i, static_cast<std::uint32_t>(hit.rule));
      for (std::uint32_t word = 0; word < words.size(); ++word)
        if (texts[i].find(words[word]) != std::u16string::npos) wanted.emplace(i, word);
    }
    hits.clear();
    set->match(together, scratch, hits);
    std::set<std::pair<std::size_t, std::uint32_t>> found;
    for (const Hit& hit : hits.hits()) {
      EXPECT_EQ(hit.key, hit.event);
      EXPECT_EQ(hit.part, HitPart::kText);
      EXPECT_TRUE(found.emplace(hit.event, static_cast<std::uint32_t>(hit.rule)).second) << "reported twice";
    }
    EXPECT_GT(wanted.size(), texts.size() / 4);
    EXPECT_EQ(found, wanted);
  }
  TextFinder::force_way(2);
}

// Up to 64 KiB, and such as call for every pattern at every place.
TEST(PatternReference, LongTexts) {
  for (unsigned seed = 0; seed < 12 && !testing::Test::HasFailure(); ++seed) {
    TextFinder::force_way(static_cast<int>(seed % 3));
    Maker maker(seed);
    MatchSetBuilder builder;
    const std::vector<std::u16string> words = add_words(40, 6, maker, builder);
    const auto set = builder.build_base(1).set;
    MatchScratch scratch;
    ASSERT_TRUE(scratch.prepare(*set).ok());
    HitList hits;
    for (const std::size_t length : {4096u, 20'000u, 32'768u}) {
      std::u16string text = maker.repeated(maker.word(1, 5), length);
      text.resize(length);
      text.replace(length - 6, 6, maker.word(6, 6));
      KeyList keys;
      keys.push(TextKey{0, text});
      hits.clear();
      set->match(keys, scratch, hits);
      std::set<std::uint32_t> found;
      for (const Hit& hit : hits.hits()) found.insert(static_cast<std::uint32_t>(hit.rule));
      for (std::uint32_t i = 0; i < words.size(); ++i)
        ASSERT_EQ(found.contains(i), text.find(words[i]) != std::u16string::npos) << to_utf8(words[i]);
      EXPECT_EQ(hits.dropped(), 0u);
    }
  }
  TextFinder::force_way(2);
}

// All that a unit can be: halves of surrogate pairs, 0, what is not in everyday texts; and words whose octets stand across units.
TEST(PatternReference, AnyUnits) {
  std::mt19937 random(7);
  const std::size_t rounds = std::max<std::size_t>(texts_wanted() / 400, 20);
  for (std::size_t round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    TextFinder::force_way(static_cast<int>(round % 3));
    // Few octets, so that halves of neighbours make up words.
    const auto unit = [&] {
      constexpr std::array<std::uint16_t, 6> kOctets = {0x00, 0x4e, 0x61, 0xd8, 0xdc, 0xff};
      return static_cast<char16_t>(kOctets[random() % 6] << 8 | kOctets[random() % 6]);
    };
    std::vector<std::u16string> words;
    for (std::size_t i = 0; i < 1 + random() % 300; ++i) {
      std::u16string word;
      for (std::size_t left = 1 + random() % 5; left > 0; --left) word += unit();
      words.push_back(word);
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    const TextFinder finder(words, TextRarity::of_texts());
    auto places = std::make_unique<TextFinder::Places>();
    for (int i = 0; i < 400; ++i) {
      std::u16string text;
      for (std::size_t left = random() % 140; left > 0; --left) text += unit();
      std::set<std::pair<std::uint32_t, std::size_t>> found, wanted;
      finder.find(text, *places, [&](std::uint32_t word, std::size_t place, std::size_t length) {
        EXPECT_EQ(length, words[word].size());
        EXPECT_TRUE(found.emplace(word, place).second);
      });
      for (std::uint32_t word = 0; word < words.size(); ++word)
        for (std::size_t at = text.find(words[word]); at != std::u16string::npos; at = text.find(words[word], at + 1)) wanted.emplace(word, at);
      ASSERT_EQ(found, wanted);
    }
  }
  TextFinder::force_way(2);
}

}  // namespace
}  // namespace telefence
