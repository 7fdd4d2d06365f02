// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>

#include "app/command_line.h"
#include "app/daemon.h"
#include "app/json_lines.h"
#include "app/service_manager.h"
#include "app/verbs.h"
#include "config/loader.h"

namespace telefence {
namespace {

// Blocked before any thread is made, so that all threads inherit it and only this one takes signals, in its own time.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

std::string joined(const Json& words) {
  std::string out;
  for (const Json& word : words) out += (out.empty() ? "" : ", ") + word.get<std::string>();
  return out;
}

void print_summary(const Json& summary) {
  const Json& counts = summary["signatures"];
  std::string ports;
  for (const Json& port : summary["ports"])
    ports += (ports.empty() ? "" : ", ") + port["name"].get<std::string>() + " (" + port["device"].get<std::string>() + ")";
  const auto text = [&summary](const char* key) { return summary[key].get<std::string>(); };
  const auto or_none = [](std::string value) { return value.empty() ? std::string("none") : value; };
  std::fprintf(stderr, "telefenced %s, node %s, mode %s%s\n", text("version").c_str(), text("node").c_str(), text("mode").c_str(),
               text("mode") == "monitor" ? " (nothing is touched, everything is recorded as would-be)" : "");
  std::fprintf(stderr, "  ports       %s\n  wire        %s\n  workers     %zu\n", or_none(ports).c_str(),
               or_none(joined(summary["wire"])).c_str(), summary["workers"].get<std::size_t>());
  std::fprintf(stderr, "  signatures  %llu domains, %llu URLs, %llu numbers, %llu patterns; %zu entries left out\n",
               static_cast<unsigned long long>(counts["domains"].get<std::uint64_t>()),
               static_cast<unsigned long long>(counts["urls"].get<std::uint64_t>()),
               static_cast<unsigned long long>(counts["numbers"].get<std::uint64_t>()),
               static_cast<unsigned long long>(counts["patterns"].get<std::uint64_t>()), summary["complaints"].get<std::size_t>());
  std::fprintf(stderr, "  feed        %s\n  records     %s\n  control     %s\n  metrics     %s\n", or_none(text("redis")).c_str(),
               or_none(text("records")).c_str(), text("control").c_str(), or_none(text("metrics")).c_str());
  for (const Json& note : summary["notes"]) std::fprintf(stderr, "  note        %s\n", note.get<std::string>().c_str());
}

void take_over_changes(Daemon& daemon) {
  daemon.reopen_records();
  std::vector<Complaint> complaints;
  const Result<void> done = daemon.reload(complaints);
  std::fprintf(stderr, "telefenced: reload: %s\n", done ? "done" : done.error().message.c_str());
}

// Until a signal says stop, or the time is over.
void wait_for_the_end(Daemon& daemon, const sigset_t& signals, std::uint32_t seconds) {
  const std::time_t end = std::time(nullptr) + static_cast<std::time_t>(seconds);
  for (;;) {
    timespec wait = {3600, 0};
    if (seconds != 0) {
      wait.tv_sec = end - std::time(nullptr);
      if (wait.tv_sec <= 0) return;
    }
    const int signal = sigtimedwait(&signals, nullptr, &wait);
    if (signal == SIGHUP) take_over_changes(daemon);
    if (signal == SIGTERM || signal == SIGINT) return;
  }
}

int failed(const Error& error) {
  std::fprintf(stderr, "telefenced: %s\n", error.message.c_str());
  return static_cast<int>(error.code);
}

}  // namespace

int run(const RunArguments& arguments) {
  const sigset_t signals = block_signals();
  Loaded loaded = load_config(arguments.config_file);
  print(loaded.mistakes, "mistake");
  print(loaded.warnings, "warning");
  if (!loaded.mistakes.empty()) return kExitInvalid;
  Config& config = loaded.config;
  if (arguments.mode) config.mode = *arguments.mode;
  config.nic.eal.insert(config.nic.eal.end(), arguments.eal.begin(), arguments.eal.end());
  Daemon daemon(std::move(config), arguments.mode.has_value());
  if (Result<void> started = daemon.start(); !started) return failed(started.error());
  if (arguments.json) {
    std::printf("%s\n", to_line(daemon.start_summary()).c_str());
    std::fflush(stdout);
  } else {
    print_summary(daemon.start_summary());
  }
  tell_service_manager("READY=1\nSTATUS=filtering");
  wait_for_the_end(daemon, signals, arguments.seconds);
  tell_service_manager("STOPPING=1");
  daemon.stop();
  std::fprintf(stderr, "telefenced: stopped\n");
  return kExitOk;
}

}  // namespace telefence
