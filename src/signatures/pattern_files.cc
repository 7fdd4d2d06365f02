// SPDX-License-Identifier: Apache-2.0
#include "signatures/pattern_files.h"

#include <glob.h>

#include <array>
#include <optional>
#include <utility>

#include "signatures/words.h"
#include "yaml/read.h"

namespace telefence {
namespace {

std::array<std::string_view, kCategoryCount> category_names() {
  std::array<std::string_view, kCategoryCount> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = category_name(static_cast<Category>(i));
  return names;
}

// Reads one file. Problems of one pattern leave only that pattern out.
class FileReader {
 public:
  FileReader(const std::string& file, YamlDocument& document)
      : file_(file), document_(document), reader_(document.problems) {}

  PatternFile read() {
    const YamlNode& root = document_.root;
    if (document_.problems.empty() || root.kind == YamlNode::Kind::kMap) read_root(root);
    for (const YamlProblem& problem : document_.problems) add_complaint(problem, problem.path);
    return std::move(out_);
  }

 private:
  void read_root(const YamlNode& root) {
    if (!reader_.check_keys(root, {"category", "tier", "source", "action", "shadow", "patterns"})) return;
    read_common(root, common_);
    if (common_.source.empty()) common_.source = file_;
    const YamlNode* patterns = reader_.require(root, "patterns");
    if (patterns == nullptr || !reader_.expect_list(*patterns)) return;
    for (const YamlNode& node : patterns->items) {
      std::vector<YamlProblem> problems;
      YamlReader reader(problems);
      std::optional<Pattern> pattern = read_pattern(node, reader);
      // Problems of the YAML itself (a key twice, an open quote) may lie inside this pattern too.
      if (problems.empty() && pattern && !has_document_problem(node.path)) out_.patterns.push_back(std::move(*pattern));
      const YamlNode* id = node.find("id");
      bool is_of_same = false;
      for (const YamlProblem& problem : problems) {
        add_complaint(problem, id == nullptr ? node.path : id->text, is_of_same);
        is_of_same = true;
      }
    }
  }

  bool has_document_problem(const std::string& path) const {
    for (const YamlProblem& problem : document_.problems)
      if (problem.path == path || problem.path.starts_with(path + ".")) return true;
    return false;
  }

  // What may be said for the file as a whole and again for one pattern.
  static void read_common(YamlReader& reader, const YamlNode& node, Signature& signature) {
    static const auto kNames = category_names();
    if (const YamlNode* category = node.find("category"))
      signature.category = static_cast<Category>(reader.read_word(*category, kNames).value_or(kCategoryCount - 1));
    if (const YamlNode* tier = node.find("tier"))
      signature.tier = static_cast<Tier>(reader.read_integer(*tier, 1, 3).value_or(2));
    if (const YamlNode* source = node.find("source")) signature.source = reader.read_string(*source).value_or("");
    if (const YamlNode* action = node.find("action")) signature.action = reader.read_string(*action).value_or("");
    if (const YamlNode* shadow = node.find("shadow")) signature.shadow = reader.read_bool(*shadow).value_or(false);
  }
  void read_common(const YamlNode& node, Signature& signature) { read_common(reader_, node, signature); }

  std::optional<Pattern> read_pattern(const YamlNode& node, YamlReader& reader) const {
    if (!reader.check_keys(node, {"id", "name", "category", "tier", "source", "action", "shadow", "text", "regex",
                                  "where", "fold", "all", "any", "none", "must_match", "must_not_match"}))
      return std::nullopt;
    Pattern pattern;
    pattern.signature = common_;
    read_common(reader, node, pattern.signature);
    pattern.signature.where = file_ + ":" + std::to_string(node.line);
    if (const YamlNode* id = reader.require(node, "id")) pattern.signature.name = reader.read_string(*id).value_or("");
    read_name(node, reader, pattern);
    read_expression(node, reader, pattern.signature);
    if (const YamlNode* samples = reader.require(node, "must_match"))
      pattern.must_match = reader.read_strings(*samples).value_or(std::vector<std::string>{});
    if (const YamlNode* samples = reader.require(node, "must_not_match"))
      pattern.must_not_match = reader.read_strings(*samples).value_or(std::vector<std::string>{});
    return pattern;
  }

