// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/audit_log.h"

namespace telefence {
namespace {

int failed(const Error& error, Language language) {
  print("telefence audit", error, language);
  return static_cast<int>(error.code);
}

// Whether a line with this hash is there: what stood at the end when somebody noted it must still stand.
bool has_line(const std::string& file, const std::string& hash) {
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  while (std::getline(stream, line))
    if (!stream.eof() && hex_of(sha256(line)) == hash) return true;
  return false;
}

int verify(const AuditArguments& arguments, Language language) {
  const Result<AuditCheck> checked = verify_audit(arguments.file);
  if (!checked) return failed(checked.error(), language);
  AuditCheck check = checked.value();
  const bool lacks_head = !arguments.head.empty() && !has_line(arguments.file, arguments.head);
  if (check.broken_line == 0 && lacks_head) check.why = "the line with the hash of --head is not there: lines were taken off the end, or all was written anew";
  if (check.lines == 0) check.why = "there is no whole line in it";
  const bool is_whole = check.broken_line == 0 && !lacks_head && check.lines != 0;
  if (arguments.json) {
    std::printf("%s\n", to_line(Json{{"ok", is_whole}, {"lines", check.lines}, {"broken_line", check.broken_line}, {"why", check.why},
                                     {"ends_torn", check.ends_torn}, {"head", check.head}}).c_str());
  } else if (is_whole) {
    std::printf("%s\n", say(language, {"whole: {}, the last one has the hash {}", "完整：共 {}，末行哈希 {}"}, counted(language, check.lines, {"line", "行"}, {"lines", "行"}), check.head).c_str());
    if (check.ends_torn)
      std::printf("%s\n", std::string(say(language, {"behind it stands half a line: its writer was killed; the next one will say so",
                                                     "其后有半行：写入者被中止；下一次写入会注明"})).c_str());
  } else {
    const std::string place = check.broken_line == 0 ? arguments.file : arguments.file + ":" + std::to_string(check.broken_line);
    std::printf("%s: %s\n", place.c_str(), translated(language, check.why).c_str());
  }
  return is_whole ? kExitOk : kExitInvalid;
}

// The words of audit files in Chinese: what was done, and the names of what is told of it.
struct AuditWord {
  std::string_view word, chinese;
};
constexpr AuditWord kAuditWords[] = {
    {"pushed", "已下发"},       {"push-failed", "下发失败"}, {"proposed", "已提交第二签名"}, {"released", "已临时放行"}, {"snapshot", "快照"},
    {"applied", "已生效"},      {"refused", "已拒绝"},       {"started", "已启动"},          {"rollback", "回退"},       {"reload", "重新加载"},
    {"compacted", "已压缩"},    {"log-broken", "变更流异常"}, {"torn", "此前有半行"},        {"keys", "密钥"},           {"n", "变更数"},
    {"changes", "变更"},        {"log", "变更流"},           {"seq", "序号"},                {"batches", "批次"},        {"trimmed", "移出"},
    {"confirmed", "超限确认"},  {"why", "原因"},             {"reason", "原因代码"},         {"before", "此前哈希"},     {"id", "编号"},
    {"left_out", "未采用"},     {"in_force", "已生效条目"},  {"version", "版本"},            {"newest", "最新版本"},     {"published", "下发时间"},
    {"bytes_cut", "截去字节"},   {"cosigned", "已加签"},    {"entries", "条目"},           {"lost", "记录丢失"},           {"lines", "行数"},
    {"base-lost", "磁盘快照不可用"},
};

std::string audit_word(const std::string& word, Language language) {
  if (language == Language::kEnglish) return word;
  const auto found = std::find_if(std::begin(kAuditWords), std::end(kAuditWords), [&](const AuditWord& known) { return known.word == word; });
  return found == std::end(kAuditWords) ? word : std::string(found->chinese);
}

// "add domain bad.example" for each.
std::string changes_text(const Json& changes, Language language) {
  std::string out;
  for (const Json& change : changes) {
    if (!out.empty()) out += say(language, {"; ", "；"});
    if (!change.is_object()) {
      out += to_line(change);
      continue;
    }
    const std::string value = text_of(change, "value"), source = text_of(change, "source");
    (out += word_of(language, text_of(change, "op"))) += " " + std::string(word_of(language, text_of(change, "kind"))) + (value.empty() ? "" : " " + value);
    if (!source.empty()) out += say(language, {" ({})", "（{}）"}, source);
  }
  return out;
}

std::string value_text(const std::string& name, const Json& value, Language language) {
  if (name == "changes" && value.is_array()) return changes_text(value, language);
  if (name == "keys" && value.is_array()) {
    std::string out;
    for (const Json& key : value) (out += out.empty() ? "" : say(language, {", ", "、"})) += key.is_string() ? key.get<std::string>() : to_line(key);
    return out;
  }
  if (!value.is_string()) return to_line(value);
  return name == "why" ? translated(language, value.get<std::string>()) : value.get<std::string>();
}

std::string for_people(const Json& line, Language language) {
  std::string out = text_of(line, "at") + "  " + audit_word(text_of(line, "what"), language) + "  " + text_of(line, "who");
  for (const auto& [name, value] : line.items()) {
    if (name == "at" || name == "what" || name == "who" || name == "prev" || name == "hash") continue;
    out += "  " + audit_word(name, language) + "=" + value_text(name, value, language);
  }
  return out;
}

int show(const AuditArguments& arguments, Language language) {
  std::ifstream stream(arguments.file, std::ios::binary);
  std::error_code ignored;
  if (!stream || std::filesystem::is_directory(arguments.file, ignored)) return failed({ErrorCode::kEnvironment, "can't read " + arguments.file + ": no such file, or no right to read it"}, language);
  std::deque<std::string> lines;
  std::string line;
  while (std::getline(stream, line)) {
    lines.push_back(line);
    if (arguments.last != 0 && lines.size() > arguments.last) lines.pop_front();
  }
  const auto is_of_audit = [](const std::string& one) {
    const Json json = Json::parse(one, nullptr, false);
    return json.is_object() && json.contains("at") && json.contains("what") && json.contains("prev");
  };
  // A half line, or one that somebody changed, is shown with the others; a file without any other is something else.
  if (!lines.empty() && std::none_of(lines.begin(), lines.end(), is_of_audit))
    return failed({ErrorCode::kInvalid, arguments.file + " is no audit file: its lines are not JSON objects with at, what and prev"}, language);
  for (const std::string& one : lines) {
    const Json json = Json::parse(one, nullptr, false);
    const std::string said = json.is_object() ? for_people(json, language) : one;
    std::printf("%s\n", (arguments.json ? one : printable(said)).c_str());
  }
  return kExitOk;
}

}  // namespace

int audit(const AuditArguments& arguments) {
  const Language language = language_of(arguments.language);
  return arguments.verify ? verify(arguments, language) : show(arguments, language);
}

}  // namespace telefence
