// SPDX-License-Identifier: Apache-2.0
#include "yaml/syntax_error.h"

#include <cstddef>

namespace telefence {
namespace {

struct Sentence {
  std::string_view said;  // how yaml-cpp's message begins
  std::string_view ours;  // @: the line where what is open begins
};

constexpr Sentence kSentences[] = {
    {"illegal map value", "\": \" can't stand here: one key on each line, and a text with \": \" in it in quotes"},
    {"illegal map key", "a key can't stand here: one key on each line"},
    {"illegal block entry", "\"- \" can't stand here: the items of a list begin on lines of their own, below its key"},
    {"end of map flow", "the { of line @ is never closed: write } at its end"},
    {"end of sequence flow", "the [ of line @ is never closed: write ] at its end"},
    {"end of map not", "this line does not fit the map that begins in line @: a key for it has the same indentation"},
    {"end of sequence not", "this line does not fit the list that begins in line @: an item of it has the same indentation"},
    {"illegal flow end", "this bracket closes nothing: take it out, or put the text in quotes"},
    {"bad character found while scanning hex", "\\x, \\u and \\U need 2, 4 and 8 hexadecimal digits: put the text in single quotes"},
    {"invalid unicode", "no character has this number: put the text in single quotes"},
    {"unknown token", "a text can't begin with this character: put it in quotes"},
    {"alias not found", "a text can't begin with *: put it in quotes"},
    {"anchor not found", "a text can't begin with &: put it in quotes"},
    {"illegal character found while scanning", "aliases and anchors (*name, &name) are not supported: put the text in quotes"},
    {"the referenced anchor", "aliases (*name) are not supported: write the value out, or put the text in quotes"},
    {"cannot assign", "anchors and tags (&name, !name) are not supported: leave them out"},
    {"end of verbatim tag", "a text can't begin with !: put it in quotes"},
    {"tag handle", "a text can't begin with !: put it in quotes"},
    {"unexpected character in block", "only + and - can stand behind | and >: the text begins on the next line"},
    {"cannot set zero indentation", "only + and - can stand behind | and >: the text begins on the next line"},
    {"illegal document indicator", "--- can't stand in a text in quotes: is the quote closed?"},
    {"illegal EOF in scalar", "the text ends within quotes: is the quote closed?"},
    {"illegal tab", kTabIndents},
    {"YAML ", "lines that begin with % are not supported: take this one out"},
    {"bad YAML version", "lines that begin with % are not supported: take this one out"},
    {"repeated ", "lines that begin with % are not supported: take this one out"},
    {"TAG ", "lines that begin with % are not supported: take this one out"},
    {"bad file", "lists and maps stand too deep in one another"},
};

constexpr std::string_view kUnknownEscape = "unknown escape character: ";
constexpr std::size_t kMaxPath = 100;
constexpr std::size_t kKeptAtEnd = 40;

bool is_within_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string explain_syntax_error(std::string_view said, int open_line) {
  if (said.starts_with(kUnknownEscape)) {
    const std::string escape = "\\" + std::string(said.substr(kUnknownEscape.size()));
    return "\"" + escape + "\" means nothing: write \"\\" + escape + "\", or put the text in single quotes";
  }
  for (const Sentence& sentence : kSentences) {
    if (!said.starts_with(sentence.said)) continue;
    std::string ours(sentence.ours);
    const std::size_t place = ours.find('@');
    if (place != std::string::npos && open_line > 0) ours.replace(place, 1, std::to_string(open_line));
    return ours;
  }
  return "not valid YAML: " + std::string(said);
}

std::string short_path(std::string path) {
  if (path.size() <= kMaxPath) return path;
  std::size_t head = kMaxPath - kKeptAtEnd;
  while (is_within_character(path[head])) --head;
  std::size_t tail = path.size() - kKeptAtEnd;
  while (tail < path.size() && is_within_character(path[tail])) ++tail;
  return path.substr(0, head) + "..." + path.substr(tail);
}

}  // namespace telefence
