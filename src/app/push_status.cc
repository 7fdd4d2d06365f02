// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/push_line.h"
#include "app/push_report.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"

namespace telefence {
namespace {

// What the people want to know of it.
struct Summary {
  std::size_t applied = 0;
  std::vector<std::int64_t> times;  // sorted
  struct One {
    const Heartbeat* node;
    const Standing* standing;
  };
  std::vector<One> behind, refused, unknown, unproved;
  std::vector<const Heartbeat*> partial;   // of those that have it: some of its changes are left out there
  std::vector<const Heartbeat*> troubled;  // of those that have it: something else is wrong there

  std::vector<One>& those(Standing::Is is) {
    return is == Standing::Is::kBehind ? behind : is == Standing::Is::kRefused ? refused : is == Standing::Is::kUnknown ? unknown : unproved;
  }
  // So many milliseconds are enough for this share of those that measured.
  std::optional<std::int64_t> within(double share) const {
    if (times.empty()) return std::nullopt;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(times.size()) + 0.999999);
    return times[std::clamp<std::size_t>(rank, 1, times.size()) - 1];
  }
};

Summary summary_of(const PushReport& report) {
  Summary summary;
  for (const auto& [name, node] : report.nodes) {
    const Standing& standing = report.standings.at(name);
    if (standing.is == Standing::Is::kApplied) {
      ++summary.applied;
      if (node.left_out_of(report.sequence) != nullptr) summary.partial.push_back(&node);
      if (!node.problem.empty()) summary.troubled.push_back(&node);
      continue;
    }
    summary.those(standing.is).push_back({&node, &standing});
  }
  for (const auto& [name, took] : report.took_ms) summary.times.push_back(took);
  std::sort(summary.times.begin(), summary.times.end());
  return summary;
}

Json to_json(const PushReport& report, const Summary& summary) {
  const auto value = [&](double share) {
    const auto ms = summary.within(share);
    return ms ? Json(*ms) : Json(nullptr);
  };
  Json out = {{"ok", report.sequence <= report.last}, {"seq", report.sequence}, {"edges", report.nodes.size()}, {"applied", summary.applied}, {"measured", summary.times.size()},
              {"p50_ms", value(0.5)}, {"p99_ms", value(0.99)}, {"max_ms", value(1)}, {"behind", Json::array()}, {"silent", report.silent},
              {"refused", Json::array()}, {"unknown", Json::array()}, {"unproved", Json::array()}, {"partial", Json::array()}, {"troubled", Json::array()}, {"last", report.last}, {"head", nullptr}, {"head_problem", report.doubt}};
  if (report.mark) out["head"] = {{"seq", report.mark->sequence}, {"hash", report.mark->hash}, {"ts", report.mark->timestamp_ms}};
  for (const auto& [node, standing] : summary.behind)
    out["behind"].push_back({{"node", node->name}, {"seq", node->sequence}, {"mode", node->mode}, {"refused", node->refused}, {"problem", standing->why}});
  for (const auto& [node, standing] : summary.refused)
    out["refused"].push_back({{"node", node->name}, {"seq", node->sequence}, {"reason", standing->reason}, {"why", standing->why}});
  for (const auto& [node, standing] : summary.unknown) out["unknown"].push_back(node->name);
  for (const auto& [node, standing] : summary.unproved) out["unproved"].push_back({{"node", node->name}, {"why", standing->why}});
  for (const Heartbeat* node : summary.partial) {
    const ToldRefusal& told = *node->left_out_of(report.sequence);
    out["partial"].push_back({{"node", node->name}, {"left_out", told.reason}, {"why", told.why}});
  }
  for (const Heartbeat* node : summary.troubled) out["troubled"].push_back({{"node", node->name}, {"problem", node->problem}});
  return out;
}

void print_metrics(const PushReport& report, const Summary& summary) {
  const auto gauge = [](const char* name, const char* help, double value) {
    std::printf("# HELP %s %s\n# TYPE %s gauge\n%s %.10g\n", name, help, name, name, value);
  };
  gauge("telefence_push_sequence", "Newest batch of the log.", static_cast<double>(report.sequence));
  gauge("telefence_push_edges", "Edges with a heartbeat.", static_cast<double>(report.nodes.size()));
  gauge("telefence_push_edges_applied", "Of them, those that have it in force.", static_cast<double>(summary.applied));
  gauge("telefence_push_edges_refused", "Of them, those that refused it.", static_cast<double>(summary.refused.size()));
  gauge("telefence_push_edges_partial", "Of those that have it, those that left some of its changes out.", static_cast<double>(summary.partial.size()));
  gauge("telefence_push_edges_troubled", "Of those that have it, those where something is wrong.", static_cast<double>(summary.troubled.size()));
  gauge("telefence_push_edges_unproved", "Of them, those whose heartbeat is not proved by their key in --node-keys.", static_cast<double>(summary.unproved.size()));
  gauge("telefence_push_edges_silent", "Edges that told something some time, or have a key in --node-keys, and have no heartbeat.", static_cast<double>(report.silent.size()));
  if (const auto ms = summary.within(0.99))
    gauge("telefence_push_p99_seconds", "Within this time 99 of 100 edges had it in force.", static_cast<double>(*ms) / 1000);
}

std::string seconds_text(std::int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, ms < 1000 ? "%.3f" : "%.1f", static_cast<double>(ms) / 1000);
  return text;
}

