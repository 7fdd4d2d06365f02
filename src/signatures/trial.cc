// SPDX-License-Identifier: Apache-2.0
#include "signatures/trial.h"

#include <algorithm>
#include <array>
#include <random>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr std::size_t kIdOctets = 16;

}  // namespace

std::string new_trial_id() {
  std::random_device device;
  std::array<std::uint8_t, kIdOctets> octets;
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(device());
  return hex_of(octets);
}

bool is_trial_id(std::string_view id) { return id.size() == 2 * kIdOctets && id.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

std::string trial_key(std::string_view id) { return std::string(kTrialStream) + ":" + std::string(id); }

std::string trial_message(std::string_view id, std::string_view body) {
  return "telefence-trial-1:" + std::string(id) + ":" + hex_of(sha256(body));
}

Result<Trial> read_trial(std::string_view id, std::string_view body) {
  if (!is_trial_id(id)) return Error{ErrorCode::kInvalid, "the id is not 32 hexadecimal digits"};
  if (body.size() > kMostTrialBytes) return Error{ErrorCode::kInvalid, "more than 64 KiB"};
  Trial out{std::string(id), {}};
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    if (out.changes.size() == kMostTrialLines) return Error{ErrorCode::kInvalid, "more than 100 lines"};
    Result<Change> change = parse_op_line(body.substr(0, end));
    if (!change) return change.error();
    out.changes.push_back(std::move(change.value()));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  if (out.changes.empty()) return Error{ErrorCode::kInvalid, "no lines"};
  return out;
}

bool is_signed_by(const std::vector<PublicKey>& keys, std::string_view id, std::string_view body, std::string_view signature) {
  const Result<std::vector<BatchSignature>> signatures = parse_signatures(signature);
  if (!signatures) return false;
  const std::string message = trial_message(id, body);
  return std::any_of(signatures.value().begin(), signatures.value().end(), [&](const BatchSignature& one) {
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const PublicKey& known) { return known.id == one.key_id; });
    return key != keys.end() && !one.is_approval() && ed25519_verify(key->key, one.value, message);
  });
}

}  // namespace telefence
