// SPDX-License-Identifier: Apache-2.0
#include "lists/identity.h"

#include <algorithm>
#include <cstring>

#include "lists/meanings.h"
#include "match/keyed_hash.h"

namespace telefence {
namespace {

// Bits of a tag: kind, allow, how much is covered, whose number.
constexpr std::uint8_t kAllow = 4, kWide = 8, kLiteral = 16;
constexpr int kSidesShift = 5;

constexpr std::uint8_t tag_byte(SignatureKind kind, bool allow, bool wide, bool literal, Signature::Sides sides) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(kind) | (allow ? kAllow : 0u) | (wide ? kWide : 0u) | (literal ? kLiteral : 0u) |
                                   static_cast<unsigned>(sides) << kSidesShift);
}

std::uint64_t hash_of(std::uint8_t tag, std::string_view value) {
  static const std::uint64_t seed = table_secret().words[0];
  char bytes[512];
  if (value.size() < sizeof bytes) {
    bytes[0] = static_cast<char>(tag);
    std::memcpy(bytes + 1, value.data(), value.size());
    return stable_hash(std::string_view(bytes, value.size() + 1), seed);
  }
  return stable_hash(std::string(1, static_cast<char>(tag)) + std::string(value), seed);
}

}  // namespace

IdentityTag IdentityTag::of(const Signature& signature) {
  const bool allow = signature.allow;
  switch (signature.kind) {
    case SignatureKind::kDomain:
      return IdentityTag(tag_byte(SignatureKind::kDomain, allow, signature.subdomains, false, Signature::Sides::kEither));
    case SignatureKind::kNumber:
      return IdentityTag(tag_byte(SignatureKind::kNumber, allow, signature.value.ends_with('*'), false, signature.sides));
    case SignatureKind::kUrl:
      return IdentityTag(tag_byte(SignatureKind::kUrl, allow, signature.prefix, signature.literal, Signature::Sides::kEither));
    case SignatureKind::kPattern:
      break;
  }
  return IdentityTag(tag_byte(SignatureKind::kPattern, allow, false, signature.literal, Signature::Sides::kEither));
}

std::uint64_t identity_hash(IdentityTag tag, std::string_view value) { return hash_of(tag.byte(), value); }

std::uint64_t identity_hash(const Signature& signature) {
  const IdentityTag tag = IdentityTag::of(signature);
  if (signature.words.is_empty()) [[likely]] return identity_hash(tag, signature.value);
  std::string value = signature.value;
  for (const auto* words : {&signature.words.all, &signature.words.any, &signature.words.none}) {
    value += '\0';
    for (const std::string& word : *words) (value += '\1') += word;
  }
  return identity_hash(tag, value);
}

ValueSet::Mark SeenValues::insert(const Signature& signature, ValueSet::Mark mark) {
  const IdentityTag tag = IdentityTag::of(signature);
  tags_.set(tag.byte());
  if (signature.kind == SignatureKind::kNumber && signature.value.ends_with('*'))
    prefix_lengths_.set(std::min<std::size_t>(signature.value.size() - 1, 63));
  if (signature.kind == SignatureKind::kDomain && signature.value.find('.') == std::string::npos) has_top_level_ = true;
  return set_.insert(identity_hash(signature), mark);
}

SeenValues::Finding SeenValues::at(std::string_view value, std::uint8_t own, std::initializer_list<std::uint8_t> others,
                                   ValueSet::Mark mark) const {
  for (const std::uint8_t other : others)
    if (other != own && tags_.test(other) && set_.find(hash_of(other, value)) != 0) return Finding::kOther;
  if (!tags_.test(own)) return Finding::kNothing;
  const ValueSet::Mark found = set_.find(hash_of(own, value));
  return found == 0 ? Finding::kNothing : found == mark && mark != Meanings::kOther ? Finding::kSame : Finding::kOther;
}

bool SeenValues::is_domain_covered(const Signature& signature, ValueSet::Mark mark) const {
  constexpr auto kEither = Signature::Sides::kEither;
  constexpr std::uint8_t kBlock = tag_byte(SignatureKind::kDomain, false, true, false, kEither);
  constexpr std::uint8_t kPass = tag_byte(SignatureKind::kDomain, true, true, false, kEither);
  std::string_view name = signature.value;
  for (bool is_itself = true;; is_itself = false) {
    if (!is_itself || !signature.subdomains) {
      const Finding found = at(name, signature.allow ? kPass : kBlock, {kBlock, kPass}, mark);
      if (found != Finding::kNothing) return found == Finding::kSame;
    }
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return false;
    name.remove_prefix(dot + 1);
    if (!has_top_level_ && name.find('.') == std::string_view::npos) return false;
  }
}

bool SeenValues::is_number_covered(const Signature& signature, ValueSet::Mark mark) const {
  const auto tag = [](bool allow, Signature::Sides sides) { return tag_byte(SignatureKind::kNumber, allow, true, false, sides); };
  using Sides = Signature::Sides;
  const bool is_prefix = signature.value.ends_with('*');
  const std::string_view digits = std::string_view(signature.value).substr(0, signature.value.size() - (is_prefix ? 1 : 0));
  std::string value;
  for (std::size_t length = digits.size() - (is_prefix ? 1 : 0); length > 0; --length) {
    if (!prefix_lengths_.test(std::min<std::size_t>(length, 63))) continue;
    value.assign(digits.substr(0, length)) += '*';
    const Finding found = at(value, tag(signature.allow, signature.sides),
                             {tag(false, Sides::kCalling), tag(false, Sides::kCalled), tag(false, Sides::kEither), tag(true, Sides::kCalling),
                              tag(true, Sides::kCalled), tag(true, Sides::kEither)},
                             mark);
    if (found != Finding::kNothing) return found == Finding::kSame;
  }
  return false;
}

bool SeenValues::is_covered(const Signature& signature, ValueSet::Mark mark) const {
  if (signature.kind == SignatureKind::kDomain) return is_domain_covered(signature, mark);
  return signature.kind == SignatureKind::kNumber && !signature.value.empty() && is_number_covered(signature, mark);
}

}  // namespace telefence
