// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "control/commands.h"

namespace telefence {
namespace {

constexpr std::size_t kLabelColumns = 14;
constexpr std::size_t kCountColumns = 16;

class Table {
 public:
  Table(const Json& status, Language language) : status_(status), language_(language) {}

  void print() const {
    head();
    ports();
    channels();
    packets();
    evasions();
    signatures();
    feed();
    records();
  }

 private:
  std::string word(const Text& text) const { return std::string(say(language_, text)); }
  static std::string number(const Json& from, const char* key) { return grouped(from.value(key, std::uint64_t{0})); }
  static void line(const std::string& text) { std::printf("%s\n", text.c_str()); }
  void row(const Text& name, const std::string& value) const { line(padded(say(language_, name), kLabelColumns) + value); }
  void more(const std::string& value) const { line(std::string(kLabelColumns, ' ') + value); }

  void head() const {
    row({"node", "节点"},
        say(language_, {"{}  (telefenced {}, {}, up for {})", "{}（telefenced {}，{}，已运行 {}）"}, status_.value("node", ""), status_.value("version", ""),
            counted(language_, status_.value("workers", std::uint64_t{0}), {"worker", "个工作线程"}, {"workers", "个工作线程"}),
            duration(language_, status_.value("uptime_s", std::uint64_t{0}))));
    row({"mode", "模式"}, status_.value("mode", "") == "enforce"
                              ? word({"enforce", "拦截"})
                              : word({"monitor: nothing is touched, everything is recorded as would-be", "监测：不处置，只记录“本应拦截”"}));
    row({"ready", "就绪"}, status_.value("ready", false) ? word({"yes", "是"}) : word({"no", "否"}));
    for (const Json& reason : status_["reasons"]) more(translated(language_, reason.get<std::string>()));
    if (status_.value("bypass", Json::object()).value("on", false))
      row({"bypass", "旁路"}, word({"ON: packets pass unread", "已开启：报文不检查直接通过"}));
    if (status_["needs_restart"].empty()) return;
    row({"restart", "需要重启"}, word({"the file was changed where only a restart takes it over:", "配置中的以下更改只有重启后才生效："}));
    for (const Json& change : status_["needs_restart"]) more(to_text(sealed_change_from(change), language_));
  }

  std::string table_head(const Text& name, const std::vector<Text>& columns_of_table) const {
    std::string text = columns_of_table.empty() ? word(name) : padded(say(language_, name), kLabelColumns);
    for (const Text& column : columns_of_table) text += right_aligned(say(language_, column), kCountColumns);
    return text;
  }
  void header(const Text& name, const std::vector<Text>& columns_of_table) const {
    line("");
    line(table_head(name, columns_of_table));
  }

  void ports() const {
    header({"port", "端口"}, {{"received", "收到"}, {"sent", "发出"}, {"lost", "丢失"}, {"errors", "错误"}, {"link", "链路"}});
    for (const Json& port : status_["ports"]) {
      std::string text = padded(port.value("name", ""), kLabelColumns);
      for (const char* key : {"received", "sent", "lost", "errors"}) text += right_aligned(number(port, key), kCountColumns);
      text += right_aligned(port.value("link_up", false) ? word({"up", "正常"}) : word({"DOWN", "断开"}), kCountColumns);
      line(text);
    }
  }

  void channels() const {
    // A sender repeats what was refused: 12 look-ups can be 100,000 packets.
    header({"messages (one that is sent again after it was blocked counts once)", "消息（被拦截后重发的只计一次）"}, {});
    line(table_head({"channel", "渠道"}, {{"inspected", "已检查"}, {"blocked", "已拦截"}, {"tagged", "已标记"}, {"would be", "本应拦截"}}));
    for (const auto& [name, sums] : status_["channels"].items()) {
      std::string text = padded(word_of(language_, name), kLabelColumns);
      for (const char* key : {"inspected", "blocked", "tagged", "would_be"}) text += right_aligned(number(sums, key), kCountColumns);
      line(text);
    }
  }

  void packets() const {
    const std::uint64_t received = status_["packets"].value("received", std::uint64_t{0});
    header({"packets (what is sent again counts each time)", "报文（重发的每次都计）"}, {});
    line("  " + padded(word({"received", "收到"}), 30) + right_aligned(grouped(received), 14));
    for (const auto& [name, count] : status_["packets"]["fates"].items()) {
      const auto packets = count.get<std::uint64_t>();
      char share[16] = "";
      if (received != 0) std::snprintf(share, sizeof share, "%.1f %%", 100.0 * static_cast<double>(packets) / static_cast<double>(received));
      line("  " + padded(word_of(language_, name), 30) + right_aligned(grouped(packets), 14) + right_aligned(share, 10));
    }
  }

