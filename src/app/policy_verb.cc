// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/daemon_reply.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "config/assemble.h"
#include "config/loader.h"
#include "lists/intake.h"
#include "lists/list_format.h"
#include "lists/text_source.h"
#include "signatures/line_reader.h"
#include "signatures/size_estimate.h"

namespace telefence {
namespace {

constexpr std::size_t kNumberColumns = 10;
constexpr std::size_t kCountColumns = 14;
constexpr std::size_t kTimeColumns = 28;  // 2026-12-01T00:00:00+08:00

void print_versions(const Json& reply, Language language) {
  const auto cell = [&](const Text& text, std::size_t columns) { return padded(say(language, text), columns); };
  std::printf("%s\n", (cell({"version", "版本"}, kNumberColumns) + cell({"in force since", "生效时间"}, kTimeColumns) +
                       cell({"by", "原因"}, kNumberColumns) + cell({"batch", "批次"}, kNumberColumns) +
                       right_aligned(say(language, {"domains", "域名"}), kCountColumns) +
                       right_aligned(say(language, {"numbers", "号码"}), kCountColumns) +
                       right_aligned(say(language, {"patterns", "文本特征"}), kCountColumns) + std::string(2, ' '))
                          .c_str());
  for (const Json& one : member_of(reply, "versions")) {
    const auto count = [&](const char* key) { return right_aligned(grouped(number_of(one, key)), kCountColumns); };
    const std::uint64_t number = number_of(one, "version");
    std::string text = padded(std::to_string(number), kNumberColumns) + padded(text_of(one, "published"), kTimeColumns) +
                       padded(translated(language, text_of(one, "cause")), kNumberColumns) +
                       padded(std::to_string(number_of(one, "sequence")), kNumberColumns) + count("domains") +
                       count("numbers") + count("patterns");
    if (number == number_of(reply, "in_force")) text += say(language, {"  <- in force", "  <- 当前生效"});
    std::printf("%s\n", text.c_str());
  }
}

int failed(Language language, const Error& error) {
  print("telefence policy", error, language);
  return static_cast<int>(error.code);
}

// The names of formats and what a node takes such a file for (docs/signatures.md).
struct NodeKind {
  std::string_view format;
  SignatureKind kind;
};
constexpr NodeKind kNodeKinds[] = {{"domains", SignatureKind::kDomain}, {"numbers", SignatureKind::kNumber},
                                   {"urls", SignatureKind::kUrl}, {"patterns", SignatureKind::kPattern}};

// What a file holds that a node loads as it is, by its content. nullopt: it is a list of another format, or packed.
Result<std::optional<SignatureKind>> kind_of(const std::string& file) {
  Result<std::unique_ptr<TextSource>> source = TextSource::open(file);
  if (!source) return source.error();
  const std::string_view beginning = source.value()->beginning();
  if (source.value()->error()) return *source.value()->error();
  const ListFormat* const format = detect_format(beginning);
  if (format == nullptr) return Error{ErrorCode::kInvalid, file + ": what this list holds can't be told: --kind domain, number or url says it"};
  for (const NodeKind& one : kNodeKinds)
    if (one.format == format->name && LineReader::open(file).ok()) return std::optional(one.kind);
  return std::optional<SignatureKind>();
}

struct Sorted {
  SignatureOptions loaded;           // as they are
  std::vector<std::string> foreign;  // by telefence push apply or rules import only
};

Result<Sorted> sort_by_kind(const SizeArguments& arguments) {
  Sorted sorted;
  SignatureOptions& options = sorted.loaded;
  for (const std::string& file : arguments.files) {
    ListOptions list;
    list.file = file;
    struct stat found {};
    if (file == "-") return Error{ErrorCode::kUsage, "standard input can't be read twice, as this would have to: give a file"};
    if (stat(file.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) return Error{ErrorCode::kInvalid, file + ": no regular file: what it will take can't be told"};
    if (arguments.kind.empty()) {
      const Result<std::optional<SignatureKind>> kind = kind_of(file);
      if (!kind) return kind.error();
      if (!kind.value()) {
        sorted.foreign.push_back(file);
        continue;
      }
      list.kind = *kind.value();
    } else {
      list.kind = arguments.kind == "number" ? SignatureKind::kNumber : arguments.kind == "url" ? SignatureKind::kUrl : SignatureKind::kDomain;
    }
    if (list.kind == SignatureKind::kPattern) options.patterns.push_back(file);
    else options.lists.push_back(std::move(list));
  }
  return sorted;
}

// Read to their ends, as push apply and rules import do.
Result<void> add_foreign(const std::vector<std::string>& files, const CompileTerms& terms, SizeEstimate& size) {
  if (files.empty()) return {};
  IntakeOptions options;
  options.terms = terms;
  options.now_s = std::time(nullptr);
  Intake intake(options);
  for (const std::string& file : files)
    if (Result<void> read = intake.read(file); !read) return read;
  if (Result<void> finished = intake.finish(); !finished) return finished;
  EntriesEstimate entries(terms);
  const Result<void> taken = intake.each([&](const StoredEntry& entry) -> Result<void> {
    entries.add(entry.signature);
    return {};
  });
  if (!taken) return taken;
  entries.finish(size);
  const Ledger total = intake.total();
  size.left_out += total.refused() + total.of(ValueFate::kSkipped);
  return {};
}

void print_size(const SizeEstimate& size, Language language) {
  const auto mebibytes = [](std::uint64_t bytes) { return grouped((bytes >> 20) + 1) + " MiB"; };
  const auto seconds = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return std::string(text);
  };
  std::printf("%s\n", say(language, {"{}, {}, {}, {}", "{}，{}，{}，{}"}, counted(language, size.domains, Word::kDomain, Word::kDomains),
                          counted(language, size.numbers, Word::kNumber, Word::kNumbers), counted(language, size.urls, Word::kUrl, Word::kUrls),
                          counted(language, size.patterns, Word::kPattern, Word::kPatterns)).c_str());
  if (size.left_out != 0)
    std::printf("%s\n", say(language, {"{} can't be used: telefence rules lint names them", "{}不可用：用 telefence rules lint 查看"},
                            counted(language, size.left_out, {"entry", "条"}, {"entries", "条"})).c_str());
  std::printf("%s\n", say(language, {"memory in force: {}", "生效后内存：{}"}, mebibytes(size.bytes)).c_str());
  std::printf("%s\n", say(language, {"memory while it replaces a set as large: {}", "替换同等规模规则时的峰值内存：{}"},
                          mebibytes(size.peak_bytes)).c_str());
  std::printf("%s\n", say(language, {"time to load, as this machine is now: {} s from the text, {} s compiled",
                                     "加载时间（按本机当前速度）：文本 {} 秒，已编译 {} 秒"},
                          seconds(size.load_seconds), seconds(size.compiled_seconds)).c_str());
}

}  // namespace

int policy_versions(const ToolArguments& arguments) {
  const Language language = language_of(arguments.language);
  const Result<Json> reply = reply_of_daemon(arguments.socket, {{"command", "policy_versions"}});
  if (!reply) return failed(language, reply.error());
  if (arguments.json)
    std::printf("%s\n", to_line(reply.value()).c_str());
  else
    print_versions(reply.value(), language);
  return kExitOk;
}

int policy_rollback(const RollbackArguments& arguments) {
  const Language language = language_of(arguments.language);
  std::uint64_t number = 0;
  if (arguments.version != "newest") {
    const char* const last = arguments.version.data() + arguments.version.size();
    const auto [end, failure] = std::from_chars(arguments.version.data(), last, number);
    if (failure != std::errc() || end != last || number == 0)
      return failed(language, {ErrorCode::kUsage, "\"" + arguments.version + "\" is no version: give a number of telefence policy versions, or newest"});
  }
  const Result<Json> reply = reply_of_daemon(arguments.socket, {{"command", "policy_rollback"}, {"version", number}});
  if (!reply) return failed(language, reply.error());
  const std::uint64_t in_force = number_of(reply.value(), "in_force");
  if (arguments.json)
    std::printf("%s\n", to_line(reply.value()).c_str());
  else if (in_force == number_of(reply.value(), "newest"))
    std::printf("%s\n", say(language, {"version {}, the newest, is in force", "当前生效：最新版本 {}"}, std::to_string(in_force)).c_str());
  else
    std::printf("%s\n", say(language, {"version {} is in force, and stays so whatever is pushed, until: telefence policy rollback newest",
                                       "当前生效：版本 {}；此后下发的变更暂不生效，直至执行：telefence policy rollback newest"},
                            std::to_string(in_force)).c_str());
  return kExitOk;
}

int policy_size(const SizeArguments& arguments) {
  const Language language = language_of(arguments.language);
  const Result<Sorted> sorted = sort_by_kind(arguments);
  if (!sorted) return failed(language, sorted.error());
  const CompileTerms terms = compile_terms(default_config());
  Result<SizeEstimate> size = estimate_size(sorted.value().loaded, terms, true);
  if (!size) return failed(language, size.error());
  if (const Result<void> added = add_foreign(sorted.value().foreign, terms, size.value()); !added) return failed(language, added.error());
  if (arguments.json)
    std::printf("%s\n", to_line({{"domains", size.value().domains},
                                 {"numbers", size.value().numbers},
                                 {"urls", size.value().urls},
                                 {"patterns", size.value().patterns},
                                 {"left_out", size.value().left_out},
                                 {"bytes", size.value().bytes},
                                 {"peak_bytes", size.value().peak_bytes},
                                 {"load_seconds", size.value().load_seconds},
                                 {"compiled_seconds", size.value().compiled_seconds}}).c_str());
  else
    print_size(size.value(), language);
  return kExitOk;
}

}  // namespace telefence
