// SPDX-License-Identifier: Apache-2.0
#include "signatures/compiler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "crypto/sha256.h"
#include "decide/never_block.h"
#include "normalise/domain.h"
#include "normalise/phone.h"
#include "normalise/sms_text.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::size_t kMaxPatternBytes = 8192;
constexpr std::size_t kMaxPatternWords = 256;

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

std::uint64_t hash_of(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) (joined += part) += '\0';
  const Sha256Digest digest = sha256(joined);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return value;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}-/#&").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

Result<void> fill_domain(const Signature& signature, Entry& entry) {
  std::string_view text = trimmed(signature.value);
  entry.subdomains = signature.subdomains;
  // *.bad.example and .bad.example are how other lists write "and everything below".
  if (text.starts_with("*.")) {
    text.remove_prefix(2);
    entry.subdomains = true;
  } else if (text.starts_with('.')) {
    text.remove_prefix(1);
    entry.subdomains = true;
  }
  Result<std::string> name = canonical_domain_from_text(text);
  if (!name.ok()) return name.error();
  entry.rule.value = std::move(name.value());
  return {};
}

Result<void> fill_number(const Signature& signature, const CompileTerms& terms, Entry& entry) {
  std::string text(trimmed(signature.value));
  if (signature.prefix && !text.ends_with('*')) text += '*';
  const Result<NumberPattern> number = number_from_text(text, terms.home_country);
  if (!number.ok()) return number.error();
  entry.digits = number.value().digits;
  entry.prefix = number.value().prefix;
  entry.rule.value = number_for_people(entry.digits) + (entry.prefix ? "*" : "");
  switch (signature.sides) {
    case Signature::Sides::kCalling:
      entry.sides = MatchSetBuilder::Sides::kCalling;
      break;
    case Signature::Sides::kCalled:
      entry.sides = MatchSetBuilder::Sides::kCalled;
      break;
    case Signature::Sides::kEither:
      entry.sides = MatchSetBuilder::Sides::kEither;
      break;
  }
  return {};
}

// http, https, hxxp; not the host and path before a :// that stands later.
bool is_scheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return text.size() < 8 && std::all_of(text.begin(), text.end(), is_letter);
}

Result<void> fill_url(const Signature& signature, Entry& entry) {
  std::string_view text = trimmed(signature.value);
  if (!signature.literal) {
    entry.rule.value = text;
    entry.expression = text;
    return {};
  }
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos && is_scheme(text.substr(0, scheme)))
    text.remove_prefix(scheme + 3);
  text = trimmed(text.substr(0, text.find('#')));  // never sent to a server (RFC 9110, 4.1)
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size())
    return invalid("a url needs a path behind the host; to block the whole site use kind domain");
  std::string_view host = text.substr(0, slash);
  host.remove_prefix(host.rfind('@') + 1);  // who asks (RFC 3986, 3.2.1); npos + 1 is 0
  host = host.substr(0, host.find(':'));
  const Result<std::string> name = canonical_domain_from_text(host);
  if (!name.ok()) return name.error();
  entry.rule.value = name.value() + std::string(text.substr(slash));
  entry.prefix = signature.prefix;
  // A prefix ends at a boundary: /pay covers /pay, /pay/x and /pay?x, not /payment.
  const bool at_boundary = std::string_view("/?=&").find(entry.rule.value.back()) != std::string_view::npos;
  entry.expression = "^" + escaped(entry.rule.value) + (!entry.prefix ? "$" : at_boundary ? "" : "(?:$|[/?&])");
  return {};
}

// The words of a pattern for people, and for its key: all(贷款, 下款) any(秒批) none(96110).
std::string words_for_people(const PatternWords& words) {
  std::string out;
  for (const auto& [name, list] : {std::pair{"all", &words.all}, {"any", &words.any}, {"none", &words.none}}) {
    if (list->empty()) continue;
    if (!out.empty()) out += ' ';
    out += std::string(name) + '(';
    for (std::size_t i = 0; i < list->size(); ++i) out += (i == 0 ? "" : ", ") + (*list)[i];
    out += ')';
  }
  return out;
}

