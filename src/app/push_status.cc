// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/push_standing.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "signatures/batch.h"
#include "signatures/log_head.h"
#include "signatures/snapshot.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr const char* kMostAcks = "100000";  // that are looked through
constexpr std::string_view kNodes = "tf:1:node:";

struct Report {
  std::uint64_t sequence = 0;
  std::uint64_t last = 0;        // of the log
  std::optional<HeadMark> mark;  // what tf:1:head tells
  std::string doubt;             // "" or how it disagrees with the log
  std::map<std::string, Heartbeat> nodes;  // that have beaten within the last minute
  std::map<std::string, Standing> standings;  // of the same
  std::map<std::string, std::int64_t> took_ms;  // of those that measured it
  std::set<std::string> silent;            // they told something some time, and have no heartbeat
};

std::uint64_t number_in(const RedisReply& fields, std::string_view name) {
  const RedisReply* value = fields.field(name);
  std::uint64_t number = 0;
  if (value != nullptr) std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  return number;
}

std::string text_in(const RedisReply& fields, std::string_view name) {
  const RedisReply* value = fields.field(name);
  return value == nullptr ? "" : value->text;
}

Result<RedisReply> ask(RedisConnection& connection, std::initializer_list<std::string_view> words) {
  Result<RedisReply> reply = connection.command(words, kTimeoutMs);
  if (reply && reply.value().is_error()) return Error{ErrorCode::kUnreachable, "Redis refuses: " + reply.value().text};
  return reply;
}

