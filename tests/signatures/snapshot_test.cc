// SPDX-License-Identifier: Apache-2.0
// A snapshot says the same as the log it was made of: random logs, cut at random places. STORE_SEED asks for another.
#include "signatures/snapshot.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>

#include "centre/log_image.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "normalise/phone.h"
#include "signatures/edge_feed.h"
#include "signatures/op_line.h"
#include "signatures/snapshot_fetch.h"

namespace telefence {
namespace {

struct Written {
  SnapshotManifest manifest;
  std::vector<std::string> chunks;
};

Written written(LogImage& image, std::int64_t now_s) {
  Written out;
  SnapshotWriter writer;
  out.manifest.moment_ms = out.manifest.created_ms = 1000 * now_s;
  image.write(now_s, writer, out.manifest);
  EXPECT_TRUE(writer.finish(out.manifest, [&](std::size_t index, std::string packed) -> Result<void> {
    EXPECT_EQ(index, out.chunks.size());
    out.chunks.push_back(std::move(packed));
    return {};
  }).ok());
  const std::string text = manifest_text(out.manifest);
  Result<SnapshotManifest> again = read_manifest(manifest_value(text, {}));
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(manifest_text(again.value()), text);
  out.manifest = std::move(again.value());
  return out;
}

Result<LoadedSnapshot> loaded(const Written& snapshot, const CompileTerms& terms, const Signers& signers, std::optional<CompiledSnapshot> before = {}) {
  return load_snapshot(snapshot.manifest, terms, signers, false, [&](std::size_t index) -> Result<std::string> { return snapshot.chunks[index]; },
                       std::move(before));
}

// As the start after the next reads it: what the next has compiled, and left on the disk.
Result<LoadedSnapshot> loaded_again(const Written& snapshot, const CompileTerms& terms, const Signers& signers) {
  const TestFiles files;
  const std::string key = snapshot_key(snapshot.manifest, terms, signers);
  Result<LoadedSnapshot> first = loaded(snapshot, terms, signers);
  if (!first.ok()) return first;
  const std::optional<CompiledSnapshot> compiled = first.value().load->compiled();
  EXPECT_TRUE(compiled && write_compiled_snapshot(files.path(""), key, *compiled, terms).ok());
  std::optional<CompiledSnapshot> before = read_compiled_snapshot(files.path(""), key, terms, std::time(nullptr));
  EXPECT_TRUE(before);
  Result<LoadedSnapshot> again = loaded(snapshot, terms, signers, std::move(before));
  if (again.ok()) {
    EXPECT_EQ(again.value().load->complaints().size(), first.value().load->complaints().size());
    EXPECT_FALSE(again.value().load->compiled()) << "it was compiled again";
  }
  return again;
}

TrustOptions unsigned_too() {
  TrustOptions trust;
  trust.accept_unsigned = true;
  return trust;
}

// Words of the log and what patterns say, as text.
std::map<std::string, std::vector<std::string>> dump(const SignatureStore& store) {
  std::map<std::string, std::vector<std::string>> out;
  store.for_each_word([&](const WordValue& value, const LogWords& words) {
    const std::string name = value.is_number() ? number_for_people(value.number().digits) + (value.number().prefix ? "*" : "") : std::string(value.name());
    for (const LogWord& word : words) {
      const Terms& terms = word.terms;
      out[name].push_back(std::to_string(static_cast<int>(word.note.word)) + " " + terms.source + " " + std::to_string(terms.allow) + std::to_string(terms.shadow) +
                          std::to_string(terms.tier) + std::to_string(terms.sides) + " " + std::to_string(static_cast<int>(terms.category)) + " " +
                          std::to_string(terms.action) + " " + std::to_string(word.note.subdomains) + " " + std::to_string(word.note.id) + " " +
                          std::to_string(word.note.expires_s));
    }
    std::sort(out[name].begin(), out[name].end());
  });
  return out;
}

class Snapshots : public testing::Test {
 protected:
  Snapshots() : random_(std::getenv("STORE_SEED") == nullptr ? 1 : std::strtoull(std::getenv("STORE_SEED"), nullptr, 10)) {}

  std::string one_of(std::initializer_list<const char*> words) { return words.begin()[random_() % words.size()]; }
  std::string number(std::uint64_t below) { return std::to_string(random_() % below); }

