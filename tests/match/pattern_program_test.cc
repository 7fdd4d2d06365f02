// SPDX-License-Identifier: Apache-2.0
// Programs and anchors against Hyperscan itself, over expressions and texts made at random from few characters, so that many
// of them meet.
#include "match/pattern_program.h"

#include <gtest/gtest.h>
#include <hs/hs.h>

#include <memory>
#include <random>
#include <string>

#include "match/pattern_anchors.h"
#include "match/pattern_tree.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

std::u16string units(std::string_view utf8) {
  std::u16string out(utf8.size(), u'\0');
  out.resize(decode_sms(as_bytes(utf8), TextCoding::kUtf8, out));
  return out;
}

bool found(std::string_view expression, std::u16string_view text) {
  const auto tree = parse_pattern(units(expression));
  if (!tree) {
    ADD_FAILURE() << "not read: " << expression;
    return false;
  }
  PatternPrograms programs;
  PatternWorkspace workspace(16384);
  const auto program = programs.add(*tree);
  workspace.begin_text(text.size());
  return programs.found_in(program.value(), text, workspace);
}
bool found(std::string_view expression, std::string_view text) { return found(expression, units(text)); }

// The reference.
class Hyperscan {
 public:
  explicit Hyperscan(const std::string& expression) {
    hs_compile_error_t* error = nullptr;
    hs_compile(expression.c_str(), HS_FLAG_CASELESS | HS_FLAG_DOTALL | HS_FLAG_UTF8 | HS_FLAG_ALLOWEMPTY, HS_MODE_BLOCK, nullptr,
               &database_, &error);
    hs_free_compile_error(error);
    if (database_ != nullptr) hs_alloc_scratch(database_, &scratch_);
  }
  ~Hyperscan() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  Hyperscan(const Hyperscan&) = delete;
  Hyperscan& operator=(const Hyperscan&) = delete;

  bool is_valid() const { return database_ != nullptr; }
  bool found(const std::string& text) const {
    bool any = false;
    const auto note = [](unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
      *static_cast<bool*>(context) = true;
      return 1;
    };
    hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, note, &any);
    return any;
  }

 private:
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::string expression(int depth = 0) {
    std::string out;
    for (auto parts = 1 + pick(3); parts > 0; --parts) out += repeated(atom(depth));
    if (depth < 3 && pick(5) == 0) out += "|" + expression(depth + 1);
    return out;
  }

  std::string text() {
    std::string out;
    for (auto length = pick(90); length > 0; --length) out += kCharacters[pick(kCharacters.size())];
    return out;
  }

 private:
  static constexpr std::array<const char*, 8> kCharacters = {"a", "b", "贷", "款", "1", "2", " ", "微"};

  std::size_t pick(std::size_t most) { return random_() % most; }

  std::string atom(int depth) {
    switch (pick(depth < 3 ? 12 : 9)) {
      case 0: return ".";
      case 1: return "\\d";
      case 2: return "[ab贷]";
      case 3: return "[^a微]";
      case 4: return "\\w";
      case 5: return pick(3) == 0 ? "^" : "\\b";
      case 6: return pick(3) == 0 ? "$" : "\\s";
      case 9: return "(?:" + expression(depth + 1) + ")";
      case 10: return "(" + expression(depth + 1) + "|" + expression(depth + 1) + ")";
      default: return std::string(kCharacters[pick(kCharacters.size())]) + kCharacters[pick(kCharacters.size())];
    }
  }

  std::string repeated(std::string atom) {
    if (atom == "^" || atom == "$" || atom == "\\b") return atom;
    // Of a text of two characters the last one is repeated, as in the syntax.
    switch (pick(12)) {
      case 0: return atom + "?";
      case 1: return atom + "*";
      case 2: return atom + "+";
      case 3: return atom + "{2}";
      case 4: return atom + "{0,7}";
      case 5: return atom + "{3,}";
      case 6: return atom + "{1,9}?";
      default: return atom;
    }
  }

  std::mt19937 random_;
};

