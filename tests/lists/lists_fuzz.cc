// SPDX-License-Identifier: Apache-2.0
// Fuzzes lists in every format: as what they are taken for, and as the format that the first byte names. Whatever it is: every line is
// named once and in order, the sums come out, and what is written of it is read back without a complaint.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lists/intake.h"
#include "lists/list_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence {
namespace {

// Hyperscan is not ours, and a long expression keeps it busy for seconds.
constexpr std::size_t kLongestExpression = 24;
constexpr std::size_t kMostExpressions = 8;

void promise(bool kept, const char* what, std::string_view about = "") {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s: %.*s\n", what, static_cast<int>(about.size()), about.data());
  std::abort();
}

// Looks at what a format says before anything is made of it.
class Watch : public ListSink {
 public:
  explicit Watch(bool is_by_line) : is_by_line_(is_by_line) {}
  void take(std::uint64_t line, const Signature& signature, const PatternSamples*) override {
    name(line);
    const bool is_expression = signature.kind == SignatureKind::kPattern || (signature.kind == SignatureKind::kUrl && !signature.literal);
    expressions += is_expression;
    is_heavy = is_heavy || (is_expression && signature.value.size() > kLongestExpression);
  }
  void skip(std::uint64_t line, std::string_view, std::string_view reason) override {
    name(line);
    promise(!reason.empty(), "a line is skipped without a word");
  }
  void pass(std::uint64_t line) override {
    promise(!is_by_line_ || line != last_, "a line both says something and nothing");
    name(line);
    ++lines;
  }
  std::uint64_t lines = 0;
  std::size_t expressions = 0;
  bool is_heavy = false;

 private:
  void name(std::uint64_t line) {
    promise(line > 0, "lines begin with 1");
    last_ = line;
  }
  const bool is_by_line_;
  std::uint64_t last_ = 0;
};

CompileTerms terms() {
  CompileTerms terms;
  terms.action_id = [](std::string_view name) -> ActionId { return name == "drop" ? 0 : kNoAction; };
  return terms;
}

TextSource source_of_text(std::string_view text) { return TextSource("list", source_of(text)); }

// What can be written is read back whole.
void check_written(Intake& intake, const ListFormat& format) {
  std::string text;
  format.head(text);
  std::uint64_t count = 0;
  (void)intake.each([&](const StoredEntry& entry) -> Result<void> {
    if (entry.signature.kind == SignatureKind::kPattern || !entry.signature.literal) return {};
    count += format.write(entry.signature, text) != Said::kNot;
    return {};
  });
  if (count == 0) return;
  IntakeOptions options;
  options.terms = terms();
  options.format = &format;
  Intake again(options);
  TextSource source = source_of_text(text);
  promise(again.read(source).ok() && again.finish().ok(), "what was written is not read", text);
  promise(again.total().of(ValueFate::kSkipped) + again.total().refused() == 0, "what was written is refused", text);
}

void check(std::string_view text, const ListFormat* format) {
  TextSource watched = source_of_text(text);
  const ListFormat* told = format == nullptr ? detect_format(watched.beginning()) : format;
  if (told == nullptr || watched.error()) return;
  Watch watch(told->is_by_line);
  told->read(watched, Signature{}, watch);
  if (watch.is_heavy || watch.expressions > kMostExpressions) return;
  IntakeOptions options;
  options.terms = terms();
  options.format = told;
  options.common.literal = true;
  Intake intake(options);
  TextSource source = source_of_text(text);
  if (!intake.read(source).ok()) return;
  promise(intake.finish().ok(), "the lists are not finished");
  promise(intake.total().adds_up(), "the sums do not come out");
  for (const ListFormat* other : list_formats())
    if (other->write != nullptr) check_written(intake, *other);
}

}  // namespace
}  // namespace telefence

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, nullptr);
  const auto formats = list_formats();
  check(text.substr(1), formats[data[0] % formats.size()]);
  return 0;
}
