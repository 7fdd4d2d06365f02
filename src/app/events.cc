// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "control/commands.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kComesBackWithin{60};  // a restart with big lists
constexpr std::chrono::milliseconds kTryEvery{250};

// What the message was about: a name, or who to whom.
std::string subject_of(const Json& event) {
  const auto field = [&event](const char* object, const char* key) {
    const auto found = event.find(object);
    return found == event.end() ? std::string() : text_of(*found, key);
  };
  for (const char* object : {"call", "sms"})
    if (event.contains(object)) return field(object, "from") + " -> " + field(object, "to");
  if (event.contains("dns")) return field("dns", "rrname");
  if (event.contains("http")) return field("http", "hostname") + field("http", "url");
  return field("tls", "sni") + field("quic", "sni");
}

// What became of it: a tagged packet went on, and a recorded one was not touched at all.
Text outcome_of(const Json& own) {
  const std::string mode = text_of(own, "mode");
  if (mode == "shadow") return {"shadow", "影子"};
  if (mode != "enforce") return {"would be", "本应"};
  const std::string fate = text_of(own, "fate");
  if (fate == "tagged") return {"tagged", "标记"};
  return fate.starts_with("forwarded") ? Text{"FAILED", "未能处置"} : Text{"blocked", "拦截"};
}

// "answer nxdomain"
std::string response_of(const Json& own, Language language) {
  std::string out;
  const std::string words = text_of(own, "response");
  for (std::size_t start = 0; start < words.size();) {
    const std::size_t end = std::min(words.find(' ', start), words.size());
    out += (out.empty() ? "" : " ") + std::string(word_of(language, words.substr(start, end - start)));
    start = end + 1;
  }
  return out;
}

void print_text(const Json& event, Language language) {
  const Json none = Json::object();
  const Json& own = event.contains("telefence") ? event["telefence"] : none;
  const Json& alert = event.contains("alert") ? event["alert"] : none;
  const std::string time = text_of(event, "timestamp");
  const Category category = category_from(text_of(alert, "category", "other")).value_or(Category::kOther);
  const std::string line = (time.size() > 23 ? time.substr(11, 12) : time) + "  " + padded(word_of(language, text_of(own, "channel")), 9) +
                           padded(say(language, outcome_of(own)), 9) + padded(response_of(own, language), 22) +
                           padded(say(language, category), 15) + padded(subject_of(event), 40) +
                           say(language, {"{} ({})", "{}（{}）"}, text_of(own, "matched"), text_of(own, "feed"));
  std::printf("%s\n", printable(line).c_str());
}

// A sign of evasion: who to whom, and what.
void print_anomaly(const Json& event, Language language) {
  const Json none = Json::object();
  const Json& own = event.contains("telefence") ? event["telefence"] : none;
  const Json& anomaly = event.contains("anomaly") ? event["anomaly"] : none;
  const auto end = [&](const char* address, const char* port) {
    return text_of(event, address) + " " + std::to_string(number_of<int>(event, port));
  };
  const std::string time = text_of(event, "timestamp");
  std::string line = (time.size() > 23 ? time.substr(11, 12) : time) + "  " + padded(say(language, {"evasion", "规避"}), 9) +
                     padded(word_of(language, text_of(anomaly, "event")), 31) + padded(text_of(event, "app_proto"), 15) +
                     padded(end("src_ip", "src_port") + " -> " + end("dest_ip", "dest_port"), 40) +
                     std::string(word_of(language, text_of(own, "fate")));
  if (const auto more = number_of<int>(own, "suppressed"); more != 0)
    line += say(language, {" (and {} not recorded)", "（另有 {} 次未记录）"}, more);
  std::printf("%s\n", printable(line).c_str());
}

// Prints one line of the stream. False: standard output takes no more.
bool print_line(std::string_view line, const EventsArguments& arguments, Language language) {
  const Json event = arguments.json ? Json() : Json::parse(line, nullptr, false);
  if (arguments.json) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  } else if (event.is_object() && text_of(event, "event_type") == "alert") {
    print_text(event, language);
  } else if (event.is_object() && text_of(event, "event_type") == "anomaly") {
    print_anomaly(event, language);
  } else if (event.is_object() && text_of(event, "event_type") == "lost") {
    std::fprintf(stderr, "%s\n", say(language, {"{} not shown: this reader was too slow; records have them",
                                                "有 {}未显示：读取过慢；记录文件中有"},
                                         counted(language, number_of(event, "count"), {"interception was", "条拦截"}, {"interceptions were", "条拦截"})).c_str());
  }
  return std::fflush(stdout) == 0;
}

}  // namespace

int events(const EventsArguments& arguments) {
  const Language language = language_of(arguments.language);
  Clock::time_point gone_at{};
  bool has_followed = false;
  for (;;) {
    const Result<void> done = follow_daemon(
        arguments.socket,
        [&] {
          if (has_followed && gone_at != Clock::time_point{})
            std::fprintf(stderr, "%s\n", std::string(say(language, {"the daemon is back", "守护进程已恢复"})).c_str());
          gone_at = {};
          has_followed = true;
        },
        [&](std::string_view line) { return print_line(line, arguments, language); });
    if (done) return kExitOk;
    const Clock::time_point now = Clock::now();
    const bool waits = arguments.follow && has_followed && done.error().code == ErrorCode::kUnreachable;
    if (!waits || (gone_at != Clock::time_point{} && now - gone_at > kComesBackWithin)) {
      print("telefence events", done.error(), language);
      return static_cast<int>(done.error().code);
    }
    if (gone_at == Clock::time_point{}) {
      gone_at = now;
      print("telefence events", done.error(), language);
      std::fprintf(stderr, "%s\n", say(language, {"waiting {} s for it to come back; what it intercepts meanwhile is not shown here (its records have it: records.file)",
                                                  "等待其恢复（{} 秒）；期间的拦截不在此显示（见其记录文件 records.file）"}, kComesBackWithin.count()).c_str());
    }
    std::this_thread::sleep_for(kTryEvery);
  }
}

}  // namespace telefence