TEST(PatternProgram, AgreesWithHyperscanOnRandomExpressions) {
  int compared = 0;
  int matched = 0;
  // Hyperscan takes its time to compile: few expressions, many texts. (3000 expressions were compared once: no difference.)
  for (unsigned seed = 0; seed < 100; ++seed) {
    Maker maker(seed);
    const std::string expression = maker.expression();
    const Hyperscan reference(expression);
    if (!reference.is_valid()) continue;
    for (int i = 0; i < 150; ++i) {
      const std::string text = maker.text();
      const bool wanted = reference.found(text);
      ASSERT_EQ(found(expression, text), wanted) << expression << "\n" << text;
      ++compared;
      matched += wanted ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 6000);
  EXPECT_GT(matched, compared / 10);
  EXPECT_LT(matched, compared * 19 / 20);
}

TEST(PatternAnchors, EveryMatchHoldsAnAnchor) {
  int anchored = 0;
  int matched = 0;
  for (unsigned seed = 0; seed < 6000; ++seed) {
    Maker maker(seed);
    const std::string expression = maker.expression();
    const auto tree = parse_pattern(units(expression));
    ASSERT_TRUE(tree.has_value()) << expression;
    const std::vector<std::u16string> anchors = anchors_of(*tree);
    if (anchors.empty()) continue;
    ++anchored;
    for (int i = 0; i < 8; ++i) {
      const std::u16string text = units(maker.text());
      if (!found(expression, text)) continue;
      ++matched;
      const bool any = std::any_of(anchors.begin(), anchors.end(),
                                   [&](const std::u16string& anchor) { return text.find(anchor) != std::u16string::npos; });
      ASSERT_TRUE(any) << expression << "\n" << to_utf8(text);
    }
  }
  EXPECT_GT(anchored, 1000);
  EXPECT_GT(matched, 500);
}

TEST(PatternAnchors, TheRarestSetIsChosen) {
  const auto anchors = [](std::string_view expression) {
    std::vector<std::string> out;
    for (const std::u16string& anchor : anchors_of(*parse_pattern(units(expression)))) out.push_back(to_utf8(anchor));
    return out;
  };
  using Strings = std::vector<std::string>;
  EXPECT_EQ(anchors("(?:加|加我|qq).{0,40}无视征信"), Strings{"无视征信"});
  EXPECT_EQ(anchors("贷款(?:中介|经理)"), (Strings{"贷款中介", "贷款经理"}));
  EXPECT_EQ(anchors("(?:不看|不查)?征信"), (Strings{"不查征信", "不看征信", "征信"}));
  EXPECT_EQ(anchors("pre-?approved"), (Strings{"pre-approved", "preapproved"}));
  EXPECT_EQ(anchors("[0-9]{6}"), Strings{});
  EXPECT_EQ(anchors("(?:微信)?"), Strings{});
  EXPECT_EQ(anchors("微信|.*"), Strings{});
}

TEST(PatternTree, WhatIsNotReadGoesToHyperscan) {
  for (const char* expression : {"(?<=a)b", "(?=a)", "(?!a)", "a++", "a**", "(a)\\1", "\\p{Han}", "(?>a)", "(?i:a)", "(", ")", "[a", "a{2",
                                 "*a", "x{3,1}", "\\", "[b-a]", "(?#c)a", "a{1001}", "\\K", "\\x{1f600}", "[[:what:]]"})
    EXPECT_FALSE(parse_pattern(units(expression)).has_value()) << expression;
  std::string deep(40, '(');
  deep += "a" + std::string(40, ')');
  EXPECT_FALSE(parse_pattern(units(deep)).has_value());
}

TEST(PatternTree, EscapesQuotesAndClassesMeanWhatTheyDoElsewhere) {
  EXPECT_TRUE(found("a\\.b", "a.b"));
  EXPECT_FALSE(found("a\\.b", "axb"));
  EXPECT_TRUE(found("\\Q(?:\\E", "x(?:y"));
  EXPECT_TRUE(found("\\x41\\x{8d37}", "a贷"));  // case is ignored
  EXPECT_TRUE(found("[\\]\\d-]{3}", "4-]"));
  EXPECT_TRUE(found("[]a]+$", "]a]"));
  EXPECT_TRUE(found("[[:digit:][:space:]]{3}", "1 2"));
  EXPECT_TRUE(found("(?P<name>贷)(?<other>款)", "贷款"));
  EXPECT_TRUE(found("(?i)ABC", "xabcx"));
  EXPECT_TRUE(found("\\Aab\\Z", "ab"));
  EXPECT_FALSE(found("\\Aab", " ab"));
  EXPECT_TRUE(found("ab$", "ab\n"));
  EXPECT_TRUE(found("\\by\\b", "reply y now"));
  EXPECT_FALSE(found("\\by\\b", "yes"));
  EXPECT_TRUE(found("a\\By", "xay"));
}

TEST(PatternProgram, GapsAreCountedExactly) {
  for (std::size_t gap = 0; gap <= 70; ++gap) {
    const std::u16string text = u"贷" + std::u16string(gap, u'x') + u"款";
    EXPECT_EQ(found("贷.{3,64}款", text), gap >= 3 && gap <= 64) << gap;
    EXPECT_EQ(found("贷x{5,}款", text), gap >= 5) << gap;
    EXPECT_EQ(found("贷(?:xx){2,9}款", text), gap % 2 == 0 && gap >= 4 && gap <= 18) << gap;
  }
}

TEST(PatternProgram, TheLongestTextIsReadToItsEnd) {
  std::u16string text(16384, u'x');
  text.replace(16380, 4, u"贷款微信");
  EXPECT_TRUE(found("贷款.{0,3}信$", text));
  EXPECT_TRUE(found("x{1000}.*微信", text));
  EXPECT_FALSE(found("微信.", text));
}

TEST(PatternProgram, NoTextMakesARunEndless) {
  // Each level would multiply the work of a matcher that goes back and tries again.
  PatternPrograms programs;
  PatternWorkspace workspace(16384);
  const auto nested = programs.add(*parse_pattern(units("(?:(?:(?:x+y?)+z?)+w?)+贷款")));
  const std::u16string text(16384, u'x');
  workspace.begin_text(text.size());
  EXPECT_FALSE(programs.found_in(nested.value(), text, workspace));
  EXPECT_FALSE(workspace.is_exhausted());
  // One that goes through a long text in small steps is stopped, and says so.
  const auto slow = programs.add(*parse_pattern(units("^(?:xx|yyy|z)+贷款")));
  workspace.begin_text(text.size());
  EXPECT_FALSE(programs.found_in(slow.value(), text, workspace));
  EXPECT_TRUE(workspace.is_exhausted());
  workspace.begin_text(20);
  EXPECT_TRUE(programs.found_in(slow.value(), u"xxzyyy贷款", workspace));
  EXPECT_FALSE(workspace.is_exhausted());
}

TEST(PatternTree, AnyMixOfSyntaxIsReadOrRefused) {
  constexpr std::u16string_view kSyntax = u"()[]{}?*+|^$.\\,-:<>=!PQExdbws019az贷款\xd83d\xde00";
  std::mt19937 random(7);
  PatternWorkspace workspace(64);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::u16string expression;
    for (auto length = random() % 12; length > 0; --length) expression += kSyntax[random() % kSyntax.size()];
    const auto tree = parse_pattern(expression);
    if (!tree) continue;
    ++read;
    PatternPrograms programs;
    (void)anchors_of(*tree);
    if (const auto program = programs.add(*tree)) {
      workspace.begin_text(10);
      (void)programs.found_in(*program, u"a1贷款z(]-9b", workspace);
    }
  }
  EXPECT_GT(read, 5000);
}

}  // namespace
}  // namespace telefence