Result<void> fill_pattern(const Signature& signature, Entry& entry) {
  entry.expression = trimmed(signature.value);  // match/ folds it as traffic is folded
  entry.literal = signature.literal;
  entry.fold = signature.fold;
  entry.words = signature.words;
  std::size_t count = 0;
  for (std::vector<std::string>* list : {&entry.words.all, &entry.words.any, &entry.words.none}) {
    for (std::string& word : *list) {
      word = trimmed(word);
      if (word.empty() || word.find('\0') != std::string::npos) return invalid("a word of it is empty, or has an octet 0 in it");
      ++count;
    }
  }
  if (count > kMaxPatternWords) return invalid("a pattern has at most " + std::to_string(kMaxPatternWords) + " words");
  const std::string words = words_for_people(entry.words);
  entry.rule.value = entry.expression + (entry.expression.empty() || words.empty() ? "" : " ") + words;
  if (entry.rule.value.size() > kMaxPatternBytes)
    return invalid("a pattern has at most " + std::to_string(kMaxPatternBytes) + " bytes");
  return {};
}

// Seven digits that begin mobile numbers are what people write for all ten thousand of them (号段); as a number they are nobody's.
bool is_number_segment(std::string_view digits, std::string_view home_country) {
  if (home_country != "86" || digits.size() != 7 || digits[0] != '1') return false;
  const bool is_access_code = digits.starts_with("16") || digits.starts_with("179");  // information services, and cheap calls by IP
  return digits[1] >= '3' && !is_access_code;
}

// A number prefix that takes in a number which must never be blocked, or a whole country.
std::string refuse_number(const Entry& entry, const std::string& home_country) {
  if (!entry.prefix) {
    const NeverBlockNumber* number = never_blocked(entry.digits);
    // With an area code before it nobody calls from one: such callers are forged. As called numbers they acquit all the same.
    if (number == nullptr || number->digits.size() != entry.digits.length) {
      const std::string digits = entry.digits.international ? std::string() : number_for_people(entry.digits);
      if (!is_number_segment(digits, home_country)) return {};
      return digits + " is a number segment, and as a number nobody's: give " + digits + "* for all numbers that begin so";
    }
    return std::string(number->digits) + " must never be blocked: " + std::string(number->what_en);
  }
  std::string digits = number_for_people(entry.digits);
  if (entry.digits.international) {
    return refuse_home_prefix(digits, home_country);
  }
  for (const NeverBlockNumber& number : never_block_numbers()) {
    if (number.digits.starts_with(digits))
      return "this prefix covers " + std::string(number.digits) +
             ", which must never be blocked: " + std::string(number.what_en);
  }
  return {};
}

std::string refuse_name(const Entry& entry, const CompileTerms& terms) {
  std::string why = refuse_domain(entry.rule.value, entry.subdomains);
  if (!why.empty() || terms.protected_names == nullptr) return why;
  return terms.protected_names->refuse(entry.rule.value, entry.subdomains);
}

std::string refuse_pattern(const Entry& entry) {
  // Two characters of text are in countless innocent messages.
  const auto length = [&](const std::string& text) { return fold_text(text, entry.fold).size(); };
  if (!entry.expression.empty()) {
    if (entry.literal && length(entry.expression) < 3)
      return "a text of fewer than 3 characters (after folding) would hit innocent messages";
    return {};
  }
  std::size_t least = 0;  // characters that a message has to hold
  for (const std::string& word : entry.words.all) least += length(word);
  std::size_t shortest = entry.words.any.empty() ? 0 : 3;
  for (const std::string& word : entry.words.any) shortest = std::min(shortest, length(word));
  if (least + shortest < 3)
    return "words of fewer than 3 characters in all (after folding) would hit innocent messages";
  return {};
}

std::string refuse_entry(const Entry& entry, const CompileTerms& terms) {
  if (entry.rule.allow) return {};
  switch (entry.rule.kind) {
    case SignatureKind::kDomain:
      return refuse_name(entry, terms);
    case SignatureKind::kNumber:
      return refuse_number(entry, terms.home_country);
    case SignatureKind::kUrl:
      return {};
    case SignatureKind::kPattern:
      return refuse_pattern(entry);
  }
  return {};
}

