// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_image.h"

#include <algorithm>
#include <limits>
#include <set>

#include "normalise/phone.h"
#include "signatures/source_quota.h"

namespace telefence {
namespace {

bool is_text(SignatureKind kind) { return kind == SignatureKind::kPattern || kind == SignatureKind::kUrl; }

bool is_over(std::int64_t expires_s, std::int64_t now_s) { return expires_s != 0 && expires_s <= now_s; }

// What an op line says of such an entry, without its value.
Change change_of(const WordValue& value, const LogWord& word, const CompileTerms& terms) {
  Change change;
  Signature& signature = change.signature;
  signature.kind = value.is_number() ? SignatureKind::kNumber : SignatureKind::kDomain;
  signature.prefix = value.is_number() && value.number().prefix;
  if (word.note.word == EntryNote::Word::kRemoved) {
    change.op = Change::Op::kRemove;
    return change;
  }
  signature.subdomains = word.note.subdomains;
  signature.sides = static_cast<Signature::Sides>(word.terms.sides);
  signature.allow = word.terms.allow;
  signature.shadow = word.terms.shadow;
  if (word.terms.action != kNoAction) signature.action = terms.action_name(word.terms.action);
  signature.category = word.terms.category;
  signature.tier = word.terms.tier;
  signature.source = word.terms.source;
  return change;
}

}  // namespace

LogImage::LogImage(const CompileTerms& terms, const TrustOptions& trust)
    : trust_(trust), store_(std::make_unique<SignatureStore>(terms)), waiting_(WaitingChanges::of_all_nodes(terms.home_country)) {
  store_->keep_removals();
}

Result<LogImage> LogImage::with(const CompileTerms& terms, const TrustOptions& trust) {
  Result<Signers> signers = Signers::load(trust);
  if (!signers.ok()) return signers.error();
  LogImage image(terms, trust);
  image.signers_ = std::move(signers.value());
  return image;
}

// What the tables do not give back: patterns as they were written, and the batches behind wide entries.
void LogImage::keep(const Change& change, const StoredBatch* from) {
  const Signature& signature = change.signature;
  const auto is_meant = [&](const std::string& source) { return source == signature.source || (change.op == Change::Op::kRemove && signature.source.empty()); };
  if (change.op == Change::Op::kReplaceList) {
    std::erase_if(texts_, [&](const auto& one) { return one.first.second == signature.source && one.second.signature.kind == signature.kind; });
    return;
  }
  const bool needs_proof = change.op == Change::Op::kAdd && from != nullptr && signers_.is_wide(signature);
  if (!needs_proof && !is_text(signature.kind)) return;  // nearly all
  const Result<Entry> entry = canonical_entry(signature, store_->terms());
  if (!entry.ok()) return;
  const std::uint64_t key = entry.value().key;
  const auto of_key = [&](auto& map) { return std::pair(map.lower_bound({key, ""}), map.lower_bound({key + 1, ""})); };
  if (needs_proof) proofs_[{key, signature.source}] = *from;
  if (!is_text(signature.kind)) return;
  for (auto [place, end] = of_key(texts_); place != end;) place = is_meant(place->first.second) ? texts_.erase(place) : std::next(place);
  if (change.op == Change::Op::kAdd)
    texts_[{key, signature.source}] = change;
  else if (signature.source.empty())
    removed_texts_[key] = change;
}

void LogImage::begin_with(const SnapshotManifest& manifest, SnapshotLoad& load) {
  std::vector<Change> changes = load.changes();
  waiting_.sort_out(changes, manifest.created_ms / 1000);
  std::vector<Complaint> complaints;
  store_->adopt_log(load.layer(), load.removed(), changes, complaints);
  for (const Change& change : load.removed())
    if (is_text(change.signature.kind)) keep(change, nullptr);
  for (const Change& change : changes) keep(change, nullptr);
  for (const StoredBatch& stored : load.proofs()) {
    const Result<Batch> batch = read_batch(stored.id, {stored.header, stored.body, stored.signature});
    if (!batch.ok()) continue;
    for (const Change& change : batch.value().changes)
      if (change.op == Change::Op::kAdd && !is_text(change.signature.kind)) keep(change, &stored);
  }
  sequence_ = manifest.sequence;
  hash_ = manifest.hash;
}

std::string LogImage::take(const StoredBatch& stored) {
  sequence_ = first_part(stored.id);
  hash_.clear();
  Result<Batch> read = read_batch(stored.id, {stored.header, stored.body, stored.signature});
  if (!read.ok()) return read.error().message;
  Batch& batch = read.value();
  hash_ = batch.hash;
  if (!batch.newer.empty()) return batch.newer;
  if (const auto refused = signers_.refuse(batch)) return refused->why;
  if (const auto refused = refuse_over_quota(batch, trust_, *store_)) return refused->why;
  // What waited comes before what was said later.
  const std::int64_t then_s = batch.timestamp_ms / 1000;
  std::vector<Change> due = waiting_.take_due(then_s);
  waiting_.sort_out(batch.changes, then_s);
  due.insert(due.end(), batch.changes.begin(), batch.changes.end());
  std::vector<Complaint> complaints;
  store_->apply(due, complaints);
  for (const Change& change : due) keep(change, &stored);
  store_->gather();
  return {};
}

void LogImage::write_tables(std::int64_t now_s, SnapshotWriter& writer) {
  std::set<std::string> proved;
  store_->for_each_word([&](const WordValue& value, const LogWords& words) {
    const std::string text = value.is_number() ? number_for_people(value.number().digits) : std::string(value.name());
    for (const LogWord& word : words) {
      if (is_over(word.note.expires_s, now_s)) continue;
      Change change = change_of(value, word, store_->terms());
      writer.add(change, text, word.note.expires_s, word.note.id);
      if (proofs_.empty() || change.op == Change::Op::kRemove) continue;
      change.signature.value = text;
      if (!signers_.is_wide(change.signature)) continue;
      const Result<Entry> entry = canonical_entry(change.signature, store_->terms());
      const auto proof = entry.ok() ? proofs_.find({entry.value().key, change.signature.source}) : proofs_.end();
      if (proof != proofs_.end() && proved.insert(proof->second.id).second) writer.add_proof(proof->second);
    }
  });
}

void LogImage::write(std::int64_t now_s, SnapshotWriter& writer, SnapshotManifest& manifest) {
  manifest.sequence = sequence_;
  manifest.hash = hash_;
  std::vector<Complaint> complaints;
  const std::vector<Change> due = waiting_.take_due(now_s);
  store_->apply(due, complaints);
  for (const Change& change : due) keep(change, nullptr);
  write_tables(now_s, writer);
  for (const auto& [key, change] : removed_texts_) writer.add_line(change);
  for (const auto& [key, change] : texts_)
    if (!is_over(change.signature.expires_s, now_s)) writer.add_line(change);
  waiting_.for_each([&](const Change& change) { writer.add_line(change); });
}

}  // namespace telefence
