// SPDX-License-Identifier: Apache-2.0
#include "signatures/signers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "crypto/hex.h"
#include "signatures/words.h"

namespace telefence {
namespace {

bool is_one_of(const std::vector<std::string>& allowed, std::string_view word) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), word) != allowed.end();
}

// Why this signer may not make this change; "" = he may.
std::string why_not(const SignerOptions& may, const Change& change) {
  const Signature& signature = change.signature;
  const std::string_view op = op_name(change);
  const std::string_view kind = kind_name(change);
  if (!is_one_of(may.operations, op)) return "may not " + std::string(op);
  if (!kind.empty() && !is_one_of(may.kinds, kind)) return "may not change entries of the kind " + std::string(kind);
  if (change.op == Change::Op::kRemove && signature.source.empty() && !may.sources.empty())
    return "may not take away what other sources say: let the removal name its own source";
  if (!is_one_of(may.sources, signature.source)) return "may not speak for the source '" + signature.source + "'";
  return {};
}

std::string what_of(const Change& change) {
  const std::string& value = change.signature.value;  // "" of a replace-list
  return std::string(op_name(change)) + " " + std::string(kind_name(change)) + (value.empty() ? "" : " " + value.substr(0, 100)) + " (" +
         change.signature.where + ")";
}

// Patterns and URLs that are to block: what they hit is seen when they are compiled.
bool is_blocking_pattern(const Change& change) {
  const SignatureKind kind = change.signature.kind;
  return change.op == Change::Op::kAdd && change.unenforced == UnenforcedKind::kNone && !change.signature.allow &&
         (kind == SignatureKind::kPattern || kind == SignatureKind::kUrl);
}

RefusedBatch needs_second(const Change& change, const std::string& wide, std::size_t allowing) {
  return {BatchRefusal::kNeedsSecond, what_of(change) + " is " + wide + ": that needs the signatures of two who may_be_wide, and has " + std::to_string(allowing)};
}

}  // namespace

std::string_view refusal_name(BatchRefusal reason) {
  switch (reason) {
    case BatchRefusal::kMalformed:
      return "malformed";
    case BatchRefusal::kNewer:
      return "newer";
    case BatchRefusal::kUnsigned:
      return "unsigned";
    case BatchRefusal::kUnknownSigner:
      return "unknown_signer";
    case BatchRefusal::kWrongSignature:
      return "wrong_signature";
    case BatchRefusal::kNotAllowed:
      return "not_allowed";
    case BatchRefusal::kNeedsSecond:
      return "needs_second";
    case BatchRefusal::kOverQuota:
      return "over_quota";
  }
  return "malformed";
}

Result<Signers> Signers::load(const TrustOptions& options) {
  Signers out;
  out.options_ = options;
  for (const SignerOptions& signer : options.signers) {
    Result<PublicKey> key = read_public_key(signer.key);
    if (!key.ok()) return key.error();
    if (out.find(key.value().id) != nullptr)
      return Error{ErrorCode::kInvalid, signer.key + ": the key " + key.value().id + " is named twice: one signer for each key"};
    out.signers_.push_back({std::move(key.value()), signer});
  }
  return out;
}

Signers Signers::trusting(const std::vector<PublicKey>& keys, const TrustOptions& options) {
  Signers out;
  out.options_ = options;
  for (const PublicKey& key : keys) {
    SignerOptions may;
    may.may_be_wide = may.may_snapshot = true;
    out.signers_.push_back({key, may});
  }
  return out;
}

const Signers::Signer* Signers::find(const std::string& key_id) const {
  for (const Signer& signer : signers_)
    if (signer.key.id == key_id) return &signer;
  return nullptr;
}

