// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/push_line.h"
#include "app/push_progress.h"
#include "app/push_signing.h"
#include "app/push_source.h"
#include "app/push_weighing.h"
#include "app/rules_options.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "centre/batch_stream.h"
#include "signatures/audit_log.h"

namespace telefence {
namespace {

// While batches are under way the first Ctrl-C ends with a word about how far it came, the second at once.
volatile std::sig_atomic_t is_interrupted = 0;

class InterruptGuard {
 public:
  InterruptGuard() {
    struct sigaction taken {};
    taken.sa_handler = [](int) { is_interrupted = 1; };
    taken.sa_flags = static_cast<int>(SA_RESETHAND);
    for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &taken, &before_[i]);
  }
  ~InterruptGuard() {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM};
  struct sigaction before_[2] {};
};

int failed(Error error, Language language) {
  error.message += what_to_do(error.message);
  print("telefence push apply", error, language);
  return static_cast<int>(error.code);
}

// How far it came, and why no further.
struct Outcome {
  BatchStream::Progress progress;
  std::optional<Error> error;
};

// Whose list ends with the first batch.
std::vector<std::string> replaced_kinds(const PushApplyArguments& arguments, const PushSource& source) {
  if (!arguments.replace_list || arguments.from != 0) return {};
  if (!arguments.kind.empty()) return {arguments.kind};
  return {source.kinds().begin(), source.kinds().end()};
}

class Applying {
 public:
  // `confirmed`: JSON for the audit file, or "".
  Applying(const PushApplyArguments& arguments, PushSource& source, const PushKeys& keys, std::string confirmed, Language language)
      : arguments_(arguments), source_(source), keys_(keys), language_(language), replaced_(replaced_kinds(arguments, source)),
        confirmed_(std::move(confirmed)), progress_(language, source.count()) {}

  Result<void> open_audit() {
    const std::string file = audit_file(arguments_);
    // A line for each batch: all are on the disk when the command ends, and at most a second late before.
    return file.empty() ? Result<void>() : audit_.open(file, AuditLog::Sync::kEachSecond);
  }

  // An error only while nothing was sent yet: then the next server may be asked.
  Result<Outcome> run(RedisConnection& connection) {
    BatchStream stream(connection, arguments_.log, {publisher_name(), keys_.all()}, [this](const BatchStream::Done& done) { audit(done); });
    if (Result<void> begun = stream.begin(); !begun) return begun.error();
    const InterruptGuard guard;
    Result<void> sent = send_all(stream);
    if (!sent) (void)stream.settle();  // a second error says nothing new
    if (sent && audit_error_) sent = *audit_error_;
    progress_.clear();
    Outcome outcome{stream.progress(), {}};
    if (!sent) outcome.error = sent.error();
    if (outcome.error) audit_failure(outcome);
    return outcome;
  }
  double seconds() const { return progress_.seconds(); }
  const std::vector<std::string>& replaced() const { return replaced_; }

 private:
  Result<void> send_all(BatchStream& stream) {
    for (const std::string& kind : replaced())
      if (Result<void> added = stream.add(to_line(Json{{"op", "replace-list"}, {"kind", kind}, {"source", arguments_.source}})); !added) return added;
    std::uint64_t ordinal = 0;
    const Result<void> gone = source_.each([&](std::string_view line) -> Result<void> {
      if (ordinal++ < arguments_.from) return {};
      if (is_interrupted != 0) return Error{ErrorCode::kFailed, "interrupted"};
      if (audit_error_) return *audit_error_;
      return stream.add(line);
    });
    return gone ? stream.finish() : gone;
  }

  void audit(const BatchStream::Done& done) {
    done_ += done.changes;
    progress_.show(arguments_.from + done_);
    AuditEntry entry("pushed", publisher_name());
    entry.json("keys", to_line(Json(keys_.ids()))).number("n", done.changes).json("changes", done.first);
    entry.text("log", arguments_.log).number("seq", done.sequence).text("hash", done.hash);
    if (!confirmed_.empty()) entry.json("confirmed", confirmed_);
    Result<void> written = audit_.append(entry);
    if (written) written = audit_.tick();
    if (!written && !audit_error_) audit_error_ = written.error();
  }
  void audit_failure(const Outcome& outcome) {
    AuditEntry entry("push-failed", publisher_name());
    entry.json("keys", to_line(Json(keys_.ids()))).number("n", outcome.progress.unknown).text("log", arguments_.log);
    (void)audit_.append(entry.text("why", outcome.error->message));
  }

