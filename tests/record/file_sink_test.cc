// SPDX-License-Identifier: Apache-2.0
#include "record/file_sink.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace telefence {
namespace {

class FileSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "records.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/eve.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string content(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileSinkTest, RotatesBeforeTheFileGrowsOverItsSizeAndKeepsSoMany) {
  FileSink sink(path_, 10, 2);
  ASSERT_TRUE(sink.open());
  for (const char* line : {"aaaaaaa\n", "bbbbbbb\n", "ccccccc\n", "ddddddd\n"}) EXPECT_EQ(sink.write(line).problem, "");
  EXPECT_EQ(content(path_), "ddddddd\n");
  EXPECT_EQ(content(path_ + ".1"), "ccccccc\n");
  EXPECT_EQ(content(path_ + ".2"), "bbbbbbb\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".3"));
}

TEST_F(FileSinkTest, AppendsToWhatIsThere) {
  std::ofstream(path_) << "old\n";
  FileSink sink(path_, 1000, 2);
  ASSERT_TRUE(sink.open());
  sink.write("new\n");
  EXPECT_EQ(content(path_), "old\nnew\n");
}

TEST_F(FileSinkTest, MissingFolderIsAnErrorThatNamesTheFile) {
  FileSink sink(folder_ + "/none/eve.json", 1000, 2);
  const Result<void> opened = sink.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kEnvironment);
  EXPECT_NE(opened.error().message.find(folder_ + "/none/eve.json"), std::string::npos);
}

// A limit of the file size stands for a full disk: the kernel writes what fits and then refuses.
TEST_F(FileSinkTest, BrokenLineIsCutOffWhenTheDiskIsFull) {
  FileSink sink(path_, 0, 2);
  ASSERT_TRUE(sink.open());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const FileSink::Outcome outcome = sink.write("1234567\n1234567\n");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(outcome.disk_full);
  EXPECT_EQ(outcome.bytes, 8u);
  EXPECT_EQ(content(path_), "1234567\n");
  EXPECT_EQ(sink.write("again\n").problem, "");
  EXPECT_EQ(content(path_), "1234567\nagain\n");
}

}  // namespace
}  // namespace telefence