  std::string line() {
    const std::string kind = one_of({"domain", "domain", "number", "number", "pattern", "url"});
    std::string value = kind == "domain"    ? "n" + number(40) + ".example"
                        : kind == "number"  ? one_of({"138000000", "+861380000", "9558", "+44790012", "0106555"}) + number(90)
                        : kind == "pattern" ? "转账到安全账户" + number(9)
                                            : "n" + number(9) + ".example/pay";
    const std::string source = one_of({"city", "vendor", ""});
    std::string out = R"({"op":")" + one_of({"add", "add", "add", "allow", "remove"}) + R"(","kind":")" + kind + R"(","value":")" + value + "\"";
    const bool is_removal = out.find("remove") != std::string::npos;
    if (kind == "domain" && random_() % 3 == 0) out += R"(,"match":"exact")";
    if (kind == "number" && random_() % 3 == 0) out += R"(,"match":"prefix")";
    if (!source.empty()) out += R"(,"source":")" + source + "\"";
    if (!is_removal && kind == "number" && random_() % 3 == 0) out += R"(,"side":"called")";
    if (!is_removal && random_() % 3 == 0) out += R"(,"level":3,"category":"loan")";
    if (!is_removal && random_() % 4 == 0) out += R"(,"expires":)" + std::to_string(now_s_ + 2 + static_cast<std::int64_t>(random_() % 30));
    if (!is_removal && random_() % 8 == 0) out += R"(,"valid_from":)" + std::to_string(now_s_ + 1);
    if (!is_removal && random_() % 6 == 0) out += R"(,"id":)" + std::to_string(1 + random_() % 1000);
    if (!is_removal && random_() % 6 == 0)
      out += R"(,"shadow":true)";
    else if (out.find(R"("op":"add")") != std::string::npos && random_() % 6 == 0)
      out += R"(,"canary":50,"shadow_until":)" + std::to_string(now_s_ + 1);
    if (!is_removal && kind == "domain" && random_() % 5 == 0) out += R"(,"action":"drop")";
    return out + "}";
  }
  StoredBatch batch() {
    ++sequence_;
    std::vector<std::string> lines;
    if (random_() % 12 == 0) lines.push_back(R"({"op":"replace-list","kind":")" + one_of({"domain", "number", "pattern"}) + R"(","source":"vendor"})");
    for (std::uint64_t i = 1 + random_() % 12; i > 0; --i) lines.push_back(line());
    const PackedBatch packed = pack_batch(sequence_, 1000 * now_s_, "centre", hash_, lines).value();
    hash_ = batch_hash(packed.header, packed.body);
    return {std::to_string(sequence_) + "-0", packed.header, packed.body, ""};
  }
  static Result<Batch> read_of(const StoredBatch& stored) { return read_batch(stored.id, {stored.header, stored.body, ""}); }
  void take_one(LogImage& image) {
    const StoredBatch stored = batch();
    (void)image.take(stored, read_of(stored));
  }
  // As a follower does it.
  static void apply(const StoredBatch& stored, SignatureStore& store, WaitingChanges& waiting, std::int64_t now_s) {
    Batch batch = read_of(stored).value();
    std::vector<Complaint> complaints;
    std::vector<Change> due = waiting.take_due(now_s);
    waiting.sort_out(due, now_s);
    store.apply(due, complaints);
    waiting.sort_out(batch.changes, now_s);
    store.apply(batch.changes, complaints);
  }

  std::mt19937_64 random_;
  std::int64_t now_s_ = 1'800'000'000;
  std::uint64_t sequence_ = 0;
  std::string hash_;
  const CompileTerms terms_ = test_terms();
  Signers signers_ = Signers::load(unsigned_too()).value();
};

