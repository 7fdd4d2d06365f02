// SPDX-License-Identifier: Apache-2.0
#include "signatures/batch_signature.h"

#include <charconv>
#include <utility>

#include "crypto/hex.h"
#include "crypto/sha256.h"

namespace telefence {
namespace {

constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kValueDigits = 128;

Error wrong() {
  return Error{ErrorCode::kInvalid, "the field s is no signature: a line is a key id of 16 digits, a blank, and 128 hexadecimal digits"};
}

Result<BatchSignature> parse_line(std::string_view line) {
  BatchSignature out;
  constexpr std::size_t kLength = kIdDigits + 1 + kValueDigits;
  if (line.size() < kLength || line[kIdDigits] != ' ') return wrong();
  std::uint8_t id[kIdDigits / 2];
  if (!from_hex(line.substr(0, kIdDigits), id) || !from_hex(line.substr(kIdDigits + 1, kValueDigits), out.value)) return wrong();
  out.key_id = hex_of(id);
  line.remove_prefix(kLength);
  if (line.empty()) return out;
  const auto [end, error] = std::from_chars(line.data() + 1, line.data() + line.size(), out.until_s);
  if (line.front() != ' ' || error != std::errc{} || end != line.data() + line.size() || out.until_s <= 0) return wrong();
  return out;
}

}  // namespace

// Named, so that a signature can never be taken for one over something else.
std::string signed_message(std::string_view hash) { return "telefence-batch-1:" + std::string(hash); }

std::string approved_message(std::string_view body, std::int64_t until_s) {
  return "telefence-approval-1:" + std::to_string(until_s) + ":" + hex_of(sha256(body));
}

Result<std::vector<BatchSignature>> parse_signatures(std::string_view text) {
  std::vector<BatchSignature> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (out.size() == kMaxSignatures) return Error{ErrorCode::kInvalid, "more than 4 signatures on one batch"};
    Result<BatchSignature> signature = parse_line(text.substr(0, end));
    if (!signature.ok()) return signature.error();
    out.push_back(std::move(signature.value()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string to_line(const BatchSignature& signature) {
  std::string line = signature.key_id + " " + hex_of(signature.value);
  if (signature.is_approval()) line += " " + std::to_string(signature.until_s);
  return line + "\n";
}

BatchSignature sign_batch(const SigningKey& key, std::string_view hash) { return {key.id(), key.sign(signed_message(hash)), 0}; }

BatchSignature approve_body(const SigningKey& key, std::string_view body, std::int64_t until_s) {
  return {key.id(), key.sign(approved_message(body, until_s)), until_s};
}

}  // namespace telefence