  const PushApplyArguments& arguments_;
  PushSource& source_;
  const PushKeys& keys_;
  const Language language_;
  const std::vector<std::string> replaced_;
  const std::string confirmed_;
  PushProgress progress_;
  AuditLog audit_;
  std::optional<Error> audit_error_;
  std::uint64_t done_ = 0;
};

Json to_json(const PushApplyArguments& arguments, const PushSource& source, const PushKeys& keys, const Applying& applying, const Outcome& outcome) {
  const BatchStream::Progress& progress = outcome.progress;
  Json out = {{"ok", !outcome.error}};
  if (outcome.error) out["error"] = outcome.error->message + what_to_do(outcome.error->message);
  out["changes"] = progress.published;
  out["of"] = source.count() - std::min(source.count(), arguments.from) + applying.replaced().size();
  out["batches"] = progress.batches;
  out["first_seq"] = progress.first_sequence;
  out["seq"] = progress.last_sequence;
  out["hash"] = progress.last_hash;
  out["keys"] = keys.ids();
  out["replaced"] = applying.replaced();
  out["overtaken"] = progress.overtaken;
  out["seconds"] = applying.seconds();
  if (outcome.error) {
    out["unknown"] = progress.unknown;
    out["from"] = arguments.from + progress.published - std::min<std::uint64_t>(progress.published, applying.replaced().size());
  }
  out["reading"] = to_json(source.reading());
  return out;
}

int tell_failure(const PushApplyArguments& arguments, const PushSource& source, const Applying& applying, const Outcome& outcome, Language language) {
  const BatchStream::Progress& progress = outcome.progress;
  (void)failed(*outcome.error, language);
  const std::uint64_t from = arguments.from + progress.published - std::min<std::uint64_t>(progress.published, applying.replaced().size());
  std::string text = progress.batches == 0 ? std::string(say(language, {"nothing of it is published", "均未下发"}))
                                           : say(language, {"{} of {} changes are published, as sequence {} to {}", "已下发 {} / {} 条变更，序号 {} 到 {}"}, grouped(from),
                                                 grouped(source.count()), progress.first_sequence, progress.last_sequence);
  if (progress.unknown != 0) text += say(language, {"; of {} more it is not known", "；另有 {} 条不能确定"}, grouped(progress.unknown));
  std::fprintf(stderr, "%s\n", text.c_str());
  if (progress.batches != 0 || progress.unknown != 0)
    std::fprintf(stderr, "%s\n", say(language, {"to go on: the same command with --from {}; from the beginning does no harm either: what is in force already stays as it is",
                                                "继续：同一命令加 --from {}；从头再来也无妨：已生效的内容保持不变"}, from).c_str());
  return static_cast<int>(outcome.error->code);
}

int tell(const PushApplyArguments& arguments, const PushSource& source, const PushKeys& keys, const Applying& applying, const Outcome& outcome, Language language) {
  const BatchStream::Progress& progress = outcome.progress;
  if (!progress.note.empty()) std::fprintf(stderr, "telefence push apply: %s\n", translated(language, progress.note).c_str());
  if (arguments.json) std::printf("%s\n", to_line(to_json(arguments, source, keys, applying, outcome)).c_str());
  if (outcome.error) return tell_failure(arguments, source, applying, outcome, language);
  if (arguments.json) return kExitOk;
  std::string replaced;
  for (const std::string& kind : applying.replaced()) (replaced += replaced.empty() ? "" : say(language, {", ", "、"})) += word_of(language, kind);
  if (!replaced.empty())
    std::printf("%s\n", say(language, {"replaced: the list of {} ({})", "已替换：{} 的名单（{}）"}, arguments.source, replaced).c_str());
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f", applying.seconds());
  std::printf("%s\n", say(language, {"pushed: {} as {}, sequence {} to {}, in {} s ({})", "已下发：{}，{}，序号 {} 到 {}，用时 {} 秒（{}）"},
                          counted(language, progress.published, {"change", "条变更"}, {"changes", "条变更"}),
                          counted(language, progress.batches, {"batch", "个批次"}, {"batches", "个批次"}), progress.first_sequence, progress.last_sequence,
                          std::string(seconds), rate_text(static_cast<double>(progress.published) / std::max(applying.seconds(), 1e-3))).c_str());
  hint_at_status(arguments, language);
  return kExitOk;
}

// push add asks for a category; a list may have one for each entry, so here it is said what the others get.
Result<void> tell_category(const PushApplyArguments& arguments, PushSource& source, Language language) {
  if (!arguments.list.category.empty() || arguments.list.allow) return {};
  std::uint64_t others = 0;
  const Result<void> looked = source.each_change([&](const Change& change, bool) {
    others += change.op == Change::Op::kAdd && !change.signature.allow && change.signature.category == Category::kOther ? 1 : 0;
    return Result<void>();
  });
  if (looked && others != 0)
    std::fprintf(stderr, "telefence push apply: %s\n",
                 say(language, {"{} of the category other: --category names the kind of fraud where the list does not", "{}的类别为“其他”（other）：名单未注明时请用 --category 指明"},
                     counted(language, others, {"entry is", "个条目"}, {"entries are", "个条目"})).c_str());
  return looked;
}

// What speaks against publishing what was read.
Result<void> check(const PushApplyArguments& arguments, PushSource& source, std::size_t signers) {
  const Reading reading = source.reading();
  if (source.count() == 0) return Error{ErrorCode::kInvalid, "nothing of it can be used: nothing is published"};
  if (arguments.strict && reading.complaint_count != 0) return Error{ErrorCode::kInvalid, "something is wrong with it, and --strict: nothing is published"};
  if (arguments.from >= source.count())
    return Error{ErrorCode::kUsage, "--from " + std::to_string(arguments.from) + ": there are only " + std::to_string(source.count()) + " changes"};
  if (signers != 1) return {};  // two, or none: then edges that take it take everything
  const Result<std::string> wide = source.wide();
  if (!wide) return wide.error();
  if (wide.value().empty()) return {};
  return Error{ErrorCode::kInvalid, wide.value() + ", which edges take with two signatures only: add --second-key FILE. Nothing is published"};
}

void tell_unprotected(const PushApplyArguments& arguments, const PushSource& source, Language language) {
  const std::string why = why_unprotected(arguments.list.protected_file);
  const auto& kinds = source.kinds();
  if (!why.empty() && std::find(kinds.begin(), kinds.end(), "domain") != kinds.end())
    std::fprintf(stderr, "telefence push apply: %s\n", translated(language, why).c_str());
}

}  // namespace