  static void read_name(const YamlNode& node, YamlReader& reader, Pattern& pattern) {
    const YamlNode* name = reader.require(node, "name");
    if (name == nullptr || !reader.check_keys(*name, {"en", "zh"})) return;
    if (const YamlNode* en = reader.require(*name, "en")) pattern.name_en = reader.read_string(*en).value_or("");
    if (const YamlNode* zh = reader.require(*name, "zh")) pattern.name_zh = reader.read_string(*zh).value_or("");
  }

  static void read_expression(const YamlNode& node, YamlReader& reader, Signature& signature) {
    signature.kind = SignatureKind::kPattern;
    if (const YamlNode* where = node.find("where"))
      if (reader.read_word(*where, {"sms", "url"}).value_or(0) == 1) signature.kind = SignatureKind::kUrl;
    const YamlNode* text = node.find("text");
    const YamlNode* regex = node.find("regex");
    read_words(node, reader, signature);
    const bool has_words = !signature.words.is_empty();
    if ((text != nullptr && regex != nullptr) || (text == nullptr && regex == nullptr && !has_words)) {
      reader.complain(node, "give either 'text' (plain) or 'regex', one of them, or the words 'all' or 'any'");
      return;
    }
    signature.literal = regex == nullptr;
    signature.prefix = signature.literal;
    if (text != nullptr || regex != nullptr) signature.value = reader.read_string(text != nullptr ? *text : *regex).value_or("");
  }

  static void read_words(const YamlNode& node, YamlReader& reader, Signature& signature) {
    const auto read = [&](std::string_view key, std::vector<std::string>& words) {
      const YamlNode* list = node.find(key);
      if (list == nullptr) return;
      if (signature.kind == SignatureKind::kUrl) reader.complain(*list, "is for messages ('where: sms')");
      words = reader.read_strings(*list).value_or(std::vector<std::string>{});
    };
    read("all", signature.words.all);
    read("any", signature.words.any);
    read("none", signature.words.none);
    const YamlNode* fold = node.find("fold");
    if (fold == nullptr) return;
    if (signature.kind == SignatureKind::kUrl) reader.complain(*fold, "is for messages ('where: sms'): urls are compared without regard to case");
    signature.fold = fold_from(reader.read_word(*fold, fold_names())).value_or(TextFold::kAll);
  }

  void add_complaint(const YamlProblem& problem, const std::string& value, bool is_of_same = false) {
    const std::string place =
        problem.line == 0 ? "" : ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    out_.complaints.push_back({.where = file_ + place, .value = value, .reason = problem.message, .is_of_same = is_of_same});
  }

  const std::string& file_;
  YamlDocument& document_;
  YamlReader reader_;
  Signature common_;
  PatternFile out_;
};

}  // namespace

PatternFile read_pattern_text(std::string_view yaml, const std::string& file) {
  YamlDocument document = parse_yaml(yaml);
  return FileReader(file, document).read();
}

Result<PatternFile> read_pattern_file(const std::string& file) {
  Result<YamlDocument> document = parse_yaml_file(file);
  if (!document.ok()) return document.error();
  return FileReader(file, document.value()).read();
}

Result<std::vector<std::string>> expand_file_name(const std::string& name) {
  if (name.find_first_of("*?[") == std::string::npos) return std::vector<std::string>{name};
  glob_t found{};
  const int result = glob(name.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + (result == 0 ? found.gl_pathc : 0));
  globfree(&found);
  if (files.empty()) return Error{ErrorCode::kInvalid, "no file is named " + name};
  return files;
}

}  // namespace telefence
