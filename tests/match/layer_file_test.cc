// SPDX-License-Identifier: Apache-2.0
// A layer written to disk and read again, whole and damaged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "match/layer.h"

namespace telefence {
namespace {

class LayerFile : public testing::Test {
 protected:
  LayerFile() : file_(testing::TempDir() + "layer" + std::to_string(getpid())) {
    for (std::uint16_t i = 0; i < 5000; ++i) {
      const std::uint16_t terms = layer_.intern({.allow = i % 7 == 0, .source = "list \n" + std::to_string(i % 3)});
      layer_.domains().add("n" + std::to_string(i) + ".example", {.terms = terms, .subdomains = i % 2 == 0});
      EntryNote note{.terms = layer_.intern({.kind = SignatureKind::kNumber, .source = "numbers"})};
      if (i % 10 == 0) note.expires_s = 1000 + i;
      if (i % 4 == 1) note.id = i;
      layer_.numbers().add({{8613800000000ULL + i, 13, true}, i % 100 == 0}, note);
    }
    layer_.finish();
  }
  ~LayerFile() override { std::filesystem::remove(file_); }

  static std::map<std::string, std::string> contents(const Layer& layer) {
    std::map<std::string, std::string> out;
    const auto told = [&](std::span<const EntryNote> notes) {
      std::string text;
      for (const EntryNote& note : notes)
        text += layer.terms()[note.terms].source + (layer.terms()[note.terms].allow ? "+" : "-") + (note.subdomains ? "s" : "e") +
                std::to_string(note.expires_s) + " " + std::to_string(note.id) + ";";
      return text;
    };
    layer.domains().for_each([&](std::string_view name, std::span<const EntryNote> notes) { out[std::string(name)] = told(notes); });
    layer.numbers().for_each([&](const NumberValue& value, std::span<const EntryNote> notes) {
      out[std::to_string(value.digits.value) + (value.prefix ? "*" : "")] = told(notes);
    });
    return out;
  }
  std::string read_error(const std::string& key) {
    LayerPapers papers{key, {}};
    const auto read = Layer::read(file_, papers);
    return read.ok() ? "" : read.error().message;
  }

  std::string file_;
  Layer layer_;
};

TEST_F(LayerFile, ComesBackAsItWas) {
  ASSERT_TRUE(layer_.write(file_, {"key", "note"}).ok());
  LayerPapers papers{"key", {}};
  const auto read = Layer::read(file_, papers);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(papers.note, "note");
  EXPECT_EQ(contents(*read.value()), contents(layer_));
  EXPECT_EQ(read.value()->size(), layer_.size());
  EXPECT_LE(read.value()->bytes(), layer_.bytes());
  EXPECT_TRUE(read.value()->allowed_names().has_below("example"));
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0600)) << "it holds what is blocked";
}

TEST_F(LayerFile, AnEmptyLayerIsOneToo) {
  Layer empty;
  empty.finish();
  ASSERT_TRUE(empty.write(file_, {"key", ""}).ok());
  LayerPapers papers{"key", {}};
  const auto read = Layer::read(file_, papers);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read.value()->is_empty());
}

TEST_F(LayerFile, OfOtherListsItIsNotRead) {
  ASSERT_TRUE(layer_.write(file_, {"key", ""}).ok());
  EXPECT_NE(read_error("other").find("other lists"), std::string::npos);
  EXPECT_NE(read_error("yek").find("other lists"), std::string::npos);
}

TEST_F(LayerFile, AnyFlippedOctetAndAnyCutIsNoticed) {
  ASSERT_TRUE(layer_.write(file_, {"key", "note"}).ok());
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(file_));
  std::string whole(size, '\0');
  std::ifstream(file_, std::ios::binary).read(whole.data(), static_cast<std::streamsize>(size));
  const auto write = [&](const std::string& bytes) { std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes; };
  for (std::size_t at = 0; at < size; at += at < 512 ? 1 : 997) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(damaged);
    ASSERT_NE(read_error("key"), "") << at;
  }
  for (std::size_t length = 0; length < size; length += length < 512 ? 7 : 4099) {
    write(whole.substr(0, length));
    ASSERT_NE(read_error("key"), "") << length;
  }
}

// Prefixes and numbers with several entries stand apart, and are indexed anew when they are read.
TEST_F(LayerFile, AnyFlippedBitOfASmallOneIsNoticed) {
  Layer small;
  const std::uint16_t terms = small.intern({.kind = SignatureKind::kNumber, .source = "numbers"});
  for (std::uint8_t length = 3; length <= 20; ++length) small.numbers().add({{12345678901234567890ULL % 1000 + 100, length, true}, true}, {.terms = terms});
  for (std::uint64_t id = 1; id < 4; ++id) small.numbers().add({{8613800000000ULL, 13, true}, false}, {.terms = terms, .id = id});
  small.finish();
  ASSERT_TRUE(small.write(file_, {"key", "note"}).ok());
  ASSERT_EQ(read_error("key"), "");
  std::string bytes(static_cast<std::size_t>(std::filesystem::file_size(file_)), '\0');
  std::ifstream(file_, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
    ASSERT_NE(read_error("key"), "") << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  }
}

TEST_F(LayerFile, WhereNothingCanBeWrittenAnErrorSaysSo) {
  const auto written = layer_.write("/nonexistent/folder/layer", {"key", ""});
  ASSERT_FALSE(written.ok());
  EXPECT_NE(written.error().message.find("/nonexistent/folder/layer"), std::string::npos);
}

}  // namespace
}  // namespace telefence
