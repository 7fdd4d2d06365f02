// SPDX-License-Identifier: Apache-2.0
#include "signatures/wide_entries.h"

#include <utility>

#include "match/pattern_trial.h"
#include "normalise/phone.h"
#include "signatures/compiler.h"

namespace telefence {
namespace {

// Without what acquits: words that stand in each of the everyday messages, which anybody can read, would make any pattern harmless to them.
PatternEntry pattern_of(Entry entry, bool over_url) {
  entry.words.none.clear();
  return {{std::move(entry.expression), entry.literal && !over_url, over_url, entry.fold, std::move(entry.words)}, 0, false};
}

void judge(SignatureKind kind, std::span<const Signature* const> signatures, const WideTerms& terms, const std::string& cache_directory,
           std::vector<std::string>& out) {
  const bool over_url = kind == SignatureKind::kUrl;
  CompileTerms compile;
  compile.home_country = terms.home_country;
  std::vector<PatternEntry> entries;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    if (signatures[i]->kind != kind) continue;
    Result<Entry> entry = canonical_entry(*signatures[i], compile);
    if (!entry.ok()) continue;  // it is left out anyway
    entries.push_back(pattern_of(std::move(entry.value()), over_url));
    places.push_back(i);
  }
  for (const PatternError& error : innocent_hits(std::move(entries), terms.pattern_percent / 100.0, cache_directory))
    out[places[error.rule]] = "a pattern that " + error.reason.substr(std::string_view("it ").size());
}

}  // namespace

std::string why_wide(const Signature& signature, const WideTerms& terms) {
  if (signature.kind == SignatureKind::kDomain) {
    std::string_view name = signature.value;
    while (!name.empty() && (name.front() == '.' || name.front() == '*' || name.front() == ' ')) name.remove_prefix(1);
    while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.remove_suffix(1);
    // The full stops of Chinese input methods part labels too (UTS 46).
    const bool has_dot = name.find('.') != std::string_view::npos || name.find("。") != std::string_view::npos ||
                         name.find("．") != std::string_view::npos || name.find("｡") != std::string_view::npos;
    return has_dot ? "" : "a whole top-level domain";
  }
  if (signature.kind != SignatureKind::kNumber) return {};
  // As fill_number() of the compiler reads it: so short a number is none unless it is known to be a prefix.
  const bool lacks_star = signature.prefix && !signature.value.ends_with('*');
  const Result<NumberPattern> number = number_from_text(signature.value + (lacks_star ? "*" : ""), terms.home_country);
  if (!number.ok() || (!number.value().prefix && !signature.prefix)) return {};  // what is no number is left out anyway
  const std::size_t digits = number.value().digits.length;
  if (digits >= terms.number_digits) return {};
  return "a prefix of " + std::to_string(digits) + " digits, fewer than " + std::to_string(terms.number_digits);
}

std::vector<std::string> why_wide_patterns(std::span<const Signature* const> signatures, const WideTerms& terms,
                                           const std::string& cache_directory) {
  std::vector<std::string> out(signatures.size());
  for (const SignatureKind kind : {SignatureKind::kPattern, SignatureKind::kUrl}) judge(kind, signatures, terms, cache_directory, out);
  return out;
}

std::string proved_form(const Signature& signature, const WideTerms& terms, std::int64_t now_s) {
  CompileTerms compile;
  compile.home_country = terms.home_country;
  Signature nameless = signature;
  nameless.name.clear();
  const Result<Entry> made = canonical_entry(nameless, compile);
  if (!made.ok()) return {};
  const Entry& entry = made.value();
  std::string out;
  const auto add = [&](std::string_view text) { ((out += std::to_string(text.size())) += ':') += text; };  // no text can pass for two
  const auto add_words = [&](char kind, const std::vector<std::string>& words) {
    for (const std::string& word : words) add(kind + word);
  };
  add(entry.rule.value);
  add(entry.expression);
  add_words('a', entry.words.all);
  add_words('o', entry.words.any);
  add_words('n', entry.words.none);
  const auto if_later = [&](std::int64_t moment_s) { return moment_s > now_s ? moment_s : 0; };
  for (const std::int64_t number : {static_cast<std::int64_t>(signature.kind), static_cast<std::int64_t>(entry.literal), static_cast<std::int64_t>(entry.fold),
                                    static_cast<std::int64_t>(entry.subdomains), static_cast<std::int64_t>(entry.prefix), static_cast<std::int64_t>(signature.sides),
                                    static_cast<std::int64_t>(signature.shadow), signature.expires_s, if_later(signature.valid_from_s),
                                    if_later(signature.shadow_until_s)})
    add(std::to_string(number));
  add(signature.source);
  return out;
}

std::vector<std::string> why_wide(std::span<const Signature* const> signatures, const WideTerms& terms) {
  std::vector<std::string> out = why_wide_patterns(signatures, terms);
  for (std::size_t i = 0; i < signatures.size(); ++i)
    if (out[i].empty()) out[i] = why_wide(*signatures[i], terms);
  return out;
}

}  // namespace telefence
