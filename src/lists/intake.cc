// SPDX-License-Identifier: Apache-2.0
#include "lists/intake.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_text.h"
#include "decide/never_block.h"
#include "lists/pattern_trial.h"
#include "lists/text.h"
#include "normalise/phone.h"
#include "signatures/wide_entries.h"

namespace telefence {
namespace {

constexpr std::size_t kLongestValue = 8192;
constexpr std::size_t kLongestText = 1024;
constexpr std::uint64_t kBetweenProgress = 8192;  // calls
constexpr std::size_t kBytesOfValue = 18;         // of a list, about: to make room at once

// A line end in a URL would become two lines of the list that it is written to.
bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// For a terminal: a list must not move its cursor.
std::string harmless(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

bool is_protected(const Entry& entry, const CompileTerms& terms) {
  return terms.protected_names != nullptr && !terms.protected_names->refuse(entry.rule.value, entry.subdomains).empty();
}

// Why the compiler refused it, as far as people count by it.
ValueFate fate_of_refusal(const Signature& signature, const CompileTerms& terms) {
  const bool wanted = signature.allow;
  if (signature.kind == SignatureKind::kNumber) {
    const std::string_view value = trimmed(signature.value);
    if (value.ends_with('*') && std::count_if(value.begin(), value.end(), is_digit) < 2) return ValueFate::kTooWide;
  }
  const Result<Entry> entry = wanted ? Result<Entry>(Error{}) : canonical_entry(signature, terms);
  if (!entry) return ValueFate::kSkipped;
  switch (signature.kind) {
    case SignatureKind::kDomain:
      if (!refuse_domain(entry.value().rule.value, entry.value().subdomains).empty()) return ValueFate::kPublicSuffix;
      return is_protected(entry.value(), terms) ? ValueFate::kProtected : ValueFate::kSkipped;
    case SignatureKind::kNumber: {
      if (!entry.value().prefix) return never_blocked(entry.value().digits) == nullptr ? ValueFate::kSkipped : ValueFate::kNeverBlock;
      const std::string digits = number_for_people(entry.value().digits);
      if (!refuse_home_prefix(digits, terms.home_country).empty()) return ValueFate::kTooWide;
      const auto numbers = never_block_numbers();
      const bool covers = std::any_of(numbers.begin(), numbers.end(), [&](const NeverBlockNumber& number) { return number.digits.starts_with(digits); });
      return covers ? ValueFate::kNeverBlock : ValueFate::kSkipped;
    }
    case SignatureKind::kPattern:
      return signature.literal && !entry.value().rule.value.empty() && signature.action.empty() ? ValueFate::kTooWide : ValueFate::kSkipped;
    case SignatureKind::kUrl:
      break;
  }
  return ValueFate::kSkipped;
}

}  // namespace

class Intake::State : public ListSink {
 public:
  State(IntakeOptions given, std::shared_ptr<Meanings> shared) : options(std::move(given)), meanings(std::move(shared)), seen(0), over(0) {}

  void take(std::uint64_t line, const Signature& signature, const PatternSamples* samples) override {
    tell(line);
    const Signature* wanted = &signature;
    const bool is_forced = options.subdomains && signature.kind == SignatureKind::kDomain;
    // A name for people would stand in the place of the canonical value.
    if (is_forced || (!signature.name.empty() && !is_expression(signature))) {
      forced = signature;
      forced.name.clear();
      if (is_forced) forced.subdomains = *options.subdomains;
      wanted = &forced;
    }
    if (std::string why = unfit(*wanted); !why.empty()) return refuse(line, signature.value, ValueFate::kSkipped, std::move(why));
    Result<Entry> judged = judge_signature(*wanted, options.terms);
    if (!judged) return refuse(line, signature.value, fate_of_refusal(*wanted, options.terms), judged.error().message);
    keep(line, *wanted, std::move(judged.value()), samples);
  }

  void skip(std::uint64_t line, std::string_view value, std::string_view reason) override {
    tell(line);
    refuse(line, value, ValueFate::kSkipped, std::string(reason));
  }

  void skip_also(std::uint64_t line, std::string_view value, std::string_view reason) override {
    complain(file(), line, value, std::string(reason), true);
  }

