// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/daemon_reply.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/record_origin.h"
#include "app/sentences.h"
#include "app/test_request.h"
#include "app/tool_verbs.h"
#include "config/loader.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;

// A file that is named must be sound; the usual one may be away: then lists and batches can't be looked at.
Result<Config> config_of(const ExplainArguments& arguments, Language language) {
  const bool is_named = !arguments.config_file.empty();
  const std::string file = is_named ? arguments.config_file : kDefaultConfig;
  if (!is_named && access(file.c_str(), R_OK) != 0) return default_config();
  // As the daemon has them: whole names of lists stand in records.
  std::error_code failure;
  const std::filesystem::path whole = std::filesystem::absolute(file, failure);
  const Loaded loaded = load_config(failure ? file : whole.string());
  if (loaded.mistakes.empty()) return loaded.config;
  if (!is_named) return default_config();
  print(loaded.mistakes, kMistake, language);
  return Error{ErrorCode::kInvalid, file + " has mistakes"};
}

std::vector<std::string> record_files(const ExplainArguments& arguments, const Config& config) {
  std::vector<std::string> out;
  std::vector<std::string> given = arguments.events;
  if (given.empty() && !config.records.file.empty() && config.records.file != "-") given.push_back(config.records.file);
  for (const std::string& file : given)
    for (std::string& one : file == "-" ? std::vector<std::string>{file} : with_rotated(file)) out.push_back(std::move(one));
  return out;
}

Error not_found(const std::string& id, const std::string& config_file, const std::vector<std::string>& files) {
  if (files.empty())
    return {ErrorCode::kUsage, config_file.empty()
                                   ? "there is no /etc/telefence/telefence.yaml that says where the records are: name their file with --events FILE, "
                                     "or with -c CONFIG a configuration that has records.file"
                                   : config_file + " writes its records into no file (records.file): name the file that has them with --events FILE"};
  std::string looked;
  for (const std::string& file : files) looked += (looked.empty() ? "" : ", ") + file + (file == "-" || access(file.c_str(), R_OK) == 0 ? "" : " (can't be read)");
  return {ErrorCode::kInvalid, "no record has the id " + id + "; looked into " + looked +
                                   ". The id begins with the node that wrote it: ask there, or give older files with --events"};
}

// All batches of a log, oldest first.
Result<void> read_log(const PushArguments& arguments, const std::function<void(const StoredBatch&)>& take) {
  return on_primary(arguments, [&](RedisConnection& connection) -> Result<void> {
    std::string from = "-";
    for (;;) {
      const Result<RedisReply> reply = connection.command({"XRANGE", arguments.log, from, "+", "COUNT", "200"}, kTimeoutMs);
      if (!reply) return reply.error();
      if (reply.value().is_error()) return Error{ErrorCode::kUnreachable, "the log can't be read: " + reply.value().text};
      for (const RedisReply& entry : reply.value().items) {
        if (entry.items.size() != 2) continue;
        const auto field = [&](const char* name) {
          const RedisReply* value = entry.items[1].field(name);
          return value == nullptr ? std::string() : value->text;
        };
        take({entry.items[0].text, field("h"), field("b"), field("s")});
        from = "(" + entry.items[0].text;
      }
      if (reply.value().items.empty()) return {};
    }
  });
}

// Batches, and where they are looked for.
struct BatchSource {
  std::string name;
  EachBatch batches;
};

// The folder first: it has what this edge took, whatever the log has become; TELEFENCE_REDIS may be set for quite another one.
std::vector<BatchSource> batches_of(const ExplainArguments& arguments, const Config& config) {
  std::vector<BatchSource> out;
  if (const std::string& folder = config.signatures.state_dir; !folder.empty()) {
    out.push_back({folder, [folder](const auto& take) -> Result<void> {
                     const auto read = PolicyFile::read(folder, take);
                     return read ? Result<void>() : Result<void>(read.error());
                   }});
  }
  if (arguments.redis.empty()) return out;
  PushArguments asked = arguments;
  if (asked.log == PushArguments().log) asked.log = config.signatures.redis.log;
  out.push_back({asked.redis + " " + asked.log, [asked](const auto& take) { return read_log(asked, take); }});
  return out;
}

