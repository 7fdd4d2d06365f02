// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

constexpr std::array kFormats = {&kOpLinesFormat, &kStixFormat,  &kMispFormat,    &kPatternsFormat, &kRpzFormat,  &kDnsmasqFormat, &kClashFormat,
                                 &kAdblockFormat, &kHostsFormat, &kNumbersFormat, &kCsvFormat,      &kUrlsFormat, &kDomainsFormat};
// Less is a guess that would skip most lines.
constexpr int kLeastSure = 20;

}  // namespace

Sample::Sample(std::string_view beginning) : text(beginning) {
  while (!beginning.empty()) {
    const std::string_view line = trimmed(take_until(beginning, "\n"));
    if (line.empty()) continue;
    const bool is_adblock = line.starts_with("##") || line.starts_with("#@#");
    const bool is_comment = line[0] == '#' || line[0] == ';' || line[0] == '!' || line.starts_with("//");
    (is_comment && !is_adblock ? comments : lines).push_back(line);
  }
}

int Sample::share(bool (*is_so)(std::string_view)) const {
  if (lines.empty()) return 0;
  const auto count = std::count_if(lines.begin(), lines.end(), is_so);
  return static_cast<int>(100 * static_cast<std::size_t>(count) / lines.size());
}

std::span<const ListFormat* const> list_formats() { return kFormats; }

const ListFormat* list_format(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [name](const ListFormat* format) { return format->name == name; });
  return found == kFormats.end() ? nullptr : *found;
}

const ListFormat* detect_format(std::string_view beginning) {
  const Sample sample(beginning);
  const ListFormat* surest = nullptr;
  int sure = kLeastSure;
  for (const ListFormat* format : kFormats) {
    const int score = format->sniff(sample);
    if (score <= sure) continue;
    sure = score;
    surest = format;
  }
  // Nothing but comments is a list of nothing.
  if (surest == nullptr && sample.lines.empty()) return &kDomainsFormat;
  return surest;
}

}  // namespace telefence