int push_apply(const PushApplyArguments& arguments) {
  const Language language = language_of(arguments.language);
  if (const Result<void> checked = check_servers(arguments); !checked) return failed(checked.error(), language);
  if (arguments.replace_list && arguments.source.empty())
    return failed({ErrorCode::kUsage, "--replace-list needs --source: whose list it is"}, language);
  if (!arguments.replace_list && !arguments.kind.empty()) return failed({ErrorCode::kUsage, "--kind goes with --replace-list"}, language);
  const Result<PushKeys> keys = read_keys(arguments);
  if (!keys) return failed(keys.error(), language);
  RulesProgress reading(language);
  Result<IntakeOptions> options = intake_options(arguments.list, reading);
  if (!options) return failed(options.error(), language);
  const WideTerms wide{arguments.wide_digits, arguments.wide_percent, options.value().terms.home_country};
  PushSource source({std::move(options.value()), arguments.replace_list, arguments.kind, wide});
  if (const Result<void> read = source.read(arguments.list.files, reading); !read) return failed(read.error(), language);
  if (arguments.json)
    std::fputs(complaints_text(source.reading(), arguments.list.most, language).c_str(), stderr);
  else
    print_reading(source.reading(), arguments.list.most, stdout, language);
  tell_unprotected(arguments, source, language);
  if (const Result<void> fine = check(arguments, source, keys.value().keys.size()); !fine) return failed(fine.error(), language);
  if (const Result<void> told = tell_category(arguments, source, language); !told) return failed(told.error(), language);
  const Result<WeighedList> weighed = weigh_list(arguments, source, keys.value(), replaced_kinds(arguments, source), language);
  if (!weighed) return failed(weighed.error(), language);
  if (arguments.dry_run) return tell_dry_run(arguments, weighed.value(), language);
  if (weighed.value().is_over() && !arguments.confirmed) {
    tell_held(arguments, weighed.value(), language);
    return static_cast<int>(ErrorCode::kInvalid);
  }
  Applying applying(arguments, source, keys.value(), confirmed_of(weighed.value()), language);
  if (const Result<void> opened = applying.open_audit(); !opened) return failed(opened.error(), language);
  const Result<Outcome> outcome = on_primary(arguments, [&](RedisConnection& connection) { return applying.run(connection); });
  if (!outcome) return failed(outcome.error(), language);
  if (outcome.value().progress.batches != 0) warn_unsigned("telefence push apply", keys.value(), language);
  return tell(arguments, source, keys.value(), applying, outcome.value(), language);
}

}  // namespace telefence
