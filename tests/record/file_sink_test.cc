// SPDX-License-Identifier: Apache-2.0
#include "record/file_sink.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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
FileSink::Outcome write_to_full_disk(FileSink& sink, std::string_view batch) {
  rlimit before{};
  EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {10, before.rlim_max};
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const FileSink::Outcome outcome = sink.write(batch);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  return outcome;
}

TEST_F(FileSinkTest, AFullDiskAfterAnOutsideTruncationLeavesNoHole) {
  FileSink sink(path_, 0, 2);
  ASSERT_TRUE(sink.open());
  for (int i = 0; i < 100; ++i) sink.write("1234567\n");
  std::filesystem::resize_file(path_, 0);  // logrotate's copytruncate
  EXPECT_EQ(write_to_full_disk(sink, "1234567\n1234567\n").bytes, 8u);
  EXPECT_EQ(content(path_), "1234567\n");
}

TEST_F(FileSinkTest, AnOutsideTruncationBeginsTheSizeAnew) {
  FileSink sink(path_, 30, 2);
  ASSERT_TRUE(sink.open());
  for (int i = 0; i < 3; ++i) sink.write("1234567\n");
  std::filesystem::resize_file(path_, 0);
  sink.write("1234567\n");
  EXPECT_EQ(content(path_), "1234567\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".1"));
}

TEST_F(FileSinkTest, APipeThatNobodyReadsIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  FileSink sink(path_, 1000, 2);
  const Result<void> opened = sink.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kEnvironment);
  EXPECT_NE(opened.error().message.find("a pipe that nobody reads"), std::string::npos) << opened.error().message;
}

TEST_F(FileSinkTest, APipeThatIsReadIsWrittenTo) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  FileSink sink(path_, 10, 2);
  ASSERT_TRUE(sink.open());
  EXPECT_EQ(sink.write("1234567\n1234567\n").problem, "");
  char bytes[64];
  EXPECT_EQ(::read(reader, bytes, sizeof bytes), 16);
  ::close(reader);
}

TEST_F(FileSinkTest, TwoWritersOfOneFileAreRefused) {
  FileSink first(path_, 10, 2), second(path_, 10, 2);
  ASSERT_TRUE(first.open());
  const Result<void> opened = second.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kEnvironment);
  EXPECT_NE(opened.error().message.find("another telefenced writes it"), std::string::npos) << opened.error().message;
  for (int i = 0; i < 3; ++i) first.write("1234567\n");
  EXPECT_FALSE(second.open()) << "after a rotation as well";
  first.close();
  EXPECT_TRUE(second.open());
}

TEST_F(FileSinkTest, WrittenAnewWhenAskedButNotAtEveryOpening) {
  std::ofstream(path_) << "of an earlier run\n";
  FileSink sink(path_, 1000, 2, FileSink::Start::kAnew);
  ASSERT_TRUE(sink.open());
  sink.write("1234567\n");
  ASSERT_TRUE(sink.open());
  sink.write("7654321\n");
  EXPECT_EQ(content(path_), "1234567\n7654321\n");
}

TEST_F(FileSinkTest, BrokenLineIsCutOffWhenTheDiskIsFull) {
  FileSink sink(path_, 0, 2);
  ASSERT_TRUE(sink.open());
  const FileSink::Outcome outcome = write_to_full_disk(sink, "1234567\n1234567\n");
  EXPECT_TRUE(outcome.disk_full);
  EXPECT_EQ(outcome.bytes, 8u);
  EXPECT_EQ(content(path_), "1234567\n");
  EXPECT_EQ(sink.write("again\n").problem, "");
  EXPECT_EQ(content(path_), "1234567\nagain\n");
}

}  // namespace
}  // namespace telefence
