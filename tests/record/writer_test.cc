// SPDX-License-Identifier: Apache-2.0
#include "record/writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "sample.h"

namespace telefence {
namespace {

bool push(RecordRing& ring, const Record& record) {
  Record* slot = ring.claim();
  if (slot == nullptr) return false;
  *slot = record;
  ring.commit();
  return true;
}

class WriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "records.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.file = folder_ + "/eve.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::size_t valid_lines(const std::string& path) {
    std::ifstream file(path);
    std::size_t count = 0;
    for (std::string line; std::getline(file, line); ++count) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    return count;
  }

  static double sample(const Catalog& catalog, const std::string& family, const std::string& reason) {
    for (const Family& each : catalog.families()) {
      if (each.name != family) continue;
      std::vector<Sample> samples;
      each.collect(samples);
      for (const Sample& one : samples)
        if (reason.empty() || one.labels.at(0).second == reason) return one.value;
    }
    return -1;
  }

  std::string folder_;
  RecordOptions options_;
};

TEST_F(WriterTest, WritesAllRecordsOfAllRingsBeforeItStops) {
  RecordRing first(4096), second(4096);
  RecordWriter writer(options_, sample_names(), {&first, &second});
  std::atomic<int> heard{0};
  writer.on_record([&](const Record&, std::string_view line) {
    EXPECT_EQ(line.back(), '}');
    ++heard;
  });
  ASSERT_TRUE(writer.start());
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) push(second, sample_sms());
  });
  for (int i = 0; i < 1000; ++i) push(first, sample_lookup());
  other.join();
  writer.stop();
  EXPECT_EQ(writer.written(), 2000u);
  EXPECT_EQ(writer.lost(), 0u);
  EXPECT_EQ(heard.load(), 2000);
  EXPECT_EQ(valid_lines(options_.file), 2000u);
}

TEST_F(WriterTest, FullRingLosesRecordsAndCountsThem) {
  RecordRing ring(4);
  RecordWriter writer(options_, sample_names(), {&ring});
  for (int i = 0; i < 6; ++i) push(ring, sample_lookup());
  ASSERT_TRUE(writer.open());
  EXPECT_EQ(writer.drain(), 4u);
  EXPECT_EQ(writer.lost(), 2u);
  Catalog catalog;
  writer.add_families(catalog);
  EXPECT_EQ(sample(catalog, "telefence_records_written_total", ""), 4);
  EXPECT_EQ(sample(catalog, "telefence_records_lost_total", "ring_full"), 2);
}

TEST_F(WriterTest, WhatAFullRingLosesIsToldWhileItRuns) {
  RecordRing ring(4);
  RecordWriter writer(options_, sample_names(), {&ring});
  std::atomic<int> told{0};
  writer.on_news([&](const std::string&) { ++told; });
  for (int i = 0; i < 6; ++i) push(ring, sample_lookup());
  ASSERT_TRUE(writer.start());
  while (writer.problem().empty()) std::this_thread::yield();
  EXPECT_EQ(writer.problem().find("2 records were lost since the start"), 0u) << writer.problem();
  writer.stop();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(valid_lines(options_.file), 4u);
}

TEST_F(WriterTest, RecordsClaimedAheadAreHandedOverTogether) {
  RecordRing ring(4);
  RecordWriter writer(options_, sample_names(), {&ring});
  ASSERT_TRUE(writer.open());
  for (std::size_t ahead = 0; ahead < 4; ++ahead) *ring.claim(ahead) = sample_lookup();
  EXPECT_EQ(ring.claim(4), nullptr);
  EXPECT_EQ(writer.drain(), 0u);
  for (std::size_t ahead = 0; ahead < 4; ++ahead) EXPECT_EQ(ring.claimed(ahead).message_id, 4711);
  ring.commit(4);
  EXPECT_EQ(writer.drain(), 4u);
  EXPECT_EQ(writer.lost(), 1u);
}

TEST_F(WriterTest, FileIsWrittenAnewAfterReopen) {
  RecordRing ring(64);
  RecordWriter writer(options_, sample_names(), {&ring});
  ASSERT_TRUE(writer.start());
  push(ring, sample_lookup());
  while (writer.written() < 1) std::this_thread::yield();
  std::filesystem::rename(options_.file, options_.file + ".moved");
  writer.reopen();
  while (!std::filesystem::exists(options_.file)) std::this_thread::yield();
  push(ring, sample_lookup());
  writer.stop();
  EXPECT_EQ(valid_lines(options_.file), 1u);
  EXPECT_EQ(valid_lines(options_.file + ".moved"), 1u);
}

TEST_F(WriterTest, FullDiskLosesRecordsCountsThemAndShowsTheProblem) {
  options_.file = "/dev/full";
  if (!std::filesystem::exists(options_.file)) GTEST_SKIP() << "no /dev/full here";
  RecordRing ring(64);
  RecordWriter writer(options_, sample_names(), {&ring});
  ASSERT_TRUE(writer.open());
  for (int i = 0; i < 3; ++i) push(ring, sample_lookup());
  EXPECT_EQ(writer.drain(), 3u);
  EXPECT_EQ(writer.written(), 0u);
  EXPECT_NE(writer.problem().find("No space left"), std::string::npos);
  Catalog catalog;
  writer.add_families(catalog);
  EXPECT_EQ(sample(catalog, "telefence_records_lost_total", "disk_full"), 3);
}

TEST_F(WriterTest, FileThatCannotBeOpenedRefusesToStart) {
  options_.file = folder_ + "/none/eve.json";
  RecordRing ring(64);
  RecordWriter writer(options_, sample_names(), {&ring});
  EXPECT_FALSE(writer.start());
}

TEST_F(WriterTest, WithoutAFileListenersStillHear) {
  options_.file = "";
  RecordRing ring(64);
  RecordWriter writer(options_, sample_names(), {&ring});
  int heard = 0;
  writer.on_record([&](const Record& record, std::string_view) { heard += record.message_id == 4711; });
  ASSERT_TRUE(writer.open());
  push(ring, sample_lookup());
  writer.drain();
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(writer.lost(), 0u);
}

}  // namespace
}  // namespace telefence
