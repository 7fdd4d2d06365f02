// SPDX-License-Identifier: Apache-2.0
#include "app/push_source.h"

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "app/push_spool.h"
#include "lists/pattern_trial.h"
#include "lists/text.h"
#include "signatures/op_line.h"
#include "signatures/wide_entries.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::uint64_t kBetweenProgress = 8192;
constexpr std::size_t kShownOfValue = 120;

bool is_expression(const Signature& signature) {
  return signature.kind == SignatureKind::kPattern || (signature.kind == SignatureKind::kUrl && !signature.literal);
}

}  // namespace

class PushSource::WideSearch {
 public:
  explicit WideSearch(const WideTerms& terms) : terms_(terms) {}

  bool has_found() const { return !found_.empty(); }
  void look_at(const Signature& signature, std::uint64_t ordinal, const std::function<std::string()>& where) {
    if (has_found() || signature.allow) return;
    if (signature.kind == SignatureKind::kPattern || signature.kind == SignatureKind::kUrl) {
      patterns_.push_back({signature, ordinal});
      patterns_.back().signature.where = where();
    } else if (const std::string why = why_wide(signature, terms_); !why.empty()) {
      found_ = where() + ": " + signature.value + " is " + why;
    }
  }

  // Where, value and why of the first; "" = none. Patterns that are not published after all are in `out`.
  std::string first(const std::set<std::uint64_t>& out = {}) const {
    if (has_found()) return found_;
    std::vector<const Signature*> judged;
    for (const Pattern& pattern : patterns_)
      if (!out.contains(pattern.ordinal)) judged.push_back(&pattern.signature);
    const std::vector<std::string> wide = why_wide_patterns(judged, terms_);
    for (std::size_t i = 0; i < judged.size(); ++i)
      if (!wide[i].empty()) return judged[i]->where + ": " + judged[i]->value + " is " + wide[i];
    return {};
  }

 private:
  struct Pattern {
    Signature signature;
    std::uint64_t ordinal = 0;
  };
  const WideTerms& terms_;
  std::string found_;
  std::vector<Pattern> patterns_;
};

class PushSource::OpLines : public ListSink {
 public:
  OpLines(const PushSourceOptions& options, std::set<std::string>& kinds)
      : options_(options), kinds_(kinds), wide_(options.wide), has_options_(options.reading.subdomains || says_something(options.reading.common)) {}

  Result<void> read(TextSource& source) {
    files_.push_back({source.name(), kOpLinesFormat.name, {}});
    if (files_.size() == 1)
      if (Result<void> opened = spool_.open(); !opened) return opened;
    std::uint64_t lines = 0;
    for_each_line(source, *this, [&](std::uint64_t number, std::string_view line) {
      if (++lines % kBetweenProgress == 0 && options_.reading.progress) options_.reading.progress(source);
      take_line(number, trimmed(line));
    });
    if (source.error()) return *source.error();
    if (trouble_) return *trouble_;
    ledger().lines = source.line();
    CHECK(ledger().adds_up());
    return {};
  }

  // Patterns are compiled together.
  Result<void> finish() {
    for (const PatternTrial::Finding& finding : trial_.run(options_.reading.terms.home_country)) {
      complain(finding.file, finding.line, finding.name, finding.reason, finding.is_left_out);
      if (!finding.is_left_out) continue;
      files_[finding.file].ledger.move_to(ValueFate::kSkipped);
      if (out_.insert(finding.ordinal).second) --of_kind_[kind_of_expression_[finding.ordinal]];
      --count_;
    }
    for (const auto& [kind, left] : of_kind_)
      if (left > 0) kinds_.insert(kind);
    return {};
  }

  Result<void> each(const std::function<Result<void>(std::string_view line)>& take) {
    std::uint64_t ordinal = 0;
    return spool_.each([&](std::string_view line) { return out_.contains(ordinal++) ? Result<void>() : take(line); });
  }

  // ListSink
  void take(std::uint64_t, const Signature&, const PatternSamples*) override {}
  void skip(std::uint64_t line, std::string_view value, std::string_view reason) override {
    ++ledger().telling_lines;
    ledger().count(ValueFate::kSkipped);
    complain(files_.size() - 1, line, value, std::string(reason), true);
  }
  void pass(std::uint64_t) override { ++ledger().silent_lines; }

