// SPDX-License-Identifier: Apache-2.0
#include "signatures/trial.h"

#include <algorithm>
#include <array>
#include <random>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/batch.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr std::size_t kIdOctets = 16;

Result<void> check_frame(std::string_view id, std::string_view body) {
  if (!is_trial_id(id)) return Error{ErrorCode::kInvalid, "the id is not 32 hexadecimal digits"};
  if (body.size() > kMostTrialBytes) return Error{ErrorCode::kInvalid, "more than 64 KiB"};
  return {};
}

Result<void> read_lines(std::string_view body, std::size_t most, std::vector<Change>& changes) {
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    if (changes.size() == most) return Error{ErrorCode::kInvalid, "more than " + std::to_string(most) + " lines"};
    Result<Change> change = parse_op_line(body.substr(0, end));
    if (!change) return change.error();
    changes.push_back(std::move(change.value()));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return changes.empty() ? Result<void>(Error{ErrorCode::kInvalid, "no lines"}) : Result<void>();
}

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
  if (const Result<void> fits = check_frame(id, body); !fits) return fits.error();
  Trial out{std::string(id), {}};
  if (const Result<void> read = read_lines(body, kMostTrialLines, out.changes); !read) return read.error();
  return out;
}

Result<Trial> read_portion(std::string_view id, std::string_view packed) {
  if (const Result<void> fits = check_frame(id, packed); !fits) return fits.error();
  const Result<std::string> plain = unpack_body(packed);
  if (!plain) return plain.error();
  Trial out{std::string(id), {}, true};
  if (const Result<void> read = read_lines(plain.value(), kMostPortionLines, out.changes); !read) return read.error();
  const auto texts = std::count_if(out.changes.begin(), out.changes.end(), [](const Change& change) {
    return change.signature.kind == SignatureKind::kPattern || change.signature.kind == SignatureKind::kUrl;
  });
  if (static_cast<std::size_t>(texts) > kMostPortionTexts) return Error{ErrorCode::kInvalid, "more than 100 patterns and urls"};
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
