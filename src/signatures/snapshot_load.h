// SPDX-License-Identifier: Apache-2.0
#pragma once

// From the chunks of a snapshot to what SignatureStore::adopt_log takes. Values are judged as when they were pushed: what must not be
// blocked is left out, and so is a wide entry without a batch that two signed. Control thread.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "match/layer.h"
#include "signatures/compiled_snapshot.h"
#include "signatures/layer_filler.h"
#include "signatures/signers.h"
#include "signatures/snapshot.h"

namespace telefence {

class SnapshotLoad : private SnapshotReader {
 public:
  // All must outlive it. `before`: its domains and numbers, when they were compiled before.
  SnapshotLoad(const SnapshotManifest& manifest, const CompileTerms& terms, const Signers& signers, std::optional<CompiledSnapshot> before = {});

  // Whether anything of this chunk is still to be read.
  bool needs(std::size_t chunk) const;
  // One chunk after the other, unpacked, of those that are needed.
  Result<void> take(std::size_t chunk, std::string_view text);
  // After the last chunk. kInvalid: they are not what the manifest tells.
  Result<void> finish();

  // After finish().
  std::shared_ptr<const Layer> layer() const { return before_ ? before_->layer : layer_; }
  const std::vector<Change>& removed() const { return removed_; }
  std::vector<Change>& changes() { return changes_; }
  const std::vector<Change>& unenforced() const { return unenforced_; }
  std::vector<Complaint>& complaints() { return complaints_; }
  const std::vector<StoredBatch>& proofs() const { return proofs_; }
  // Of what was read.
  const std::map<std::string, std::uint64_t>& entries_of_sources() const { return entries_of_sources_; }
  // For the next start. nullopt: it was compiled before, or a later start may judge otherwise.
  std::optional<CompiledSnapshot> compiled() const;

 private:
  Result<void> begin(const Change& common) override;
  Result<void> row(std::string_view value, std::int64_t expires_s, std::uint64_t id) override;
  Result<void> line(Change change) override;
  Result<void> proof(const StoredBatch& batch) override;
  void reserve_more(SignatureKind kind, std::uint64_t told);
  bool is_proved(const Signature& signature);
  bool has_proof(const Signature& signature);
  void drop_unproved_patterns();
  void note_action();

  const SnapshotManifest& manifest_;
  const CompileTerms& terms_;
  const Signers& signers_;
  const std::int64_t now_s_;  // what two signed for later is not proved yet
  const std::optional<CompiledSnapshot> before_;
  std::vector<Complaint> complaints_, row_complaints_;  // the first has both, after finish()
  ComplaintList collected_{complaints_}, of_rows_{row_complaints_};
  std::vector<std::size_t> other_chunks_;  // as in CompiledSnapshot
  std::vector<Signature> actions_;
  bool is_chunk_other_ = false;
  bool lacks_proofs_ = false;  // rows were left out for it
  std::shared_ptr<Layer> layer_ = std::make_shared<Layer>();
  LayerFiller filler_{terms_, *layer_, of_rows_};
  Change common_;
  std::uint64_t* of_source_ = nullptr;  // the count of common_'s
  std::map<std::string, std::uint64_t> entries_of_sources_;  // without those that wait
  std::uint64_t domains_ = 0, numbers_ = 0;
  std::vector<Change> removed_, changes_, unenforced_;
  std::vector<StoredBatch> proofs_;
  std::unordered_set<std::string> proved_;  // forms of wide entries
};

}  // namespace telefence
