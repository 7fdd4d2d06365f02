// SPDX-License-Identifier: Apache-2.0
#include <idn2.h>
#include <libpsl.h>

#include <algorithm>
#include <array>
#include <memory>

#include "normalise/domain.h"

namespace telefence {
namespace {

struct Free {
  void operator()(char* text) const { idn2_free(text); }
};
using Idn2Text = std::unique_ptr<char, Free>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message)}; }

// IDN to A-labels (RFC 5891). Never with IDN2_USE_STD3_ASCII_RULES: that deletes underscores without a word.
Result<std::string> to_a_labels(const std::string& name) {
  char* converted = nullptr;
  const int status = idn2_to_ascii_8z(name.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const Idn2Text owned(converted);
  if (status != IDN2_OK) return invalid(std::string("no valid international domain name: ") + idn2_strerror(status));
  return std::string(converted);
}

// Why canonical_domain refused it.
std::string what_is_wrong(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty()) return "the name is empty";
  if (name.size() > 253) return "the name is longer than 253 octets";
  if (name.front() == '.' || name.find("..") != std::string_view::npos) return "a label is empty (two dots, or a dot first)";
  std::size_t start = 0;
  while (start < name.size()) {
    const std::size_t end = std::min(name.find('.', start), name.size());
    if (end - start > 63) return "a label is longer than 63 octets";
    start = end + 1;
  }
  return "this is an IP address or a number, not a domain name";
}

const psl_ctx_t* suffix_list() {
  static psl_ctx_t* const list = psl_latest(nullptr);  // the newest list of the system, else the built-in one
  return list;
}

}  // namespace

Result<std::string> canonical_domain_from_text(std::string_view text) {
  const std::string_view name = trimmed(text);
  if (name.find_first_of("/?#@") != std::string_view::npos) return invalid("this is a URL or an address, not a domain name");
  if (name.find_first_of(" \t\r\n*,;\"'<>\\") != std::string_view::npos)
    return invalid("a domain name has no blanks, stars or quotes");
  std::string ascii(name);
  if (!is_ascii(name)) {
    Result<std::string> converted = to_a_labels(ascii);
    if (!converted) return converted;
    ascii = std::move(converted.value());
  }
  std::string canonical(ascii.size(), '\0');
  canonical.resize(canonical_domain(ascii, canonical.data()));
  if (canonical.empty()) return invalid(what_is_wrong(ascii));
  if (canonical.find(':') != std::string::npos) return invalid("a domain name has no port");
  return canonical;
}

bool is_public_suffix(std::string_view canonical_name) {
  const psl_ctx_t* list = suffix_list();
  return list != nullptr && psl_is_public_suffix(list, std::string(canonical_name).c_str()) == 1;
}

std::string domain_for_people(std::string_view canonical_name) {
  char* unicode = nullptr;
  const int status = idn2_to_unicode_8z8z(std::string(canonical_name).c_str(), &unicode, IDN2_NONTRANSITIONAL);
  const Idn2Text owned(unicode);
  return status == IDN2_OK ? std::string(unicode) : std::string(canonical_name);
}

}  // namespace telefence
