// SPDX-License-Identifier: Apache-2.0
#include "centre/log_image.h"

#include <algorithm>
#include <limits>

#include "normalise/phone.h"
#include "signatures/source_quota.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::int64_t kSoonest_ms = 3'600'000;  // a publisher's clock may be so much ahead

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
  return with(terms, trust, std::move(signers.value()));
}

LogImage LogImage::with(const CompileTerms& terms, const TrustOptions& trust, Signers signers) {
  LogImage image(terms, trust);
  image.signers_ = std::move(signers);
  return image;
}

// The batches behind wide entries, also behind those that wait, and behind all texts that two have signed: which of them are wide every edge
// judges by its own terms.
void LogImage::keep_proofs(const std::vector<Change>& changes, const StoredBatch& from) {
  for (const Change& change : changes) {
    if (change.op != Change::Op::kAdd || change.signature.allow || !signers_.may_be_wide(change.signature)) continue;
    const Result<Entry> entry = canonical_entry(change.signature, store_->terms());
    if (entry.ok()) proofs_[{entry.value().key, change.signature.source}] = from;
  }
}

// Patterns as they were written, which the tables do not give back.
void LogImage::keep(const Change& change) {
  const Signature& signature = change.signature;
  const auto is_meant = [&](const std::string& source) { return source == signature.source || (change.op == Change::Op::kRemove && signature.source.empty()); };
  if (change.op == Change::Op::kReplaceList) {
    std::erase_if(texts_, [&](const auto& one) { return one.first.second == signature.source && one.second.signature.kind == signature.kind; });
    return;
  }
  if (!is_text(signature.kind)) return;
  const Result<Entry> entry = canonical_entry(signature, store_->terms());
  if (!entry.ok()) return;
  const std::uint64_t key = entry.value().key;
  const auto of_key = [&](auto& map) { return std::pair(map.lower_bound({key, ""}), map.lower_bound({key + 1, ""})); };
  for (auto [place, end] = of_key(texts_); place != end;) place = is_meant(place->first.second) ? texts_.erase(place) : std::next(place);
  if (change.op == Change::Op::kAdd)
    texts_[{key, signature.source}] = change;
  else if (signature.source.empty())
    removed_texts_[key] = change;
}

void LogImage::begin_with(const SnapshotManifest& manifest, SnapshotLoad& load) {
  std::vector<Change> changes = load.changes();
  waiting_.sort_out(changes, manifest.moment_ms / 1000);
  std::vector<Complaint> complaints;
  store_->adopt_log(load.layer(), load.removed(), changes, complaints);
  for (const Change& change : load.removed())
    if (is_text(change.signature.kind)) keep(change);
  for (const Change& change : changes) keep(change);
  for (const Change& change : load.unenforced()) unenforced_.apply(change);
  for (const StoredBatch& stored : load.proofs()) {
    const Result<Batch> batch = read_batch(stored.id, {stored.header, stored.body, stored.signature});
    if (!batch.ok()) continue;
    keep_proofs(batch.value().changes, stored);
    approvals_.note(batch.value(), manifest.created_ms);
    if (Approvals::could_count_again(batch.value(), manifest.created_ms)) approved_.push_back(stored);
  }
  approvals_.begin_at(manifest.created_ms);
  sequence_ = manifest.sequence;
  hash_ = manifest.hash;
  newest_ms_ = manifest.created_ms;
  trail_ = manifest.before;
}

std::optional<RefusedBatch> LogImage::take(const StoredBatch& stored, Result<Batch> read) {
  if (!hash_.empty()) trail_.add(sequence_, hash_);
  sequence_ = first_part(stored.id);
  hash_ = batch_hash(stored.header, stored.body);
  if (!read.ok()) return RefusedBatch{BatchRefusal::kMalformed, read.error().message};
  Batch& batch = read.value();
  if (!batch.newer.empty()) return RefusedBatch{BatchRefusal::kNewer, batch.newer};
  approvals_.sort_out(batch);
  if (auto refused = signers_.refuse(batch)) return refused;
  // What was over, and what waited, comes before what was said now.
  const std::int64_t moment_ms = moment_ms_ != 0 ? moment_ms_ : now_ms();
  const std::int64_t then_s = std::min(batch.timestamp_ms, moment_ms) / 1000;
  if (batch.timestamp_ms <= moment_ms + kSoonest_ms) newest_ms_ = std::max(newest_ms_, batch.timestamp_ms);
  store_->sweep(then_s, std::numeric_limits<std::size_t>::max());
  if (auto refused = telefence::refuse_over_quota(batch, trust_, *store_, waiting_)) return refused;
  approvals_.note(batch, moment_ms);
  if (batch.signatures.size() >= 2) keep_proofs(batch.changes, stored);  // else it is no proof
  if (Approvals::could_count_again(batch, std::min(batch.timestamp_ms, moment_ms))) approved_.push_back(stored);
  std::vector<Change> due = waiting_.take_due(then_s);
  waiting_.sort_out(batch.changes, then_s);
  due.insert(due.end(), batch.changes.begin(), batch.changes.end());
  std::vector<Complaint> complaints;
  store_->apply(due, complaints);
  for (const Change& change : due) keep(change);
  for (const Change& change : batch.unenforced) unenforced_.apply(change);
  store_->gather();
  return std::nullopt;
}