void print_how_many(const PushReport& report, const Summary& summary, Language language) {
  if (report.last == 0) {
    const std::string said = report.sequence == 0 ? std::string(say(language, {"the log has no batch yet", "变更流中尚无批次"}))
                                                  : say(language, {"the log has no batch {}: it is empty", "变更流没有批次 {}：其中为空"}, report.sequence);
    std::printf("%s\n", said.c_str());
    return;
  }
  if (report.sequence > report.last) {
    std::printf("%s\n", say(language, {"the log has no batch {}: it ends with batch {}", "变更流没有批次 {}：止于批次 {}"}, report.sequence, report.last).c_str());
    return;
  }
  std::string said = say(language, {"batch {}: in force on {} of {} edges", "批次 {}：已在 {} / {} 个节点生效"}, report.sequence, summary.applied, report.nodes.size());
  if (!report.silent.empty()) said += say(language, {", {} silent", "，另有 {} 个失联"}, report.silent.size());
  std::printf("%s\n", said.c_str());
  if (!summary.times.empty())
    std::printf("%s\n", say(language, {"half of them within {} s, 99% of edges within {} s, the last one after {} s", "半数 {} 秒内，99% 的节点 {} 秒内，最慢 {} 秒"},
                            seconds_text(*summary.within(0.5)), seconds_text(*summary.within(0.99)), seconds_text(*summary.within(1))).c_str());
}

void print_for_people(const PushReport& report, const Summary& summary, Language language) {
  print_how_many(report, summary, language);
  const auto because = [&](const std::string& why) { return why.empty() ? std::string() : std::string(say(language, {": ", "："})) + printable(translated(language, why), kMostOfProblem); };
  for (const auto& [node, standing] : summary.refused)
    std::printf("%s%s\n", say(language, {"  refused by {}", "  {} 拒绝"}, printable(node->name)).c_str(), because(standing->why).c_str());
  for (const auto& [node, standing] : summary.behind)
    if (report.sequence <= report.last || !standing->why.empty())  // nobody is behind what is not there
      std::printf("%s%s\n", say(language, {"  behind: {}, at batch {}", "  落后：{}，当前批次 {}"}, printable(node->name), node->sequence).c_str(), because(standing->why).c_str());
  for (const auto& [node, standing] : summary.unknown)
    std::printf("%s\n", say(language, {"  not known: {}, at batch {}, has restarted or loaded a snapshot since", "  不能确定：{}，当前批次 {}，其后重启过或加载过快照"},
                            printable(node->name), node->sequence).c_str());
  for (const auto& [node, standing] : summary.unproved)
    std::printf("%s%s\n", say(language, {"  not proved: {}", "  未经证实：{}"}, printable(node->name)).c_str(), because(standing->why).c_str());
  for (const Heartbeat* node : summary.partial) {
    const ToldRefusal& told = *node->left_out_of(report.sequence);
    std::printf("%s%s\n", say(language, {"  in part: {}, changes left out: {}", "  部分生效：{}，未采用的变更：{}"}, printable(node->name), printable(told.reason)).c_str(),
                because(told.why).c_str());
  }
  for (const Heartbeat* node : summary.troubled)
    std::printf("%s%s\n", say(language, {"  has it, but something is wrong: {}", "  已有此批次，但有异常：{}"}, printable(node->name)).c_str(), because(node->problem).c_str());
  for (const std::string& node : report.silent)
    std::printf("%s\n", say(language, {"  silent: {}, no heartbeat for a minute or more", "  失联：{}，一分钟以上无心跳"}, printable(node)).c_str());
  if (!report.doubt.empty()) std::printf("  %s\n", printable(translated(language, report.doubt), kMostOfProblem).c_str());
  if (report.nodes.empty() && report.silent.empty())
    std::printf("%s\n", std::string(say(language, {"no edge has sent a receipt yet: redis.receipts names where to", "尚无节点回执：请在节点配置 redis.receipts"})).c_str());
}

