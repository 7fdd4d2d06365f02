// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/daemon_reply.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"

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
  static std::string number(const Json& from, const char* key) { return grouped(number_of(from, key)); }
  static std::uint64_t number_in(const Json& count) { return count.is_number_unsigned() ? count.get<std::uint64_t>() : 0; }
  static void line(const std::string& text) { std::printf("%s\n", text.c_str()); }
  void row(const Text& name, const std::string& value) const { line(padded(say(language_, name), kLabelColumns) + value); }
  void more(const std::string& value) const { line(std::string(kLabelColumns, ' ') + value); }

  void head() const {
    row({"node", "节点"},
        say(language_, {"{}  (telefenced {}, {}, up for {})", "{}（telefenced {}，{}，已运行 {}）"}, text_of(status_, "node"), text_of(status_, "version"),
            counted(language_, number_of(status_, "workers"), {"worker", "个工作线程"}, {"workers", "个工作线程"}),
            duration(language_, number_of(status_, "uptime_s"))));
    row({"mode", "模式"}, text_of(status_, "mode") == "enforce"
                              ? word({"enforce", "拦截"})
                              : word({"monitor: nothing is touched, everything is recorded as would-be", "监测：不处置，只记录“本应拦截”"}));
    row({"ready", "就绪"}, flag_of(status_, "ready") ? word({"yes", "是"}) : word({"no", "否"}));
    for (const Json& reason : member_of(status_, "reasons")) more(translated(language_, item_text(reason)));
    if (flag_of(member_of(status_, "bypass"), "on"))
      row({"bypass", "旁路"}, word({"ON: packets pass unread", "已开启：报文不检查直接通过"}));
    if (member_of(status_, "needs_restart").empty()) return;
    row({"restart", "需要重启"}, word({"the file was changed where only a restart takes it over:", "配置中的以下更改只有重启后才生效："}));
    for (const Json& change : member_of(status_, "needs_restart")) more(to_text(sealed_change_from(change), language_));
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
    for (const Json& port : member_of(status_, "ports")) {
      std::string text = padded(text_of(port, "name"), kLabelColumns);
      for (const char* key : {"received", "sent", "lost", "errors"}) text += right_aligned(number(port, key), kCountColumns);
      text += right_aligned(flag_of(port, "link_up") ? word({"up", "正常"}) : word({"DOWN", "断开"}), kCountColumns);
      line(text);
    }
  }

  void channels() const {
    // A sender repeats what was refused: 12 look-ups can be 100,000 packets.
    header({"messages (one that is sent again after it was blocked counts once)", "消息（被拦截后重发的只计一次）"}, {});
    line(table_head({"channel", "渠道"}, {{"inspected", "已检查"}, {"blocked", "已拦截"}, {"tagged", "已标记"}, {"would be", "本应拦截"}}));
    for (const auto& [name, sums] : member_of(status_, "channels").items()) {
      std::string text = padded(word_of(language_, name), kLabelColumns);
      for (const char* key : {"inspected", "blocked", "tagged", "would_be"}) text += right_aligned(number(sums, key), kCountColumns);
      line(text);
    }
  }

  void packets() const {
    const std::uint64_t received = number_of(member_of(status_, "packets"), "received");
    header({"packets (what is sent again counts each time)", "报文（重发的每次都计）"}, {});
    line("  " + padded(word({"received", "收到"}), 30) + right_aligned(grouped(received), 14));
    std::uint64_t left = 0;
    for (const auto& [name, count] : member_of(member_of(status_, "packets"), "fates").items()) {
      const auto packets = number_in(count);
      left += packets;
      char share[16] = "";
      if (received != 0) std::snprintf(share, sizeof share, "%.1f %%", 100.0 * static_cast<double>(packets) / static_cast<double>(received));
      line("  " + padded(word_of(language_, name), 30) + right_aligned(grouped(packets), 14) + right_aligned(share, 10));
    }
    if (left < received) line("  " + padded(word({"held, or being looked at", "暂扣或正在检查"}), 30) + right_aligned(grouped(received - left), 14));
  }

  void evasions() const {
    const auto found = status_.find("evasions");
    if (found == status_.end() || found->empty()) return;
    header({"signs of evasion", "规避迹象"}, {});
    for (const auto& [name, count] : found->items())
      line("  " + padded(word_of(language_, name), 30) + right_aligned(grouped(number_in(count)), 14));
  }

  void signatures() const {
    const Json& counts = member_of(status_, "signatures");
    const auto count = [&](const char* key, const Text& one, const Text& several) {
      return counted(language_, number_of(counts, key), one, several);
    };
    const std::string comma = word({", ", "，"});
    line("");
    row({"signatures", "规则"}, count("domains", Word::kDomain, Word::kDomains) + comma + count("urls", Word::kUrl, Word::kUrls) + comma +
                                    count("numbers", Word::kNumber, Word::kNumbers) + comma +
                                    count("patterns", Word::kPattern, Word::kPatterns) + comma +
                                    count("allowed", Word::kAllowEntry, Word::kAllowEntries));
    if (number_of<int>(counts, "complaints") != 0)
      more(count("complaints", {"entry left out", "条未采用"}, {"entries left out", "条未采用"}) +
           word({" (telefenced check names them)", "（用 telefenced check 查看）"}));
  }

  void feed() const {
    const Json& feed = member_of(status_, "feed");
    const Text label{"feed", "下发通道"};
    if (!flag_of(feed, "configured")) return row(label, word({"no Redis server is configured", "未配置 Redis 服务器"}));
    row(label, say(language_, {"{}, sequence {}", "{}，序号 {}"},
                   flag_of(feed, "connected") ? word({"connected", "已连接"}) : word({"not connected", "未连接"}),
                   number_of(feed, "sequence")));
    for (const char* key : {"problem", "state_problem", "note"})
      if (const std::string told = text_of(feed, key); !told.empty()) more(translated(language_, told));
    if (const auto refused = number_of(feed, "batches_refused"); refused != 0) {
      more(say(language_, {"{} refused since the start", "启动以来拒绝 {}"}, counted(language_, refused, {"batch", "个批次"}, {"batches", "个批次"})));
      if (const std::string last = text_of(feed, "last_refusal"); last != text_of(feed, "problem")) more(translated(language_, last));
    }
    if (const auto waiting = number_of(feed, "waiting"); waiting != 0)
      more(say(language_, {"waiting for their time: {}", "等待生效时间：{}"}, counted(language_, waiting, {"change", "条变更"}, {"changes", "条变更"})));
    not_enforced(feed);
  }

  void not_enforced(const Json& feed) const {
    std::uint64_t sum = 0;
    std::string kinds;
    const Json counts = member_of(feed, "not_enforced");
    for (const auto& [kind, count] : counts.items()) {
      sum += number_in(count);
      if (number_in(count) != 0) kinds += (kinds.empty() ? "" : ", ") + std::string(word_of(language_, kind)) + " " + grouped(number_in(count));
    }
    if (sum != 0) more(say(language_, {"not enforced by this version: {}", "本版本不执行：{}"}, kinds));
  }

  void records() const {
    const Json& records = member_of(status_, "records");
    const std::string file = text_of(records, "file");
    row({"records", "记录"}, say(language_, {"{} written, {} lost", "已写入 {}，丢失 {}"}, number(records, "written"), number(records, "lost")) +
                                 (file.empty() ? word({" (no file)", "（无文件）"}) : "  " + file));
    if (const std::string problem = text_of(records, "problem"); !problem.empty()) more(translated(language_, problem));
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
  const Result<Json> reply = reply_of_daemon(arguments.socket, {{"command", "status"}});
  if (!reply) return failed(reply.error());
  if (arguments.json)
    std::printf("%s\n", to_line(reply.value()).c_str());
  else
    Table(reply.value(), language).print();
  return kExitOk;
}

}  // namespace telefence
