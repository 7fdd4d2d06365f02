// SPDX-License-Identifier: Apache-2.0
#include "yaml/node.h"

#include <gtest/gtest.h>

namespace telefence {
namespace {

std::string only_problem(std::string_view text) {
  const YamlDocument document = parse_yaml(text);
  EXPECT_EQ(document.problems.size(), 1u) << text;
  if (document.problems.empty()) return "none";
  const YamlProblem& problem = document.problems.front();
  return std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.path + ": " +
         problem.message;
}

TEST(YamlNode, KeepsPlacesOrderAndQuotes) {
  const YamlDocument document = parse_yaml("mode: monitor\nports:\n  - {name: \"a\", queues: 010}\n");
  ASSERT_TRUE(document.problems.empty());
  ASSERT_EQ(document.root.kind, YamlNode::Kind::kMap);
  EXPECT_EQ(document.root.entries[0].key, "mode");
  EXPECT_EQ(document.root.entries[0].line, 1);
  EXPECT_EQ(document.root.entries[0].value.column, 7);
  const YamlNode& port = document.root.find("ports")->items.at(0);
  EXPECT_TRUE(port.find("name")->quoted);
  EXPECT_EQ(port.find("name")->path, "ports[0].name");
  EXPECT_EQ(port.find("queues")->text, "010") << "nothing is converted";
  EXPECT_EQ(port.find("queues")->line, 3);
  EXPECT_EQ(port.find("queues")->column, 25);
}

TEST(YamlNode, ColumnsCountCharactersNotBytes) {
  const YamlDocument document = parse_yaml("{\"类别\": \"贷款\", b: x}\n");
  ASSERT_TRUE(document.problems.empty());
  EXPECT_EQ(document.root.find("b")->column, 17);
}

TEST(YamlNode, DuplicateKeyIsAProblemAtTheSecondKey) {
  EXPECT_EQ(only_problem("a: 1\nb:\n  c: 1\n  c: 2\n"),
            "4:3 b.c: the key 'c' is here twice (first value in line 3): leave only one");
}

TEST(YamlNode, UnterminatedQuoteIsAProblem) {
  for (const char* text : {"a: 1\nb: \"abc\n", "a: 1\nb: 'abc\n", "a: 1\nb: \"abc\\\"\n", "a: 1\nb: 'it''s\n"}) {
    const YamlDocument document = parse_yaml(text);
    ASSERT_FALSE(document.problems.empty()) << text;
    EXPECT_EQ(document.problems[0].line, 2) << document.problems[0].message;
  }
}

TEST(YamlNode, TextBehindAClosingQuoteIsAProblem) {
  EXPECT_FALSE(parse_yaml("a: \"b\" c\n").problems.empty());
  EXPECT_FALSE(parse_yaml("a: \"b\"c\n").problems.empty());
  EXPECT_TRUE(parse_yaml("a: \"b\" # c\n\"d\" : [\"e\", 'f']\n").problems.empty());
}

TEST(YamlNode, TextBehindAFlowListIsAProblem) { EXPECT_FALSE(parse_yaml("a: [1, 2] 3\nb: 1\n").problems.empty()); }

TEST(YamlNode, SyntaxErrorHasItsPlace) {
  const YamlDocument document = parse_yaml("a: 1\nb: [1, 2\nc: 3\n");
  ASSERT_EQ(document.problems.size(), 1u);
  EXPECT_GE(document.problems[0].line, 2);
  EXPECT_EQ(document.root.kind, YamlNode::Kind::kNull);
}

TEST(YamlNode, ATabInTheIndentationIsCalledByItsName) {
  for (const char* text : {"a:\n\tb: 1\n", "a:\n\t- x\n", "a:\n  \tb: 1\n", "a: 1\n\tb: 2\n", "a:\n  - x\n\t- y\n"}) {
    const YamlDocument document = parse_yaml(text);
    ASSERT_EQ(document.problems.size(), 1u) << text;
    EXPECT_EQ(document.problems[0].message, "a tab indents this line, which YAML does not allow: use blanks") << text;
  }
  EXPECT_EQ(only_problem("a:\n  \tb: 1\n").substr(0, 4), "2:3 ");
  EXPECT_TRUE(parse_yaml("a: {b: 1,\n\tc: 2}\nd: |\n  \tx\n").problems.empty()) << "tabs that YAML allows";
}

// What people get wrong most often, and not the words of yaml-cpp.
TEST(YamlNode, SyntaxErrorsSayWhatWouldBeRight) {
  const std::pair<const char*, const char*> cases[] = {
      {"a: b: c\n", "1:5 : \": \" can't stand here: one key on each line, and a text with \": \" in it in quotes"},
      {"a: 1\n b: 2\n", "2:3 : \": \" can't stand here: one key on each line, and a text with \": \" in it in quotes"},
      {"a: - b\n", "1:4 a: \"- \" can't stand here: the items of a list begin on lines of their own, below its key"},
      {"a:\n  b: 1\n c: 2\n", "3:2 : this line does not fit the map that begins in line 1: a key for it has the same indentation"},
      {"a:\n - - x\n  - y\n", "3:3 a[1]: this line does not fit the list that begins in line 2: an item of it has the same indentation"},
      {"a: [1, 2\nb: 3\n", "2:2 a[2]: the [ of line 1 is never closed: write ] at its end"},
      {"a: {b: 1\n", "2:1 a: the { of line 1 is never closed: write } at its end"},
      {"a: ]\n", "1:4 a: this bracket closes nothing: take it out, or put the text in quotes"},
      {"a: \"\\q\"\n", R"(1:7 a: "\q" means nothing: write "\\q", or put the text in single quotes)"},
      {"a: @x\n", "1:4 a: a text can't begin with this character: put it in quotes"},
      {"a: | x\n  y\n", "1:6 a: only + and - can stand behind | and >: the text begins on the next line"},
      {"%YAML 1.2 3\n---\na: 1\n", "1:1 : lines that begin with % are not supported: take this one out"},
      {"a: \"b\n---\nc\"\n", "2:1 a: --- can't stand in a text in quotes: is the quote closed?"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(only_problem(text), wanted) << text;
}

TEST(YamlNode, AVeryLongPathIsCut) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "{\"a-rather-long-name\": ";
  const YamlDocument document = parse_yaml(text + "x: y");
  ASSERT_EQ(document.problems.size(), 1u);
  EXPECT_LT(document.problems[0].path.size(), 120u) << document.problems[0].path;
  EXPECT_NE(document.problems[0].path.find("..."), std::string::npos);
  EXPECT_EQ(only_problem(std::string(100'000, '[')).substr(0, 5), "1:1 [");
  EXPECT_TRUE(only_problem(std::string(100'000, '[')).ends_with("lists and maps stand too deep in one another"));
}

TEST(YamlNode, AnchorsAliasesAndTagsAreRefused) {
  EXPECT_FALSE(parse_yaml("a: &x 1\n").problems.empty());
  EXPECT_FALSE(parse_yaml("a: &x 1\nb: *x\n").problems.empty());
  EXPECT_FALSE(parse_yaml("a: !!str 1\n").problems.empty());
  EXPECT_FALSE(parse_yaml("a: !!map {b: 1}\n").problems.empty());
}

TEST(YamlNode, SecondDocumentIsAProblem) { EXPECT_FALSE(parse_yaml("a: 1\n---\nb: 2\n").problems.empty()); }

TEST(YamlNode, NotUtf8IsAProblemOfItsLine) {
  EXPECT_EQ(only_problem("a: 1\nb: \xb4\xfb\xbf\xee\n"), "2:1 : not UTF-8: save the file as UTF-8");
}

TEST(YamlNode, ByteOrderMarkAndCarriageReturnsAreFine) {
  const YamlDocument document = parse_yaml(
      "\xEF\xBB\xBF"
      "a: \"x\"\r\nb: y\r\n");
  ASSERT_TRUE(document.problems.empty());
  EXPECT_EQ(document.root.find("b")->text, "y");
  EXPECT_EQ(document.root.find("a")->column, 4);
}

TEST(YamlNode, EmptyTextIsNull) {
  EXPECT_EQ(parse_yaml("").root.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(parse_yaml("# only a comment\n").root.kind, YamlNode::Kind::kNull);
}

TEST(YamlNode, FindsAlongAPath) {
  const YamlDocument document = parse_yaml("cpu:\n  workers: 2\n");
  ASSERT_NE(document.root.find_path("cpu.workers"), nullptr);
  EXPECT_EQ(document.root.find_path("cpu.workers")->text, "2");
  EXPECT_EQ(document.root.find_path("cpu.control"), nullptr);
  EXPECT_EQ(document.root.find_path("cpu.workers.x"), nullptr);
}

TEST(YamlNode, DeepNestingIsAProblemNotACrash) {
  EXPECT_FALSE(parse_yaml(std::string(100'000, '[')).problems.empty());
  EXPECT_FALSE(parse_yaml(std::string(100'000, '{')).problems.empty());
}

TEST(YamlNode, MissingFileSaysSo) {
  const Result<YamlDocument> result = parse_yaml_file("/nonexistent/x.yaml");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "can't read /nonexistent/x.yaml: there is no such file");
}

TEST(YamlNode, AFolderIsNoEmptyFile) {
  const Result<YamlDocument> result = parse_yaml_file("/tmp");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "can't read /tmp: it is a folder; name a file in it");
}

TEST(YamlNode, EveryCutOfADocumentIsReadWithoutCrash) {
  const std::string text = "a: \"x\\\"y\"\nb: ['it''s', {c: d, e: [1, 2]}]\nf: |\n  block\n  text\ng: &h 1\ni: *h\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) parse_yaml(std::string_view(text).substr(0, cut));
}

}  // namespace
}  // namespace telefence
