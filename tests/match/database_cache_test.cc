// SPDX-License-Identifier: Apache-2.0
#include "match/database_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "match/match_set.h"

namespace telefence {
namespace {

namespace fs = std::filesystem;

class DatabaseCacheTest : public testing::Test {
 protected:
  DatabaseCacheTest() {
    std::string name = testing::TempDir() + "telefence-cache-XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    directory_ = name;
  }
  ~DatabaseCacheTest() override { fs::remove_all(directory_); }

  // The refusals and how many are in the set.
  std::pair<std::vector<std::string>, std::uint64_t> build(const std::vector<std::string>& expressions) {
    MatchSetBuilder builder;
    builder.set_pattern_options({.cache_directory = directory_});
    for (const std::string& expression : expressions) builder.add_pattern({.expression = expression}, builder.add_rule({}));
    const auto built = builder.build_base(1);
    std::vector<std::string> out;
    for (const PatternError& error : built.rejected)
      if (error.is_left_out) out.push_back(error.reason);
    return {out, built.set->size().patterns};
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(directory_)) out.push_back(entry.path());
    return out;
  }
  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const fs::path& path, const std::string& content) { std::ofstream(path, std::ios::binary | std::ios::trunc) << content; }

  std::string directory_;
};

const std::vector<std::string> kExpressions = {"[a-z]{5}[0-9]{9,}", "(?<=a)b", "[0-9]{15,17}x"};

TEST_F(DatabaseCacheTest, TheSecondTimeItIsReadAndSaysTheSame) {
  const auto first = build(kExpressions);
  ASSERT_EQ(files().size(), 1u);
  const std::string before = content(files().front());
  const auto second = build(kExpressions);
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.second, 2u);
  ASSERT_EQ(first.first.size(), 1u);
  EXPECT_EQ(content(files().front()), before);
}

TEST_F(DatabaseCacheTest, OtherExpressionsHaveAnotherFile) {
  build(kExpressions);
  build({"[a-z]{5}[0-9]{9,}"});
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(DatabaseCacheTest, AWrongFileIsNeverTrustedAndIsReplaced) {
  const auto right = build(kExpressions);
  const fs::path file = files().front();
  const std::string sound = content(file);
  std::vector<std::string> wrong = {"", "x", sound.substr(0, 40), sound.substr(0, sound.size() - 1), sound + "x"};
  for (const std::size_t at : {std::size_t{0}, std::size_t{9}, std::size_t{12}, std::size_t{20}, std::size_t{30}, std::size_t{60}, std::size_t{80}, sound.size() - 9}) {
    wrong.push_back(sound);
    wrong.back()[at] = static_cast<char>(wrong.back()[at] ^ 1);
  }
  for (const std::string& bad : wrong) {
    write(file, bad);
    EXPECT_EQ(build(kExpressions), right);
    EXPECT_EQ(content(file), sound);
  }
}

TEST_F(DatabaseCacheTest, AFileUnderAnothersNameIsNotTaken) {
  build(kExpressions);
  const fs::path first = files().front();
  const std::string wanted = DatabaseCache::key_of("another");
  fs::copy_file(first, fs::path(directory_) / (wanted + ".hsdb"));
  EXPECT_FALSE(DatabaseCache(directory_).find(wanted).has_value());
  EXPECT_TRUE(DatabaseCache(directory_).find(first.stem().string()).has_value());
}

TEST_F(DatabaseCacheTest, AFolderThatOthersMayWriteToIsNotUsed) {
  ASSERT_EQ(chmod(directory_.c_str(), 0777), 0);
  build(kExpressions);
  EXPECT_TRUE(files().empty());
  EXPECT_FALSE(DatabaseCache(directory_).is_in_use());
  EXPECT_FALSE(DatabaseCache(directory_ + "/not-there").is_in_use());
  EXPECT_FALSE(DatabaseCache("").is_in_use());
}

TEST_F(DatabaseCacheTest, TheLongestUnusedFilesGo) {
  const DatabaseCache cache(directory_);
  for (std::size_t i = 0; i < DatabaseCache::kMostFiles + 3; ++i) cache.keep(DatabaseCache::key_of(std::to_string(i)), nullptr, "");
  EXPECT_EQ(files().size(), DatabaseCache::kMostFiles);
  EXPECT_TRUE(cache.find(DatabaseCache::key_of(std::to_string(DatabaseCache::kMostFiles + 2))).has_value());
}

}  // namespace
}  // namespace telefence
