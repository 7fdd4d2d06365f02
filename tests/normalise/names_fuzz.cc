// SPDX-License-Identifier: Apache-2.0
// Fuzzes the canonical forms of names and numbers, as traffic writes them and as people write them in lists. The first byte chooses
// which, the rest is the text.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "normalise/domain.h"
#include "normalise/pattern_text.h"
#include "normalise/phone.h"
#include "normalise/sms_text.h"
#include "support/guarded_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence {
namespace {

constexpr std::string_view kCountries[] = {"86", "1", "852", "49", "7"};

void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// The canonical form, made in exactly as much room as is promised to be enough.
std::string canonical(std::string_view name) {
  std::vector<char> room(name.size());
  room.shrink_to_fit();
  const std::size_t length = canonical_domain(name, room.data());
  promise(length <= name.size(), "a canonical name is longer than the name");
  return {room.data(), length};
}

void check_form(const std::string& name) {
  promise(name.size() <= 253, "a canonical name has more than 253 octets");
  promise(name.back() != '.' && name.front() != '.' && name.find("..") == std::string::npos, "a canonical name has an empty label");
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t end = std::min(name.find('.', start), name.size());
    promise(end - start <= 63, "a label has more than 63 octets");
    start = end + 1;
  }
  for (const char c : name) promise(c < 'A' || c > 'Z', "a canonical name has capitals");
  promise(canonical(name) == name, "the canonical form of a canonical name is another one");
}

void check_domain(std::string_view text) {
  const std::string plain = canonical(text);
  if (!plain.empty()) check_form(plain);
  if (!plain.empty()) promise(canonical(plain + ".") == plain, "a final dot makes another name");
  const Result<std::string> listed = canonical_domain_from_text(text);
  if (!listed.ok()) return promise(!listed.error().message.empty(), "a name is refused without a word");
  check_form(listed.value());
  // What is listed is found in traffic: one way to say what a name is.
  promise(canonical(listed.value()) == listed.value(), "a listed name is none that traffic could carry");
  const Result<std::string> again = canonical_domain_from_text(listed.value());
  promise(again.ok() && again.value() == listed.value(), "the canonical form of a listed name is another one");
  promise(text.find('\0') == std::string_view::npos, "a name with an octet 0 in it is taken");
  (void)is_public_suffix(listed.value());
  (void)domain_for_people(listed.value());
}

void check_digits(const PhoneDigits& digits, std::size_t most) {
  promise(digits.length >= 1 && digits.length <= most, "a number has too many digits");
  std::uint64_t limit = 1;
  for (std::size_t i = 0; i < digits.length && i < 19; ++i) limit *= 10;
  promise(digits.length > 19 || digits.value < limit, "the value of a number has more digits than the number");
  const std::string people = number_for_people(digits);
  promise(people.size() == digits.length + (digits.international ? std::size_t{1} : 0u), "a number is not written with all its digits");
  promise(masked_number(people).size() == people.size(), "a masked number has another length");
}

void check_number(std::string_view text, std::string_view home, NumberForm form) {
  const PhoneDigits digits = canonical_number(text, home, form);
  if (digits.length != 0) {
    check_digits(digits, 20);
    promise(digits.length >= 3, "a number has fewer than three digits");
    const PhoneDigits again = canonical_number(number_for_people(digits), home);
    promise(again == digits, "the canonical form of a canonical number is another one");
  }
  const Result<NumberPattern> listed = number_from_text(text, home);
  if (!listed.ok()) return promise(!listed.error().message.empty(), "a number is refused without a word");
  check_digits(listed.value().digits, 20);
  const std::string people = number_for_people(listed.value().digits) + (listed.value().prefix ? "*" : "");
  const Result<NumberPattern> again = number_from_text(people, home);
  promise(again.ok() && again.value().digits == listed.value().digits && again.value().prefix == listed.value().prefix,
          "a listed number, written for people, is read as another one");
}

// A pattern is folded as texts are; it is never longer than its expression and what is put between.
void check_expression(std::string_view text) {
  const std::u16string folded = fold_expression(text);
  promise(folded.size() <= 5 * text.size(), "a folded expression is too long");
  const std::u16string plain = fold_text(text);
  promise(plain.size() <= text.size(), "a folded text is longer than its octets");
  promise(fold_text(to_utf8(plain)) == plain || plain.find(u'\ufffd') != std::u16string::npos, "a text folded twice is another one");
}

}  // namespace
}  // namespace telefence

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  if (size == 0 || size > 20'000) return 0;
  static testing::GuardedBytes memory(64 * 1024);
  const std::string_view text = as_text(memory.copy({data + 1, size - 1}));
  switch (data[0] & 3) {
    case 0:
    case 1: check_domain(text); break;
    case 2: check_number(text, kCountries[data[0] / 8 % std::size(kCountries)], (data[0] & 4) != 0 ? NumberForm::kInternational : NumberForm::kAsDialled); break;
    default: check_expression(text); break;
  }
  promise(memory.fence_is_whole(), "something was written before the text");
  return 0;
}
