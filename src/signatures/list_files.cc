// SPDX-License-Identifier: Apache-2.0
#include "signatures/list_files.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace telefence {
namespace {

// The value of a line: without comment (# first, or after a blank: a # inside a url is part of it) and blanks around.
std::string_view value_of(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      line = line.substr(0, i);
      break;
    }
  }
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

Signature common_part(const ListOptions& list) {
  Signature signature;
  signature.kind = list.kind;
  signature.subdomains = !list.exact;
  signature.prefix = list.kind == SignatureKind::kUrl && !list.exact;
  signature.literal = true;
  signature.sides = list.sides;
  signature.allow = list.allow;
  signature.shadow = list.shadow;
  signature.action = list.action;
  signature.category = list.category;
  signature.tier = list.tier;
  return signature;
}

}  // namespace

Result<void> read_list_file(const ListOptions& list, const std::function<void(Signature)>& take) {
  std::error_code ignored;
  std::ifstream stream(list.file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(list.file, ignored))
    return Error{ErrorCode::kInvalid, "can't read the list " + list.file + ": no such file, or no right to read it"};
  const Signature common = common_part(list);
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    std::string_view text = line;
    if (number == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const std::string_view value = value_of(text);
    if (value.empty()) continue;
    Signature signature = common;
    signature.value = value;
    signature.source = list.file + ":" + std::to_string(number);
    signature.where = signature.source;
    take(std::move(signature));
  }
  if (stream.bad()) return Error{ErrorCode::kInvalid, "can't read the list " + list.file + " to its end"};
  return {};
}

}  // namespace telefence
