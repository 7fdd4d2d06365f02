// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_tree.h"

#include <algorithm>

namespace telefence {
namespace {

using Kind = PatternNode::Kind;

// Deep enough for what people write; each level takes a few sets while it is evaluated.
constexpr unsigned kMostNesting = 16;
// Hyperscan's own bound on a repetition (REJ_PATTERN_TOO_LARGE): larger ones are left to it to refuse.
constexpr std::uint32_t kMostRepeats = 1000;

char16_t lower(char16_t unit) { return unit >= u'A' && unit <= u'Z' ? static_cast<char16_t>(unit + (u'a' - u'A')) : unit; }

bool is_digit(char16_t unit) { return unit >= u'0' && unit <= u'9'; }

int hexadecimal(char16_t unit) {
  if (is_digit(unit)) return unit - u'0';
  const char16_t small = lower(unit);
  return small >= u'a' && small <= u'f' ? small - u'a' + 10 : -1;
}

// \d \s \w and their complements; nullopt for any other letter.
std::optional<UnitClass> class_of_escape(char16_t letter) {
  UnitClass out;
  switch (lower(letter)) {
    case u'd':
      out.add(u'0', u'9');
      break;
    case u's':
      out.add(u'\t', u'\r');
      out.add(u' ', u' ');
      break;
    case u'w':
      out.add(u'0', u'9');
      out.add(u'a', u'z');
      out.add(u'A', u'Z');
      out.add(u'_', u'_');
      break;
    default:
      return std::nullopt;
  }
  if (letter != lower(letter)) out.complement();
  return out;
}

struct PosixClass {
  std::u16string_view name;
  std::u16string_view pairs;  // first and last of each range
};
constexpr PosixClass kPosixClasses[] = {
    {u"alpha", u"azAZ"}, {u"lower", u"az"}, {u"upper", u"AZ"},   {u"digit", u"09"},
    {u"alnum", u"09azAZ"}, {u"xdigit", u"09afAF"}, {u"space", u"\t\r  "}, {u"punct", u"!/:@[`{~"}};

class Parser {
 public:
  Parser(std::u16string_view text, Letters letters) : text_(text), letters_(letters) {}

  std::optional<PatternNode> run() {
    // Flags that change nothing here: a dot takes line ends, and case may be ignored.
    if ((text_.starts_with(u"(?i)") && letters_ == Letters::kAnyCase) || text_.starts_with(u"(?s)")) at_ = 4;
    std::optional<PatternNode> out = choice();
    if (!ok_ || at_ != text_.size()) return std::nullopt;
    return out;
  }

 private:
  bool more() const { return ok_ && at_ < text_.size(); }
  char16_t peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : u'\0'; }
  bool take(std::u16string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }

  PatternNode choice() {
    PatternNode out{.kind = Kind::kChoice};
    out.children.push_back(sequence());
    while (more() && peek() == u'|') {
      ++at_;
      out.children.push_back(sequence());
    }
    if (out.children.size() > 1) return out;
    PatternNode only = std::move(out.children.front());
    return only;
  }

  PatternNode sequence() {
    PatternNode out;
    while (more() && peek() != u'|' && peek() != u')') {
      PatternNode atom = one_atom();
      const bool repeated = repetition(atom);
      const bool joins = !repeated && atom.kind == Kind::kText && !out.children.empty() &&
                         out.children.back().kind == Kind::kText;
      if (joins)
        out.children.back().text += atom.text;
      else
        out.children.push_back(std::move(atom));
    }
    if (out.children.size() != 1) return out;
    PatternNode only = std::move(out.children.front());
    return only;
  }

  PatternNode one_atom() {
    const char16_t unit = text_[at_];
    switch (unit) {
      case u'(':
        return group();
      case u'[':
        return bracket();
      case u'\\':
        return escape();
      case u'.':
        ++at_;
        return {.kind = Kind::kAny};
      case u'^':
        ++at_;
        return {.kind = Kind::kStart};
      case u'$':
        ++at_;
        return {.kind = Kind::kEnd};
      case u'*':
      case u'+':
      case u'?':
      case u'{':
        ok_ = false;  // nothing to repeat, or a brace that some take for itself
        return {};
      default:
        ++at_;
        return plain_text(text_.substr(at_ - 1, 1), letters_);
    }
  }

