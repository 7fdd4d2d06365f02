// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may change what this node blocks: the keys it knows, what each may sign, and what takes two of them. A batch is taken
// whole or refused whole. Pure after load(); one thread (the feed's).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/batch.h"
#include "signatures/key_file.h"
#include "signatures/log_timestamp.h"
#include "signatures/options.h"
#include "signatures/snapshot.h"
#include "signatures/wide_entries.h"

namespace telefence {

// Why a batch is refused whole.
enum class BatchRefusal : std::uint8_t {
  kMalformed,       // its frame is wrong: header, length, number of lines, sequence, signature field
  kNewer,           // written for a later version: an operation or a format that is not known here
  kUnsigned,        // without a signature
  kUnknownSigner,   // only keys that this node does not know
  kWrongSignature,  // a known key, but not of these bytes
  kNotAllowed,      // the signer may not: this source, kind or operation is not his
  kNeedsSecond,     // a wide entry with one signature
  kOverQuota,       // its source would have more entries than it may
};
inline constexpr std::size_t kBatchRefusals = 8;
std::string_view refusal_name(BatchRefusal reason);

struct RefusedBatch {
  BatchRefusal reason = BatchRefusal::kMalformed;
  std::string why;  // for people
};

class Signers {
 public:
  Signers() = default;  // knows nobody

  // kInvalid or kEnvironment: a key file, named with its place.
  static Result<Signers> load(const TrustOptions& options);
  // These keys may sign anything, and nobody else: for who knows no edge's configuration.
  static Signers trusting(const std::vector<PublicKey>& keys, const TrustOptions& options);

  // Nothing when the batch may be taken. Requires: the batch came from read_batch.
  std::optional<RefusedBatch> refuse(const Batch& batch) const;

  // The same of a snapshot: what is in it was judged by who made it.
  std::optional<RefusedBatch> refuse(const SnapshotManifest& manifest) const { return refuse(manifest, options_.snapshot_signers); }
  // `least`: so many who may have to have signed it.
  std::optional<RefusedBatch> refuse(const SnapshotManifest& manifest, std::size_t least) const;
  std::size_t snapshot_signers() const { return options_.snapshot_signers; }
  // Whether a source would have more entries than redis.quotas allows.
  std::optional<RefusedBatch> refuse_over_quota(const std::map<std::string, std::uint64_t>& entries_of_sources) const;
  // And of the centre's word that a batch is the newest: who may do anything may say it, who makes snapshots, and whose operations name it.
  std::optional<RefusedBatch> refuse(const LogTimestamp& timestamp) const;
  // Whether a name or number needs the word of two signers (wide_entries.h).
  bool is_wide(const Signature& signature) const { return !why_wide(signature, options_.wide).empty(); }
  // Whether it is wide for some other node's terms, at least: a text, or a name or number that is wide here.
  bool may_be_wide(const Signature& signature) const {
    return signature.kind == SignatureKind::kPattern || signature.kind == SignatureKind::kUrl || is_wide(signature);
  }
  std::string proved_form(const Signature& signature, std::int64_t now_s) const { return telefence::proved_form(signature, options_.wide, now_s); }
  // For each change whether it puts such an entry in force, patterns and URLs included, which are compiled for it.
  std::vector<bool> wide_among(const std::vector<Change>& changes) const;
  // Whether a snapshot that this key signs is taken.
  bool may_snapshot(const std::string& key_id) const {
    const Signer* signer = find(key_id);
    return signer != nullptr && signer->may.may_snapshot;
  }
  bool takes_unsigned() const { return options_.accept_unsigned; }
  // Two that say the same judge the same entries alike.
  std::string stamp() const;

  bool empty() const { return signers_.empty(); }
  std::size_t count() const { return signers_.size(); }
  // Name of the key with this id, the id itself when it is not known or has none.
  std::string name_of(const std::string& key_id) const;

 private:
  struct Signer {
    PublicKey key;
    SignerOptions may;
  };
  const Signer* find(const std::string& key_id) const;
  template <typename May>
  std::optional<RefusedBatch> refuse_unless(const std::vector<BatchSignature>& signatures, const std::string& message, std::size_t least, May may, const char* may_not) const;
  std::optional<RefusedBatch> verify(const Batch& batch, std::vector<const Signer*>& signed_by) const;
  std::optional<RefusedBatch> refuse_change(const Change& change, const std::vector<const Signer*>& signed_by) const;
  std::optional<RefusedBatch> refuse_patterns(const std::vector<Change>& changes, const std::vector<const Signer*>& signed_by) const;

  TrustOptions options_;
  std::vector<Signer> signers_;
};

}  // namespace telefence
