// SPDX-License-Identifier: Apache-2.0
#pragma once

// The contract of a format of lists, one file each (hosts_format.cc ...). Reading: every line is taken, skipped with a reason, or
// says nothing; values go out as written, and who receives them makes them canonical (intake.h). Writing: one signature after
// the other. Nothing here knows of files, of counts or of people.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lists/text_source.h"
#include "signatures/pattern_samples.h"
#include "signatures/signature.h"

namespace telefence {

// Where what is read goes. `line` from 1; every line is named, in order, by at least one call.
class ListSink {
 public:
  virtual ~ListSink() = default;
  // What other fields of `signature` than its place say, counts. Samples: of patterns that have some.
  virtual void take(std::uint64_t line, const Signature& signature, const PatternSamples* samples = nullptr) = 0;
  // Something that can't be used: what it is, why, and what would be right.
  virtual void skip(std::uint64_t line, std::string_view value, std::string_view reason) = 0;
  // One more reason why what was skipped last can't be used.
  virtual void skip_also(std::uint64_t line, std::string_view value, std::string_view reason) {
    (void)line, (void)value, (void)reason;
  }
  // What of a line that is taken may be meant otherwise. Beside the call that names it.
  virtual void doubt(std::uint64_t line, std::string_view value, std::string_view reason) {
    (void)line, (void)value, (void)reason;
  }
  // A blank line, a comment, a heading.
  virtual void pass(std::uint64_t line) = 0;
};

// The begin of a list, to tell what format it is in.
struct Sample {
  explicit Sample(std::string_view beginning);
  std::string_view text;
  std::vector<std::string_view> lines;     // no blank ones, no comments; trimmed
  std::vector<std::string_view> comments;  // trimmed, with their sign
  // How many of a hundred lines are so; 0 without lines.
  int share(bool (*is_so)(std::string_view line)) const;
};

// Why a line of a format that has words for both is left out where the whole list was called allowed (--allow).
inline constexpr std::string_view kBlocksThoughAllowed =
    "this line blocks, and the list is read as an allow list: leave --allow away, or the line out";

// How much of a signature a format could say.
enum class Said : std::uint8_t { kWhole, kLess, kNot };

struct ListFormat {
  std::string_view name;
  // How sure it is that this is its own, 0 to 100. The surest reads the file.
  int (*sniff)(const Sample& sample);
  // Reads all. `common`: what an entry is when the list does not say. Ends when the source does, also by an error.
  void (*read)(TextSource& source, const Signature& common, ListSink& sink);
  // False: entries are not told by line, so lines without one are not named.
  bool is_by_line = true;
  // Writing; null: it is only read. `head` comes first; `write` appends one signature, whose value is canonical. kLess: what it wrote
  // covers less than the signature. Never more: then it writes nothing, as for what it has no words for.
  void (*head)(std::string& out) = nullptr;
  Said (*write)(const Signature& signature, std::string& out) = nullptr;
  // It says shadow, times and sides itself. Else whoever reads it blocks what it names: write() gets nothing but what is in force.
  bool says_state = false;
};

// All of them, in the order in which equals are preferred.
std::span<const ListFormat* const> list_formats();
const ListFormat* list_format(std::string_view name);
// Null: it is none of them.
const ListFormat* detect_format(std::string_view beginning);

// Domains for a list with exact: true, where a name with a star covers what is below it. Only written: it is read as domains.
extern const ListFormat kExactDomainsFormat;

// The formats.
extern const ListFormat kDomainsFormat, kHostsFormat, kAdblockFormat, kRpzFormat, kDnsmasqFormat, kClashFormat, kUrlsFormat,
    kNumbersFormat, kCsvFormat, kOpLinesFormat, kPatternsFormat, kStixFormat, kMispFormat;

// For formats: goes through all lines that can be read; the others are skipped here.
template <typename Take>
void for_each_line(TextSource& source, ListSink& sink, Take&& take) {
  std::string_view line;
  while (source.next(line)) {
    if (source.is_cut())
      sink.skip(source.line(), line.substr(0, 60), "the line is longer than 65536 bytes: this is no list of this kind");
    else if (!source.is_readable())
      sink.skip(source.line(), line, "neither UTF-8 nor GB18030: save the file as UTF-8");
    else
      take(source.line(), line);
  }
}

}  // namespace telefence