std::string Signers::stamp() const {
  using Json = nlohmann::json;
  Json signers = Json::array();
  for (const Signer& signer : signers_) {
    const SignerOptions& may = signer.may;
    signers.push_back({hex_of(signer.key.key), may.sources, may.kinds, may.operations, may.may_be_wide, may.may_snapshot});
  }
  const WideTerms& wide = options_.wide;
  return Json{{"signers", signers}, {"unsigned", options_.accept_unsigned}, {"wide", {wide.number_digits, wide.pattern_percent, wide.home_country}}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

std::string Signers::name_of(const std::string& key_id) const {
  const Signer* signer = find(key_id);
  return signer == nullptr || signer->key.name.empty() ? key_id : signer->key.name;
}

// Who signed: keys that are known here. Those that are not count for nothing, so that a new second signer needs not be known
// everywhere at the same moment; a known key over other bytes spoils the batch.
std::optional<RefusedBatch> Signers::verify(const Batch& batch, std::vector<const Signer*>& signed_by) const {
  bool has_author = false;
  for (const BatchSignature& signature : batch.signatures) {
    const Signer* signer = find(signature.key_id);
    if (signer == nullptr) continue;
    const std::string message =
        signature.is_approval() ? approved_message(batch.plain, signature.until_s) : signed_message(batch.hash);
    if (!ed25519_verify(signer->key.key, signature.value, message))
      return RefusedBatch{BatchRefusal::kWrongSignature, "the signature of " + name_of(signature.key_id) +
                                                             " is wrong: the batch was changed, or the key is another one"};
    has_author |= !signature.is_approval();
    // The batch's own date, which its author signed: read again years later, the approval still was in time.
    if (signature.is_approval() && batch.timestamp_ms / 1000 > signature.until_s) continue;
    if (std::find(signed_by.begin(), signed_by.end(), signer) == signed_by.end()) signed_by.push_back(signer);
  }
  if (has_author) return std::nullopt;
  if (!signed_by.empty()) return RefusedBatch{BatchRefusal::kUnsigned, "it has an approval, but nobody signed the whole batch"};
  if (batch.signatures.empty()) return RefusedBatch{BatchRefusal::kUnsigned, "it has no signature, and accept_unsigned is false"};
  return RefusedBatch{BatchRefusal::kUnknownSigner,
                      "it is signed by " + batch.signatures.front().key_id + ", which is not among redis.signers"};
}

std::optional<RefusedBatch> Signers::refuse_change(const Change& change, const std::vector<const Signer*>& signed_by) const {
  std::string why;
  std::size_t allowing = 0, allowing_wide = 0;
  for (const Signer* signer : signed_by) {
    const std::string not_his = why_not(signer->may, change);
    if (not_his.empty()) {
      ++allowing;
      allowing_wide += signer->may.may_be_wide ? 1 : 0;
    } else if (why.empty()) {
      why = name_of(signer->key.id) + " " + not_his;
    }
  }
  if (allowing == 0) return RefusedBatch{BatchRefusal::kNotAllowed, why + ": " + what_of(change)};
  if (change.op != Change::Op::kAdd || change.unenforced != UnenforcedKind::kNone) return std::nullopt;
  const std::string wide = why_wide(change.signature, options_.wide);
  if (wide.empty() || allowing_wide >= 2) return std::nullopt;
  return needs_second(change, wide, allowing_wide);
}

// Only those that too few have signed are compiled.
std::optional<RefusedBatch> Signers::refuse_patterns(const std::vector<Change>& changes, const std::vector<const Signer*>& signed_by) const {
  const auto allowing = [&](const Change& change) {
    return static_cast<std::size_t>(std::count_if(signed_by.begin(), signed_by.end(), [&](const Signer* signer) {
      return signer->may.may_be_wide && why_not(signer->may, change).empty();
    }));
  };
  std::vector<const Change*> asked;
  std::vector<const Signature*> signatures;
  for (const Change& change : changes) {
    if (!is_blocking_pattern(change) || allowing(change) >= 2) continue;
    asked.push_back(&change);
    signatures.push_back(&change.signature);
  }
  const std::vector<std::string> wide = why_wide_patterns(signatures, options_.wide, options_.cache_directory);
  for (std::size_t i = 0; i < asked.size(); ++i)
    if (!wide[i].empty()) return needs_second(*asked[i], wide[i], allowing(*asked[i]));
  return std::nullopt;
}

std::vector<bool> Signers::wide_among(const std::vector<Change>& changes) const {
  std::vector<bool> out(changes.size());
  std::vector<const Signature*> patterns;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (is_blocking_pattern(change)) {
      patterns.push_back(&change.signature);
      places.push_back(i);
    } else {
      out[i] = change.op == Change::Op::kAdd && !change.signature.allow && is_wide(change.signature);
    }
  }
  const std::vector<std::string> wide = why_wide_patterns(patterns, options_.wide, options_.cache_directory);
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = !wide[i].empty();
  return out;
}

std::optional<RefusedBatch> Signers::refuse(const Batch& batch) const {
  if (batch.signatures.empty() && options_.accept_unsigned) return std::nullopt;
  std::vector<const Signer*> signed_by;
  std::optional<RefusedBatch> refused = verify(batch, signed_by);
  // Who takes batches that nobody signed takes those of strangers too; a known key over other bytes stays a forgery.
  if (refused && refused->reason == BatchRefusal::kUnknownSigner && options_.accept_unsigned) return std::nullopt;
  if (refused) return refused;
  for (const std::vector<Change>* changes : {&batch.changes, &batch.unenforced})
    for (const Change& change : *changes)
      if (refused = refuse_change(change, signed_by); refused) return refused;
  return refuse_patterns(batch.changes, signed_by);
}

// Of what is signed as a whole: `least` of those who `may` have to be among those who did.
template <typename May>
std::optional<RefusedBatch> Signers::refuse_unless(const std::vector<BatchSignature>& signatures, const std::string& message, std::size_t least, May may,
                                                   const char* may_not) const {
  std::set<const Signer*> allowed;
  std::string somebody;
  for (const BatchSignature& signature : signatures) {
    const Signer* signer = find(signature.key_id);
    if (signer == nullptr) continue;
    if (signature.is_approval() || !ed25519_verify(signer->key.key, signature.value, message))
      return RefusedBatch{BatchRefusal::kWrongSignature, "the signature of " + name_of(signature.key_id) + " is wrong: it was changed, or the key is another one"};
    somebody = name_of(signature.key_id);
    if (may(signer->may)) allowed.insert(signer);
  }
  if (allowed.size() >= least) return std::nullopt;
  if (!allowed.empty())
    return RefusedBatch{BatchRefusal::kNeedsSecond, "it is signed by " + std::to_string(allowed.size()) + " of the " + std::to_string(least) +
                                                        " that redis.snapshot_signers asks for: telefence snapshot --cosign signs it, too"};
  if (!somebody.empty()) return RefusedBatch{BatchRefusal::kNotAllowed, somebody + may_not};
  if (options_.accept_unsigned) return std::nullopt;
  if (signatures.empty()) return RefusedBatch{BatchRefusal::kUnsigned, "it has no signature, and accept_unsigned is false"};
  return RefusedBatch{BatchRefusal::kUnknownSigner, "it is signed by " + signatures.front().key_id + ", which is not among redis.signers"};
}

std::optional<RefusedBatch> Signers::refuse(const SnapshotManifest& manifest, std::size_t least) const {
  return refuse_unless(manifest.signatures, snapshot_message(manifest.digest), least, [](const SignerOptions& may) { return may.may_snapshot; },
                       " may not make snapshots: that takes may_snapshot: true in redis.signers");
}

std::optional<RefusedBatch> Signers::refuse_over_quota(const std::map<std::string, std::uint64_t>& entries_of_sources) const {
  for (const SourceQuota& quota : options_.quotas) {
    const auto found = entries_of_sources.find(quota.source);
    if (found != entries_of_sources.end() && found->second > quota.most)
      return RefusedBatch{BatchRefusal::kOverQuota, "the source '" + quota.source + "' would have " + std::to_string(found->second) +
                                                        " entries, and may have " + std::to_string(quota.most)};
  }
  return std::nullopt;
}

std::optional<RefusedBatch> Signers::refuse(const LogTimestamp& timestamp) const {
  return refuse_unless(timestamp.signatures, timestamp_message(timestamp.digest), 1,
                       [](const SignerOptions& may) { return may.may_snapshot || is_one_of(may.operations, "timestamp"); },
                       " may not sign timestamps: name timestamp among its operations in redis.signers");
}

}  // namespace telefence