  void doubt(std::uint64_t line, std::string_view value, std::string_view reason) override {
    complain(file(), line, value, std::string(reason), false);
  }

  void pass(std::uint64_t line) override {
    now_and_then();
    last_line = line;
    ++ledger().silent_lines;
  }

  Result<void> read(TextSource& source) {
    current = &source;
    const ListFormat* format = options.format == nullptr ? detect_format(source.beginning()) : options.format;
    if (source.error()) return *source.error();
    if (format == nullptr)
      return Error{ErrorCode::kInvalid, source.name() + ": what format this list has can't be told: --format names it"};
    if (files.empty()) make_room(source);
    files.push_back({source.name(), format->name, {}});
    last_telling = last_line = 0;
    format->read(source, options.common, *this);
    current = nullptr;
    if (source.error()) return *source.error();
    if (trouble) return *trouble;
    account(*format, source.line());
    return {};
  }

  // Each line was named; of documents, those where something begins.
  void account(const ListFormat& format, std::uint64_t lines) {
    Ledger& own = ledger();
    own.lines = std::max(lines, last_telling);
    if (!format.is_by_line) {
      own.telling_lines = std::min(own.telling_lines, own.lines);  // what is wrong with a document is told before what is in it
      own.silent_lines = own.lines - own.telling_lines;
    }
    CHECK(own.adds_up());
  }

  Result<void> finish() {
    if (const Result<void> tried = try_patterns(); !tried) return tried;
    if (const Result<void> found = find_covered(); !found) return found;
    for (const FileRead& file : files) CHECK(file.ledger.adds_up());
    return {};
  }

  Result<void> each(const std::function<Result<void>(const StoredEntry&)>& with) {
    if (const Result<void> begun = begin(); !begun) return begun;
    StoredEntry entry;
    for (;;) {
      const Result<bool> more = store.next(entry);
      if (!more) return more.error();
      if (!more.value()) return {};
      if (is_out(entry.ordinal)) continue;
      if (const Result<void> taken = with(entry); !taken) return taken;
    }
  }

  std::string where_of(std::uint32_t file, std::uint64_t line) const { return files[file].name + ":" + std::to_string(line); }
  void complain(std::uint32_t file, std::uint64_t line, std::string_view value, std::string reason, bool is_left_out) {
    ++complaint_count;
    if (!is_left_out) ++doubts;
    if (complaints.size() < options.most_complaints)
      complaints.push_back({where_of(file, line), harmless(shortened(value)), harmless(std::move(reason)), is_left_out});
  }

  IntakeOptions options;
  std::shared_ptr<Meanings> meanings;
  SeenValues seen;
  SeenValues over;  // that are over, and of which none in force was there before
  EntryFile store;
  std::vector<FileRead> files;
  IntakeSummary summary;
  std::vector<Complaint> complaints;
  std::uint64_t complaint_count = 0, doubts = 0;

 private:
  Ledger& ledger() { return files.back().ledger; }
  std::uint32_t file() const { return static_cast<std::uint32_t>(files.size() - 1); }

  void tell(std::uint64_t line) {
    now_and_then();
    if (line == last_telling) return;
    last_telling = line;
    ++ledger().telling_lines;
  }
  void now_and_then() {
    if (++calls % kBetweenProgress == 0 && options.progress && current != nullptr) options.progress(*current);
  }
  void make_room(const TextSource& source) {
    constexpr std::uint64_t kMost = 1u << 26;
    seen = SeenValues(static_cast<std::size_t>(std::min<std::uint64_t>(source.size() / kBytesOfValue, kMost)));
  }

  static std::string unfit(const Signature& signature) {
    if (signature.value.size() > kLongestValue) return "the value is longer than 8192 bytes";
    if (signature.name.size() > kLongestText || signature.source.size() > kLongestText || signature.action.size() > 64)
      return "its name, source or action is longer than 1024 bytes";
    if (signature.kind != SignatureKind::kPattern && has_control_character(signature.value)) return "the value has a control character in it";
    return {};
  }

  void refuse(std::uint64_t line, std::string_view value, ValueFate fate, std::string why) {
    ledger().count(fate);
    complain(file(), line, value, std::move(why), true);
  }

