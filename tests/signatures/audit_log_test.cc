// SPDX-License-Identifier: Apache-2.0
#include "signatures/audit_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "signatures/edge_feed.h"

namespace telefence {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
void write(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary | std::ios::trunc) << text; }

void append(const std::string& file, const std::string& what, std::size_t padding = 0) {
  AuditLog log;
  ASSERT_TRUE(log.open(file, AuditLog::Sync::kEachLine).ok());
  ASSERT_TRUE(log.append(AuditEntry(what, "tester").number("seq", 7).text("note", std::string(padding, 'x'))).ok());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}
std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    for (int i = 0; i < 6; ++i) append(file_, "entry" + std::to_string(i), i == 3 ? 200'000 : 0);
  }
  std::uint64_t broken() {
    const Result<AuditCheck> check = verify_audit(file_);
    EXPECT_TRUE(check.ok());
    return check.value().broken_line;
  }
  TestFolder folder_;
  const std::string file_ = folder_ / "audit.jsonl";
};

TEST_F(AuditTest, AWholeFileIsWhole) {
  const AuditCheck check = verify_audit(file_).value();
  EXPECT_EQ(check.lines, 6u);
  EXPECT_EQ(check.broken_line, 0u);
  EXPECT_FALSE(check.ends_torn);
  EXPECT_EQ(check.head.size(), 64u);
  EXPECT_FALSE(verify_audit(folder_ / "none").ok());
  write(file_, "");
  EXPECT_EQ(verify_audit(file_).value().broken_line, 0u);
}

TEST_F(AuditTest, TheFirstLineThatDoesNotFitIsFound) {
  const std::vector<std::string> good = lines_of(text_of(file_));
  ASSERT_EQ(good.size(), 6u);
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    auto changed = good;
    changed[i].replace(changed[i].find("\"seq\":7"), 7, "\"seq\":8");
    write(file_, joined(changed));
    EXPECT_EQ(broken(), i + 2) << "the line behind the changed one names another hash";
    auto missing = good;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    write(file_, joined(missing));
    EXPECT_EQ(broken(), i + 1);
    auto more = good;
    more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
    write(file_, joined(more));
    EXPECT_EQ(broken(), i + 2);
    auto rubbish = good;
    rubbish[i] = "rubbish";
    write(file_, joined(rubbish));
    EXPECT_EQ(broken(), i + 1);
    auto swapped = good;
    std::swap(swapped[i], swapped[i + 1]);
    write(file_, joined(swapped));
    EXPECT_EQ(broken(), i + 1);
  }
}

TEST_F(AuditTest, AnySingleBitChangedBeforeTheLastLineIsFound) {
  write(file_, "");
  for (int i = 0; i < 3; ++i) append(file_, "e");
  const std::string good = text_of(file_);
  const std::size_t last = good.rfind('\n', good.size() - 2) + 1;
  for (std::size_t bit = 0; bit < 8 * last; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    write(file_, changed);
    EXPECT_NE(broken(), 0u) << bit;
  }
}

TEST_F(AuditTest, HalfALineOfAKilledWriterIsToldAndTheChainGoesOn) {
  const std::string good = text_of(file_);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{2}, std::size_t{40}, std::size_t{100}}) {
    write(file_, good.substr(0, good.size() - cut));
    const AuditCheck torn = verify_audit(file_).value();
    EXPECT_TRUE(torn.ends_torn);
    EXPECT_EQ(torn.broken_line, 0u);
    EXPECT_EQ(torn.lines, 5u);
    append(file_, "later");
    append(file_, "and later");
    const AuditCheck check = verify_audit(file_).value();
    EXPECT_EQ(check.broken_line, 0u) << check.why;
    EXPECT_EQ(check.lines, 9u);
    EXPECT_NE(text_of(file_).find(R"("what":"torn")"), std::string::npos);
    // The half line is covered by the chain, too.
    std::vector<std::string> lines = lines_of(text_of(file_));
    lines[5] += " ";
    write(file_, joined(lines));
    // Without its line end alone it is a whole line still, and the next one is the first that does not fit.
    EXPECT_EQ(broken(), cut == 1 ? 7u : 6u);
  }
}

TEST_F(AuditTest, SeveralProcessesWriteOneFile) {
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    const pid_t pid = fork();
    if (pid == 0) {
      AuditLog log;
      if (!log.open(file_, AuditLog::Sync::kEachSecond).ok()) _exit(1);
      for (int i = 0; i < 200; ++i)
        if (!log.append(AuditEntry("child", "c" + std::to_string(child))).ok()) _exit(1);
      _exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const AuditCheck check = verify_audit(file_).value();
  EXPECT_EQ(check.lines, 806u);
  EXPECT_EQ(check.broken_line, 0u) << check.why;
}

TEST_F(AuditTest, WritersKilledAtAnyMomentNeverBreakTheChain) {
  std::mt19937 random(7);
  // On a machine that has others to run, many are killed before they have begun.
  constexpr std::size_t kLines = 100, kLongest = 500;
  const auto is_enough = [&] { return std::filesystem::exists(file_) && std::filesystem::file_size(file_) > kLines * kLongest; };
  for (int round = 0; round < 100 || (round < 5000 && !is_enough()); ++round) {
    const pid_t pid = fork();
    if (pid == 0) {
      AuditLog log;
      if (!log.open(file_, AuditLog::Sync::kEachSecond).ok()) _exit(1);
      for (;;)
        if (!log.append(AuditEntry("child", "c").text("note", std::string(300, 'y'))).ok()) _exit(1);
    }
    usleep(static_cast<useconds_t>(500 + random() % 3000));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  append(file_, "last");
  const AuditCheck check = verify_audit(file_).value();
  EXPECT_GT(check.lines, kLines);
  EXPECT_EQ(check.broken_line, 0u) << check.why;
}

}  // namespace
}  // namespace telefence
