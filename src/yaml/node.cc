// SPDX-License-Identifier: Apache-2.0
#include "yaml/node.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "yaml/source_text.h"
#include "yaml/syntax_error.h"

namespace telefence {
namespace {

// yaml-cpp's marks for a scalar that was written plain and for one in quotes (or as a block).
constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuotedTag = "!";

// Builds the tree from yaml-cpp's events. Its node API is not used: it drops duplicate keys and whether a scalar was
// quoted.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, YamlDocument& document) : source_(source), document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    place(new_node(YamlNode::Kind::kNull, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    complain(mark, "aliases (*name) are not supported: write the value out");
    place(new_node(YamlNode::Kind::kNull, mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    YamlNode node = new_node(YamlNode::Kind::kScalar, mark);
    node.text = value;
    node.quoted = tag == kQuotedTag;
    if (node.quoted) check_quotes(mark);
    // `key: ~` and `key: null` mean that nothing is said.
    if (!node.quoted && (value.empty() || value == "~" || value == "null")) node.kind = YamlNode::Kind::kNull;
    place(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void complain(const YAML::Mark& mark, std::string message) {
    // yaml-cpp has no place for some errors (line -1).
    const int line = mark.line < 0 ? 0 : mark.line + 1;
    const int column = mark.line < 0 ? 0 : source_.column(mark.line, mark.column);
    problem(line, column, open_.empty() ? "" : path_of_next(), std::move(message));
  }

  void complain_of_syntax(const YAML::Exception& error) {
    const int tab = source_.tab_in_indentation(error.mark.line);
    if (tab >= 0)
      problem(error.mark.line + 1, source_.column(error.mark.line, tab), open_.empty() ? "" : path_of_next(),
              std::string(kTabIndents));
    else
      complain(error.mark, explain_syntax_error(error.msg, open_.empty() ? 0 : open_.back().node.line));
  }

 private:
  // A list or map that is being filled.
  struct Open {
    YamlNode node;
    bool has_key = false;
    YamlEntry pending;  // its key, while the value is awaited
  };

  YamlNode new_node(YamlNode::Kind kind, const YAML::Mark& mark) const {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = source_.column(mark.line, mark.column);
    return node;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    if (tag != kPlainTag && !tag.empty()) complain(mark, "tags (" + tag + ") are not supported: leave it out");
    Open next;
    next.node = new_node(kind, mark);
    next.node.path = open_.empty() ? "" : path_of_next();
    open_.push_back(std::move(next));
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(done));
  }

  std::string path_of_next() const {
    const Open& top = open_.back();
    if (top.node.kind == YamlNode::Kind::kList)
      return top.node.path + "[" + std::to_string(top.node.items.size()) + "]";
    if (!top.has_key) return top.node.path;
    return top.node.path.empty() ? top.pending.key : top.node.path + "." + top.pending.key;
  }

  void place(YamlNode node) {
    if (open_.empty()) {
      document_.root = std::move(node);
      return;
    }
    Open& top = open_.back();
    if (top.node.kind == YamlNode::Kind::kList) {
      node.path = path_of_next();
      top.node.items.push_back(std::move(node));
    } else if (!top.has_key) {
      take_key(top, node);
    } else {
      node.path = path_of_next();
      take_value(top, std::move(node));
    }
  }

  void take_key(Open& top, const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kList || node.kind == YamlNode::Kind::kMap)
      problem(node.line, node.column, top.node.path, "a key must be a word, not a list or a map");
    top.pending = YamlEntry{node.text, node.line, node.column, {}};
    top.has_key = true;
  }

  void take_value(Open& top, YamlNode node) {
    top.has_key = false;
    if (const YamlNode* first = top.node.find(top.pending.key)) {
      problem(top.pending.line, top.pending.column, node.path,
              "the key '" + top.pending.key + "' is here twice (first value in line " + std::to_string(first->line) +
                  "): leave only one");
      return;
    }
    top.pending.value = std::move(node);
    top.node.entries.push_back(std::move(top.pending));
  }

  void problem(int line, int column, std::string path, std::string message) {
    document_.problems.push_back({line, column, short_path(std::move(path)), std::move(message)});
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) complain(mark, "anchors (&name) are not supported: write the value out");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag != kPlainTag && tag != kQuotedTag && !tag.empty())
      complain(mark, "tags (" + tag + ") are not supported: leave it out");
  }

  // yaml-cpp takes `"abc` to the end of the file without a word, and drops what follows a closing quote.
  void check_quotes(const YAML::Mark& mark) {
    switch (source_.check_quotes(mark.line, mark.column)) {
      case SourceText::Quotes::kUnterminated:
        complain(mark, "the quote that begins here is never closed");
        break;
      case SourceText::Quotes::kTrailing:
        complain(mark, "something follows the closing quote: put all of it inside the quotes");
        break;
      case SourceText::Quotes::kFine:
        break;
    }
  }

  const SourceText& source_;
  YamlDocument& document_;
  std::vector<Open> open_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

const YamlNode* YamlNode::find_path(std::string_view keys) const {
  const YamlNode* node = this;
  while (node != nullptr && !keys.empty()) {
    const std::size_t dot = keys.find('.');
    node = node->find(keys.substr(0, dot));
    keys = dot == std::string_view::npos ? std::string_view{} : keys.substr(dot + 1);
  }
  return node;
}

YamlDocument parse_yaml(std::string_view text) {
  YamlDocument document;
  const SourceText source(text);
  if (const int line = source.first_bad_line(); line > 0) {
    document.problems.push_back({line, 1, "", "not UTF-8: save the file as UTF-8"});
    return document;
  }
  TreeBuilder builder(source, document);
  std::istringstream stream{std::string(source.text())};
  try {
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      YamlDocument second;
      TreeBuilder rest(source, second);
      if (parser.HandleNextDocument(rest))
        document.problems.push_back(
            {second.root.line, second.root.column, "", "a second document (---) begins here: only one is read"});
    }
  } catch (const YAML::Exception& error) {
    builder.complain_of_syntax(error);
    document.root = {};
  }
  return document;
}

Result<YamlDocument> parse_yaml_file(const std::string& file) {
  const auto unreadable = [&file](const std::string& why) {
    return Error{ErrorCode::kInvalid, "can't read " + file + ": " + why};
  };
  // The stream of a folder opens, and then is empty.
  std::error_code failure;
  if (std::filesystem::is_directory(file, failure)) return unreadable("it is a folder; name a file in it");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    if (errno == ENOENT) return unreadable("there is no such file");
    return unreadable(errno == EACCES ? "this user may not read it" : std::strerror(errno));
  }
  std::string text;
  char bytes[64 * 1024];
  while (stream.read(bytes, sizeof bytes) || stream.gcount() > 0) text.append(bytes, static_cast<std::size_t>(stream.gcount()));
  if (stream.bad()) return unreadable(std::strerror(errno));
  return parse_yaml(text);
}

}  // namespace telefence