  void keep(std::uint64_t line, const Signature& written, Entry entry, const PatternSamples* samples) {
    Signature& signature = canonical;
    signature = written;
    signature.where.clear();
    if (!is_expression(signature)) signature.value = entry.rule.value;
    signature.subdomains = entry.subdomains;
    signature.prefix = signature.kind == SignatureKind::kUrl ? entry.prefix : false;
    if (signature.kind == SignatureKind::kNumber) signature.prefix = entry.prefix;
    if (is_over(signature)) return keep_over(line, std::move(entry), samples);
    const std::uint16_t meaning = meanings->number_of(signature);
    if (const bool was_allowed = is_there_otherwise(signature); was_allowed && !signature.allow) {
      ledger().count(ValueFate::kDuplicate);
      return complain(file(), line, signature.value, "is allowed by an entry before: that one counts", false);
    } else if (was_allowed) {
      complain(file(), line, signature.value, "is blocked by an entry before: the allow entry counts", false);
    }
    if (const ValueSet::Mark before = seen.insert(signature, meaning); before != 0) {
      ledger().count(ValueFate::kDuplicate);
      if (before != meaning && before != Meanings::kOther && meaning != Meanings::kOther)
        complain(file(), line, signature.value, "is there before with another category, level, action or expiry: the first one counts", false);
      return;
    }
    if (signature.prefix && signature.kind == SignatureKind::kNumber && !signature.allow && is_wide(signature))
      complain(file(), line, signature.value, std::string(kDoubtedPrefix), false);
    store_it(line, std::move(entry), samples);
  }

  // Accepts `canonical`.
  void store_it(std::uint64_t line, Entry entry, const PatternSamples* samples) {
    Signature& signature = canonical;
    ledger().count(ValueFate::kAccepted);
    if (is_expression(signature)) {
      entry.where = where_of(file(), line);
      trial.add({std::move(entry), store.count(), file(), line, samples == nullptr ? PatternSamples{} : *samples});
    }
    if (trouble) return;
    if (store.count() == 0)
      if (Result<void> opened = store.open(); !opened) trouble = opened.error();
    if (!trouble)
      if (Result<void> appended = store.append(signature, file(), line); !appended) trouble = appended.error();
  }

  // Others of its value that follow are taken as if it were not there. Behind one that is in force it would be the newer word on an edge,
  // which asks for the value alone.
  void keep_over(std::uint64_t line, Entry entry, const PatternSamples* samples) {
    const bool is_behind = is_there_in_any_form(canonical);
    if (!is_behind && over.insert(canonical, meanings->number_of(canonical)) == 0) return store_it(line, std::move(entry), samples);
    ledger().count(ValueFate::kDuplicate);
    if (is_behind) complain(file(), line, canonical.value, "is over, and another entry of this value is there before: that one counts", false);
  }

  // Whether an entry of this value is in force, whatever it covers and whether it blocks or lets pass.
  bool is_there_in_any_form(const Signature& signature) const {
    using Sides = Signature::Sides;
    Signature form = signature;
    for (const bool allow : {false, true}) {
      for (const bool wide : {false, true}) {
        for (const bool literal : {false, true}) {
          for (const Sides sides : {Sides::kCalling, Sides::kCalled, Sides::kEither}) {
            form.allow = allow;
            form.subdomains = form.prefix = wide;
            form.literal = literal;
            form.sides = sides;
            if (seen.find(form) != 0) return true;
          }
        }
      }
    }
    return false;
  }

  // It does nothing any more.
  bool is_over(const Signature& signature) const {
    return options.now_s != 0 && signature.expires_s != 0 && signature.expires_s <= options.now_s;
  }

  // An entry of the same value that allows, when this one blocks, or the other way round.
  bool is_there_otherwise(Signature& signature) {
    signature.allow = !signature.allow;
    const bool is_there = seen.find(signature) != 0;
    signature.allow = !signature.allow;
    return is_there;
  }

  bool is_wide(const Signature& signature) const {
    WideTerms terms;
    terms.home_country = options.terms.home_country;
    terms.number_digits = kDoubtedPrefixDigits;
    return !why_wide(signature, terms).empty();
  }

  static bool is_expression(const Signature& signature) {
    return signature.kind == SignatureKind::kPattern || (signature.kind == SignatureKind::kUrl && !signature.literal);
  }

