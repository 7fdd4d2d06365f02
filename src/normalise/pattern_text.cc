// SPDX-License-Identifier: Apache-2.0
#include "normalise/pattern_text.h"

#include "normalise/sms_text.h"
#include "normalise/tables.h"

namespace telefence {
namespace {

std::u16string units_of(std::string_view utf8) {
  std::u16string units(utf8.size(), u'\0');
  std::size_t length = 0;
  while (!utf8.empty()) {
    std::size_t piece = std::min<std::size_t>(utf8.size(), kMaxSmsUnits);
    while (piece < utf8.size() && (static_cast<unsigned char>(utf8[piece]) & 0xc0) == 0x80) --piece;
    length += decode_sms(as_bytes(utf8.substr(0, piece)), TextCoding::kUtf8, std::span(units).subspan(length));
    utf8.remove_prefix(piece);
  }
  units.resize(length);
  return units;
}

bool is_han(char16_t unit) { return (unit >= 0x3400 && unit <= 0x9fff) || unit == 0x3007; }
bool is_surrogate(char16_t unit) { return unit >= 0xd800 && unit <= 0xdfff; }

bool is_operation(char16_t unit) { return std::u16string_view(u"\\.^$|?*+()[]{}").find(unit) != std::u16string_view::npos; }

// ASCII stays; everything else is folded alone. Empty: the character does not occur in folded texts.
std::u16string fold_one(char16_t unit) {
  if (unit < 0x80 || is_surrogate(unit)) return std::u16string(1, unit);
  const char16_t folded = kFoldTable[unit];
  if (folded == 0) return {};
  // A full-width bracket or the like must not become an operator.
  return is_operation(folded) ? std::u16string{u'\\', folded} : std::u16string(1, folded);
}

class ExpressionFolder {
 public:
  explicit ExpressionFolder(std::u16string text) : text_(std::move(text)) {}

  std::u16string run() {
    while (at_ < text_.size()) step();
    return std::move(out_);
  }

 private:
  char16_t peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : u'\0'; }

  void step() {
    const char16_t unit = text_[at_];
    if (unit == u'\\') return escape();
    if (unit == u'[') return char_class();
    if ((unit == u' ' || unit == u'-' || unit == u'_' || unit == u'\u3000') && is_han(last_) && is_han(peek(1))) {
      ++at_;
      return;
    }
    if ((unit == u'v' || unit == u'V') && peek(1) == u'信' && !is_word(last_)) {
      last_ = u'微';
      out_ += last_;
      ++at_;
      return;
    }
    literal(unit);
  }

  void literal(char16_t unit) {
    ++at_;
    const std::u16string folded = fold_one(unit);
    const bool repeated = at_ < text_.size() && std::u16string_view(u"?*+{").find(text_[at_]) != std::u16string_view::npos;
    if (folded.empty() && repeated) out_ += u"(?:)";
    out_ += folded;
    last_ = folded.empty() ? last_ : folded.back();
  }

  // \x{4e00}, \p{Han}, \Q...\E and the rest stay as they are.
  void escape() {
    std::size_t end = at_ + 2;
    if (peek(1) == u'Q') {
      const std::size_t close = text_.find(u"\\E", at_);
      end = close == std::u16string::npos ? text_.size() : close + 2;
    } else if (peek(2) == u'{' && (peek(1) == u'x' || peek(1) == u'p' || peek(1) == u'P')) {
      const std::size_t close = text_.find(u'}', at_);
      end = close == std::u16string::npos ? text_.size() : close + 1;
    }
    end = std::min(end, text_.size());
    out_.append(text_, at_, end - at_);
    at_ = end;
    last_ = u'\0';
  }

  void char_class() {
    out_ += text_[at_++];
    if (peek(0) == u'^') out_ += text_[at_++];
    if (peek(0) == u']') out_ += text_[at_++];
    while (at_ < text_.size() && text_[at_] != u']') {
      if (text_[at_] == u'\\') {
        escape();
      } else if (text_[at_] == u'[' && peek(1) == u':') {
        const std::size_t close = std::min(text_.find(u":]", at_), text_.size() - 1);
        out_.append(text_, at_, close - at_ + 1);
        at_ = close + 1;
      } else if (peek(1) == u'-' && peek(2) != u']' && at_ + 2 < text_.size()) {
        out_.append(text_, at_, 3);
        at_ += 3;
      } else {
        out_ += fold_one(text_[at_++]);
      }
    }
    if (at_ < text_.size()) out_ += text_[at_++];
    last_ = u'\0';
  }

  static bool is_word(char16_t unit) {
    return (unit >= u'0' && unit <= u'9') || (unit >= u'a' && unit <= u'z') || (unit >= u'A' && unit <= u'Z');
  }

  std::u16string text_;
  std::u16string out_;
  std::size_t at_ = 0;
  char16_t last_ = u'\0';  // the literal character before, 0 when there is none
};

}  // namespace

std::u16string fold_expression(std::string_view expression, TextFold fold) {
  const std::u16string units = units_of(expression);
  if (fold == TextFold::kAll) return ExpressionFolder(units).run();
  std::u16string out;
  for (const char16_t unit : units) {
    char16_t folded = unit;
    if (unit >= 0x80) fold_partly({&folded, 1}, fold);
    if (folded != unit && is_operation(folded)) out += u'\\';
    out += folded;
  }
  return out;
}

}  // namespace telefence