// From the first that has it.
Origin look_for(const ExplainArguments& arguments, const RecordedEntry& entry, const Config& config) {
  const std::int64_t now_s = std::time(nullptr);
  std::vector<BatchSource> sources = batches_of(arguments, config);
  if (sources.empty()) return origin_of(entry, config, nullptr, now_s);
  std::vector<std::string> looked_at;
  Origin found;
  for (const BatchSource& source : sources) {
    looked_at.push_back(source.name);
    found = origin_of(entry, config, source.batches, now_s);
    if (!found.places.empty()) break;
  }
  found.looked_at.insert(found.looked_at.begin(), looked_at.begin(), looked_at.end());
  return found;
}

// Where else it may be.
std::string advice(const ExplainArguments& arguments, Language language) {
  std::string out;
  if (arguments.config_file.empty())
    out += say(language, {". -c CONFIG names its lists and policy.state_dir", "。-c 配置 可指明名单和 policy.state_dir"});
  if (arguments.redis.empty())
    out += say(language, {". --redis SERVER reads the log itself", "。--redis 服务器 可直接读取变更流"});
  return out;
}

// What is to be asked about now: the message itself where the record tells it, else the value of the entry.
std::optional<TestRequest> question_of(const Json& record, const RecordedEntry& entry, const std::string& value) {
  const std::string protocol = text_of(record, "app_proto");
  const Json& seen = member_of(record, protocol.c_str());
  const auto is_whole = [](const std::string& number) { return !number.empty() && number.find('*') == std::string::npos; };
  switch (entry.kind) {
    case SignatureKind::kDomain:
      for (const std::string& name : {text_of(seen, "rrname"), text_of(seen, "hostname"), text_of(seen, "sni"), value})
        if (!name.empty()) return TestRequest{"domain", name, ""};
      return std::nullopt;
    case SignatureKind::kUrl:
      if (const std::string host = text_of(seen, "hostname"); !host.empty()) return TestRequest{"url", "http://" + host + text_of(seen, "url"), ""};
      return std::nullopt;
    case SignatureKind::kNumber:
      for (const std::string& number : {is_whole(value) ? value : std::string(), text_of(seen, "from")})
        if (is_whole(number)) return TestRequest{"number", number, ""};
      return std::nullopt;
    case SignatureKind::kPattern:
      if (const std::string text = text_of(seen, "text"); !text.empty() && !text.ends_with("…")) return TestRequest{"sms", text, ""};
      return std::nullopt;
  }
  return std::nullopt;
}

// {"known": false, "why": ...} or {"known": true, "would_block", "reason", "hits", "has_entry"}.
Json now_of(const ExplainArguments& arguments, const Json& record, const RecordedEntry& entry, const std::string& value) {
  const auto unknown = [](const std::string& why) { return Json{{"known", false}, {"why", why}}; };
  const auto question = question_of(record, entry, value);
  if (!question) return unknown("the record does not tell the whole number or text");
  const Result<Json> answered = reply_of_daemon(arguments.socket, to_json(*question));
  if (!answered) return unknown(answered.error().message);
  const Json& reply = answered.value();
  Json out = {{"known", true}, {"node", text_of(reply, "node")}, {"asked", question->value}, {"would_block", flag_of(reply, "would_block")},
              {"reason", text_of(reply, "reason")}, {"hits", member_of(reply, "hits")}};
  const Json& hits = out["hits"];
  out["has_entry"] = std::any_of(hits.begin(), hits.end(), [&](const Json& hit) { return number_of(member_of(hit, "signature"), "id") == entry.id; });
  return out;
}

Json in_force(const Origin& origin, const Json& now) {
  if (flag_of(now, "has_entry")) return true;
  if (flag_of(now, "known")) return false;
  if (origin.is_removed) return false;
  return nullptr;
}