  std::vector<FileRead> files_;
  std::vector<Complaint> complaints_;
  std::uint64_t complaint_count_ = 0;
  std::uint64_t count_ = 0;
  bool replaces_lists_ = false;
  std::string wide() const { return wide_.first(out_); }

 private:
  Ledger& ledger() { return files_.back().ledger; }

  void complain(std::size_t file, std::uint64_t line, std::string_view value, std::string reason, bool is_left_out) {
    ++complaint_count_;
    if (complaints_.size() < options_.reading.most_complaints)
      complaints_.push_back({files_[file].name + ":" + std::to_string(line), std::string(value.substr(0, kShownOfValue)), std::move(reason), is_left_out});
  }

  void take_line(std::uint64_t number, std::string_view line) {
    if (line.empty() || line[0] == '#') return pass(number);
    Result<Change> parsed = parse_op_line(line, options_.reading.common);
    if (!parsed) return skip(number, line, parsed.error().message);
    Change& change = parsed.value();
    if (const std::string_view why = why_not_allowed(change, options_.reading.common); !why.empty()) return skip(number, change.signature.value, why);
    if (options_.reading.subdomains && change.op == Change::Op::kAdd && change.signature.kind == SignatureKind::kDomain)
      change.signature.subdomains = *options_.reading.subdomains;
    if (std::string why = why_not_in_list(change); !why.empty()) return skip(number, change.signature.value, why);
    Result<Entry> entry = judge(change);
    if (!entry) return skip(number, change.signature.value, entry.error().message);
    ++ledger().telling_lines;
    ledger().count(ValueFate::kAccepted);
    note_wide(number, change);
    replaces_lists_ |= change.op == Change::Op::kReplaceList;
    if (change.op == Change::Op::kAdd) ++of_kind_[std::string(kind_name(change))];
    if (change.op == Change::Op::kAdd && change.unenforced == UnenforcedKind::kNone && is_expression(change.signature)) {
      entry.value().where = files_.back().name + ":" + std::to_string(number);
      kind_of_expression_[spool_.count()] = kind_name(change);
      trial_.add({std::move(entry.value()), spool_.count(), static_cast<std::uint32_t>(files_.size() - 1), number, {}});
    }
    ++count_;
    keep(line, change);
  }

  void keep(std::string_view line, Change& change) {
    if (trouble_) return;
    const std::string& source = options_.reading.common.source;
    const bool wants_source = !source.empty() && change.signature.source.empty();
    if (wants_source) change.signature.source = source;
    const bool may_be_more = change.op == Change::Op::kAdd ? has_options_ : wants_source;
    if (Result<void> kept = spool_.append(may_be_more ? to_op_line(change) : std::string(line)); !kept) trouble_ = kept.error();
  }

  // A new list has only entries of its own source and kind.
  std::string why_not_in_list(const Change& change) const {
    if (!options_.is_new_list) return {};
    const std::string& source = options_.reading.common.source;
    if (change.op != Change::Op::kAdd) return "a new list has only entries: add or allow";
    if (!change.signature.source.empty() && change.signature.source != source)
      return "its source is " + change.signature.source + ", and the new list is of " + source;
    if (!options_.kind.empty() && kind_name(change) != options_.kind)
      return "of the kind " + std::string(kind_name(change)) + ", and the new list is of the kind " + options_.kind;
    return {};
  }

  Result<Entry> judge(const Change& change) const {
    if (change.unenforced != UnenforcedKind::kNone || change.op == Change::Op::kReplaceList) return Entry{};
    if (change.op == Change::Op::kRemove) return canonical_entry(change.signature, options_.reading.terms);
    return is_expression(change.signature) ? compile_signature(change.signature, options_.reading.terms)
                                           : judge_signature(change.signature, options_.reading.terms);
  }

  void note_wide(std::uint64_t number, const Change& change) {
    if (change.op != Change::Op::kAdd || change.unenforced != UnenforcedKind::kNone) return;
    wide_.look_at(change.signature, spool_.count(), [&] { return files_.back().name + ":" + std::to_string(number); });
  }

  // Anything that a line may leave to the options.
  static bool says_something(const Signature& common) {
    const Signature nothing;
    return common.category != nothing.category || common.tier != nothing.tier || common.sides != nothing.sides || common.shadow != nothing.shadow ||
           !common.action.empty() || !common.source.empty();
  }