  PatternNode group() {
    ++at_;
    if (peek() == u'?') {
      const bool named = take(u"?P<") || (peek(1) == u'<' && peek(2) != u'=' && peek(2) != u'!' && take(u"?<"));
      if (named) {
        const std::size_t close = text_.find(u'>', at_);
        at_ = close == std::u16string_view::npos ? text_.size() : close + 1;
      } else if (!take(u"?:")) {
        ok_ = false;
      }
    }
    if (++nesting_ > kMostNesting) ok_ = false;
    PatternNode out = ok_ ? choice() : PatternNode{};
    --nesting_;
    if (peek() != u')') ok_ = false;
    ++at_;
    return out;
  }

  // Makes a repetition of `atom` when one is asked for.
  bool repetition(PatternNode& atom) {
    std::uint32_t least = 1;
    std::uint32_t most = 1;
    switch (more() ? peek() : u'\0') {
      case u'*':
        least = 0;
        most = PatternNode::kUnbounded;
        ++at_;
        break;
      case u'+':
        most = PatternNode::kUnbounded;
        ++at_;
        break;
      case u'?':
        least = 0;
        ++at_;
        break;
      case u'{':
        if (!counts(least, most)) return false;
        break;
      default:
        return false;
    }
    if (peek() == u'?') ++at_;                                                                   // lazy: the same matches
    if (peek() == u'+' || peek() == u'*' || peek() == u'?' || peek() == u'{') ok_ = false;  // possessive, or twice
    PatternNode out{.kind = Kind::kRepeat, .least = least, .most = most};
    out.children.push_back(std::move(atom));
    atom = std::move(out);
    return true;
  }

  // {n}, {n,} or {n,m}.
  bool counts(std::uint32_t& least, std::uint32_t& most) {
    ++at_;
    const bool has_least = number(least);
    most = least;
    if (has_least && peek() == u',') {
      ++at_;
      if (!number(most)) most = PatternNode::kUnbounded;
    }
    const bool sound = has_least && peek() == u'}' && least <= kMostRepeats && least <= most &&
                       (most <= kMostRepeats || most == PatternNode::kUnbounded);
    ok_ = ok_ && sound;
    ++at_;
    return ok_;
  }

  bool number(std::uint32_t& value) {
    if (!is_digit(peek())) return false;
    value = 0;
    for (; is_digit(peek()); ++at_) value = std::min(value * 10 + (peek() - u'0'), 1'000'000U);
    return true;
  }

  PatternNode escape() {
    const char16_t letter = peek(1);
    if (std::optional<UnitClass> known = class_of_escape(letter)) {
      at_ += 2;
      if (letters_ == Letters::kAnyCase) known->drop_upper_case();
      return {.kind = Kind::kClass, .unit_class = std::move(*known)};
    }
    if (letter == u'Q') {
      at_ += 2;
      const std::size_t close = std::min(text_.find(u"\\E", at_), text_.size());
      const std::u16string_view quoted = text_.substr(at_, close - at_);
      at_ = std::min(close + 2, text_.size());
      // A repetition behind it would be of its last character only; nobody writes that.
      if (peek() == u'*' || peek() == u'+' || peek() == u'?' || peek() == u'{') ok_ = false;
      return plain_text(quoted, letters_);
    }
    const std::optional<Kind> edge = edge_of(letter);
    if (edge) {
      at_ += 2;
      return {.kind = *edge};
    }
    const char16_t unit = escaped_unit();
    return plain_text({&unit, 1}, letters_);
  }

  static std::optional<Kind> edge_of(char16_t letter) {
    switch (letter) {
      case u'b':
        return Kind::kWordEdge;
      case u'B':
        return Kind::kNoWordEdge;
      case u'A':
        return Kind::kStart;
      case u'Z':
        return Kind::kEnd;
      default:
        return std::nullopt;
    }
  }