  void evasions() const {
    const auto found = status_.find("evasions");
    if (found == status_.end() || found->empty()) return;
    header({"signs of evasion", "规避迹象"}, {});
    for (const auto& [name, count] : found->items())
      line("  " + padded(word_of(language_, name), 30) + right_aligned(grouped(count.get<std::uint64_t>()), 14));
  }

  void signatures() const {
    const Json& counts = status_["signatures"];
    const auto count = [&](const char* key, const Text& one, const Text& several) {
      return counted(language_, counts.value(key, std::uint64_t{0}), one, several);
    };
    const std::string comma = word({", ", "，"});
    line("");
    row({"signatures", "规则"}, count("domains", Word::kDomain, Word::kDomains) + comma + count("urls", Word::kUrl, Word::kUrls) + comma +
                                    count("numbers", Word::kNumber, Word::kNumbers) + comma +
                                    count("patterns", Word::kPattern, Word::kPatterns) + comma +
                                    count("allowed", Word::kAllowEntry, Word::kAllowEntries));
    if (counts.value("complaints", 0) != 0)
      more(count("complaints", {"entry left out", "条未采用"}, {"entries left out", "条未采用"}) +
           word({" (telefenced check names them)", "（用 telefenced check 查看）"}));
  }

  void feed() const {
    const Json& feed = status_["feed"];
    const Text label{"feed", "下发通道"};
    if (!feed.value("configured", false)) return row(label, word({"no Redis server is configured", "未配置 Redis 服务器"}));
    row(label, say(language_, {"{}, sequence {}", "{}，序号 {}"},
                   feed.value("connected", false) ? word({"connected", "已连接"}) : word({"not connected", "未连接"}),
                   feed.value("sequence", std::uint64_t{0})));
    for (const char* key : {"problem", "state_problem", "note"})
      if (const std::string told = feed.value(key, ""); !told.empty()) more(translated(language_, told));
    if (const auto refused = feed.value("batches_refused", std::uint64_t{0}); refused != 0) {
      more(say(language_, {"{} refused since the start", "启动以来拒绝 {}"}, counted(language_, refused, {"batch", "个批次"}, {"batches", "个批次"})));
      if (const std::string last = feed.value("last_refusal", ""); last != feed.value("problem", "")) more(translated(language_, last));
    }
    if (const auto waiting = feed.value("waiting", std::uint64_t{0}); waiting != 0)
      more(say(language_, {"waiting for their time: {}", "等待生效时间：{}"}, counted(language_, waiting, {"change", "条变更"}, {"changes", "条变更"})));
    not_enforced(feed);
  }

  void not_enforced(const Json& feed) const {
    std::uint64_t sum = 0;
    std::string kinds;
    const Json counts = feed.value("not_enforced", Json::object());
    for (const auto& [kind, count] : counts.items()) {
      sum += count.get<std::uint64_t>();
      if (count != 0) kinds += (kinds.empty() ? "" : ", ") + std::string(word_of(language_, kind)) + " " + grouped(count.get<std::uint64_t>());
    }
    if (sum != 0) more(say(language_, {"not enforced by this version: {}", "本版本不执行：{}"}, kinds));
  }

  void records() const {
    const Json& records = status_["records"];
    const std::string file = records.value("file", "");
    row({"records", "记录"}, say(language_, {"{} written, {} lost", "已写入 {}，丢失 {}"}, number(records, "written"), number(records, "lost")) +
                                 (file.empty() ? word({" (no file)", "（无文件）"}) : "  " + file));
    if (const std::string problem = records.value("problem", ""); !problem.empty()) more(translated(language_, problem));
  }

  const Json& status_;
  const Language language_;
};

}  // namespace

int status(const ToolArguments& arguments) {
  const Language language = language_of(arguments.language);
  const auto failed = [language](const Error& error) {
    print("telefence status", error, language);
    return static_cast<int>(error.code);
  };
  const Result<std::string> line = ask_daemon(arguments.socket, R"({"command":"status"})");
  if (!line) return failed(line.error());
  const Json reply = Json::parse(line.value(), nullptr, false);
  if (!reply.is_object() || !reply.value("ok", false)) return failed({ErrorCode::kFailed, "the daemon refused: " + line.value()});
  if (arguments.json)
    std::printf("%s\n", to_line(reply).c_str());
  else
    Table(reply, language).print();
  return kExitOk;
}

}  // namespace telefence
