// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/replay_run.h"
#include "app/verbs.h"
#include "config/loader.h"
#include "enforce/action.h"

namespace telefence {
namespace {

std::string text(std::string_view view) { return std::string(view); }

template <typename Counters>
std::uint64_t read(const Counters& counters, std::size_t index) {
  return counters[index].read();
}

Json fates_of(const FateSums& sums) {
  Json fates = Json::object();
  for (std::size_t i = 0; i < kFateCount; ++i)
    if (sums.fates[i] != 0) fates[text(fate_name(static_cast<Fate>(i)))] = sums.fates[i];
  return fates;
}

Json protocols_of(const WorkerStats& stats) {
  Json out = Json::object();
  const auto protocols = registered_protocols();
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    Json row = {{"messages", read(stats.messages, p)}, {"repeats", read(stats.repeats, p)}};
    for (std::size_t r = 1; r < kReasonCount; ++r)
      row[text(reason_name(static_cast<Reason>(r)))] = read(stats.verdicts[p], r);
    Json actions = Json::object();
    for (std::size_t a = 0; a < registered_actions().size(); ++a)
      if (const auto count = read(stats.actions[p], a)) actions[text(registered_actions()[a]->name)] = count;
    row["actions"] = actions;
    out[text(protocols[p]->name)] = row;
  }
  return out;
}

Json categories_of(const WorkerStats& stats) {
  Json out = Json::object();
  for (std::size_t c = 0; c < kCategoryCount; ++c)
    if (const auto count = read(stats.categories, c)) out[text(category_name(static_cast<Category>(c)))] = count;
  return out;
}

Json evasions_of(const WorkerStats& stats) {
  Json out = Json::object();
  for (std::size_t kind = 0; kind < kEvasionKindCount; ++kind)
    if (const auto count = read(stats.evasions, kind)) out[text(evasion_name(static_cast<EvasionKind>(kind)))] = count;
  return out;
}

Json summary_of(const ReplayArguments& arguments, const Filter& filter, const ReplayRun& run) {
  const FateSums sums = sum_fates({&run.stats()});
  const SignatureStore::Counts& loaded = filter.counts();
  return {{"capture", arguments.capture},
          {"mode", filter.config().mode == Mode::kEnforce ? "enforce" : "monitor"},
          {"signatures",
           {{"domains", loaded.domains}, {"urls", loaded.urls}, {"numbers", loaded.numbers}, {"patterns", loaded.patterns}, {"allowed", loaded.allowed}}},
          {"packets", sums.received},
          {"bytes", run.stats().received_bytes.read()},
          {"fates", fates_of(sums)},
          {"fates_add_up", sums.total() == sums.received},
          {"transmitted", run.counts().transmitted},
          {"replies", run.stats().replies_sent.read()},
          {"protocols", protocols_of(run.stats())},
          {"categories", categories_of(run.stats())},
          {"evasions", evasions_of(run.stats())},
          {"records", {{"written", run.records().written()}, {"lost", run.records().lost()}}}};
}

class Summary {
 public:
  Summary(const Json& summary, Language language) : summary_(summary), language_(language) {}

  void print() const {
    const bool enforces = summary_["mode"].get<std::string>() == "enforce";
    line(say(language_, {"{}: {}, {} bytes, mode {}", "{}：{}，{} 字节，模式{}"}, summary_["capture"].get<std::string>(),
             counted(language_, summary_["packets"].get<std::uint64_t>(), {"packet", "个报文"}, {"packets", "个报文"}),
             number(summary_, "bytes"), word(enforces ? Word::kEnforce : Word::kMonitor)));
    protocols();
    if (!summary_["categories"].empty()) {
      line("");
      line(word({"blocked, or would be, by category", "已拦截或本应拦截，按类别"}));
      for (const auto& [name, count] : summary_["categories"].items())
        row(std::string(say(language_, category_from(name).value_or(Category::kOther))), count);
    }
    if (!summary_["evasions"].empty()) {
      line("");
      line(word({"signs of evasion", "规避迹象"}));
      for (const auto& [name, count] : summary_["evasions"].items()) row(std::string(word_of(language_, name)), count);
    }
    line("");
    line(summary_["fates_add_up"].get<bool>() ? word({"how packets left (they add up to the packets received)", "报文去向（合计等于收到的报文数）"})
                                              : word({"how packets left: THEY DO NOT ADD UP", "报文去向：合计不符"}));
    for (const auto& [name, count] : summary_["fates"].items()) row(std::string(word_of(language_, name)), count);
  }

 private:
  static constexpr std::size_t kNameColumns = 10;
  static constexpr std::size_t kCountColumns = 11;