// The canonical form, without its key: hashing costs more than all the rest.
Result<Entry> without_key(const Signature& signature, const CompileTerms& terms) {
  Entry entry;
  entry.rule.kind = signature.kind;
  entry.where = signature.where;
  const bool has_words = signature.kind == SignatureKind::kPattern && !signature.words.is_empty();
  if (trimmed(signature.value).empty() && !has_words) return invalid("the value is empty");
  // Hyperscan would take what stands before it for the whole expression.
  if (signature.value.find('\0') != std::string::npos) return invalid("the value has an octet 0 in it");
  Result<void> filled;
  switch (signature.kind) {
    case SignatureKind::kDomain:
      filled = fill_domain(signature, entry);
      break;
    case SignatureKind::kUrl:
      filled = fill_url(signature, entry);
      break;
    case SignatureKind::kNumber:
      filled = fill_number(signature, terms, entry);
      break;
    case SignatureKind::kPattern:
      filled = fill_pattern(signature, entry);
      break;
  }
  if (!filled.ok()) return filled.error();
  if (!signature.name.empty()) entry.rule.value = signature.name;
  return entry;
}

std::uint64_t key_of(const Rule& rule) { return hash_of({kind_name(rule.kind), rule.value}); }

}  // namespace

Result<ActionId> action_of(const Signature& signature, const CompileTerms& terms) {
  if (signature.action.empty() || signature.action == "block") return kNoAction;
  const ActionId action = terms.action_id ? terms.action_id(signature.action) : kNoAction;
  if (action == kNoAction)
    return invalid("unknown action '" + signature.action + "'; leave it out to go by category and tier");
  if (terms.action_refused) {
    const std::string why = terms.action_refused(action, signature.kind);
    if (!why.empty()) return invalid("action '" + signature.action + "': " + why);
  }
  return action;
}

std::string refuse_home_prefix(std::string_view prefix, std::string_view home_country) {
  constexpr std::size_t kFewestDigits = 2;  // behind the country's own
  const std::string home = "+" + std::string(home_country);
  if (std::string_view(home).starts_with(prefix)) return "this prefix would block all numbers of the home country";
  if (!prefix.starts_with(home) || prefix.size() >= home.size() + kFewestDigits) return {};
  return "this prefix covers every tenth number of the home country; give at least two digits behind " + home;
}

Result<Entry> canonical_entry(const Signature& signature, const CompileTerms& terms) {
  Result<Entry> made = without_key(signature, terms);
  if (made.ok()) made.value().key = key_of(made.value().rule);
  return made;
}

Result<Entry> judge_signature(const Signature& signature, const CompileTerms& terms) {
  Result<Entry> made = without_key(signature, terms);
  if (!made.ok()) return made;
  Entry& entry = made.value();
  Rule& rule = entry.rule;
  rule.allow = signature.allow;
  rule.shadow = signature.shadow;
  rule.category = signature.category;
  rule.tier = signature.tier;
  rule.expires_s = signature.expires_s;
  rule.source = signature.source;
  if (std::string why = refuse_entry(entry, terms); !why.empty()) return invalid(std::move(why));
  const Result<ActionId> action = action_of(signature, terms);
  if (!action.ok()) return action.error();
  rule.action = action.value();
  rule.id = signature.id;
  rule.sides = static_cast<std::uint8_t>(entry.sides);
  return made;
}

Result<Entry> compile_signature(const Signature& signature, const CompileTerms& terms) {
  Result<Entry> made = judge_signature(signature, terms);
  if (!made.ok()) return made;
  Rule& rule = made.value().rule;
  made.value().key = key_of(rule);
  return made;
}

std::uint32_t add_to(MatchSetBuilder& builder, const Entry& entry) {
  const std::uint32_t rule = builder.add_rule(entry.rule);
  switch (entry.rule.kind) {
    case SignatureKind::kDomain:
      builder.add_domain(entry.rule.value, entry.subdomains, rule);
      break;
    case SignatureKind::kNumber:
      builder.add_number(entry.digits, entry.prefix, entry.sides, rule);
      break;
    case SignatureKind::kUrl:
      builder.add_pattern({.expression = entry.expression, .over_url = true}, rule);
      break;
    case SignatureKind::kPattern:
      builder.add_pattern({entry.expression, entry.literal, false, entry.fold, entry.words}, rule);
      break;
  }
  return rule;
}

}  // namespace telefence
