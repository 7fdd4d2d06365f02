// SPDX-License-Identifier: Apache-2.0
#include "signatures/layer_filler.h"

#include <utility>

#include "base/check.h"
#include "decide/never_block.h"
#include "normalise/domain.h"
#include "signatures/wide_entries.h"

namespace telefence {

void LayerFiller::reserve(SignatureKind kind, std::size_t more) {
  flush();
  if (kind == SignatureKind::kDomain)
    layer_.domains().reserve(layer_.domains().names() + more);
  else
    layer_.numbers().reserve(layer_.numbers().size() + more);
}

void LayerFiller::begin(const Signature& common) {
  CHECK(common.kind == SignatureKind::kDomain || common.kind == SignatureKind::kNumber);
  flush();
  common_ = common;
  terms_index_.reset();
  is_action_known_ = false;
}

// The index of what the rows have in common; made once, with the first value that can be used, since only then an action is looked at.
std::uint16_t LayerFiller::terms_index() {
  if (!terms_index_) {
    const Terms terms{common_.kind, common_.allow, common_.shadow, action_, common_.category, common_.tier,
                      static_cast<std::uint8_t>(common_.kind == SignatureKind::kNumber ? common_.sides : Signature::Sides::kEither),
                      common_.source};
    terms_index_ = layer_.intern(terms);
  }
  return *terms_index_;
}

// An unknown action is every row's mistake.
bool LayerFiller::has_sound_action() {
  if (!is_action_known_) {
    const Result<ActionId> action = action_of(common_, terms_);
    is_action_sound_ = action.ok();
    action_ = action.ok() ? action.value() : kNoAction;
    is_action_known_ = true;
  }
  return is_action_sound_;
}

bool LayerFiller::may_be_refused(std::string_view name) const {
  return name.find('.') == std::string_view::npos || suffixes_.contains(name) ||
         (protected_names_ != nullptr && protected_names_->may_refuse(name));
}

bool LayerFiller::take_plain_domain(const Row& row) {
  bool subdomains = common_.subdomains;
  std::string_view value = row.value;
  if (value.starts_with("*.") || value.starts_with('.')) {
    value.remove_prefix(value.front() == '*' ? 2 : 1);
    subdomains = true;
  }
  if (value.empty() || value.size() > 254 || !is_plain_domain_text(value) || !has_sound_action()) return false;
  WaitingName& one = waiting_[waiting_count_];
  one.size = static_cast<std::uint16_t>(canonical_domain(value, one.name.data()));
  if (one.size == 0) return false;
  if (!common_.allow && may_be_refused(one.text())) return false;
  one.hash = hash_name(one.text());
  one.note = {.terms = terms_index(), .subdomains = subdomains, .id = row.id, .expires_s = row.expires_s};
  layer_.domains().prefetch(one.hash);
  if (++waiting_count_ == waiting_.size()) flush();
  return true;
}

void LayerFiller::flush() {
  for (std::size_t i = 0; i < waiting_count_ && common_.kind == SignatureKind::kNumber; ++i)
    layer_.numbers().add(waiting_numbers_[i].value, waiting_numbers_[i].note);
  for (std::size_t i = 0; i < waiting_count_ && common_.kind == SignatureKind::kDomain; ++i)
    layer_.domains().add(waiting_[i].text(), waiting_[i].hash, waiting_[i].note);
  waiting_count_ = 0;
}

// A mobile number of China with or without its country code: nearly all that lists have.
bool LayerFiller::take_plain_number(const Row& row) {
  std::string_view value = row.value;
  if (value.starts_with("+86")) value.remove_prefix(3);
  if (common_.prefix || value.size() != 11 || value[0] != '1' || value[1] < '3' || terms_.home_country != "86" || !has_sound_action())
    return false;
  std::uint64_t number = 86;
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  const PhoneDigits digits{number, 13, true};
  if (!common_.allow && never_blocked(digits) != nullptr) return false;
  WaitingNumber& one = waiting_numbers_[waiting_count_];
  one = {{digits, false}, {.terms = terms_index(), .id = row.id, .expires_s = row.expires_s}};
  layer_.numbers().prefetch(one.value);
  if (++waiting_count_ == waiting_numbers_.size()) flush();
  return true;
}

void LayerFiller::take(const Row& row, const std::string& where) {
  Signature signature = common_;
  signature.value = row.value;
  signature.where = where;
  signature.expires_s = row.expires_s;
  signature.id = row.id;
  const Result<Entry> entry = judge_signature(signature, terms_);
  if (!entry.ok()) return complaints_.add(signature.where, signature.value, entry.error().message);
  const EntryNote note{.terms = layer_.intern(terms_of(entry.value().rule)), .subdomains = entry.value().subdomains, .id = row.id, .expires_s = row.expires_s};
  if (common_.kind == SignatureKind::kDomain)
    layer_.domains().add(entry.value().rule.value, note);
  else
    layer_.numbers().add({entry.value().digits, entry.value().prefix}, note);
  const bool is_doubted = doubts_short_prefixes_ && common_.kind == SignatureKind::kNumber && entry.value().prefix && !common_.allow &&
                          entry.value().digits.length < kDoubtedPrefixDigits;
  if (is_doubted) complaints_.add({.where = signature.where, .value = signature.value, .reason = std::string(kDoubtedPrefix), .is_left_out = false});
}

}  // namespace telefence
