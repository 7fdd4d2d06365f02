// SPDX-License-Identifier: Apache-2.0
#include "signatures/receipt_proof.h"

#include <algorithm>

#include "crypto/hex.h"

namespace telefence {
namespace {

constexpr std::size_t kIdDigits = 16, kValueDigits = 128;

void add_netstring(std::string& text, std::string_view word) {
  text += std::to_string(word.size());
  (text += ':') += word;
  text += ',';
}

std::string message_of(std::string_view redis_key, const ReceiptFields& fields) {
  std::string text = "telefence-receipt-1:";
  add_netstring(text, redis_key);
  for (const auto& [name, value] : fields) {
    add_netstring(text, name);
    add_netstring(text, value);
  }
  return text;
}

const std::string* find(const ReceiptFields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

Error proves_nothing(const std::string& why) { return Error{ErrorCode::kInvalid, why}; }

}  // namespace

std::string sign_receipt(const SigningKey& key, std::string_view redis_key, const ReceiptFields& fields) {
  std::string names;
  for (const auto& [name, value] : fields) (names += names.empty() ? "" : ",") += name;
  return key.id() + " " + hex_of(key.sign(message_of(redis_key, fields))) + " " + names;
}

Result<ReceiptFields> proved_fields(const PublicKey& key, std::string_view redis_key, const ReceiptFields& fields) {
  const std::string* const proof = find(fields, "sig");
  if (proof == nullptr || proof->empty()) return proves_nothing("it is not signed");
  constexpr std::size_t kNames = kIdDigits + 1 + kValueDigits + 1;
  Ed25519Signature signature{};
  const std::string_view text = *proof;
  if (text.size() <= kNames || text[kIdDigits] != ' ' || text[kNames - 1] != ' ' || !from_hex(text.substr(kIdDigits + 1, kValueDigits), signature))
    return proves_nothing("its signature is none");
  if (text.substr(0, kIdDigits) != key.id)
    return proves_nothing("it is signed with the key " + std::string(text.substr(0, kIdDigits)) + ", and the key of this node is " + key.id);
  ReceiptFields signed_fields;
  for (std::string_view names = text.substr(kNames); !names.empty();) {
    const std::size_t end = std::min(names.find(','), names.size());
    const std::string* const value = find(fields, names.substr(0, end));
    if (value == nullptr) return proves_nothing("a field that was signed is not there");
    signed_fields.emplace_back(names.substr(0, end), *value);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  if (!ed25519_verify(key.key, signature, message_of(redis_key, signed_fields)))
    return proves_nothing("its signature is wrong: it was changed, or signed for something else");
  return signed_fields;
}

}  // namespace telefence
