// SPDX-License-Identifier: Apache-2.0
#pragma once

// One signature to one entry of a MatchSet: the value made canonical by the same functions as traffic (normalise/),
// refused when it would block what must never be blocked (public suffixes, protected names, emergency and service numbers) or asks for
// an action that can't be. Control threads.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "decide/protected_names.h"
#include "match/match_set.h"
#include "signatures/signature.h"

namespace telefence {

// What the compiler has to know of the rest of the house.
struct CompileTerms {
  std::string home_country = "86";
  // Name of an action to its id; kNoAction = unknown. From the action registry.
  std::function<ActionId(std::string_view)> action_id;
  // And back; "" = unknown.
  std::function<std::string(ActionId)> action_name;
  // Why this action can't be used for this kind of signature; "" = fine.
  std::function<std::string(ActionId, SignatureKind)> action_refused;
  // Names that nothing may block; nullptr: none.
  std::shared_ptr<const ProtectedNames> protected_names;
};

// A signature in canonical form.
struct Entry {
  Rule rule;
  std::uint64_t key = 0;    // of kind and canonical value: what a removal names. Equal keys are the same thing
  std::string where;        // file:line or log:seq:line, for messages
  std::string expression;   // patterns and urls: for Hyperscan
  PhoneDigits digits;       // numbers
  bool subdomains = false;  // domains
  bool prefix = false;      // numbers
  bool literal = false;     // patterns
  TextFold fold = TextFold::kAll;
  PatternWords words;       // patterns
  MatchSetBuilder::Sides sides = MatchSetBuilder::Sides::kEither;
};

// Why a prefix takes in too much of the home country, as people read it (+861); "" = it does not.
std::string refuse_home_prefix(std::string_view prefix, std::string_view home_country);

// Canonical form only: enough to find what a removal names. kInvalid says what is wrong with the value.
Result<Entry> canonical_entry(const Signature& signature, const CompileTerms& terms);

// What a signature says is to be done; kInvalid: there is no such action, or it can't be done to this kind.
Result<ActionId> action_of(const Signature& signature, const CompileTerms& terms);

// The entry for a signature that is to be in force.
Result<Entry> compile_signature(const Signature& signature, const CompileTerms& terms);

// As compile_signature, but without a key, and an id only when the signature names one: for who only wants to know what becomes of
// millions of values.
Result<Entry> judge_signature(const Signature& signature, const CompileTerms& terms);

// Puts the entry into a set that is being built. Returns the index of its rule.
std::uint32_t add_to(MatchSetBuilder& builder, const Entry& entry);

}  // namespace telefence
