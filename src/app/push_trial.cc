// SPDX-License-Identifier: Apache-2.0
#include "app/push_trial.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <set>
#include <utility>

#include "app/push_connection.h"
#include "app/sentences.h"
#include "app/trial_asking.h"
#include "signatures/batch.h"
#include "signatures/trial.h"

namespace telefence {
namespace {

constexpr std::chrono::milliseconds kPatience{1200};

Result<TrialReport> ask_edges(RedisConnection& connection, const std::vector<std::string>& lines, const TrialTerms& terms) {
  std::set<std::string> kinds;
  for (const std::string& line : lines)
    if (!terms.asks_all) kinds.insert(kind_sampled(Json::parse(line, nullptr, false)));
  const Result<std::vector<std::string>> nodes = sampling_nodes(connection, kinds);
  if (!nodes) return nodes.error();
  const Result<std::map<std::string, Json>> answers = ask_nodes(connection, {"b", plain_body(lines), terms.key, kPatience}, nodes.value());
  if (!answers) return answers.error();
  TrialReport report = report_of(lines, answers.value(), terms.limit);
  report.asked = nodes.value();
  report.is_unsigned = terms.key == nullptr;
  for (const std::string& node : nodes.value())
    if (!answers.value().contains(node)) report.silent.push_back(node);
  return report;
}

template <typename Number>
Number number_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<Number>() : Number{};
}

// What strangers may have written: everything is looked at before it is used.
void add_answer(LineTrial& line, const std::string& node, const Json& answer, double limit) {
  if (!answer.is_object()) return;
  if (const auto problem = answer.find("problem"); problem != answer.end() && problem->is_string()) {
    line.problems[problem->get<std::string>()].push_back(node);
    return;
  }
  if (const auto now = answer.find("now"); now != answer.end() && now->is_object()) line.now[to_line(*now)].push_back(node);
  const auto sampled = number_in<std::uint64_t>(answer, "sampled"), hits = number_in<std::uint64_t>(answer, "hits");
  if (sampled < kLeastSampled) {
    ++(sampled == 0 ? line.none : line.few);
    return;
  }
  ++line.edges;
  line.below += hits < kLeastHits ? 1 : 0;
  line.sampled += sampled;
  line.hits += std::min(hits, sampled);
  line.period_s = std::max(line.period_s, number_in<std::int64_t>(answer, "period_s"));
  const double share = static_cast<double>(std::min(hits, sampled)) / static_cast<double>(sampled);
  if (share > line.most) {
    line.most = share;
    line.most_node = node;
  }
  // What acquits or only tells blocks nobody.
  const bool blocks = text_of(line.change, "op") == "add" && !flag_of(line.change, "shadow");
  line.is_over = blocks && line.most > limit;
}

std::string joined(const std::vector<std::string>& nodes) {
  constexpr std::size_t kShown = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(nodes.size(), kShown); ++i) out += (i == 0 ? "" : ", ") + printable(nodes[i]);
  return nodes.size() > kShown ? out + " ..." : out;
}

