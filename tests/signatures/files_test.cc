// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "signatures/list_files.h"
#include "signatures/match_helpers.h"
#include "signatures/pattern_files.h"

namespace telefence {

TestFiles::TestFiles() {
  std::string name = testing::TempDir() + "telefence-XXXXXX";
  CHECK(mkdtemp(name.data()) != nullptr);
  directory_ = name;
}
TestFiles::~TestFiles() { std::filesystem::remove_all(directory_); }
std::string TestFiles::write(const std::string& name, std::string_view text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

namespace {

std::vector<Signature> read_list(const ListOptions& list) {
  std::vector<Signature> signatures;
  EXPECT_TRUE(read_list_file(list, [&](Signature s) { signatures.push_back(std::move(s)); }).ok());
  return signatures;
}

TEST(ListFile, CommentsBlanksCarriageReturnsAndByteOrderMark) {
  TestFiles files;
  ListOptions list;
  list.file = files.write("list", "\xEF\xBB\xBF# heading\r\na.example\r\n\r\n   b.example  # why\r\n\t\r\nc.example");
  list.category = Category::kPhishing;
  list.exact = true;
  const std::vector<Signature> signatures = read_list(list);
  ASSERT_EQ(signatures.size(), 3u);
  EXPECT_EQ(signatures[0].value, "a.example");
  EXPECT_EQ(signatures[1].value, "b.example");
  EXPECT_EQ(signatures[1].where, list.file + ":4");
  EXPECT_EQ(signatures[2].value, "c.example");
  EXPECT_EQ(signatures[2].category, Category::kPhishing);
  EXPECT_FALSE(signatures[2].subdomains);
}

TEST(ListFile, AHashInsideAUrlIsPartOfIt) {
  TestFiles files;
  ListOptions list;
  list.kind = SignatureKind::kUrl;
  list.file = files.write("list", "http://a.example/x#y # comment\n");
  EXPECT_EQ(read_list(list).at(0).value, "http://a.example/x#y");
}

TEST(ListFile, CommentsOfOtherListsAndRangesOfNumbersAreRead) {
  TestFiles files;
  ListOptions list;
  list.kind = SignatureKind::kNumber;
  list.file = files.write("list", "; of the centre\n! and of others\n// too\n13800000008-13800000019\n13812345678\n");
  const std::vector<Signature> numbers = read_list(list);
  ASSERT_EQ(numbers.size(), 4u);
  EXPECT_EQ(numbers[0].value, "13800000008");
  EXPECT_EQ(numbers[2].value, "1380000001*");
  EXPECT_EQ(numbers[2].where, list.file + ":4");
  EXPECT_EQ(numbers[3].where, list.file + ":5");
  const CompileTerms terms = test_terms();
  EXPECT_EQ(line_of_entry(list.file, SignatureKind::kNumber, "+861380000001*", terms), 4u);
  std::vector<Complaint> told;
  ComplaintList complaints(told);
  Layer layer;
  ASSERT_TRUE(load_list_file(list, terms, layer, complaints).ok());
  EXPECT_TRUE(told.empty());
}

TEST(ListFile, AProtectedNameIsLeftOutOnTheShortWayToo) {
  TestFiles files;
  ListOptions list;
  list.file = files.write("list", "scam.example\nBANK.example.cn\nexample.cn\nfake.bank.example.cn\n");
  CompileTerms terms = test_terms();
  const auto load = [&] {
    Layer layer;
    std::vector<Complaint> told;
    ComplaintList complaints(told);
    EXPECT_TRUE(load_list_file(list, terms, layer, complaints).ok());
    return std::pair(layer.domains().names(), told);
  };
  EXPECT_EQ(load().first, 4u);
  terms.protected_names = ProtectedNames::of({"bank.example.cn"});
  const auto [names, complaints] = load();
  EXPECT_EQ(names, 2u);
  ASSERT_EQ(complaints.size(), 2u);
  EXPECT_EQ(complaints[0].where, list.file + ":2");
  EXPECT_NE(complaints[1].reason.find("would also block bank.example.cn"), std::string::npos) << complaints[1].reason;
  list.allow = true;
  EXPECT_EQ(load().first, 4u);
}

TEST(ListFile, AMissingFileSaysSo) {
  ListOptions list;
  list.file = "/nonexistent/list";
  EXPECT_FALSE(read_list_file(list, [](Signature) {}).ok());
  list.file = "/tmp";
  EXPECT_FALSE(read_list_file(list, [](Signature) {}).ok());
}

constexpr const char* kGoodPattern = R"(
  - id: good
    name: {en: Good, zh: 好}
    regex: 'abc.{0,4}def'
    tier: 1
    must_match: [abcdef]
    must_not_match: [x]
)";

TEST(PatternFile, ReadsCommonPartAndPattern) {
  const PatternFile file =
      read_pattern_text(std::string("category: loan\nsource: us\npatterns:") + kGoodPattern, "f.yaml");
  EXPECT_TRUE(file.complaints.empty());
  ASSERT_EQ(file.patterns.size(), 1u);
  const Pattern& pattern = file.patterns[0];
  EXPECT_EQ(pattern.signature.name, "good");
  EXPECT_EQ(pattern.signature.value, "abc.{0,4}def");
  EXPECT_EQ(pattern.signature.category, Category::kLoan);
  EXPECT_EQ(pattern.signature.tier, 1);
  EXPECT_EQ(pattern.signature.source, "us");
  EXPECT_EQ(pattern.signature.where, "f.yaml:4");
  EXPECT_FALSE(pattern.signature.literal);
  EXPECT_EQ(pattern.name_zh, "好");
}

TEST(PatternFile, WordsAndFolding) {
  const auto read = [](const std::string& keys) {
    return read_pattern_text("patterns:\n  - id: words\n    name: {en: a, zh: b}\n    must_match: [a]\n    must_not_match: [b]\n" + keys, "f.yaml");
  };
  const PatternFile file = read("    all: [无抵押, 下款]\n    any: [加微信]\n    none: ['96110']\n    fold: none\n");
  ASSERT_TRUE(file.complaints.empty()) << file.complaints.front().reason;
  EXPECT_EQ(file.patterns.at(0).signature.words, (PatternWords{{"无抵押", "下款"}, {"加微信"}, {"96110"}}));
  EXPECT_EQ(file.patterns.at(0).signature.fold, TextFold::kNone);
  EXPECT_TRUE(file.patterns.at(0).signature.value.empty());
  EXPECT_TRUE(read("    regex: a.b\n    none: [c]\n").complaints.empty());
  EXPECT_EQ(read("    must: [c]\n").patterns.size(), 0u);
  EXPECT_EQ(read("    text: a\n    regex: a\n    all: [c]\n").complaints.size(), 1u);
  EXPECT_EQ(read("    text: a.example/x\n    where: url\n    fold: case\n").complaints.size(), 1u);
  EXPECT_EQ(read("    text: abc\n    fold: lower\n").complaints.size(), 1u);
}

TEST(PatternFile, ABadPatternIsAComplaintWithItsIdAndTheRestLoads) {
  const PatternFile file = read_pattern_text(std::string("category: loan\npatterns:\n"
                                                         "  - id: bad\n    name: {en: a, zh: b}\n    txt: abc\n"
                                                         "    must_match: [a]\n    must_not_match: [b]") +
                                                 kGoodPattern,
                                             "f.yaml");
  ASSERT_EQ(file.patterns.size(), 1u);
  ASSERT_FALSE(file.complaints.empty());
  EXPECT_EQ(file.complaints[0].value, "bad");
  EXPECT_EQ(file.complaints[0].where, "f.yaml:5:5");
  EXPECT_NE(file.complaints[0].reason.find("did you mean 'text'?"), std::string::npos);
}

TEST(PatternFile, SyntaxErrorsAndWrongTypesAreComplaintsWithTheirPlace) {
  EXPECT_FALSE(read_pattern_text("patterns: [", "f").complaints.empty());
  EXPECT_FALSE(read_pattern_text("", "f").complaints.empty());
  EXPECT_FALSE(read_pattern_text("category: lone\npatterns: []\n", "f").complaints.empty());
  EXPECT_FALSE(read_pattern_text("patterns: 5\n", "f").complaints.empty());
  EXPECT_FALSE(read_pattern_file("/nonexistent/x.yaml").ok());
}

TEST(PatternFile, StarsInNamesMeanFiles) {
  TestFiles files;
  files.write("b.yaml", "");
  files.write("a.yaml", "");
  const auto found = expand_file_name(files.path("*.yaml"));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value(), (std::vector<std::string>{files.path("a.yaml"), files.path("b.yaml")}));
  EXPECT_FALSE(expand_file_name(files.path("*.none")).ok());
}

}  // namespace
}  // namespace telefence