  std::string word(const Text& text) const { return std::string(say(language_, text)); }
  static std::string number(const Json& from, const char* key) { return grouped(from[key].get<std::uint64_t>()); }
  static void line(const std::string& text) { std::printf("%s\n", text.c_str()); }
  static void row(const std::string& name, const Json& count) {
    line("  " + padded(name, 30) + right_aligned(grouped(count.get<std::uint64_t>()), 14));
  }

  void protocols() const {
    std::string head = padded(word({"protocol", "协议"}), kNameColumns);
    for (const Text& column : {Text{"messages", "消息"}, Text{"blocked", "拦截"}, Text{"would-be", "本应拦截"}, Text{"shadow", "影子"},
                               Text{"allowed", "白名单"}, Text{"never", "永不拦截"}})
      head += right_aligned(say(language_, column), kCountColumns);
    line("");
    line(head);
    for (const auto& [name, counts] : summary_["protocols"].items()) {
      std::string text = padded(name, kNameColumns);
      for (const char* key : {"messages", "blocked", "monitor", "shadow", "allowed", "never-block"})
        text += right_aligned(number(counts, key), kCountColumns);
      line(text);
    }
  }

  const Json& summary_;
  const Language language_;
};

bool is_same_file(const std::string& one, const std::string& other) {
  struct stat first {}, second {};
  if (stat(one.c_str(), &first) != 0 || stat(other.c_str(), &second) != 0) return one == other;
  // Devices (/dev/null) may be written to as often as one likes.
  return S_ISREG(first.st_mode) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// A capture must not be written over while it is read.
Result<void> check_files(const ReplayArguments& arguments) {
  const auto clash = [](const char* option, const std::string& file, const std::string& what) -> Result<void> {
    return Error{ErrorCode::kUsage, std::string(option) + " " + file + " is " + what + ": give it a name of its own"};
  };
  const std::string &out = arguments.out_file, &records = arguments.records_file;
  if (!out.empty() && is_same_file(out, arguments.capture)) return clash("--out", out, "the capture that is read");
  if (!records.empty() && is_same_file(records, arguments.capture)) return clash("--records", records, "the capture that is read");
  if (!out.empty() && !records.empty() && is_same_file(out, records)) return clash("--records", records, "the file of --out");
  return {};
}

int failed(const Error& error, Language language) {
  print("telefenced replay", error, language);
  return static_cast<int>(error.code);
}

int replay_with(const ReplayArguments& arguments, const Config& config, Language language) {
  Result<std::unique_ptr<Filter>> filter = Filter::make(config);
  if (!filter) return failed(filter.error(), language);
  print(filter.value()->complaints(), language);
  Result<std::unique_ptr<ReplayRun>> run =
      ReplayRun::open(*filter.value(), arguments.capture, arguments.out_file, config.records, nullptr);
  if (!run) return failed(run.error(), language);
  // A reader of a pipe that goes away costs records, which are counted, not the replay.
  if (!arguments.records_file.empty()) std::signal(SIGPIPE, SIG_IGN);
  const Result<void> done = run.value()->run();
  const Json summary = summary_of(arguments, *filter.value(), *run.value());
  if (arguments.json)
    std::printf("%s\n", to_line(summary).c_str());
  else
    Summary(summary, language).print();
  if (!done) return failed(done.error(), language);
  if (const std::uint64_t lost = run.value()->records().lost(); lost != 0)
    return failed({ErrorCode::kEnvironment, std::to_string(lost) + " of the records are lost: " + run.value()->records().problem()}, language);
  if (!summary["fates_add_up"].get<bool>())
    return failed({ErrorCode::kFailed, "the fates do not add up to the packets received"}, language);
  return kExitOk;
}

}  // namespace

int replay(const ReplayArguments& arguments) {
  Config config = default_config();
  Language language = language_of(arguments.language);
  if (const Result<void> checked = check_files(arguments); !checked) return failed(checked.error(), language);
  if (!arguments.config_file.empty()) {
    Loaded loaded = load_config(arguments.config_file);
    language = language_of(arguments.language, loaded.config.language);
    print(loaded.mistakes, kMistake, language);
    if (!loaded.mistakes.empty()) return kExitInvalid;
    config = std::move(loaded.config);
  } else {
    std::fprintf(stderr, "%s\n",
                 std::string(say(language, {"no configuration is given (-c FILE): no signatures are loaded, so nothing can match",
                                            "未指定配置（-c FILE）：没有加载任何规则，不可能命中"}))
                     .c_str());
  }
  if (arguments.enforce) config.mode = Mode::kEnforce;
  config.records.file = arguments.records_file;
  config.records.rotate_bytes = 0;  // the file that was named has them all
  return replay_with(arguments, config, language);
}

}  // namespace telefence