class Page {
 public:
  explicit Page(Language language) : language_(language) {}
  void row(const Text& label, const std::string& text) {
    if (!text.empty()) std::printf("%s%s\n", padded(say(language_, label), 14).c_str(), printable(text).c_str());
  }
  template <typename... Arguments>
  std::string text(const Text& pattern, const Arguments&... arguments) const {
    if constexpr (sizeof...(Arguments) == 0) return std::string(say(language_, pattern));
    else return say(language_, pattern, arguments...);
  }
  std::string word(const std::string& word) const { return std::string(word_of(language_, word)); }
  // Of a text of several, as "answer nxdomain".
  std::string words(const std::string& several) const {
    std::string out;
    for (std::size_t from = 0; from < several.size();) {
      const std::size_t end = std::min(several.find(' ', from), several.size());
      (out += out.empty() ? "" : text({" ", "："})) += word(several.substr(from, end - from));
      from = end + 1;
    }
    return out;
  }
  std::string translated(const std::string& text) const { return telefence::translated(language_, text); }
  Language language() const { return language_; }

 private:
  const Language language_;
};

std::string what_was_seen(const Json& record) {
  const Json& seen = member_of(record, text_of(record, "app_proto").c_str());
  if (const std::string host = text_of(seen, "hostname"); !host.empty()) return host + text_of(seen, "url");
  for (const char* name : {"rrname", "sni"})
    if (const std::string value = text_of(seen, name); !value.empty()) return value;
  const std::string from = text_of(seen, "from"), to = text_of(seen, "to");
  return from.empty() && to.empty() ? std::string() : from + " -> " + to;
}

void print_batch(Page& page, const Json& place) {
  const Json& change = place["change"];
  page.row({"entry", "条目"}, page.text({"batch {} of the change log, source {}", "变更流批次 {}，来源 {}"}, number_of(place, "seq"), text_of(change, "source")));
  page.row({"value", "值"}, page.word(text_of(change, "kind")) + " " + text_of(change, "value"));
  page.row({"published", "下发"}, page.text({"{} by {}", "{}，下发者 {}"}, text_of(place, "published"), text_of(place, "publisher")));
  for (const Json& one : place["signed_by"]) {
    const std::string name = text_of(one, "name");
    const std::string key = text_of(one, "key") + (name.empty() ? "" : page.text({" ({})", "（{}）"}, name));
    page.row(flag_of(one, "approval") ? Text{"approved by", "批准者"} : Text{"signed by", "签名者"}, key);
  }
  if (place["signed_by"].empty()) page.row({"signed by", "签名者"}, page.text({"nobody", "无"}));
  page.row({"in force", "生效"}, text_of(place, "applied"));
  page.row({"campaign", "案件"}, text_of(change, "campaign"));
  page.row({"note", "备注"}, text_of(change, "note"));
}

void print_place(Page& page, const Json& place) {
  const std::string from = text_of(place, "from");
  if (from == "batch") return print_batch(page, place);
  if (from == "list") {
    page.row({"entry", "条目"}, text_of(place, "file") + ":" + std::to_string(number_of(place, "line")) + "  " + text_of(place, "value"));
    return;
  }
  page.row({"entry", "条目"}, text_of(place, "place") + "  " + text_of(place, "value"));
  page.row({"name", "名称"}, text_of(place, page.language() == Language::kChinese ? "name_zh" : "name_en"));
}

void print_now(Page& page, const Json& answer) {
  const Json& now = answer["now"];
  const Json& in_force = answer["in_force"];
  page.row({"still there", "仍有效"}, in_force.is_null() ? page.text({"not known", "未知"}) : in_force == true ? page.text({"yes", "是"}) : page.text({"no", "否"}));
  if (!flag_of(now, "known")) {
    page.row({"now", "当前"}, page.text({"not known: {}", "未知：{}"}, page.translated(text_of(now, "why"))));
    return;
  }
  page.row({"now", "当前"}, page.text(flag_of(now, "would_block") ? Text{"{} would be blocked by node {}", "节点 {1} 将拦截 {0}"}
                                                                     : Text{"{} would pass at node {}", "节点 {1} 将放行 {0}"},
                                    text_of(now, "asked"), text_of(now, "node")));
}

