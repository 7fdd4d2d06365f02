// SPDX-License-Identifier: Apache-2.0
#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>

#include "normalise/domain.h"
#include "normalise/public_suffixes.h"

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
  if (status == IDN2_ENCODING_ERROR) return invalid("the name is not UTF-8: save the file as UTF-8, or convert it with `telefence rules import`");
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

// Lines of other formats of lists, which people paste: what to write instead. Empty when it is none.
std::string other_format(std::string_view text) {
  const auto alone = [](std::string_view format, std::string_view name, const char* how = "") {
    return "this is " + std::string(format) + "; write the name alone" + how + ": " + std::string(name);
  };
  const bool is_exception = text.starts_with("@@||");
  if (is_exception || text.starts_with("||")) {
    text.remove_prefix(is_exception ? 4 : 2);
    return alone("AdBlock syntax", text.substr(0, text.find_first_of("^$/")),
                 is_exception ? ", in a list with allow: true" : "");
  }
  if (text.ends_with('^')) return alone("AdBlock syntax", text.substr(0, text.size() - 1));
  for (const std::string_view begin : {"address=/", "server=/", "local=/"}) {
    if (!text.starts_with(begin)) continue;
    text.remove_prefix(begin.size());
    return alone("dnsmasq syntax", text.substr(0, text.find('/')));
  }
  const std::size_t blank = text.find_first_of(" \t");
  const std::string_view first = text.substr(0, blank);
  if (blank != std::string_view::npos && (first == "0.0.0.0" || first == "127.0.0.1" || first == "::" || first == "::1"))
    return alone("a line of a hosts file", trimmed(text.substr(blank)));
  return {};
}

// The letter-digit-hyphen rule (RFC 1123, 2.1) and the underscore of service names (RFC 8552). Octets beyond it do occur in
// traffic, but nobody registers or resolves such a name: in a list it is a slip.
std::string odd_character(std::string_view ascii) {
  for (std::size_t i = 0; i < ascii.size(); ++i) {
    const char c = ascii[i];
    if (c == '-' && (i == 0 || ascii[i - 1] == '.')) return "a label begins with a hyphen";
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_fine = is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!is_fine)
      return "a domain name has letters, digits, hyphens and underscores only, and no '" + std::string(1, c) + "'";
  }
  return {};
}

// What a name can't be.
Result<void> refuse_text(std::string_view name) {
  if (std::string format = other_format(name); !format.empty()) return invalid(std::move(format));
  const std::size_t query = name.find_first_of("?#");
  const bool has_query = query != std::string_view::npos && name.substr(0, query).find('.') != std::string_view::npos;
  if (name.find_first_of("/@") != std::string_view::npos || (has_query && name.find(' ') == std::string_view::npos))
    return invalid("this is a URL or an address, not a domain name");
  if (name.find_first_of(" \t\r\n*,;\"'<>\\") != std::string_view::npos)
    return invalid("a domain name has no blanks, stars or quotes");
  if (name.find('\0') != std::string_view::npos) return invalid("a domain name has no octet 0");  // libidn2 would stop there
  if (query != std::string_view::npos)
    return invalid("a domain name has letters, digits, hyphens and underscores only, and no '" + std::string(1, name[query]) + "'");
  return {};
}

}  // namespace

bool is_plain_domain_text(std::string_view text) {
  constexpr auto kPlain = [] {
    std::array<bool, 256> plain{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")) plain[static_cast<unsigned char>(c)] = true;
    return plain;
  }();
  bool all = true;
  char before = '.';
  for (const char c : text) {
    all &= kPlain[static_cast<unsigned char>(c)] && !(before == '.' && c == '-');
    before = c;
  }
  return all;
}

std::string_view domain_text_library() { return idn2_check_version(nullptr); }

Result<std::string> canonical_domain_from_text(std::string_view text) {
  const std::string_view name = trimmed(text);
  // Measured over 7.5 million names: looking for each of these costs more than the rest.
  if (!is_plain_domain_text(name))
    if (Result<void> fine = refuse_text(name); !fine) return fine.error();
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
  if (std::string odd = odd_character(canonical); !odd.empty()) return invalid(std::move(odd));
  return canonical;
}

bool is_public_suffix(std::string_view canonical_name) { return PublicSuffixes::of_system().contains(canonical_name); }

std::string domain_for_people(std::string_view canonical_name) {
  char* unicode = nullptr;
  const int status = idn2_to_unicode_8z8z(std::string(canonical_name).c_str(), &unicode, IDN2_NONTRANSITIONAL);
  const Idn2Text owned(unicode);
  return status == IDN2_OK ? std::string(unicode) : std::string(canonical_name);
}

}  // namespace telefence
