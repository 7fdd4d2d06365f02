// SPDX-License-Identifier: Apache-2.0

// Our own pattern files (signatures/pattern_files.h): YAML, with samples that each pattern must and must not hit.

#include "lists/list_format.h"
#include "lists/text.h"
#include "signatures/pattern_files.h"

namespace telefence {
namespace {

// 100,000 patterns with their samples take less than half of it.
constexpr std::size_t kLargest = 64u << 20;

int sniff(const Sample& sample) {
  return !sample.lines.empty() && sample.share([](std::string_view line) { return line == "patterns:" || line.starts_with("patterns: ["); }) >= 0 &&
                 ("\n" + std::string(sample.text)).find("\npatterns:") != std::string::npos
             ? 98
             : 0;
}

// The line of "file:line" or "file:line:column"; 1: it names none.
std::uint64_t line_in(std::string_view where, std::string_view file) {
  if (!where.starts_with(file)) return 1;
  where.remove_prefix(file.size());
  if (!where.starts_with(':')) return 1;
  where.remove_prefix(1);
  std::uint64_t line = 0;
  for (const char c : take_until(where, ":"))
    if (is_digit(c) && line < 1'000'000'000) line = line * 10 + static_cast<std::uint64_t>(c - '0');
  return std::max<std::uint64_t>(line, 1);
}

void read(TextSource& source, const Signature&, ListSink& sink) {
  std::string yaml;
  char chunk[65536];
  for (std::size_t count = source.read(chunk, sizeof chunk); count != 0; count = source.read(chunk, sizeof chunk)) {
    if (yaml.size() + count > kLargest) return sink.skip(1, source.name(), "a pattern file has at most 64 MiB: make it several");
    yaml.append(chunk, count);
  }
  if (source.error()) return;
  const PatternFile file = read_pattern_text(yaml, source.name());
  for (const Complaint& complaint : file.complaints) {
    const std::uint64_t line = line_in(complaint.where, source.name());
    if (complaint.is_of_same) sink.skip_also(line, complaint.value, complaint.reason);
    else sink.skip(line, complaint.value, complaint.reason);
  }
  for (const Pattern& pattern : file.patterns) {
    const PatternSamples samples{pattern.must_match, pattern.must_not_match};
    sink.take(line_in(pattern.signature.where, source.name()), pattern.signature, &samples);
  }
}

}  // namespace

constinit const ListFormat kPatternsFormat{.name = "patterns", .sniff = sniff, .read = read, .is_by_line = false};

}  // namespace telefence