// Every edge that there is, and all that it says.
bool is_everywhere(const PushReport& report, const Summary& summary) {
  return report.last != 0 && report.sequence <= report.last && !report.nodes.empty() && summary.applied == report.nodes.size() && summary.partial.empty() &&
         report.silent.empty();
}

// Until all have it, when that is waited for.
Result<PushReport> report_after(const PushStatusArguments& arguments, const NodeKeys& keys, std::chrono::seconds wait) {
  constexpr std::chrono::milliseconds kBetween{200};
  const auto end = std::chrono::steady_clock::now() + wait;
  return on_primary(arguments, [&](RedisConnection& connection) -> Result<PushReport> {
    for (;; std::this_thread::sleep_for(kBetween)) {
      const bool is_over = std::chrono::steady_clock::now() + kBetween > end;
      const Result<bool> told = is_over ? Result<bool>(true) : is_told_by_all(connection, arguments, keys);
      if (!told) return told.error();
      if (!told.value()) continue;
      Result<PushReport> report = read_report(connection, arguments, keys);
      if (!report || is_over || is_everywhere(report.value(), summary_of(report.value()))) return report;
    }
  });
}

Result<PushReport> asked_for(const PushStatusArguments& arguments) {
  if (Result<void> checked = check_servers(arguments); !checked) return checked.error();
  const auto wait_s = arguments.wait.empty() ? std::optional<std::int64_t>(0) : seconds_of(arguments.wait);
  if (!wait_s) return Error{ErrorCode::kUsage, "--wait \"" + arguments.wait + "\": give 90s, 30min, 12h or 7d"};
  if (!arguments.hash.empty() && arguments.sequence == 0) return Error{ErrorCode::kUsage, "--hash needs --seq"};
  const Result<NodeKeys> keys = NodeKeys::load(arguments.node_keys);
  if (!keys) return keys.error();
  return report_after(arguments, keys.value(), std::chrono::seconds(*wait_s));
}

}  // namespace

int push_status(const PushStatusArguments& arguments) {
  const Language language = language_of(arguments.language);
  const Result<PushReport> report = asked_for(arguments);
  if (!report) {
    Error error = report.error();
    error.message += what_to_do(error.message, "+scan, +hgetall on tf:1:node:* and tf:1:head, +xrevrange on tf:1:ack, and +xrange +xinfo|stream on the log");
    print("telefence push status", error, language);
    return static_cast<int>(error.code);
  }
  const Summary summary = summary_of(report.value());
  if (arguments.json)
    std::printf("%s\n", to_line(to_json(report.value(), summary)).c_str());
  else if (arguments.metrics)
    print_metrics(report.value(), summary);
  else
    print_for_people(report.value(), summary, language);
  if (arguments.wait.empty() && report.value().sequence > report.value().last) return kExitInvalid;  // no such batch
  return arguments.wait.empty() || is_everywhere(report.value(), summary) ? kExitOk : kExitNotEverywhere;
}

}  // namespace telefence
