// SPDX-License-Identifier: Apache-2.0
#pragma once

// Short-message bodies to text, and text to the folded form that patterns are matched against: width and case folded,
// traditional Chinese as simplified, zero-width and decorative characters dropped, look-alikes joined. One table does the
// folding for traffic and for patterns (through fold_text). No allocation in the worker functions.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "event/event.h"

namespace telefence {

// The longest decoded body; the rest is cut.
inline constexpr std::size_t kMaxSmsUnits = 4096;

// Decodes to UTF-16 units. `out` has room for kMaxSmsUnits. kBinary gives 0. Worker thread.
std::size_t decode_sms(Bytes body, TextCoding coding, std::span<char16_t> out);

// How much of a text's look is taken away before a pattern is compared with it.
enum class TextFold : std::uint8_t {
  kAll,    // everything that fold_units() does
  kCase,   // only upper and lower case
  kWidth,  // only full-width and half-width letters, digits, signs and blanks
  kNone,   // the text as it was sent
};
inline constexpr std::size_t kTextFolds = 4;

// Folds in place; returns the new, never larger, length. Worker thread.
std::size_t fold_units(std::span<char16_t> text);

// The same for the other ways of folding, which keep the length.
void fold_partly(std::span<char16_t> text, TextFold fold);

// The folded form of UTF-8 text, as UTF-16 units: for literal patterns and for `telefence test`.
std::u16string fold_text(std::string_view utf8, TextFold fold = TextFold::kAll);

// UTF-16 to UTF-8; unpaired surrogates become U+FFFD.
std::string to_utf8(std::u16string_view text);
// The same into a buffer without allocation; returns bytes written, at most out.size().
std::size_t to_utf8(std::u16string_view text, std::span<char> out);

}  // namespace telefence