TEST_F(Snapshots, SayTheSameAsTheLogTheyWereMadeOf) {
  for (int round = 0; round < 40; ++round) {
    sequence_ = 0;
    hash_.clear();
    SignatureStore whole(terms_);
    whole.keep_removals();
    WaitingChanges whole_waiting("86", "edge");
    LogImage image = std::move(LogImage::with(terms_, unsigned_too()).value());
    std::uint64_t since_snapshot = 0;
    for (std::uint64_t i = 30 + random_() % 60; i > 0; --i) {
      const StoredBatch stored = batch();
      apply(stored, whole, whole_waiting, now_s_);
      ASSERT_FALSE(image.take(stored, read_of(stored)).has_value());
      now_s_ += static_cast<std::int64_t>(random_() % 2);
      if (++since_snapshot < 20 || random_() % 10 != 0) continue;
      // The next one is made of this one.
      const Written snapshot = written(image, now_s_);
      Result<LoadedSnapshot> load = loaded(snapshot, terms_, signers_);
      ASSERT_TRUE(load.ok()) << load.error().message;
      image = std::move(LogImage::with(terms_, unsigned_too()).value());
      image.begin_with(snapshot.manifest, *load.value().load);
      since_snapshot = 0;
    }
    const Written snapshot = written(image, now_s_);
    ASSERT_EQ(snapshot.manifest.sequence, sequence_);
    ASSERT_EQ(snapshot.manifest.hash, hash_);
    SignatureStore fresh(terms_);
    fresh.keep_removals();
    WaitingChanges fresh_waiting("86", "edge");
    Result<LoadedSnapshot> load = round % 2 == 0 ? loaded(snapshot, terms_, signers_) : loaded_again(snapshot, terms_, signers_);
    ASSERT_TRUE(load.ok()) << load.error().message;
    fresh_waiting.sort_out(load.value().load->changes(), now_s_);
    std::vector<Complaint> complaints;
    fresh.adopt_log(load.value().load->layer(), load.value().load->removed(), load.value().load->changes(), complaints);
    for (int i = 0; i < 3; ++i) {
      std::vector<Complaint> ignored;
      for (const auto& [store, waiting] : {std::pair{&whole, &whole_waiting}, std::pair{&fresh, &fresh_waiting}}) {
        std::vector<Change> due = waiting->take_due(now_s_);
        waiting->sort_out(due, now_s_);
        store->apply(due, ignored);
      }
      whole.sweep(now_s_, 100'000);
      fresh.sweep(now_s_, 100'000);
      ASSERT_EQ(dump(fresh), dump(whole)) << "round " << round << ", step " << i;
      const auto counts = fresh.counts(), expected = whole.counts();
      ASSERT_EQ(std::tie(counts.domains, counts.numbers, counts.patterns, counts.urls, counts.allowed),
                std::tie(expected.domains, expected.numbers, expected.patterns, expected.urls, expected.allowed));
      for (const char* source : {"city", "vendor", "centre"}) ASSERT_EQ(fresh.entries_after(source, {}), whole.entries_after(source, {})) << source;
      now_s_ += 12;
      const StoredBatch next = batch();
      apply(next, whole, whole_waiting, now_s_);
      apply(next, fresh, fresh_waiting, now_s_);
    }
  }
}

class OneSnapshot : public Snapshots {
 protected:
  OneSnapshot() {
    LogImage image = std::move(LogImage::with(terms_, unsigned_too()).value());
    for (int i = 0; i < 50; ++i) take_one(image);
    snapshot_ = written(image, now_s_);
  }
  std::string why_not(const Written& snapshot) {
    const auto load = loaded(snapshot, terms_, signers_);
    return load.ok() ? "" : load.error().message;
  }
  Written snapshot_;
};

TEST_F(OneSnapshot, WithAnyByteFlippedIsNotTaken) {
  ASSERT_EQ(why_not(snapshot_), "");
  for (std::size_t at = 0; at < snapshot_.chunks[0].size(); at += 7) {
    Written flipped = snapshot_;
    flipped.chunks[0][at] = static_cast<char>(flipped.chunks[0][at] ^ 0x10);
    EXPECT_NE(why_not(flipped), "") << at;
  }
  Written cut = snapshot_;
  cut.chunks[0].pop_back();
  EXPECT_NE(why_not(cut), "");
  Written fewer = snapshot_;
  ++fewer.manifest.domains;
  EXPECT_NE(why_not(fewer).find("its manifest tells"), std::string::npos);
}

TEST_F(OneSnapshot, AManifestThatIsNoneIsToldAndNothingBreaks) {
  const std::string value = manifest_value(manifest_text(snapshot_.manifest), {});
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string changed = value;
    changed[at] = static_cast<char>(changed[at] ^ 0x04);
    const Result<SnapshotManifest> read = read_manifest(changed);
    if (read.ok()) {
      EXPECT_NE(read.value().digest, snapshot_.manifest.digest) << at;
    }
    EXPECT_FALSE(read_manifest(value.substr(0, at)).ok()) << at;
  }
  EXPECT_FALSE(read_manifest(R"({"v":2,"seq":1,"chunks":[]})" "\n").ok());
  EXPECT_FALSE(read_manifest(R"({"v":1,"seq":1,"chunks":[{"bytes":99999999999,"sha256":""}]})" "\n").ok());
}

TEST_F(Snapshots, WhatUnpacksToTooMuchIsRefused) {
  Written bomb;
  bomb.manifest.sequence = 1;
  std::string packed(ZSTD_compressBound(200 << 20), '\0');
  const std::string zeros(200 << 20, '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), zeros.data(), zeros.size(), 1));
  ASSERT_LT(packed.size(), kMaxChunkBytes);
  bomb.manifest.chunks.push_back({packed.size(), hex_of(sha256(packed))});
  EXPECT_FALSE(unpack_chunk(bomb.manifest, 0, packed).ok());
}

TEST_F(Snapshots, LinesThatAreNoneAreToldWithWhatIsWrong) {
  const auto why = [&](std::string text) {
    SnapshotManifest manifest;
    SnapshotLoad load(manifest, terms_, signers_);
    const Result<void> taken = load.take(0, text);
    return taken.ok() ? "" : taken.error().message;
  };
  EXPECT_EQ(why("a.example\n"), "a row before the first line with #");
  EXPECT_NE(why("#{\"op\":\"add\",\"kind\":\"pattern\",\"source\":\"s\"}\n").find("rows are for domains and numbers"), std::string::npos);
  EXPECT_NE(why("#{\"op\":\"add\",\"kind\":\"domain\",\"columns\":[\"colour\"]}\n").find("needs a newer telefence"), std::string::npos);
  EXPECT_NE(why("#{\"op\":\"add\",\"kind\":\"domain\",\"columns\":[\"expires\"]}\na.example\n").find("other columns"), std::string::npos);
  EXPECT_NE(why("#{\"op\":\"add\",\"kind\":\"domain\"}\na.example\t5\n").find("other columns"), std::string::npos);
  EXPECT_NE(why("#nonsense\n"), "");
  // Lists in lists, which a function that calls itself would write down again.
  EXPECT_NE(why("#{\"op\":\"add\",\"kind\":\"domain\",\"x\":" + std::string(3'000'000, '[') + std::string(3'000'000, ']') + "}\n").find("nested too deep"),
            std::string::npos);
  EXPECT_NE(why("{\"op\":\"replace-list\",\"kind\":\"domain\"}\n"), "");
  EXPECT_EQ(why("#{\"op\":\"add\",\"kind\":\"domain\",\"columns\":[\"expires\",\"id\"]}\na.example\t5\t7\n"), "");
}

TEST_F(Snapshots, AWideEntryWithoutItsBatchIsLeftOut) {
  const Signers strict = Signers::load({}).value();
  for (const char* row : {"#{\"op\":\"add\",\"kind\":\"number\",\"match\":\"prefix\"}\n+86170\n", "#{\"op\":\"add\",\"kind\":\"number\"}\n+86170*\n",
                          "#{\"op\":\"add\",\"kind\":\"domain\"}\nzip\n"}) {
    SnapshotManifest manifest;
    SnapshotLoad load(manifest, terms_, strict);
    ASSERT_TRUE(load.take(0, row).ok()) << row;
    ASSERT_EQ(load.complaints().size(), 1u) << row;
    EXPECT_EQ(load.complaints()[0].reason, "this is a wide entry, and no batch of two signers is there for it");
    ASSERT_TRUE(load.take(0, "#{\"op\":\"add\",\"kind\":\"domain\"}\nfine.example\n").ok());
    (void)load.finish();
    EXPECT_EQ(load.layer()->size(), 1u) << row;
    // What the two signed may become valid before the next start.
    EXPECT_FALSE(load.compiled()) << row;
  }
}

// What an edge has room for is estimated by it before it reads the rest.
TEST_F(Snapshots, TheManifestTellsHowManyEndOrHaveAnId) {
  SnapshotWriter writer;
  Change change;
  change.signature.kind = SignatureKind::kNumber;
  for (std::uint64_t i = 0; i < 100; ++i) writer.add(change, std::to_string(13800000000 + i), i % 4 == 0 ? 1'800'000'000 : 0, i % 10 == 0 ? i + 1 : 0);
  SnapshotManifest manifest;
  manifest.sequence = 1;
  ASSERT_TRUE(writer.finish(manifest, [](std::size_t, std::string) -> Result<void> { return {}; }).ok());
  const SnapshotManifest read = read_manifest(manifest_value(manifest_text(manifest), {})).value();
  EXPECT_EQ(read.numbers, 100u);
  EXPECT_EQ(read.ends, 25u);
  EXPECT_EQ(read.ids, 10u);
}

TEST_F(Snapshots, WhatMayNotBeBlockedIsLeftOutOfASnapshotToo) {
  SnapshotManifest manifest;
  SnapshotLoad load(manifest, terms_, signers_);
  ASSERT_TRUE(load.take(0, "#{\"op\":\"add\",\"kind\":\"domain\"}\ncom.cn\nbad.example\n#{\"op\":\"add\",\"kind\":\"number\"}\n110\n+8613800001111\n").ok());
  (void)load.finish();
  EXPECT_EQ(load.complaints().size(), 2u);
}

// Chunks that say nothing but which domains and numbers are added are not even unpacked when these are there compiled.
TEST_F(Snapshots, OfACompiledOneOnlyTheOtherChunksAreRead) {
  const std::string add = "#{\"op\":\"add\",\"kind\":\"domain\",\"action\":\"drop\"}\n", remove = "#{\"op\":\"remove\",\"kind\":\"number\"}\n+8613800001111\n";
  SnapshotManifest manifest;
  manifest.domains = 3;
  SnapshotLoad load(manifest, terms_, signers_);
  ASSERT_TRUE(load.take(0, add + "a.example\ncom.cn\n").ok());
  ASSERT_TRUE(load.take(1, remove).ok());
  ASSERT_TRUE(load.take(2, add + "b.example\n" + R"({"op":"add","kind":"pattern","value":"转账到安全账户"})" + "\n").ok());
  ASSERT_TRUE(load.take(3, "").ok());
  ASSERT_TRUE(load.finish().ok());
  const std::optional<CompiledSnapshot> compiled = load.compiled();
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->other_chunks, (std::vector<std::size_t>{1, 2}));
  SnapshotLoad again(manifest, terms_, signers_, compiled);
  EXPECT_FALSE(again.needs(0));
  EXPECT_TRUE(again.needs(1));
  EXPECT_TRUE(again.needs(2));
  EXPECT_FALSE(again.needs(3));
  ASSERT_TRUE(again.take(1, remove).ok());
  ASSERT_TRUE(again.take(2, add + "b.example\n" + R"({"op":"add","kind":"pattern","value":"转账到安全账户"})" + "\n").ok());
  ASSERT_TRUE(again.finish().ok());
  EXPECT_EQ(again.layer()->size(), 2u);
  EXPECT_EQ(again.removed().size(), 1u);
  EXPECT_EQ(again.changes().size(), 1u);
  ASSERT_EQ(again.complaints().size(), 1u);
  EXPECT_EQ(again.complaints()[0].value, "com.cn");
}

TEST_F(Snapshots, ACompiledOneIsOfItsManifestItsTermsAndItsSigners) {
  const TestFiles files;
  SnapshotManifest manifest;
  manifest.domains = 1;
  manifest.digest = "one";
  SnapshotLoad load(manifest, terms_, signers_);
  ASSERT_TRUE(load.take(0, "#{\"op\":\"add\",\"kind\":\"domain\",\"action\":\"drop\"}\na.example\n").ok());
  ASSERT_TRUE(load.finish().ok());
  const std::string key = snapshot_key(manifest, terms_, signers_);
  ASSERT_TRUE(write_compiled_snapshot(files.path(""), key, load.compiled().value(), terms_).ok());
  const std::int64_t now = std::time(nullptr);
  EXPECT_TRUE(read_compiled_snapshot(files.path(""), key, terms_, now));
  EXPECT_FALSE(read_compiled_snapshot(files.path(""), key, terms_, load.compiled().value().judged_s - 1)) << "judged by a clock that was ahead";
  SnapshotManifest other = manifest;
  other.digest = "other";
  CompileTerms abroad = terms_;
  abroad.home_country = "852";
  TrustOptions doubting = unsigned_too();
  doubting.wide.number_digits = 8;
  for (const std::string& of_other : {snapshot_key(other, terms_, signers_), snapshot_key(manifest, abroad, signers_),
                                      snapshot_key(manifest, terms_, Signers::load(doubting).value()), snapshot_key(manifest, terms_, Signers::load({}).value())})
    EXPECT_FALSE(read_compiled_snapshot(files.path(""), of_other, terms_, now)) << of_other;
  // A program that has other actions.
  CompileTerms renumbered = terms_, without = terms_;
  renumbered.action_id = [](std::string_view) { return ActionId{77}; };
  without.action_id = [](std::string_view) { return kNoAction; };
  EXPECT_FALSE(read_compiled_snapshot(files.path(""), key, renumbered, now));
  EXPECT_FALSE(read_compiled_snapshot(files.path(""), key, without, now));
}

}  // namespace
}  // namespace telefence