std::string word(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// What of an entry would be another than it is: "tier 2 -> 1".
std::string changes_of(const Json& entry, const Json& change, Language language) {
  std::string out;
  const auto compare = [&](const char* name, const std::string& is, const std::string& will_be) {
    if (is == will_be) return;
    const auto shown = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
    out += (out.empty() ? "" : ", ") + std::string(word_of(language, name)) + " " + shown(is) + " -> " + shown(will_be);
  };
  const std::string yes(say(language, {"true", "是"})), no(say(language, {"false", "否"}));
  const auto truth = [&](const Json& object, const char* name) { return object.value(name, Json(false)) == true ? yes : no; };
  compare("allow", truth(entry, "allow"), text_of(change, "op") == "allow" ? yes : no);
  compare("shadow", truth(entry, "shadow"), truth(change, "shadow"));
  const auto category = [&](const std::string& name) { return std::string(say(language, category_from(name).value_or(Category::kOther))); };
  compare("category", category(word(entry, "category")), category(text_of(change, "category", "other")));
  compare("tier", word(entry, "tier"), word(change, "level"));
  compare("action", word(entry, "action"), word(change, "action"));
  compare("expires", word(entry, "expires"), word(change, "expires"));
  return out;
}

// A release, say: what is in force has no effect then.
std::string allowed_text(const Json& now, Language language) {
  const auto by = now.find("by");
  if (by == now.end() || !by->is_object() || by->value("allow", Json(false)) != true) return {};
  return say(language, {"; but the allow entry {} of {} wins", "；但 {1} 的白名单条目 {0} 优先"}, word(*by, "value"), word(*by, "source"));
}

std::string entry_text(const Json& entry, const Json& change, Language language) {
  const std::string changes = changes_of(entry, change, language), source = word(entry, "source");
  // Each source has its own word about a value.
  if (source != word(change, "source"))
    return say(language, {"new of this source, beside that of {}{}", "本来源新增，{} 已有此条目{}"}, source, changes.empty() ? "" : say(language, {" ({})", "（{}）"}, changes));
  return changes.empty() ? std::string(say(language, {"no change: it is in force already", "无变化：已生效"}))
                         : say(language, {"changes {}", "变更 {}"}, changes);
}

std::string now_text(const Json& now, const Json& change, Language language) {
  const auto entry = now.find("entry"), by = now.find("by");
  if (entry != now.end() && entry->is_object()) return entry_text(*entry, change, language) + allowed_text(now, language);
  std::string out(say(language, {"new", "新增"}));
  if (by != now.end() && by->is_object())
    out += say(language, {"; until now {} decides ({})", "；目前由 {} 决定（{}）"}, word(*by, "value"), word(*by, "source"));
  return out;
}

std::string period_text(std::int64_t seconds, Language language) {
  if (seconds < 120) return say(language, {"{} s", "{} 秒"}, seconds);
  if (seconds < 7200) return say(language, {"{} min", "{} 分钟"}, seconds / 60);
  return say(language, {"{} h", "{} 小时"}, seconds / 3600);
}

std::string kind_text(const std::string& kind, Language language) {
  if (kind == "names") return std::string(say(language, {"names", "个域名"}));
  if (kind == "numbers") return std::string(say(language, {"numbers", "个号码"}));
  return std::string(say(language, {"texts", "条文本"}));
}

// A sampled kind without the word that counts it.
std::string_view kind_name_of(const std::string& kind, Language language) {
  if (kind == "names") return say(language, {"names", "域名"});
  return kind == "numbers" ? say(language, {"numbers", "号码"}) : say(language, {"texts", "文本"});
}

std::string edges_text(std::uint64_t count, Language language) { return counted(language, count, {"edge", "个节点"}, {"edges", "个节点"}); }

std::string hits_text(const LineTrial& line, Language language) {
  if (line.edges == 0 && line.few == 0 && line.none != 0)
    return say(language, {"not known: {} that answered has sampled no {} yet", "未知：应答的{}尚无{}样本"}, edges_text(line.none, language), kind_name_of(line.sampled_kind, language));
  if (line.edges == 0)
    return line.few == 0 ? say(language, {"not known: no edge answered that samples {}", "未知：没有抽样{}的节点应答"}, kind_name_of(line.sampled_kind, language))
                         : say(language, {"not known: {} with fewer than {} {} sampled", "未知：{}的样本不足 {} {}"}, edges_text(line.few, language), kLeastSampled,
                               kind_text(line.sampled_kind, language));
  const std::string of = say(language, {" of {} {} sampled at {} in the last {}", "；样本 {} {}，来自 {}，最近 {}"}, line.sampled,
                             kind_text(line.sampled_kind, language), edges_text(line.edges, language), period_text(line.period_s, language));
  if (line.hits == 0) return say(language, {"fewer than {} at each edge", "每个节点均少于 {} 次"}, kLeastHits) + of;
  std::string out = say(language, {"{} ({})", "{} 次（{}）"}, line.hits, percent(line.share())) + of;
  if (line.edges > 1) out += say(language, {", most at {} ({})", "，最多为 {}（{}）"}, printable(line.most_node), percent(line.most));
  return out;
}

}  // namespace

std::string kind_sampled(const Json& change) {
  const std::string kind = text_of(change, "kind");
  return kind == "domain" ? "names" : kind == "number" ? "numbers" : "texts";
}

bool TrialReport::is_over() const { return worst() != nullptr; }

const LineTrial* TrialReport::worst() const {
  const LineTrial* out = nullptr;
  for (const LineTrial& line : lines)
    if (line.is_over && (out == nullptr || line.most > out->most)) out = &line;
  return out;
}

Result<double> most_hits_of(const std::string& text) {
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_percent = error == std::errc{} && end + 1 == text.data() + text.size() && *end == '%';
  if (!is_percent || !(value >= 0 && value <= 100))
    return Error{ErrorCode::kUsage, "--most-hits \"" + text + "\": give a share of the sample from 0% to 100%, as 0.1%"};
  return value / 100;
}

