// SPDX-License-Identifier: Apache-2.0
#include "signatures/list_files.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "normalise/domain.h"
#include "signatures/layer_filler.h"
#include "signatures/line_reader.h"
#include "signatures/number_range.h"

namespace telefence {
namespace {

// The value of a line: without comment and blanks around. # begins one, first or after a blank: inside a url it is part of it; where a
// whole line is one, other signs are in use, too.
std::string_view value_of(std::string_view line) {
  if (line.starts_with(';') || line.starts_with('!') || line.starts_with("//")) return {};
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at != 0 && line[at - 1] != ' ' && line[at - 1] != '\t') continue;
    line = line.substr(0, at);
    break;
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

// take(line number, value) for each line that has one, until it says that it needs no more; a range of numbers is the fewest prefixes that
// it takes.
template <typename Take>
Result<void> for_each_value(LineReader& lines, const ListOptions& list, Take take,
                            std::size_t at_most = std::numeric_limits<std::size_t>::max()) {
  constexpr std::size_t kShortestRange = 21;  // two numbers of ten digits
  std::string_view line;
  while (lines.number() < at_most && lines.next(line)) {
    if (lines.number() == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    const std::string_view value = value_of(line);
    if (value.empty()) continue;
    if (list.kind != SignatureKind::kNumber || value.size() < kShortestRange || !is_number_range(value)) {
      if (!take(lines.number(), value)) return {};
      continue;
    }
    for (const std::string& part : parts_of_range(value))
      if (!take(lines.number(), part)) return {};
  }
  if (lines.has_failed()) return Error{ErrorCode::kInvalid, "can't read the list " + list.file + " to its end"};
  return {};
}

Result<LineReader> open_list(const ListOptions& list) {
  Result<LineReader> lines = LineReader::open(list.file);
  if (lines.ok()) return lines;
  return Error{ErrorCode::kInvalid, "can't read the list " + list.file + ": " + lines.error().message};
}

}  // namespace

Result<void> read_list_file(const ListOptions& list, const std::function<void(Signature)>& take) {
  Result<LineReader> lines = open_list(list);
  if (!lines.ok()) return lines.error();
  const Signature common = common_part(list);
  return for_each_value(lines.value(), list, [&](std::size_t number, std::string_view value) {
    Signature signature = common;
    signature.value = value;
    signature.source = list.file;
    signature.where = list.file + ":" + std::to_string(number);
    take(std::move(signature));
    return true;
  });
}

std::size_t line_of_entry(const std::string& file, SignatureKind kind, std::string_view value, const CompileTerms& terms) {
  ListOptions list;
  list.file = file;
  list.kind = kind;
  Result<LineReader> lines = open_list(list);
  if (!lines.ok() || (kind != SignatureKind::kDomain && kind != SignatureKind::kNumber)) return 0;
  std::size_t line = 0;
  std::array<char, 256> name;
  (void)for_each_value(lines.value(), list, [&](std::size_t number, std::string_view text) {
    if (kind == SignatureKind::kDomain) {
      if (text.starts_with("*.")) text.remove_prefix(2);
      if (text.starts_with('.')) text.remove_prefix(1);
      if (text.size() <= 254 && is_plain_domain_text(text)) {
        if (std::string_view(name.data(), canonical_domain(text, name.data())) == value) line = number;
        return line == 0;
      }
    }
    Signature signature = common_part(list);
    signature.value = text;
    const Result<Entry> entry = canonical_entry(signature, terms);
    if (entry.ok() && entry.value().rule.value == value) line = number;
    return line == 0;
  });
  return line;
}

Result<void> load_list_file(const ListOptions& list, const CompileTerms& terms, Layer& layer, ComplaintList& complaints,
                            std::size_t at_most) {
  CHECK(list.kind == SignatureKind::kDomain || list.kind == SignatureKind::kNumber);
  Result<LineReader> lines = open_list(list);
  if (!lines.ok()) return lines.error();
  const bool is_part = at_most != std::numeric_limits<std::size_t>::max();
  LayerFiller filler(terms, layer, complaints);
  filler.doubt_short_prefixes();
  filler.reserve(list.kind, is_part ? at_most : lines.value().count_lines());
  Signature common = common_part(list);
  common.source = list.file;
  filler.begin(common);
  const Result<void> read = for_each_value(lines.value(), list, [&](std::size_t line, std::string_view value) {
    if (!filler.take_plain({value})) filler.take({value}, list.file + ":" + std::to_string(line));
    return true;
  }, at_most);
  filler.finish();
  return read;
}

}  // namespace telefence
