// SPDX-License-Identifier: Apache-2.0
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

Json summary_of(const ReplayArguments& arguments, const Config& config, const ReplayRun& run) {
  const FateSums sums = sum_fates({&run.stats()});
  return {{"capture", arguments.capture},
          {"mode", config.mode == Mode::kEnforce ? "enforce" : "monitor"},
          {"packets", sums.received},
          {"bytes", run.stats().received_bytes.read()},
          {"fates", fates_of(sums)},
          {"fates_add_up", sums.total() == sums.received},
          {"transmitted", run.counts().transmitted},
          {"replies", run.stats().replies_sent.read()},
          {"protocols", protocols_of(run.stats())},
          {"categories", categories_of(run.stats())},
          {"records", {{"written", run.records().written()}, {"lost", run.records().lost()}}}};
}

void print_counts(const Json& counts) {
  for (const auto& [name, count] : counts.items())
    std::printf("  %-30s %12llu\n", name.c_str(), static_cast<unsigned long long>(count.get<std::uint64_t>()));
}

void print_text(const Json& summary) {
  std::printf("%s: %llu packets, %llu bytes, mode %s\n\n", summary["capture"].get<std::string>().c_str(),
              static_cast<unsigned long long>(summary["packets"].get<std::uint64_t>()),
              static_cast<unsigned long long>(summary["bytes"].get<std::uint64_t>()),
              summary["mode"].get<std::string>().c_str());
  std::printf("%-10s %10s %10s %10s %10s %10s %10s\n", "protocol", "messages", "blocked", "would-be", "shadow", "allowed",
              "never");
  for (const auto& [name, row] : summary["protocols"].items()) {
    const auto column = [&row](const char* key) { return static_cast<unsigned long long>(row[key].get<std::uint64_t>()); };
    std::printf("%-10s %10llu %10llu %10llu %10llu %10llu %10llu\n", name.c_str(), column("messages"), column("blocked"),
                column("monitor"), column("shadow"), column("allowed"), column("never-block"));
  }
  if (!summary["categories"].empty()) std::printf("\nblocked or would-be, by category\n");
  print_counts(summary["categories"]);
  std::printf("\nhow packets left (%s)\n",
              summary["fates_add_up"].get<bool>() ? "they add up to the packets received" : "THEY DO NOT ADD UP");
  print_counts(summary["fates"]);
}

int failed(const Error& error) {
  std::fprintf(stderr, "telefenced replay: %s\n", error.message.c_str());
  return static_cast<int>(error.code);
}

}  // namespace

int replay(const ReplayArguments& arguments) {
  Config config = default_config();
  if (!arguments.config_file.empty()) {
    Loaded loaded = load_config(arguments.config_file);
    print(loaded.mistakes, "mistake");
    if (!loaded.mistakes.empty()) return kExitInvalid;
    config = std::move(loaded.config);
  }
  if (arguments.enforce) config.mode = Mode::kEnforce;
  config.records.file = arguments.records_file;
  Result<std::unique_ptr<Filter>> filter = Filter::make(config);
  if (!filter) return failed(filter.error());
  print(filter.value()->complaints());
  Result<std::unique_ptr<ReplayRun>> run =
      ReplayRun::open(*filter.value(), arguments.capture, arguments.out_file, config.records, nullptr);
  if (!run) return failed(run.error());
  const Result<void> done = run.value()->run();
  const Json summary = summary_of(arguments, config, *run.value());
  if (arguments.json)
    std::printf("%s\n", to_line(summary).c_str());
  else
    print_text(summary);
  if (!done) return failed(done.error());
  if (!summary["fates_add_up"].get<bool>()) return failed({ErrorCode::kFailed, "the fates do not add up to the packets received"});
  return kExitOk;
}

}  // namespace telefence