// The batch behind a wide entry, once.
void LogImage::write_proof(const Change& change, SnapshotWriter& writer) {
  if (proofs_.empty() || change.op != Change::Op::kAdd || change.signature.allow) return;
  if (!is_text(change.signature.kind) && !signers_.is_wide(change.signature)) return;  // a text has one if it was found wide
  const Result<Entry> entry = canonical_entry(change.signature, store_->terms());
  const auto proof = entry.ok() ? proofs_.find({entry.value().key, change.signature.source}) : proofs_.end();
  if (proof != proofs_.end() && proved_.insert(proof->second.id).second) writer.add_proof(proof->second);
}

// Who begins with this snapshot must know which approvals were used, also when what they put in force was taken back.
void LogImage::write_approved(std::int64_t now_s, SnapshotWriter& writer) {
  std::erase_if(approved_, [&](const StoredBatch& stored) {
    const Result<Batch> batch = read_batch(stored.id, {stored.header, stored.body, stored.signature});
    return !batch.ok() || !Approvals::could_count_again(batch.value(), 1000 * now_s);
  });
  for (const StoredBatch& stored : approved_)
    if (proved_.insert(stored.id).second) writer.add_proof(stored);
}

void LogImage::write_tables(std::int64_t now_s, SnapshotWriter& writer) {
  store_->for_each_word([&](const WordValue& value, const LogWords& words) {
    const std::string text = value.is_number() ? number_for_people(value.number().digits) : std::string(value.name());
    for (const LogWord& word : words) {
      if (is_over(word.note.expires_s, now_s)) continue;
      Change change = change_of(value, word, store_->terms());
      writer.add(change, text, word.note.expires_s, word.note.id);
      if (proofs_.empty()) continue;
      change.signature.value = text;
      write_proof(change, writer);
    }
  });
}

std::optional<RefusedBatch> LogImage::refuse_over_quota() const {
  std::map<std::string, std::uint64_t> entries;
  for (const SourceQuota& quota : trust_.quotas) entries[quota.source] = store_->entries_after(quota.source, {});
  return signers_.refuse_over_quota(entries);
}

void LogImage::take_due(std::int64_t now_s) {
  std::vector<Complaint> complaints;
  const std::vector<Change> due = waiting_.take_due(now_s);
  store_->apply(due, complaints);
  for (const Change& change : due) keep(change);
}

void LogImage::for_each(std::int64_t now_s, const std::function<void(const Change&)>& visit) {
  take_due(now_s);
  store_->for_each_word([&](const WordValue& value, const LogWords& words) {
    for (const LogWord& word : words) {
      if (word.note.word != EntryNote::Word::kEntry || is_over(word.note.expires_s, now_s)) continue;
      Change change = change_of(value, word, store_->terms());
      Signature& signature = change.signature;
      signature.value = value.is_number() ? number_for_people(value.number().digits) + (signature.prefix ? "*" : "") : std::string(value.name());
      signature.expires_s = word.note.expires_s;
      signature.id = word.note.id;
      visit(change);
    }
  });
  for (const auto& [key, change] : texts_)
    if (!is_over(change.signature.expires_s, now_s)) visit(change);
  waiting_.for_each(visit);
}

void LogImage::write(std::int64_t now_s, SnapshotWriter& writer, SnapshotManifest& manifest) {
  manifest.sequence = sequence_;
  manifest.hash = hash_;
  trail_.thin();
  manifest.before = trail_;
  take_due(now_s);
  proved_.clear();
  write_approved(now_s, writer);
  write_tables(now_s, writer);
  for (const auto& [key, change] : removed_texts_) writer.add_line(change);
  for (const auto& [key, change] : texts_)
    if (!is_over(change.signature.expires_s, now_s)) {
      writer.add_line(change);
      write_proof(change, writer);
    }
  unenforced_.for_each_line(now_s, [&](const std::string& line) { writer.add_unenforced(line); });
  waiting_.for_each([&](const Change& change) {
    writer.add_line(change);
    write_proof(change, writer);
  });
}

}  // namespace telefence