Result<void> read_nodes(RedisConnection& connection, Report& report) {
  const std::string pattern = std::string(kNodes) + "*";
  std::string cursor = "0";
  do {
    const Result<RedisReply> page = ask(connection, {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
    if (!page) return page.error();
    if (page.value().items.size() != 2) return Error{ErrorCode::kFailed, "Redis answers SCAN in a form that is not known"};
    for (const RedisReply& key : page.value().items[1].items) {
      const Result<RedisReply> fields = ask(connection, {"HGETALL", key.text});
      if (!fields) return fields.error();
      if (fields.value().items.empty()) continue;  // it has just gone
      Heartbeat node;
      node.name = key.text.substr(kNodes.size());
      node.mode = text_in(fields.value(), "mode");
      node.problem = text_in(fields.value(), "problem");
      node.hash = text_in(fields.value(), "hash");
      node.sequence = number_in(fields.value(), "seq");
      node.from = number_in(fields.value(), "from");
      node.refused = number_in(fields.value(), "refused");
      node.refusals = read_refusals(text_in(fields.value(), "refusals"));
      node.left_out = read_refusals(text_in(fields.value(), "left_out"));
      report.nodes[node.name] = std::move(node);
    }
    cursor = page.value().items[0].text;
  } while (cursor != "0");
  return {};
}

// The newest first; those that say something of this batch.
Result<std::vector<Receipt>> read_acks(RedisConnection& connection, Report& report) {
  std::vector<Receipt> out;
  const Result<RedisReply> acks = ask(connection, {"XREVRANGE", "tf:1:ack", "+", "-", "COUNT", kMostAcks});
  if (!acks) return acks.error();
  for (const RedisReply& ack : acks.value().items) {
    if (ack.items.size() != 2) continue;
    const RedisReply& fields = ack.items[1];
    Receipt receipt{text_in(fields, "node"), text_in(fields, "hash"), number_in(fields, "from"), number_in(fields, "seq"), {},
                    read_refusals(text_in(fields, "refused"))};
    if (!report.nodes.contains(receipt.node)) report.silent.insert(receipt.node);
    if (!text_in(fields, "ms").empty()) receipt.took_ms = static_cast<std::int64_t>(number_in(fields, "ms"));
    if (receipt.speaks_of(report.sequence)) out.push_back(std::move(receipt));
  }
  return out;
}

// What the log has at these places. Requires: the receipts were read before, else one could tell of what is not there yet.
Result<LogPlaces> read_places(RedisConnection& connection, const std::string& log, const std::set<std::uint64_t>& sequences) {
  LogPlaces places;
  for (const std::uint64_t sequence : sequences) {
    const std::string id = std::to_string(sequence) + "-0";
    const Result<RedisReply> found = ask(connection, {"XRANGE", log, id, id});
    if (!found) return found.error();
    if (found.value().items.empty() || found.value().items[0].items.size() != 2) continue;
    const RedisReply& fields = found.value().items[0].items[1];
    places.hashes[sequence] = batch_hash(text_in(fields, "h"), text_in(fields, "b"));
  }
  return places;
}

Result<LogHead> newest_of(RedisConnection& connection, const std::string& log) {
  const Result<RedisReply> newest = ask(connection, {"XREVRANGE", log, "+", "-", "COUNT", "1"});
  if (!newest) return newest.error();
  LogHead head;
  if (newest.value().items.empty() || newest.value().items[0].items.size() != 2) return head;
  const RedisReply& entry = newest.value().items[0];
  head.sequence = first_part(entry.items[0].text);
  if (sequence_of(entry.items[0].text).ok()) head.hash = batch_hash(text_in(entry.items[1], "h"), text_in(entry.items[1], "b"));
  return head;
}

// Somebody may publish between two questions: tf:1:head is wrong when it agrees neither with what the log ended with before nor after.
Result<void> read_head(RedisConnection& connection, const PushStatusArguments& arguments, Report& report) {
  const Result<LogHead> before = newest_of(connection, arguments.log);
  if (!before) return before.error();
  if (report.sequence == 0) report.sequence = before.value().sequence;
  const Result<RedisReply> fields = ask(connection, {"HGETALL", head_key(arguments.log)});
  if (!fields) return fields.error();
  report.mark = read_mark(fields.value());
  if (!report.mark) return {};
  report.doubt = disagreement(arguments.log, before.value(), *report.mark);
  if (report.doubt.empty() || report.mark->sequence <= before.value().sequence) return {};
  const Result<LogHead> after = newest_of(connection, arguments.log);
  if (!after) return after.error();
  report.doubt = report.mark->sequence < after.value().sequence ? "" : disagreement(arguments.log, after.value(), *report.mark);
  return {};
}

Result<Report> read_report(RedisConnection& connection, const PushStatusArguments& arguments) {
  Report report;
  report.sequence = arguments.sequence;
  if (Result<void> read = read_head(connection, arguments, report); !read) return read.error();
  if (Result<void> read = read_nodes(connection, report); !read) return read.error();
  const Result<std::vector<Receipt>> receipts = read_acks(connection, report);
  if (!receipts) return receipts.error();
  Result<LogPlaces> places = read_places(connection, arguments.log, places_needed(report.sequence, report.nodes, receipts.value()));
  if (!places) return places.error();
  const Result<LogHead> newest = newest_of(connection, arguments.log);
  if (!newest) return newest.error();
  places.value().last = report.last = newest.value().sequence;
  report.took_ms = judge(report.sequence, places.value(), report.nodes, receipts.value(), report.standings);
  return report;
}

// What the people want to know of it.
struct Summary {
  std::size_t applied = 0;
  std::vector<std::int64_t> times;  // sorted
  struct One {
    const Heartbeat* node;
    const Standing* standing;
  };
  std::vector<One> behind, refused, unknown;
  std::vector<const Heartbeat*> partial;   // of those that have it: some of its changes are left out there
  std::vector<const Heartbeat*> troubled;  // of those that have it: something else is wrong there

  // So many milliseconds are enough for this share of those that measured.
  std::optional<std::int64_t> within(double share) const {
    if (times.empty()) return std::nullopt;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(times.size()) + 0.999999);
    return times[std::clamp<std::size_t>(rank, 1, times.size()) - 1];
  }
};

Summary summary_of(const Report& report) {
  Summary summary;
  for (const auto& [name, node] : report.nodes) {
    const Standing& standing = report.standings.at(name);
    if (standing.is == Standing::Is::kApplied) {
      ++summary.applied;
      if (node.left_out_of(report.sequence) != nullptr) summary.partial.push_back(&node);
      if (!node.problem.empty()) summary.troubled.push_back(&node);
      continue;
    }
    (standing.is == Standing::Is::kBehind ? summary.behind : standing.is == Standing::Is::kRefused ? summary.refused : summary.unknown).push_back({&node, &standing});
  }
  for (const auto& [name, took] : report.took_ms) summary.times.push_back(took);
  std::sort(summary.times.begin(), summary.times.end());
  return summary;
}

Json to_json(const Report& report, const Summary& summary) {
  const auto value = [&](double share) {
    const auto ms = summary.within(share);
    return ms ? Json(*ms) : Json(nullptr);
  };
  Json out = {{"ok", true}, {"seq", report.sequence}, {"edges", report.nodes.size()}, {"applied", summary.applied}, {"measured", summary.times.size()},
              {"p50_ms", value(0.5)}, {"p99_ms", value(0.99)}, {"max_ms", value(1)}, {"behind", Json::array()}, {"silent", report.silent},
              {"refused", Json::array()}, {"unknown", Json::array()}, {"partial", Json::array()}, {"troubled", Json::array()}, {"last", report.last}, {"head", nullptr}, {"head_problem", report.doubt}};
  if (report.mark) out["head"] = {{"seq", report.mark->sequence}, {"hash", report.mark->hash}, {"ts", report.mark->timestamp_ms}};
  for (const auto& [node, standing] : summary.behind)
    out["behind"].push_back({{"node", node->name}, {"seq", node->sequence}, {"mode", node->mode}, {"refused", node->refused}, {"problem", standing->why}});
  for (const auto& [node, standing] : summary.refused)
    out["refused"].push_back({{"node", node->name}, {"seq", node->sequence}, {"reason", standing->reason}, {"why", standing->why}});
  for (const auto& [node, standing] : summary.unknown) out["unknown"].push_back(node->name);
  for (const Heartbeat* node : summary.partial) {
    const ToldRefusal& told = *node->left_out_of(report.sequence);
    out["partial"].push_back({{"node", node->name}, {"left_out", told.reason}, {"why", told.why}});
  }
  for (const Heartbeat* node : summary.troubled) out["troubled"].push_back({{"node", node->name}, {"problem", node->problem}});
  return out;
}

void print_metrics(const Report& report, const Summary& summary) {
  const auto gauge = [](const char* name, const char* help, double value) {
    std::printf("# HELP %s %s\n# TYPE %s gauge\n%s %.10g\n", name, help, name, name, value);
  };
  gauge("telefence_push_sequence", "Newest batch of the log.", static_cast<double>(report.sequence));
  gauge("telefence_push_edges", "Edges with a heartbeat.", static_cast<double>(report.nodes.size()));
  gauge("telefence_push_edges_applied", "Of them, those that have it in force.", static_cast<double>(summary.applied));
  gauge("telefence_push_edges_refused", "Of them, those that refused it.", static_cast<double>(summary.refused.size()));
  gauge("telefence_push_edges_partial", "Of those that have it, those that left some of its changes out.", static_cast<double>(summary.partial.size()));
  gauge("telefence_push_edges_troubled", "Of those that have it, those where something is wrong.", static_cast<double>(summary.troubled.size()));
  gauge("telefence_push_edges_silent", "Edges that told something some time and have no heartbeat.", static_cast<double>(report.silent.size()));
  if (const auto ms = summary.within(0.99))
    gauge("telefence_push_p99_seconds", "Within this time 99 of 100 edges had it in force.", static_cast<double>(*ms) / 1000);
}

std::string seconds_text(std::int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, ms < 1000 ? "%.3f" : "%.1f", static_cast<double>(ms) / 1000);
  return text;
}

void print_how_many(const Report& report, const Summary& summary, Language language) {
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

void print_for_people(const Report& report, const Summary& summary, Language language) {
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

}  // namespace

int push_status(const PushStatusArguments& arguments) {
  const Language language = language_of(arguments.language);
  Result<void> checked = check_servers(arguments);
  const Result<Report> report =
      checked ? on_primary(arguments, [&](RedisConnection& connection) { return read_report(connection, arguments); }) : Result<Report>(checked.error());
  if (!report) {
    Error error = report.error();
    error.message += what_to_do(error.message);
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
  return kExitOk;
}

}  // namespace telefence
