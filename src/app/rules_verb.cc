// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/rules_options.h"
#include "app/rules_progress.h"
#include "app/rules_text.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "lists/intake.h"
#include "signatures/words.h"

namespace telefence {
namespace {

Result<void> read_all(Intake& intake, std::span<const std::string> files, RulesProgress& progress) {
  for (const std::string& file : files) {
    const Result<void> read = intake.read(file);
    progress.clear();
    if (!read) return read;
  }
  return intake.finish();
}

int failed(const RulesArguments& arguments, const Error& error, Language language) {
  print(("telefence rules " + arguments.operation).c_str(), error, language);
  return static_cast<int>(error.code);
}

void print_json(const Json& json, std::FILE* to) { std::fprintf(to, "%s\n", to_line(json).c_str()); }

int lint(const RulesArguments& arguments, Intake& intake, Language language) {
  const bool is_sound = intake.complaint_count() == 0;
  if (arguments.json) {
    Json out = {{"ok", is_sound}};
    out.update(to_json(intake));
    print_json(out, stdout);
  } else {
    print_reading(reading_of(intake), arguments.most, stdout, language);
    const std::string verdict = is_sound ? std::string(say(language, {"ok", "正确"}))
                                         : counted(language, intake.complaint_count(), {"thing is wrong", "处问题"}, {"things are wrong", "处问题"});
    std::printf("%s\n", verdict.c_str());
  }
  return is_sound ? kExitOk : kExitInvalid;
}

struct Target {
  const ListFormat* format = nullptr;
  WriteTerms terms;
  bool exact = false;
};

// A list of our own when all entries are of one kind and mean what the arguments say; else op lines, which say everything.
Target import_target(const RulesArguments& arguments, const IntakeSummary& summary, const Signature& common) {
  constexpr const char* kLists[] = {"domains", "urls", "numbers"};
  Target target;
  target.terms.file = arguments.out;
  const std::uint64_t all = summary.kinds[0] + summary.kinds[1] + summary.kinds[2] + summary.kinds[3];
  for (std::size_t i = 0; i < std::size(kLists); ++i) {
    const bool suits = arguments.to.empty() && summary.meanings <= 1 && summary.kinds[i] == all && summary.is_as_common;
    if (arguments.to != kLists[i] && !suits) continue;
    target.terms.is_own_list = true;
    target.terms.common = common;
    target.terms.kind = static_cast<SignatureKind>(i);
    target.exact = target.terms.kind == SignatureKind::kDomain && summary.exact_domains != 0;
    target.format = target.exact ? &kExactDomainsFormat : list_format(kLists[i]);
    return target;
  }
  target.format = list_format("jsonl");
  return target;
}

int write(const RulesArguments& arguments, Intake& intake, const Signature& common, Language language) {
  const bool is_import = arguments.operation == "import";
  // A list of nothing in the place of one that blocks would be the worst of all answers.
  if (intake.total().of(ValueFate::kAccepted) == 0) {
    std::fputs(complaints_text(reading_of(intake), arguments.most, language).c_str(), stderr);
    return failed(arguments, Error{ErrorCode::kInvalid, "nothing of it can be used; " + arguments.out + " is left as it is"}, language);
  }
  Target target = is_import ? import_target(arguments, intake.summary(), common) : Target{list_format(arguments.to), {.file = arguments.out}};
  target.terms.now_s = std::time(nullptr);
  const Result<Written> written = write_list(intake, *target.format, target.terms);
  if (!written) return failed(arguments, written.error(), language);
  if (written.value().whole + written.value().less == 0) {
    std::fputs(complaints_text(reading_of(intake), arguments.most, language).c_str(), stderr);
    return failed(arguments, Error{ErrorCode::kInvalid, "nothing of it can be written as " + std::string(target.format->name) +
                                                            (arguments.out == "-" ? std::string() : "; " + arguments.out + " is left as it is")}, language);
  }
  std::FILE* to = arguments.out == "-" ? stderr : stdout;
  const std::string option = target.terms.is_own_list ? list_option(arguments.out, target.terms.kind, common, target.exact) : "";
  if (arguments.json) {
    Json out = {{"ok", true}};
    out.update(to_json(intake));
    out["written"] = {{"file", arguments.out}, {"format", target.format->name}};
    out["written"].update(to_json(written.value()));
    if (!option.empty()) out["written"]["list_option"] = option;
    print_json(out, to);
    return kExitOk;
  }
  print_reading(reading_of(intake), arguments.most, to, language);
  std::fputs(to_text(written.value(), arguments.out, language).c_str(), to);
  if (!option.empty() && arguments.out != "-")
    std::fprintf(to, "%s\n  %s\n", std::string(say(language, {"for the configuration, under policy.lists:", "写入配置的 policy.lists："})).c_str(), option.c_str());
  return kExitOk;
}

int stats(const RulesArguments& arguments, Intake& intake, Language language) {
  const Result<ListStats> found = stats_of(intake, arguments.most, std::time(nullptr));
  if (!found) return failed(arguments, found.error(), language);
  if (arguments.json) {
    Json out = {{"ok", true}, {"total", to_json(intake.total())}};
    out.update(to_json(found.value()));
    print_json(out, stdout);
    return kExitOk;
  }
  std::fputs(complaints_text(reading_of(intake), arguments.most, language).c_str(), stderr);
  std::fputs(to_text(found.value(), language).c_str(), stdout);
  return kExitOk;
}

int diff(const RulesArguments& arguments, const IntakeOptions& options, RulesProgress& progress, Language language) {
  const auto meanings = std::make_shared<Meanings>();
  Intake before(options, meanings), after(options, meanings);
  for (const auto& [intake, file] : {std::pair{&before, &arguments.files[0]}, std::pair{&after, &arguments.files[1]}})
    if (const Result<void> read = read_all(*intake, {file, 1}, progress); !read) return failed(arguments, read.error(), language);
  constexpr std::string_view kSigns[] = {"+", "-", "~"}, kWords[] = {"added", "removed", "changed"};
  const std::size_t most = arguments.json ? kMostComplaintsInJson : arguments.most;
  Json entries = Json::array();
  std::string text;
  std::size_t shown = 0;
  const Result<DiffCounts> counts = diff_lists(before, after, [&](const EntryDifference& one) {
    if (++shown > most) return;
    const auto index = static_cast<std::size_t>(one.difference);
    entries.push_back({{"change", kWords[index]}, {"kind", kind_name(one.signature.kind)}, {"value", one.signature.value}, {"where", one.where}});
    for (const FieldChange& change : one.changes)
      entries.back()["fields"][std::string(change.field)] = {{"before", change.before}, {"after", change.after}};
    text += std::string(kSigns[index]) + " " + std::string(word_of(language, kind_name(one.signature.kind))) + " " + one.signature.value + "  " +
            one.where + changes_text(one.changes, language) + "\n";
  });
  if (!counts) return failed(arguments, counts.error(), language);
  const DiffCounts& sums = counts.value();
  const std::size_t not_shown = shown > most ? shown - most : 0;
  if (arguments.json) {
    print_json({{"ok", true}, {"added", sums.added}, {"removed", sums.removed}, {"changed", sums.changed}, {"same", sums.same},
                {"before", to_json(before.total())}, {"after", to_json(after.total())}, {"entries", entries}, {"entries_not_shown", not_shown}},
               stdout);
    return kExitOk;
  }
  for (const Intake* intake : {&before, &after}) std::fputs(complaints_text(reading_of(*intake), arguments.most, language).c_str(), stderr);
  std::fputs(text.c_str(), stdout);
  if (not_shown != 0) std::printf("%s\n", say(language, {"{} more", "另有 {} 条"}, grouped(not_shown)).c_str());
  std::printf("%s\n", say(language, {"{} added, {} removed, {} changed, {} the same", "新增 {}，删除 {}，改变 {}，相同 {}"}, grouped(sums.added),
                          grouped(sums.removed), grouped(sums.changed), grouped(sums.same)).c_str());
  return kExitOk;
}

}  // namespace

int rules(const RulesArguments& arguments) {
  const Language language = language_of(arguments.language);
  RulesProgress progress(language);
  Result<IntakeOptions> options = intake_options(arguments, progress);
  if (!options) return failed(arguments, options.error(), language);
  if (arguments.operation == "diff") {
    options.value().keeps_covered = true;
    return diff(arguments, options.value(), progress, language);
  }
  Intake intake(options.value());
  if (const Result<void> read = read_all(intake, arguments.files, progress); !read) return failed(arguments, read.error(), language);
  if (arguments.operation == "lint") return lint(arguments, intake, language);
  if (arguments.operation == "stats") return stats(arguments, intake, language);
  return write(arguments, intake, options.value().common, language);
}

}  // namespace telefence