  const PushSourceOptions& options_;
  std::map<std::string, std::int64_t> of_kind_;
  std::unordered_map<std::uint64_t, std::string> kind_of_expression_;  // by ordinal
  std::set<std::string>& kinds_;
  WideSearch wide_;
  const bool has_options_;
  PushSpool spool_;
  PatternTrial trial_;
  std::set<std::uint64_t> out_;  // lines of the spool that are not published after all
  std::optional<Error> trouble_;
};

PushSource::PushSource(PushSourceOptions options) : options_(std::move(options)), intake_(options_.reading) {}
PushSource::~PushSource() = default;

Result<void> PushSource::read(const std::vector<std::string>& files, RulesProgress& progress) {
  std::vector<std::unique_ptr<TextSource>> sources;
  std::size_t op_files = 0;
  for (const std::string& file : files) {
    Result<std::unique_ptr<TextSource>> source = TextSource::open(file);
    if (!source) return source.error();
    const ListFormat* format = options_.reading.format != nullptr ? options_.reading.format : detect_format(source.value()->beginning());
    op_files += format == &kOpLinesFormat ? 1 : 0;
    sources.push_back(std::move(source.value()));
  }
  if (op_files == 0) return read_lists(sources, progress);
  if (op_files != sources.size())
    return Error{ErrorCode::kUsage, "op lines and lists in other formats can't be published together: one after the other"};
  op_lines_ = std::make_unique<OpLines>(options_, kinds_);
  for (const auto& source : sources) {
    const Result<void> read = op_lines_->read(*source);
    progress.clear();
    if (!read) return read;
  }
  return op_lines_->finish();
}

Result<void> PushSource::read_lists(std::vector<std::unique_ptr<TextSource>>& sources, RulesProgress& progress) {
  for (const auto& source : sources) {
    const Result<void> read = intake_.read(*source);
    progress.clear();
    if (!read) return read;
  }
  if (const Result<void> finished = intake_.finish(); !finished) return finished;
  const auto& kinds = intake_.summary().kinds;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i] != 0) kinds_.emplace(kind_name(static_cast<SignatureKind>(i)));
  return check_kinds();
}

Result<void> PushSource::check_kinds() const {
  if (!options_.is_new_list || options_.kind.empty()) return {};
  for (const std::string& kind : kinds_)
    if (kind != options_.kind)
      return Error{ErrorCode::kInvalid, "there are entries of the kind " + kind + " in it, and the new list is of the kind " + options_.kind +
                                            ": without --kind the list of each kind is replaced"};
  return {};
}

bool PushSource::replaces_lists() const { return op_lines_ != nullptr && op_lines_->replaces_lists_; }

Reading PushSource::reading() const {
  if (op_lines_ == nullptr) return reading_of(intake_);
  return {op_lines_->files_, op_lines_->complaints_, op_lines_->complaint_count_};
}

std::uint64_t PushSource::count() const { return op_lines_ == nullptr ? intake_.total().of(ValueFate::kAccepted) : op_lines_->count_; }

Result<std::string> PushSource::wide() {
  if (op_lines_ != nullptr) return op_lines_->wide();
  // No accepted domain is a whole top-level domain unless it is an allowed one.
  const bool has_only_domains = kinds_ == std::set<std::string>{"domain"};
  if (has_only_domains && intake_.summary().is_as_common && !options_.reading.common.allow) return std::string();
  WideSearch search(options_.wide);
  const Result<void> looked = intake_.each([&](const StoredEntry& entry) -> Result<void> {
    search.look_at(entry.signature, 0, [&] { return intake_.where(entry); });
    return {};
  });
  return looked ? Result<std::string>(search.first()) : Result<std::string>(looked.error());
}

Result<void> PushSource::each_change(const std::function<Result<void>(const Change&, bool is_canonical)>& take) {
  if (op_lines_ != nullptr)
    return op_lines_->each([&](std::string_view line) {
      const Result<Change> change = parse_op_line(line);
      return change ? take(change.value(), false) : Result<void>(change.error());
    });
  Change change;
  return intake_.each([&](const StoredEntry& entry) {
    change.signature = entry.signature;
    return take(change, !is_expression(entry.signature));
  });
}

Result<void> PushSource::each(const std::function<Result<void>(std::string_view line)>& take) {
  if (op_lines_ != nullptr) return op_lines_->each(take);
  Change change;
  return intake_.each([&](const StoredEntry& entry) {
    change.signature = entry.signature;
    return take(to_op_line(change));
  });
}

}  // namespace telefence