TrialReport report_of(const std::vector<std::string>& lines, const std::map<std::string, Json>& answers, double limit) {
  TrialReport report;
  report.limit = limit;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    LineTrial& line = report.lines.emplace_back();
    line.change = Json::parse(lines[i], nullptr, false);
    line.sampled_kind = kind_sampled(line.change);
    for (const auto& [node, answer] : answers) {
      const auto told = answer.is_object() ? answer.find("lines") : answer.end();
      if (told != answer.end() && told->is_array() && told->size() == lines.size()) add_answer(line, node, (*told)[i], limit);
    }
  }
  return report;
}

Result<TrialReport> try_lines(const PushArguments& arguments, const std::vector<std::string>& lines, const TrialTerms& terms) {
  if (lines.size() > kMostTrialLines) return Error{ErrorCode::kInvalid, "more than 100 changes can't be tried at once"};
  return on_primary(arguments, [&](RedisConnection& connection) { return ask_edges(connection, lines, terms); });
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g%%", share * 100);
  return text;
}

std::string figure_of(const LineTrial& line, Language language) {
  return say(language, {"{} of {} {} sampled at {}, and {} at {}", "命中 {} 次，共 {} {}，来自 {}，最多 {}（{}）"}, line.hits, line.sampled,
             kind_text(line.sampled_kind, language), edges_text(line.edges, language), percent(line.most), printable(line.most_node));
}

Json to_json(const TrialReport& report) {
  Json out = {{"limit", report.limit}, {"held", report.is_over()}, {"asked", report.asked}, {"silent", report.silent}, {"lines", Json::array()}};
  for (const LineTrial& line : report.lines) {
    Json one = {{"change", line.change}, {"of", line.sampled_kind}, {"edges", line.edges},         {"sampled", line.sampled}, {"hits", line.hits},
                {"share", line.share()}, {"few", line.few},         {"below", line.below},         {"held", line.is_over},
                {"period_s", line.period_s}, {"most", {{"node", line.most_node}, {"share", line.most}}}};
    for (const auto& [name, groups] : {std::pair{"now", &line.now}, {"problems", &line.problems}}) {
      one[name] = Json::array();
      for (const auto& [what, nodes] : *groups)
        one[name].push_back({{name == std::string_view("now") ? "is" : "why", name == std::string_view("now") ? Json::parse(what, nullptr, false) : Json(what)}, {"nodes", nodes}});
    }
    out["lines"].push_back(std::move(one));
  }
  return out;
}

void print_for_people(const TrialReport& report, Language language) {
  const auto print = [](const std::string& line) { std::printf("%s\n", printable(line).c_str()); };
  for (const LineTrial& line : report.lines) {
    print(std::string(word_of(language, text_of(line.change, "op"))) + " " + std::string(word_of(language, text_of(line.change, "kind"))) + " " +
          text_of(line.change, "value"));
    for (const auto& [now, nodes] : line.now)
      print(say(language, {"  {}, at {}: {}", "  {}，{}：{}"}, now_text(Json::parse(now, nullptr, false), line.change, language), edges_text(nodes.size(), language), joined(nodes)));
    for (const auto& [why, nodes] : line.problems)
      print(say(language, {"  would be left out, {}, at {}: {}", "  不会采用（{}），{}：{}"}, translated(language, why), edges_text(nodes.size(), language), joined(nodes)));
    print(say(language, {"  would have hit: {}", "  若已下发会命中：{}"}, hits_text(line, language)));
    if (line.is_over)
      print(say(language, {"  over the limit of {}: a push is held unless --confirm is given", "  超过上限 {}：下发会被搁置，除非给出 --confirm"}, percent(report.limit)));
  }
  if (report.asked.empty())
    print(std::string(say(language, {"no edge keeps a sample (policy.sample): what it would have hit and what is in force there is not known",
                                     "没有节点保留样本（policy.sample）：无法得知会命中多少、节点上已有什么"})));
  if (!report.silent.empty())
    print(say(language, {"{} of {} did not answer within a second: {}", "{} / {}一秒内未应答：{}"}, report.silent.size(), edges_text(report.asked.size(), language), joined(report.silent)));
  if (!report.silent.empty() && report.is_unsigned)
    print(std::string(say(language, {"the question is not signed: a node that has redis.signers answers signed ones only (--key FILE)",
                                     "查询未签名：配置了 redis.signers 的节点只回答已签名的查询（--key 文件）"})));
}

}  // namespace telefence