void print_answer(const ExplainArguments& arguments, const Json& answer, Language language) {
  Page page(language);
  const Json& record = answer["record"];
  const Json& own = member_of(record, "telefence");
  page.row({"record", "记录"}, page.text({"{}  ({})", "{}（{}）"}, text_of(answer, "id"), text_of(answer, "found_in")));
  page.row({"when", "时间"}, page.text({"{} at node {}, mode {}", "{}，节点 {}，模式 {}"}, text_of(record, "timestamp"), text_of(own, "node"), page.word(text_of(own, "mode"))));
  page.row({"seen", "内容"}, what_was_seen(record));
  if (!answer.contains("entry")) {
    page.row({"what", "性质"}, page.text({"a sign of evasion, not an interception: {}", "规避迹象，并非拦截：{}"}, page.word(text_of(member_of(record, "anomaly"), "event"))));
    return;
  }
  page.row({"done", "处置"}, page.text({"{}, {}, {}", "{}，{}，{}"}, page.word(text_of(member_of(record, "alert"), "action")),
                                     page.words(text_of(own, "response")), page.word(text_of(own, "fate"))));
  const Json& entry = answer["entry"];
  const Category category = category_from(text_of(entry, "category")).value_or(Category::kOther);
  page.row({"because of", "原因"}, page.text({"{} {} ({}, tier {}), source {}, id {}, policy {}", "{} {}（{}，等级 {}），来源 {}，编号 {}，策略 {}"}, page.word(text_of(entry, "kind")),
                                             text_of(entry, "value"), say(language, category), number_of<int>(entry, "tier"), text_of(entry, "source"),
                                             number_of(entry, "signature_id"), number_of(entry, "policy_seq")));
  for (const Json& place : answer["places"]) print_place(page, place);
  if (answer["places"].empty()) {
    std::string looked;
    for (const Json& one : answer["looked_at"]) looked += (looked.empty() ? "" : page.text({", ", "、"})) + page.translated(item_text(one));
    page.row({"entry", "条目"}, page.text({"not found; looked into: {}{}", "未找到；已查找：{}{}"}, looked.empty() ? page.text({"nothing", "无"}) : looked,
                                          advice(arguments, language)));
  }
  for (const Json& one : answer["since"]) {
    const Json& change = one["change"];
    page.row({"later", "此后"}, page.text({"batch {}, {} by {}: {} from {}", "批次 {}，{}，下发者 {}：{}，来源 {}"}, number_of(one, "seq"),
                                          text_of(one, "published"), text_of(one, "publisher"), page.word(text_of(change, "op")),
                                          text_of(change, "source").empty() ? page.text({"all sources", "所有来源"}) : text_of(change, "source")));
  }
  print_now(page, answer);
}

}  // namespace

int explain(const ExplainArguments& arguments) {
  const Language language = language_of(arguments.language);
  const auto failed = [&](const Error& error) {
    print("telefence explain", error, language);
    return static_cast<int>(error.code);
  };
  const Result<Config> config = config_of(arguments, language);
  if (!config) return failed(config.error());
  const std::vector<std::string> files = record_files(arguments, config.value());
  const std::optional<FoundRecord> found = files.empty() ? std::nullopt : find_record(files, arguments.id);
  if (!found) return failed(not_found(arguments.id, arguments.config_file, files));
  Json answer = {{"ok", true}, {"id", arguments.id}, {"found_in", found->where}, {"record", found->line}};
  if (const std::optional<RecordedEntry> entry = entry_of(found->line)) {
    Origin origin = look_for(arguments, *entry, config.value());
    const Json& alert = member_of(found->line, "alert");
    answer["entry"] = {{"kind", kind_name(entry->kind)}, {"value", origin.value.empty() ? entry->value : origin.value}, {"signature_id", entry->id},
                       {"category", text_of(alert, "category")}, {"tier", number_of<int>(alert, "severity")}, {"source", entry->source}, {"policy_seq", entry->sequence}};
    ExplainArguments asked = arguments;  // the daemon of this configuration, unless another one is named
    if (asked.socket == kDefaultSocket) asked.socket = config.value().control_socket;
    answer["now"] = now_of(asked, found->line, *entry, origin.value);
    answer["in_force"] = in_force(origin, answer["now"]);
    answer["places"] = std::move(origin.places);
    answer["since"] = std::move(origin.since);
    answer["looked_at"] = origin.looked_at;
  }
  if (arguments.json)
    std::printf("%s\n", to_line(answer).c_str());
  else
    print_answer(arguments, answer, language);
  return kExitOk;
}

}  // namespace telefence