  // The one unit that an escape stands for.
  char16_t escaped_unit() {
    ++at_;
    const char16_t letter = peek();
    if (at_ < text_.size()) ++at_;
    switch (letter) {
      case u't':
        return u'\t';
      case u'n':
        return u'\n';
      case u'r':
        return u'\r';
      case u'f':
        return u'\f';
      case u'v':
        return u'\v';
      case u'a':
        return u'\a';
      case u'e':
        return u'\x1b';
      case u'x':
        return hexadecimal_unit();
      default:
        break;
    }
    // A letter or digit that means something else, or nothing; the end of the expression.
    if (is_word_unit(letter) || letter == u'\0') ok_ = false;
    return letter;
  }

  // \xhh or \x{h...}; what is beyond one unit is not read.
  char16_t hexadecimal_unit() {
    const bool braced = peek() == u'{';
    if (braced) ++at_;
    std::uint32_t value = 0;
    std::size_t count = 0;
    for (; count < (braced ? 6U : 2U) && hexadecimal(peek()) >= 0; ++count, ++at_)
      value = value * 16 + static_cast<std::uint32_t>(hexadecimal(peek()));
    if (braced && peek() != u'}') ok_ = false;
    if (braced) ++at_;
    if (count == 0 || value == 0 || value > 0xffff) ok_ = false;
    return static_cast<char16_t>(value);
  }

  PatternNode bracket() {
    ++at_;
    PatternNode out{.kind = Kind::kClass};
    const bool negated = peek() == u'^';
    if (negated) ++at_;
    bool first = true;
    while (more() && (peek() != u']' || first)) {
      first = false;
      member(out.unit_class);
    }
    if (peek() != u']') ok_ = false;
    ++at_;
    if (negated) out.unit_class.complement();
    if (letters_ == Letters::kAnyCase) out.unit_class.drop_upper_case();
    return out;
  }

  // One character, range or named class inside brackets.
  void member(UnitClass& members) {
    if (take(u"[:")) return posix(members);
    if (peek() == u'\\') {
      if (const std::optional<UnitClass> known = class_of_escape(peek(1))) {
        at_ += 2;
        return members.add(*known);
      }
    }
    const char16_t first = class_unit();
    char16_t last = first;
    if (peek() == u'-' && peek(1) != u']' && peek(1) != u'\0') {
      ++at_;
      if (peek() == u'\\' && class_of_escape(peek(1))) ok_ = false;
      last = class_unit();
    }
    if (last < first) ok_ = false;
    add(members, first, last);
  }

  void add(UnitClass& members, char16_t first, char16_t last) const {
    members.add(first, last);
    if (letters_ == Letters::kExact) return;
    // Either case of each letter in the range.
    for (std::uint32_t unit = first; unit <= last && unit < 128; ++unit) {
      const char16_t small = lower(static_cast<char16_t>(unit));
      if (small != unit) members.add(small, small);
      if (unit >= u'a' && unit <= u'z') members.add(static_cast<char16_t>(unit - 32), static_cast<char16_t>(unit - 32));
    }
  }

  char16_t class_unit() {
    const char16_t unit = peek();
    if (unit == u'\\') return peek(1) == u'b' ? (at_ += 2, u'\b') : escaped_unit();
    // Surrogates are half a character: a class would match each half alone.
    if (unit >= 0xd800 && unit <= 0xdfff) ok_ = false;
    ++at_;
    return unit;
  }

  void posix(UnitClass& members) {
    for (const PosixClass& known : kPosixClasses) {
      if (!text_.substr(at_).starts_with(known.name) || !text_.substr(at_ + known.name.size()).starts_with(u":]")) continue;
      at_ += known.name.size() + 2;
      for (std::size_t i = 0; i < known.pairs.size(); i += 2) add(members, known.pairs[i], known.pairs[i + 1]);
      return;
    }
    ok_ = false;
  }

  std::u16string_view text_;
  Letters letters_;
  std::size_t at_ = 0;
  unsigned nesting_ = 0;
  bool ok_ = true;
};

}  // namespace

