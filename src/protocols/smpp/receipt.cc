// SPDX-License-Identifier: Apache-2.0
#include "protocols/smpp/receipt.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "protocols/wire/text_headers.h"

namespace telefence::smpp {
namespace {

constexpr std::string_view kKeys[] = {"id:", "sub:", "dlvrd:", "submit date:", "done date:", "stat:", "err:", "text:"};
constexpr std::size_t kId = 0, kState = 5, kText = 7;

constexpr std::size_t kLongestValue = 65;  // of a message_id
constexpr std::size_t kLongestQuote = 40;  // the first 20 characters of the message

bool is_value(char character) {
  const bool is_letter = (character | 0x20) >= 'a' && (character | 0x20) <= 'z';
  return is_letter || (character >= '0' && character <= '9') || character == '-' || character == '_' || character == '+';
}

// Which key stands here; how many there are when none does.
std::size_t key_at(std::string_view text) {
  const auto* const key = std::find_if(std::begin(kKeys), std::end(kKeys), [text](std::string_view one) {
    return wire::equals_ignoring_case(text.substr(0, one.size()), one);
  });
  return static_cast<std::size_t>(key - std::begin(kKeys));
}

}  // namespace

bool is_receipt_text(std::string_view text) {
  unsigned seen = 0;
  const auto has = [&seen](std::size_t key) { return (seen >> key & 1) != 0; };
  while (true) {
    text = wire::without_blanks(text);
    const std::size_t key = text.empty() ? std::size(kKeys) : key_at(text);
    if (text.empty() || key == kText) return has(kId) && has(kState) && text.size() <= kKeys[kText].size() + kLongestQuote;
    if (key == std::size(kKeys) || has(key)) return false;
    seen |= 1u << key;
    text.remove_prefix(kKeys[key].size());
    const auto* const end = std::find_if_not(text.begin(), text.end(), is_value);
    const auto length = static_cast<std::size_t>(end - text.begin());
    if (length > kLongestValue || (length < text.size() && !wire::is_blank(text[length]))) return false;
    text.remove_prefix(length);
  }
}

}  // namespace telefence::smpp
