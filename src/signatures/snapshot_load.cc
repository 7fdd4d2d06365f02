// SPDX-License-Identifier: Apache-2.0
#include "signatures/snapshot_load.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "signatures/batch.h"

namespace telefence {
namespace {

// So many are believed at first. Of a snapshot that had them, so many times as many: a table that grows by doubling would take three times
// what it needs at the end.
constexpr std::uint64_t kMostReserved = 10'000'000;
constexpr std::uint64_t kMoreBelieved = 8;

}  // namespace

SnapshotLoad::SnapshotLoad(const SnapshotManifest& manifest, const CompileTerms& terms, const Signers& signers, std::optional<CompiledSnapshot> before)
    : manifest_(manifest), terms_(terms), signers_(signers), now_s_(std::time(nullptr)), before_(std::move(before)) {
  if (before_) return;
  // As many as are told, unless so few octets can't hold them; of the octets nobody has seen one yet.
  const std::uint64_t most = std::min(8 * manifest.bytes(), kMostReserved);
  filler_.reserve(SignatureKind::kDomain, std::min(manifest.domains, most));
  filler_.reserve(SignatureKind::kNumber, std::min(manifest.numbers, most));
}

bool SnapshotLoad::needs(std::size_t chunk) const {
  return !before_ || std::binary_search(before_->other_chunks.begin(), before_->other_chunks.end(), chunk);
}

Result<void> SnapshotLoad::take(std::size_t chunk, std::string_view text) {
  is_chunk_other_ = false;
  Result<void> taken = read(text);
  if (is_chunk_other_) other_chunks_.push_back(chunk);
  return taken;
}

Result<void> SnapshotLoad::begin(const Change& common) {
  common_ = common;
  if (common.op == Change::Op::kRemove) {
    is_chunk_other_ = true;
    return {};
  }
  of_source_ = &entries_of_sources_[common.signature.source];
  if (before_) return {};
  filler_.begin(common.signature);
  note_action();
  return {};
}

void SnapshotLoad::note_action() {
  const Signature& of = common_.signature;
  const bool is_known = std::any_of(actions_.begin(), actions_.end(), [&](const Signature& one) { return one.kind == of.kind && one.action == of.action; });
  if (of.action.empty() || is_known) return;
  actions_.emplace_back();
  actions_.back().kind = of.kind;
  actions_.back().action = of.action;
}

// A signer that is trusted no more takes his wide entries along.
bool SnapshotLoad::is_proved(const Signature& signature) {
  return signers_.takes_unsigned() || signature.allow || !signers_.is_wide(signature) || has_proof(signature);
}

bool SnapshotLoad::has_proof(const Signature& signature) {
  const std::string form = signers_.proved_form(signature, now_s_);
  if (form.empty() || proved_.contains(form)) return true;  // what is no entry is left out anyway
  collected_.add(signature.where, signature.value, "this is a wide entry, and no batch of two signers is there for it");
  return false;
}

Result<void> SnapshotLoad::row(std::string_view value, std::int64_t expires_s, std::uint64_t id) {
  if (common_.op == Change::Op::kRemove) {
    if (expires_s != 0 || id != 0) return Error{ErrorCode::kInvalid, "a removal that ends, or has an id"};
    removed_.push_back(common_);
    removed_.back().signature.value = value;
    return {};
  }
  if (before_) return {};
  const SignatureKind kind = common_.signature.kind;
  const bool is_domain = kind == SignatureKind::kDomain;
  std::uint64_t& rows = is_domain ? domains_ : numbers_;
  if (rows == kMostReserved) reserve_more(kind, is_domain ? manifest_.domains : manifest_.numbers);
  ++rows;
  ++*of_source_;
  const LayerFiller::Row row{value, expires_s, id};
  if (filler_.take_plain(row)) return {};  // nothing of that form is wide
  Signature signature = common_.signature;
  signature.value = value;
  signature.expires_s = expires_s;
  signature.where = "snapshot:" + std::to_string(manifest_.sequence);
  if (is_proved(signature))
    filler_.take(row, signature.where);
  else
    lacks_proofs_ = true;
  return {};
}

void SnapshotLoad::reserve_more(SignatureKind kind, std::uint64_t told) {
  const std::uint64_t believed = std::min(told, kMoreBelieved * kMostReserved);
  if (believed > kMostReserved) filler_.reserve(kind, believed - kMostReserved);
}

Result<void> SnapshotLoad::line(Change change) {
  is_chunk_other_ = true;
  if (change.op == Change::Op::kReplaceList) return Error{ErrorCode::kInvalid, "a replace-list in a snapshot"};
  change.signature.where = "snapshot:" + std::to_string(manifest_.sequence);
  if (change.unenforced != UnenforcedKind::kNone) {
    if (change.op == Change::Op::kAdd) unenforced_.push_back(std::move(change));  // else there is nothing that it could take away
    return {};
  }
  if (change.op == Change::Op::kRemove) {
    if (change.signature.expires_s != 0) return Error{ErrorCode::kInvalid, "a removal that ends, or has an id"};
    removed_.push_back(std::move(change));
    return {};
  }
  // What waits may be another word on what is in force.
  if (change.signature.valid_from_s <= now_s_) ++entries_of_sources_[change.signature.source];
  if (is_proved(change.signature)) changes_.push_back(std::move(change));
  return {};
}

// Compiled all together, so after the last of them.
void SnapshotLoad::drop_unproved_patterns() {
  if (signers_.takes_unsigned()) return;
  const std::vector<bool> wide = signers_.wide_among(changes_);
  std::vector<Change> kept;
  for (std::size_t i = 0; i < changes_.size(); ++i)
    if (!wide[i] || has_proof(changes_[i].signature)) kept.push_back(std::move(changes_[i]));
  changes_ = std::move(kept);
}

Result<void> SnapshotLoad::proof(const StoredBatch& stored) {
  is_chunk_other_ = true;
  const Result<Batch> batch = read_batch(stored.id, {stored.header, stored.body, stored.signature});
  if (!batch.ok()) return batch.error();
  if (signers_.refuse(batch.value())) return {};  // it proves nothing
  // What is wide in it has two signatures, or it would have been refused. To allow takes one, and proves nothing.
  for (const Change& change : batch.value().changes)
    if (change.op == Change::Op::kAdd && !change.signature.allow && signers_.may_be_wide(change.signature))
      proved_.insert(signers_.proved_form(change.signature, now_s_));
  proofs_.push_back(stored);
  return {};
}

Result<void> SnapshotLoad::finish() {
  drop_unproved_patterns();
  filler_.finish();
  const std::vector<Complaint>& of_rows = before_ ? before_->complaints : row_complaints_;
  complaints_.insert(complaints_.begin(), of_rows.begin(), of_rows.end());
  if (before_) return {};
  layer_->finish();
  if (domains_ != manifest_.domains || numbers_ != manifest_.numbers)
    return Error{ErrorCode::kInvalid, "it has " + std::to_string(domains_) + " domains and " + std::to_string(numbers_) + " numbers, its manifest tells " +
                                          std::to_string(manifest_.domains) + " and " + std::to_string(manifest_.numbers)};
  return {};
}

std::optional<CompiledSnapshot> SnapshotLoad::compiled() const {
  if (before_ || lacks_proofs_) return std::nullopt;
  return CompiledSnapshot{layer_, row_complaints_, other_chunks_, actions_, now_s_};
}

}  // namespace telefence
