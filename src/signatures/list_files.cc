// SPDX-License-Identifier: Apache-2.0
#include "signatures/list_files.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "decide/never_block.h"
#include "match/keyed_hash.h"
#include "normalise/domain.h"
#include "normalise/public_suffixes.h"
#include "signatures/line_reader.h"

namespace telefence {
namespace {

// The value of a line: without comment (# first, or after a blank: a # inside a url is part of it) and blanks around.
std::string_view value_of(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at != 0 && line[at - 1] != ' ' && line[at - 1] != '\t') continue;
    line = line.substr(0, at);
    break;
  }
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

Signature common_part(const ListOptions& list) {
  Signature signature;
  signature.kind = list.kind;
  signature.subdomains = !list.exact;
  signature.prefix = list.kind == SignatureKind::kUrl && !list.exact;
  signature.literal = true;
  signature.sides = list.sides;
  signature.allow = list.allow;
  signature.shadow = list.shadow;
  signature.action = list.action;
  signature.category = list.category;
  signature.tier = list.tier;
  return signature;
}

// take(line number, value) for each line that has one.
template <typename Take>
Result<void> for_each_value(LineReader& lines, const std::string& file, Take take,
                            std::size_t at_most = std::numeric_limits<std::size_t>::max()) {
  std::string_view line;
  while (lines.number() < at_most && lines.next(line)) {
    if (lines.number() == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (const std::string_view value = value_of(line); !value.empty()) take(lines.number(), value);
  }
  if (lines.has_failed()) return Error{ErrorCode::kInvalid, "can't read the list " + file + " to its end"};
  return {};
}

Result<LineReader> open_list(const ListOptions& list) {
  Result<LineReader> lines = LineReader::open(list.file);
  if (lines.ok()) return lines;
  return Error{ErrorCode::kInvalid, "can't read the list " + list.file + " (" + lines.error().message +
                                        "): no such file, or no right to read it"};
}

// Loads one list. What is plain goes the short way; all else the way of the log's entries, which also says what is wrong.
class Loader {
 public:
  Loader(const ListOptions& list, const CompileTerms& terms, Layer& layer, ComplaintList& complaints)
      : list_(list), terms_(terms), layer_(layer), complaints_(complaints), common_(common_part(list)) {}

  Result<void> run(std::size_t at_most) {
    Result<LineReader> lines = open_list(list_);
    if (!lines.ok()) return lines.error();
    const bool is_part = at_most != std::numeric_limits<std::size_t>::max();
    const std::size_t most = is_part ? at_most : lines.value().count_lines();
    const bool are_domains = list_.kind == SignatureKind::kDomain;
    if (are_domains)
      layer_.domains().reserve(layer_.domains().names() + most);
    else
      layer_.numbers().reserve(layer_.numbers().size() + most);
    const Result<void> read = for_each_value(lines.value(), list_.file, [&](std::size_t line, std::string_view value) {
      if (are_domains ? !take_plain_domain(line, value) : !take_plain_number(value)) take_slowly(line, value);
    }, at_most);
    flush();
    return read;
  }

 private:
  // Names whose places in the table are on their way from memory.
  struct Waiting {
    NameHash hash;
    std::uint16_t size = 0;
    bool subdomains = false;
    std::size_t line = 0;
    std::array<char, 256> name;
    std::string_view text() const { return {name.data(), size}; }
  };

  // The index of the list's terms; made once, with the first value that can be used, since only then an action is looked at.
  std::uint16_t terms_index() {
    if (!terms_index_) {
      Terms terms{list_.kind, list_.allow, list_.shadow, action_, list_.category, list_.tier,
                  static_cast<std::uint8_t>(list_.kind == SignatureKind::kNumber ? list_.sides : Signature::Sides::kEither), list_.file};
      terms_index_ = layer_.intern(terms);
    }
    return *terms_index_;
  }

  // An unknown action is every line's mistake.
  bool has_sound_action() {
    if (!is_action_known_) {
      const Result<ActionId> action = action_of(common_, terms_);
      is_action_sound_ = action.ok();
      if (action.ok()) action_ = action.value();
      is_action_known_ = true;
    }
    return is_action_sound_;
  }

  bool take_plain_domain(std::size_t line, std::string_view value) {
    bool subdomains = common_.subdomains;
    if (value.starts_with("*.") || value.starts_with('.')) {
      value.remove_prefix(value.front() == '*' ? 2 : 1);
      subdomains = true;
    }
    if (value.empty() || value.size() > 254 || !is_plain_domain_text(value) || !has_sound_action()) return false;
    Waiting& one = waiting_[waiting_count_];
    one.size = static_cast<std::uint16_t>(canonical_domain(value, one.name.data()));
    if (one.size == 0) return false;
    if (!list_.allow && may_be_refused(one.text())) return false;
    one.hash = hash_name(one.text());
    one.subdomains = subdomains;
    one.line = line;
    layer_.domains().prefetch(one.hash);
    if (++waiting_count_ == waiting_.size()) flush();
    return true;
  }

  bool may_be_refused(std::string_view name) const {
    return name.find('.') == std::string_view::npos || suffixes_.contains(name) ||
           (protected_names_ != nullptr && protected_names_->may_refuse(name));
  }

  void flush() {
    for (std::size_t i = 0; i < waiting_count_ && list_.kind == SignatureKind::kNumber; ++i)
      layer_.numbers().add(waiting_numbers_[i], {.terms = terms_index()});
    for (std::size_t i = 0; i < waiting_count_ && list_.kind == SignatureKind::kDomain; ++i) {
      const Waiting& one = waiting_[i];
      layer_.domains().add(one.text(), one.hash, {.terms = terms_index(), .subdomains = one.subdomains});
    }
    waiting_count_ = 0;
  }

  // A mobile number of China with or without its country code: nearly all that lists have.
  bool take_plain_number(std::string_view value) {
    if (value.starts_with("+86")) value.remove_prefix(3);
    if (value.size() != 11 || value[0] != '1' || value[1] < '3' || terms_.home_country != "86" || !has_sound_action()) return false;
    std::uint64_t number = 86;
    for (const char c : value) {
      if (c < '0' || c > '9') return false;
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    const PhoneDigits digits{number, 13, true};
    if (!list_.allow && never_blocked(digits) != nullptr) return false;
    const NumberValue whole{digits, false};
    layer_.numbers().prefetch(whole);
    waiting_numbers_[waiting_count_] = whole;
    if (++waiting_count_ == waiting_.size()) flush();
    return true;
  }

  void take_slowly(std::size_t line, std::string_view value) {
    Signature signature = common_;
    signature.value = value;
    signature.where = list_.file + ":" + std::to_string(line);
    signature.source = list_.file;
    const Result<Entry> entry = judge_signature(signature, terms_);
    if (!entry.ok()) return complaints_.add(signature.where, signature.value, entry.error().message);
    const EntryNote note{.terms = layer_.intern(terms_of(entry.value().rule)), .subdomains = entry.value().subdomains};
    if (list_.kind == SignatureKind::kDomain)
      layer_.domains().add(entry.value().rule.value, note);
    else
      layer_.numbers().add({entry.value().digits, entry.value().prefix}, note);
  }

  const ListOptions& list_;
  const CompileTerms& terms_;
  Layer& layer_;
  ComplaintList& complaints_;
  const Signature common_;
  const PublicSuffixes& suffixes_ = PublicSuffixes::of_system();
  const ProtectedNames* const protected_names_ = terms_.protected_names.get();
  std::optional<std::uint16_t> terms_index_;
  bool is_action_known_ = false;
  bool is_action_sound_ = false;
  ActionId action_ = kNoAction;
  std::size_t waiting_count_ = 0;
  std::array<Waiting, 32> waiting_;
  std::array<NumberValue, 32> waiting_numbers_;
};

}  // namespace

Result<void> read_list_file(const ListOptions& list, const std::function<void(Signature)>& take) {
  Result<LineReader> lines = open_list(list);
  if (!lines.ok()) return lines.error();
  const Signature common = common_part(list);
  return for_each_value(lines.value(), list.file, [&](std::size_t number, std::string_view value) {
    Signature signature = common;
    signature.value = value;
    signature.source = list.file;
    signature.where = list.file + ":" + std::to_string(number);
    take(std::move(signature));
  });
}

std::size_t line_of_entry(const std::string& file, SignatureKind kind, std::string_view value, const CompileTerms& terms) {
  ListOptions list;
  list.file = file;
  list.kind = kind;
  Result<LineReader> lines = open_list(list);
  if (!lines.ok() || (kind != SignatureKind::kDomain && kind != SignatureKind::kNumber)) return 0;
  std::size_t line = 0;
  std::array<char, 256> name;
  (void)for_each_value(lines.value(), file, [&](std::size_t number, std::string_view text) {
    if (line != 0) return;
    if (kind == SignatureKind::kDomain) {
      if (text.starts_with("*.")) text.remove_prefix(2);
      if (text.starts_with('.')) text.remove_prefix(1);
      if (text.size() <= 254 && is_plain_domain_text(text)) {
        if (std::string_view(name.data(), canonical_domain(text, name.data())) == value) line = number;
        return;
      }
    }
    Signature signature = common_part(list);
    signature.value = text;
    const Result<Entry> entry = canonical_entry(signature, terms);
    if (entry.ok() && entry.value().rule.value == value) line = number;
  });
  return line;
}

Result<void> load_list_file(const ListOptions& list, const CompileTerms& terms, Layer& layer, ComplaintList& complaints,
                            std::size_t at_most) {
  CHECK(list.kind == SignatureKind::kDomain || list.kind == SignatureKind::kNumber);
  return Loader(list, terms, layer, complaints).run(at_most);
}

}  // namespace telefence
