// SPDX-License-Identifier: Apache-2.0

// What of the traffic is not looked at, and why: bypass, by command or because of an error, and overload.

#include <string>

#include "app/daemon.h"
#include "app/sentences.h"

namespace telefence {
namespace {

using Switched = BypassKeeper::Cause;

constexpr std::int64_t kLongest = 30 * 86'400;  // s, of bypass on for some time

void log(Language language, const std::string& line) { std::fprintf(stderr, "telefenced: %s\n", translated(language, line).c_str()); }

std::int64_t seconds_left(const BypassKeeper::State& state) {
  const auto left = *state.until - BypassKeeper::Clock::now();
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(left).count(), 0);
}

std::string told(const BypassKeeper::State& state) {
  if (state.cause == Switched::kError) return "bypass for another " + std::to_string(seconds_left(state)) + " s: " + state.why;
  return "bypass by " + state.why + (state.until ? ", for another " + std::to_string(seconds_left(state)) + " s" : "") +
         ": packets pass unread";
}

std::string refusal(const std::string& why) {
  return to_line({{"ok", false}, {"code", static_cast<int>(ErrorCode::kUsage)}, {"error", why}});
}

}  // namespace

void Daemon::set_passage() {
  const std::lock_guard<std::mutex> lock(passing_);
  const Passage passage = bypass_.state().is_on() ? Passage::kBypassed : Passage::kInspect;
  gate_.store(has_signatures_ ? passage : Passage::kNotReady, std::memory_order_relaxed);
}

void Daemon::watch_bypass() {
  TroubleWatch::Signs signs;
  signs.free_frames = nic_->free_frames();
  signs.may_shed_all = overload_.with([](const OverloadOptions& options) { return options.is_all_open(); });
  for (const auto& worker : workers_) signs.beyond.push_back(worker->stats().overload_beyond.read());
  const std::string error = trouble_.look(signs);
  const bool is_changed = bypass_.turn(bypasses_by_itself_ ? error : "", BypassKeeper::Clock::now());
  const BypassKeeper::State state = bypass_.state();
  if (state.is_on()) trouble_.forget();
  if (!is_changed) return;
  set_passage();
  if (state.is_on())
    log(language(), "bypass on by itself for " + std::to_string(BypassKeeper::kRetry.count()) + " s: " + state.why);
  else
    log(language(), "bypass off, its time is over: packets are inspected again");
}

std::string Daemon::bypass_command(std::string_view line, const Requester& who) {
  const Json request = Json::parse(line, nullptr, false);
  const std::string what = request.value("set", Json()).is_string() ? request["set"].get<std::string>() : "";
  const Json duration = request.value("seconds", Json(0));
  if (!duration.is_number_integer() || duration < 0 || duration > kLongest)
    return refusal("seconds is a whole number from 0 (no end) to " + std::to_string(kLongest));
  const auto seconds = duration.get<std::int64_t>();
  if (what == "on") {
    bypass_.switch_on(who.name(), seconds == 0 ? std::nullopt : std::optional(std::chrono::seconds(seconds)), BypassKeeper::Clock::now());
    set_passage();
    log(language(), "bypass on by " + who.name() + (seconds == 0 ? "" : ", for " + std::to_string(seconds) + " s") + ": packets pass unread");
  } else if (what == "off") {
    const bool was_on = bypass_.switch_off();
    set_passage();
    if (was_on) log(language(), "bypass off by " + who.name() + ": packets are inspected again");
  } else if (what != "status") {
    return refusal(R"(set is "on", "off" or "status")");
  }
  return to_line({{"ok", true}, {"bypass", bypass_status()}});
}

Json Daemon::bypass_status() const {
  const BypassKeeper::State state = bypass_.state();
  if (!state.is_on()) return {{"on", false}};
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(BypassKeeper::Clock::now() - state.since).count();
  Json out = {{"on", true}, {"cause", state.cause == Switched::kError ? "error" : "command"}, {"why", state.why}, {"for_s", since}, {"reason", told(state)}};
  if (state.until) out["left_s"] = seconds_left(state);
  return out;
}

Json Daemon::overload_status() const {
  Json shed = Json::object();
  std::uint64_t level = 0;
  for (std::size_t i = 0; i < kShedCauses; ++i) {
    std::uint64_t count = 0;
    for (const auto& worker : workers_) count += worker->stats().shed[i].read();
    shed[std::string(shed_cause_name(static_cast<ShedCause>(i)))] = count;
  }
  for (const auto& worker : workers_) level = std::max(level, worker->stats().overload_level.read());
  return {{"level", level}, {"shed", shed}};
}

// Nothing is filtered: that is what an operations room has to be woken for, whoever wanted it.
void Daemon::add_reasons_of_passage(std::vector<std::string>& reasons, bool& ready) const {
  if (!has_signatures_) {
    reasons.push_back("signatures are still read: packets pass unread");
    ready = false;
  }
  const BypassKeeper::State state = bypass_.state();
  if (!state.is_on()) return;
  reasons.push_back(told(state));
  ready = false;
}

// Most is still filtered: the node stays ready.
void Daemon::add_reasons_of_load(std::vector<std::string>& reasons) const {
  const OverloadOptions options = overload_.with([](const OverloadOptions& in_force) { return in_force; });
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    std::uint64_t level = workers_[w]->stats().overload_level.read();
    std::string causes;
    for (std::size_t i = 0; i < kShedCauses && level != 0; ++i) {
      if (options.modes[i] == ShedMode::kNever) continue;
      causes += (causes.empty() ? "" : ", ") + std::string(shed_cause_name(static_cast<ShedCause>(i)));
      --level;
    }
    if (!causes.empty()) reasons.push_back("worker w" + std::to_string(w) + " has fallen behind and does not read " + causes);
  }
  if (const std::string problem = heartbeat_->problem(); !problem.empty()) reasons.push_back(problem);
}

void Daemon::add_passage_families() {
  catalog_.add({"telefence_bypass", "1 while packets pass unread; the cause says whether somebody switched it on (command) or the daemon "
                "itself (error).", Family::Type::kGauge, [this](std::vector<Sample>& out) {
                  const BypassKeeper::State state = bypass_.state();
                  out.push_back({{{"cause", "command"}}, state.cause == Switched::kCommand ? 1.0 : 0.0});
                  out.push_back({{{"cause", "error"}}, state.cause == Switched::kError ? 1.0 : 0.0});
                }});
  catalog_.add({"telefence_bypass_switched_on_total", "Times that bypass was switched on, by cause.", Family::Type::kCounter,
                [this](std::vector<Sample>& out) {
                  const BypassKeeper::State state = bypass_.state();
                  out.push_back({{{"cause", "command"}}, static_cast<double>(state.by_command)});
                  out.push_back({{{"cause", "error"}}, static_cast<double>(state.by_error)});
                }});
  catalog_.add({"telefence_heartbeats_total",
                "Heartbeats for a bypass NIC: sent; failed (the program or the file said no, or took too long); withheld (a worker had not "
                "turned).", Family::Type::kCounter, [this](std::vector<Sample>& out) {
                  const Heartbeat::Counts counts = heartbeat_->counts();
                  const std::pair<const char*, std::uint64_t> results[] = {
                      {"sent", counts.sent}, {"failed", counts.failed}, {"withheld", counts.withheld}};
                  for (const auto& [result, count] : results) out.push_back({{{"result", result}}, static_cast<double>(count)});
                }});
}

}  // namespace telefence
