// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "app/command_line.h"
#include "app/daemon.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/service_manager.h"
#include "app/signals.h"
#include "app/verbs.h"
#include "config/loader.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTurn{1000};       // how often the workers are looked at
constexpr std::chrono::seconds kStopDeadline{10};      // a burst takes microseconds: what lasts longer hangs

class StartSummary {
 public:
  StartSummary(const Json& summary, Language language) : summary_(summary), language_(language) {}

  void print() const {
    const bool monitors = text("mode") == "monitor";
    std::fprintf(stderr, "%s\n",
                 say(language_, {"telefenced {}, node {}, mode {}", "telefenced {}，节点 {}，模式：{}"}, text("version"), text("node"),
                     word(monitors ? Text{"monitor (nothing is touched, everything is recorded as would-be)", "监测（不处置，只记录“本应拦截”）"}
                                   : Word::kEnforce))
                     .c_str());
    row({"ports", "端口"}, ports());
    row({"wire", "串接"}, joined(summary_["wire"]));
    row({"workers", "工作线程"}, std::to_string(summary_["workers"].get<std::size_t>()));
    row({"memory", "内存"}, memory_of(language_, summary_["memory"]["per_worker_bytes"].get<std::uint64_t>()));
    row({"signatures", "规则"}, signatures());
    row({"feed", "下发通道"}, text("redis"));
    row({"records", "记录"}, text("records"));
    row({"control", "控制"}, text("control"));
    row({"metrics", "指标"}, text("metrics"));
    for (const Json& note : summary_["notes"]) row({"note", "提示"}, translated(language_, note.get<std::string>()));
  }

 private:
  std::string word(const Text& text) const { return std::string(say(language_, text)); }
  std::string text(const char* key) const { return summary_[key].get<std::string>(); }

  void row(const Text& name, const std::string& value) const {
    std::fprintf(stderr, "  %s%s\n", padded(say(language_, name), 12).c_str(), (value.empty() ? word({"none", "无"}) : value).c_str());
  }

  static std::string joined(const Json& words) {
    std::string out;
    for (const Json& word : words) out += (out.empty() ? "" : ", ") + word.get<std::string>();
    return out;
  }

  std::string ports() const {
    std::string out;
    for (const Json& port : summary_["ports"])
      out += (out.empty() ? "" : ", ") + port["name"].get<std::string>() + " (" + port["device"].get<std::string>() + ")";
    return out;
  }

  std::string signatures() const {
    const Json& counts = summary_["signatures"];
    const auto count = [&](const char* key, const Text& one, const Text& several) {
      return counted(language_, counts[key].get<std::uint64_t>(), one, several);
    };
    const std::string comma = word({", ", "，"});
    std::string out = count("domains", Word::kDomain, Word::kDomains) + comma + count("urls", Word::kUrl, Word::kUrls) + comma +
                      count("numbers", Word::kNumber, Word::kNumbers) + comma + count("patterns", Word::kPattern, Word::kPatterns);
    if (const auto left_out = summary_["complaints"].get<std::uint64_t>(); left_out != 0)
      out += word({"; ", "；"}) + counted(language_, left_out, {"entry left out", "条未采用"}, {"entries left out", "条未采用"});
    return out;
  }

  const Json& summary_;
  const Language language_;
};

// Until a signal says stop, or the time is over.
void wait_for_the_end(Daemon& daemon, const sigset_t& signals, std::uint32_t seconds) {
  std::optional<Clock::time_point> end;
  if (seconds != 0) end = Clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(kTurn);
    if (end) wait = std::min(wait, std::chrono::duration_cast<std::chrono::nanoseconds>(*end - Clock::now()));
    if (wait.count() <= 0) return;
    const timespec limit = {static_cast<std::time_t>(wait.count() / 1'000'000'000), static_cast<long>(wait.count() % 1'000'000'000)};
    const int signal = sigtimedwait(&signals, nullptr, &limit);
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == SIGHUP) {
      ReloadReport report;
      (void)daemon.reload(report);
    }
    daemon.watch();
  }
}

int failed(const Error& error, Language language) {
  print("telefenced", error, language);
  return static_cast<int>(error.code);
}

Result<void> start(Daemon& daemon, const sigset_t& signals) {
  const SignalsEndProcess while_starting(signals);
  Result<void> started = daemon.start();
  if (!started) daemon.stop();  // what runs already
  return started;
}

void stop(Daemon& daemon, const sigset_t& signals) {
  const SignalsEndProcess while_stopping(
      signals, kStopDeadline,
      say(daemon.language(), {"a worker or a pipe hangs: ended without it", "工作线程或管道无响应：已强制结束"}).data());
  daemon.stop();
  daemon.close_ports();
}

}  // namespace

int run(const RunArguments& arguments) {
  const sigset_t signals = block_signals();
  const Loaded loaded = [&] {
    const SignalsEndProcess while_reading(signals);  // a list on a file system that hangs
    return load_config(arguments.config_file);
  }();
  const Language language = language_of(arguments.language, loaded.config.language);
  print(loaded.mistakes, kMistake, language);
  print(loaded.warnings, kWarning, language);
  if (!loaded.mistakes.empty()) return kExitInvalid;
  // Never freed: giving a million entries back one by one takes seconds in which no packet passes, and the successor waits for the
  // end of this process.
  static Daemon* kept = nullptr;
  kept = new Daemon(loaded.config, {arguments.mode, arguments.eal, arguments.language});
  Daemon& daemon = *kept;
  if (Result<void> started = start(daemon, signals); !started) {
    const int code = failed(started.error(), language);
    std::fflush(nullptr);
    _exit(code);  // lists of a city are read for seconds more, and nobody waits for them
  }
  daemon.inspect();
  if (arguments.json) {
    std::printf("%s\n", to_line(daemon.start_summary()).c_str());
    std::fflush(stdout);
  } else {
    StartSummary(daemon.start_summary(), language).print();
  }
  tell_service_manager("READY=1\nSTATUS=filtering");
  wait_for_the_end(daemon, signals, arguments.seconds);
  tell_service_manager("STOPPING=1");
  stop(daemon, signals);
  std::fprintf(stderr, "telefenced: %s\n", std::string(say(language, {"stopped", "已停止"})).c_str());
  std::fflush(nullptr);
  // Threads that nobody waits for may still read what static objects hold: these are not taken down under them.
  _exit(kExitOk);
}

}  // namespace telefence
