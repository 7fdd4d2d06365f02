// SPDX-License-Identifier: Apache-2.0
// What is kept for going back, and what for the next start.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "signatures/compiled_layer.h"
#include "signatures/line_reader.h"
#include "signatures/match_helpers.h"
#include "signatures/size_estimate.h"
#include "signatures/snapshot.h"
#include "signatures/snapshot_file.h"
#include "signatures/version_history.h"

namespace telefence {
namespace {

std::shared_ptr<const Layer> layer_of(std::size_t names) {
  auto layer = std::make_shared<Layer>();
  for (std::size_t i = 0; i < names; ++i) layer->domains().add("n" + std::to_string(i) + ".example", {});
  layer->finish();
  return layer;
}

MatchSetParts parts_of(std::shared_ptr<const Layer> files, std::size_t words) {
  MatchSetParts parts;
  parts.files = std::move(files);
  parts.log = {layer_of(words)};
  return parts;
}

TEST(VersionHistory, KeepsVersionsAtGrowingDistances) {
  VersionHistory history(std::size_t{1} << 30);
  const auto files = layer_of(10);
  for (std::uint64_t i = 1; i <= 10'000; ++i)
    history.add({.number = i, .published_s = static_cast<std::int64_t>(60 * i)}, parts_of(files, 1));
  const auto versions = history.list();
  ASSERT_EQ(versions.size(), VersionHistory::kMost);
  EXPECT_EQ(versions.front().number, 10'000u);
  EXPECT_EQ(versions[1].number, 9'999u);
  EXPECT_EQ(versions.back().number, 1u) << "the oldest stays";
  std::size_t old_ones = 0;
  for (const VersionInfo& one : versions) old_ones += one.number < 9'900 ? 1 : 0;
  EXPECT_GT(old_ones, 6u) << "not only of the last minutes";
  EXPECT_NE(history.find(9'999), nullptr);
  EXPECT_EQ(history.find(3), nullptr);
}

TEST(VersionHistory, LargePartsThatOnlyOldVersionsHaveAreBounded) {
  const auto old_files = layer_of(50'000), new_files = layer_of(50'000);
  VersionHistory history(old_files->bytes() / 2);
  history.add({.number = 1}, parts_of(old_files, 1));
  history.add({.number = 2}, parts_of(old_files, 1));
  EXPECT_EQ(history.list().size(), 2u);
  history.add({.number = 3}, parts_of(new_files, 1));
  EXPECT_EQ(history.find(1), nullptr);
  EXPECT_EQ(history.find(2), nullptr);
  EXPECT_NE(history.find(3), nullptr);
  EXPECT_EQ(history.extra_bytes(), 0u);
}

class Compiled : public testing::Test {
 protected:
  Compiled() {
    options_.lists.push_back({.file = files_.write("domains", "bad.example\ncom.cn\nworse.example\n")});
    options_.lists.push_back({.file = files_.write("numbers", "+8617000000001\n10690000*\n"), .kind = SignatureKind::kNumber});
    options_.state_dir = files_.path("state");
    options_.keeps_compiled = true;
    std::filesystem::create_directories(options_.state_dir);
  }
  // Loads with a store of its own, and asks it.
  std::vector<std::string> blocked(std::vector<Complaint>& complaints) {
    SignatureStore store(test_terms());
    EXPECT_TRUE(store.load(options_, complaints).ok());
    store.keep_load();
    store.settle();
    const auto failure = store.take_keep_failure();
    failure_ = failure ? failure->message : "";
    const auto set = store.build(1, complaints);
    Asker ask(*set);
    std::vector<std::string> out = ask.domain("www.bad.example");
    for (const auto& more : {ask.domain("other.example"), ask.caller("17000000001"), ask.caller("1069000012345")})
      out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  std::string compiled() const { return options_.state_dir + "/lists.compiled"; }

  TestFiles files_;
  SignatureOptions options_;
  std::string failure_;
};

TEST_F(Compiled, ASecondStartReadsWhatTheFirstMadeComplaintsIncluded) {
  const std::vector<std::string> expected = {"bad.example", "+8617000000001", "10690000*"};
  std::vector<Complaint> first, second;
  EXPECT_EQ(blocked(first), expected);
  EXPECT_EQ(failure_, "");
  ASSERT_TRUE(std::filesystem::exists(compiled()));
  const auto written = std::filesystem::last_write_time(compiled());
  EXPECT_EQ(blocked(second), expected);
  EXPECT_EQ(std::filesystem::last_write_time(compiled()), written) << "it was read, not made again";
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].where, first[0].where);
  EXPECT_EQ(second[0].reason, first[0].reason);
}

TEST_F(Compiled, AChangedListOrOptionIsReadAnew) {
  std::vector<Complaint> complaints;
  (void)blocked(complaints);
  files_.write("domains", "other.example\n# one octet less or more\n");
  EXPECT_EQ(blocked(complaints), (std::vector<std::string>{"other.example", "+8617000000001", "10690000*"}));
  options_.lists[1].sides = Signature::Sides::kCalled;
  EXPECT_EQ(blocked(complaints), std::vector<std::string>{"other.example"});
}

TEST_F(Compiled, ADamagedFileIsMadeAgain) {
  std::vector<Complaint> complaints;
  const auto expected = blocked(complaints);
  std::fstream file(compiled(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(compiled()) / 2));
  file.put('\x55');
  file.close();
  EXPECT_EQ(blocked(complaints), expected);
  EXPECT_EQ(failure_, "");
}

TEST_F(Compiled, WhereNothingCanBeKeptTheListsAreInForceAllTheSame) {
  options_.state_dir = "/proc/nothing/here";
  std::vector<Complaint> complaints;
  EXPECT_EQ(blocked(complaints), (std::vector<std::string>{"bad.example", "+8617000000001", "10690000*"}));
  EXPECT_NE(failure_.find("/proc/nothing/here"), std::string::npos);
}

TEST(SizeEstimate, IsNearWhatTheTablesTake) {
  TestFiles files;
  std::string domains, numbers;
  for (int i = 0; i < 100'000; ++i) {
    domains += "fraud-" + std::to_string(i) + ".example\n";
    numbers += "+86138" + std::to_string(10'000'000 + i) + "\n";
  }
  SignatureOptions options;
  options.lists.push_back({.file = files.write("domains", domains)});
  options.lists.push_back({.file = files.write("numbers", numbers), .kind = SignatureKind::kNumber});
  const auto size = estimate_size(options, test_terms(), true);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size.value().domains, 100'000u);
  EXPECT_EQ(size.value().numbers, 100'000u);
  SignatureStore store(test_terms());
  std::vector<Complaint> complaints;
  ASSERT_TRUE(store.load(options, complaints).ok());
  const auto bytes = static_cast<double>(store.build(1, complaints)->size().bytes);
  EXPECT_GT(static_cast<double>(size.value().bytes), 0.95 * bytes);
  EXPECT_LT(static_cast<double>(size.value().bytes), 1.10 * bytes);
  EXPECT_GT(size.value().load_seconds, 0.0);
  options.lists[0].file = "/nonexistent/list";
  EXPECT_FALSE(estimate_size(options, test_terms(), false).ok());
}

// As a log brings them, each with an end or an id, or neither.
TEST(SizeEstimate, OfEntriesIsNearWhatTheTablesTake) {
  std::vector<Change> changes;
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    Change change;
    Signature& signature = change.signature;
    signature.kind = i % 3 == 0 ? SignatureKind::kDomain : SignatureKind::kNumber;
    signature.value = i % 3 == 0 ? "fraud-" + std::to_string(i) + ".example" : "+86138" + std::to_string(10'000'000 + i);
    signature.expires_s = i % 2 == 0 ? 4'000'000'000 : 0;
    changes.push_back(std::move(change));
  }
  changes.emplace_back();
  changes.back().signature = {.kind = SignatureKind::kPattern, .value = "转账到安全账户", .literal = true};
  EntriesEstimate entries(test_terms());
  for (const Change& change : changes) entries.add(change.signature);
  SizeEstimate size;
  entries.finish(size);
  EXPECT_EQ(size.domains, 100'000u);
  EXPECT_EQ(size.numbers, 200'000u);
  EXPECT_EQ(size.patterns, 1u);
  EXPECT_GT(size.load_seconds, 0.0);
  EXPECT_EQ(size.peak_bytes, 2 * size.bytes);
  SignatureStore store(test_terms());
  std::vector<Complaint> complaints;
  store.apply(changes, complaints);
  const double bytes = static_cast<double>(store.build(1, complaints)->size().bytes) + 16.0 * 150'000;  // and the queue of moments
  EXPECT_GT(static_cast<double>(size.bytes), 0.85 * bytes);
  EXPECT_LT(static_cast<double>(size.bytes), 1.35 * bytes);
}

TEST(SizeEstimate, PatternsAreCompiledToKnowThem) {
  TestFiles files;
  std::string yaml = "category: loan\npatterns:\n";
  for (int i = 0; i < 300; ++i) {
    const std::string text = "fraud number " + std::to_string(i * 7919);
    yaml += "  - {id: p" + std::to_string(i) + ", name: {en: one, zh: one}, text: \"" + text + "\", must_match: [\"" + text +
            "\"], must_not_match: [good morning]}\n";
  }
  yaml += "  - {id: p0, name: {en: one, zh: one}, text: \"once more\", must_match: [\"once more\"], must_not_match: [good morning]}\n";
  SignatureOptions options;
  options.patterns.push_back(files.write("patterns.yaml", yaml));
  const auto size = estimate_size(options, test_terms(), true);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size.value().patterns, 300u);
  EXPECT_EQ(size.value().left_out, 1u);  // the id that is used twice
  EXPECT_GT(size.value().load_seconds, 0.0);
  SignatureStore store(test_terms());
  std::vector<Complaint> complaints;
  ASSERT_TRUE(store.load(options, complaints).ok());
  EXPECT_EQ(size.value().bytes, store.build(1, complaints)->size().bytes);
  EXPECT_EQ(estimate_size(options, test_terms(), false).value().patterns, 0u);
}

TEST(SizeEstimate, WhatWasKeptOfTheLogIsInIt) {
  TestFiles files;
  const std::string folder = std::filesystem::path(files.write("anchor", "")).parent_path() / "state";
  std::filesystem::create_directory(folder);
  SnapshotManifest manifest;
  manifest.sequence = 7;
  manifest.domains = 1'000'000;
  manifest.numbers = 2'000'000;
  ASSERT_TRUE(SnapshotFile::write(folder, manifest_value(manifest_text(manifest), {}), {}).ok());
  SignatureOptions options;
  options.state_dir = folder;
  EXPECT_EQ(estimate_size(options, test_terms(), false).value().kept_entries, 0u) << "without Redis nothing of it is used";
  options.redis.server = "unix:redis.sock";
  const SizeEstimate size = estimate_size(options, test_terms(), false).value();
  EXPECT_EQ(size.kept_entries, 3'000'000u);
  EXPECT_NEAR(static_cast<double>(size.kept_bytes), 1e6 * 30.4 + 2e6 * 10.9, 2e6) << "as docs/operate.md tells";
  manifest.ends = 1'500'000;
  manifest.ids = 500'000;
  ASSERT_TRUE(SnapshotFile::write(folder, manifest_value(manifest_text(manifest), {}), {}).ok());
  EXPECT_NEAR(static_cast<double>(estimate_size(options, test_terms(), false).value().kept_bytes), 1e6 * 30.4 + 2e6 * 10.9 + 1.5e6 * 26 + 5e5 * 10, 2e6);
  std::ofstream(folder + "/snapshot") << "spoilt";
  EXPECT_EQ(estimate_size(options, test_terms(), false).value().kept_bytes, 0u);
}

TEST(SizeEstimate, CommentsAndWhatIsNoEntryAreNone) {
  TestFiles files;
  SignatureOptions options;
  options.lists.push_back({.file = files.write("domains", "# of today\n\nbad.example\n; so\ncom.cn\na b\nworse.example # and why\n")});
  const auto size = estimate_size(options, test_terms(), true);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size.value().domains, 2u);
  EXPECT_EQ(size.value().left_out, 2u);
}

TEST(LineReader, GivesTheLinesThatGetlineGives) {
  TestFiles files;
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::string(static_cast<std::size_t>(i % 37), static_cast<char>('a' + i % 26)) + "\n";
  for (const std::string& tail : {std::string(), std::string("last without an end"), std::string("\n\n"), std::string(3 << 20, 'x')}) {
    const std::string file = files.write("lines", text + tail);
    auto reader = LineReader::open(file);
    ASSERT_TRUE(reader.ok());
    reader.value().count_lines();
    std::ifstream stream(file);
    std::string expected;
    std::string_view line;
    std::string long_line;
    while (std::getline(stream, expected)) {
      if (expected.size() <= LineReader::kLongestLine) {
        ASSERT_TRUE(reader.value().next(line));
        ASSERT_EQ(line, expected);
        continue;
      }
      while (reader.value().next(line)) long_line += line;  // in pieces
      ASSERT_EQ(long_line, expected);
    }
    EXPECT_FALSE(reader.value().next(line));
    EXPECT_FALSE(reader.value().has_failed());
  }
}

}  // namespace
}  // namespace telefence