void UnitClass::add(char16_t first, char16_t last) {
  for (std::uint32_t unit = first; unit <= last && unit < 128; ++unit) ascii_[unit / 64] |= std::uint64_t{1} << (unit % 64);
  if (last < 128) return;
  ranges_.emplace_back(std::max<char16_t>(first, 128), last);
  std::sort(ranges_.begin(), ranges_.end());
  std::vector<std::pair<char16_t, char16_t>> joined;
  for (const auto& range : ranges_) {
    if (!joined.empty() && range.first <= joined.back().second + 1)
      joined.back().second = std::max(joined.back().second, range.second);
    else
      joined.push_back(range);
  }
  ranges_ = std::move(joined);
}

void UnitClass::add(const UnitClass& other) {
  ascii_[0] |= other.ascii_[0];
  ascii_[1] |= other.ascii_[1];
  for (const auto& [first, last] : other.ranges_) add(first, last);
}

void UnitClass::complement() {
  ascii_ = {~ascii_[0], ~ascii_[1]};
  std::vector<std::pair<char16_t, char16_t>> outside;
  std::uint32_t next = 128;
  for (const auto& [first, last] : ranges_) {
    if (first > next) outside.emplace_back(static_cast<char16_t>(next), static_cast<char16_t>(first - 1));
    next = std::uint32_t{last} + 1;
  }
  if (next <= 0xffff) outside.emplace_back(static_cast<char16_t>(next), char16_t{0xffff});
  ranges_ = std::move(outside);
}

void UnitClass::drop_upper_case() {
  for (char16_t unit = u'A'; unit <= u'Z'; ++unit) ascii_[unit / 64] &= ~(std::uint64_t{1} << (unit % 64));
}

std::optional<std::pair<char16_t, char16_t>> UnitClass::only_range() const {
  std::optional<std::pair<char16_t, char16_t>> out;
  for (char16_t unit = 0; unit < 128; ++unit) {
    if (!has(unit)) continue;
    if (out && out->second + 1 != unit) return std::nullopt;
    out = {out ? out->first : unit, unit};
  }
  for (const auto& [first, last] : ranges_) {
    if (out && out->second + 1 != first) return std::nullopt;
    out = {out ? out->first : first, last};
  }
  return out;
}

std::optional<std::u16string> UnitClass::members(std::size_t most) const {
  std::u16string out;
  for (char16_t unit = 1; unit < 128; ++unit) {
    if (has(unit)) out += unit;
    if (out.size() > most) return std::nullopt;
  }
  for (const auto& [first, last] : ranges_) {
    if (std::size_t{last} - first + 1 > most - out.size()) return std::nullopt;
    for (std::uint32_t unit = first; unit <= last; ++unit) out += static_cast<char16_t>(unit);
  }
  return out;
}

std::optional<PatternNode> parse_pattern(std::u16string_view expression, Letters letters) { return Parser(expression, letters).run(); }

PatternNode plain_text(std::u16string_view text, Letters letters) {
  PatternNode out{.kind = Kind::kText};
  for (const char16_t unit : text) out.text += letters == Letters::kAnyCase ? lower(unit) : unit;
  return out;
}

std::uint32_t longest_match(const PatternNode& tree) {
  constexpr std::uint64_t kUnbounded = PatternNode::kUnbounded;
  std::uint64_t sum = 0;
  std::uint64_t greatest = 0;
  for (const PatternNode& child : tree.children) {
    const std::uint64_t one = longest_match(child);
    sum = std::min(sum + one, kUnbounded);
    greatest = std::max(greatest, one);
  }
  switch (tree.kind) {
    case Kind::kText:
      return static_cast<std::uint32_t>(tree.text.size());
    case Kind::kClass:
    case Kind::kAny:
      return 1;
    case Kind::kSequence:
      return static_cast<std::uint32_t>(sum);
    case Kind::kChoice:
      return static_cast<std::uint32_t>(greatest);
    case Kind::kRepeat:
      if (greatest == 0) return 0;
      return static_cast<std::uint32_t>(tree.most == PatternNode::kUnbounded ? kUnbounded : std::min(greatest * tree.most, kUnbounded));
    default:
      return 0;
  }
}

PatternNode mirrored(PatternNode tree) {
  for (PatternNode& child : tree.children) child = mirrored(std::move(child));
  if (tree.kind == Kind::kSequence) std::reverse(tree.children.begin(), tree.children.end());
  return tree;
}

}  // namespace telefence