  bool is_out(std::uint64_t ordinal) const { return ordinal < out.size() && out[ordinal]; }
  void put_out(std::uint64_t ordinal) {
    if (out.size() < store.count()) out.resize(store.count());
    out[ordinal] = true;
  }

  Result<void> begin() {
    if (trouble) return *trouble;
    if (store.count() == 0) return {};
    return store.rewind();
  }

  Result<void> try_patterns() {
    for (const PatternTrial::Finding& finding : trial.run(options.terms.home_country)) {
      complain(finding.file, finding.line, finding.name, finding.reason, finding.is_left_out);
      if (!finding.is_left_out) continue;
      files[finding.file].ledger.move_to(ValueFate::kSkipped);
      put_out(finding.ordinal);
    }
    return {};
  }

  Result<void> find_covered() {
    std::set<std::uint16_t> meant;
    const std::uint16_t common = meanings->number_of(options.common);
    const Result<void> gone = each([&](const StoredEntry& entry) -> Result<void> {
      const std::uint16_t meaning = meanings->number_of(entry.signature);
      if (!options.keeps_covered && !is_over(entry.signature) && seen.is_covered(entry.signature, meaning)) {
        files[entry.file].ledger.move_to(ValueFate::kCovered);
        put_out(entry.ordinal);
        return {};
      }
      meant.insert(meaning);
      const Signature& signature = entry.signature;
      files[entry.file].over += is_over(signature);
      const bool is_whole_url = signature.kind != SignatureKind::kUrl || (signature.literal && signature.prefix);
      if (meaning != common || signature.id != 0 || !signature.name.empty() || !is_whole_url ||
          (signature.kind == SignatureKind::kNumber && signature.sides != options.common.sides) || needs_op_line(signature))
        summary.is_as_common = false;
      ++summary.kinds[static_cast<std::size_t>(entry.signature.kind)];
      if (entry.signature.kind == SignatureKind::kDomain && !entry.signature.subdomains) ++summary.exact_domains;
      return {};
    });
    summary.meanings = meant.size();
    return gone;
  }

  TextSource* current = nullptr;
  std::uint64_t calls = 0;
  std::uint64_t last_line = 0, last_telling = 0;
  std::optional<Error> trouble;  // of the temporary file
  Signature forced, canonical;
  PatternTrial trial;
  std::vector<bool> out;  // by ordinal: not in force after all
};

Intake::Intake(IntakeOptions options, std::shared_ptr<Meanings> meanings)
    : state_(std::make_unique<State>(std::move(options), std::move(meanings))) {}
Intake::~Intake() = default;

Result<void> Intake::read(const std::string& file) {
  const Result<std::unique_ptr<TextSource>> source = TextSource::open(file);
  if (!source) return source.error();
  return state_->read(*source.value());
}
Result<void> Intake::read(TextSource& source) { return state_->read(source); }
Result<void> Intake::finish() { return state_->finish(); }
Result<void> Intake::each(const std::function<Result<void>(const StoredEntry&)>& take) { return state_->each(take); }
std::string Intake::where(const StoredEntry& entry) const { return state_->where_of(entry.file, entry.line); }
const std::vector<FileRead>& Intake::files() const { return state_->files; }
Ledger Intake::total() const {
  Ledger sum;
  for (const FileRead& file : state_->files) sum.add(file.ledger);
  CHECK(sum.adds_up());
  return sum;
}
const IntakeSummary& Intake::summary() const { return state_->summary; }
const std::vector<Complaint>& Intake::complaints() const { return state_->complaints; }
std::uint64_t Intake::complaint_count() const { return state_->complaint_count; }
std::uint64_t Intake::doubts() const { return state_->doubts; }
std::uint16_t Intake::meaning_here(const Signature& signature) const {
  const std::uint16_t in_force = state_->seen.find(signature);
  return in_force != 0 ? in_force : state_->over.find(signature);
}
const Meanings& Intake::meanings() const { return *state_->meanings; }
bool Intake::is_covered(const Signature& signature, std::uint16_t meaning) const { return state_->seen.is_covered(signature, meaning); }
std::size_t Intake::memory_bytes() const { return state_->seen.bytes() + state_->over.bytes(); }

}  // namespace telefence
