// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/language.h"
#include "app/tool_verbs.h"
#include "control/commands.h"

namespace telefence {
namespace {

// Pads by columns on the screen, not by bytes.
std::string padded(std::string text, std::size_t width) {
  const std::size_t used = columns(text);
  return used < width ? text + std::string(width - used, ' ') : text + " ";
}

std::string number(const Json& from, const char* key) { return std::to_string(from.value(key, std::uint64_t{0})); }

class Table {
 public:
  Table(const Json& status, Language language) : status_(status), language_(language) {}

  void print() const {
    head();
    ports();
    channels();
    packets();
    signatures();
    records();
  }

 private:
  std::string text(Word word) const { return std::string(say(language_, word)); }
  void row(Word name, const std::string& value) const { std::printf("%s%s\n", padded(text(name), 14).c_str(), value.c_str()); }

  void head() const {
    row(Word::kNode, status_.value("node", "") + "  (telefenced " + status_.value("version", "") + ", " +
                         number(status_, "workers") + " " + text(Word::kWorkers) + ")");
    row(Word::kMode, text(status_.value("mode", "") == "enforce" ? Word::kEnforce : Word::kMonitor));
    row(Word::kUptime, number(status_, "uptime_s") + " " + text(Word::kSeconds));
    std::string reasons;
    for (const Json& reason : status_["reasons"]) reasons += ": " + reason.get<std::string>();
    row(status_.value("ready", false) ? Word::kReady : Word::kNotReady, reasons.empty() ? "✔" : reasons.substr(2));
  }

  void ports() const {
    std::printf("\n%s%s%s%s\n", padded(text(Word::kPort), 14).c_str(), padded(text(Word::kReceived), 16).c_str(),
                padded(text(Word::kSent), 16).c_str(), text(Word::kLost).c_str());
    for (const Json& port : status_["ports"])
      std::printf("%s%s%s%s\n", padded(port.value("name", ""), 14).c_str(), padded(number(port, "received"), 16).c_str(),
                  padded(number(port, "sent"), 16).c_str(), number(port, "lost").c_str());
  }

  void channels() const {
    std::printf("\n%s%s%s%s%s\n", padded(text(Word::kChannel), 14).c_str(), padded(text(Word::kInspected), 16).c_str(),
                padded(text(Word::kBlocked), 12).c_str(), padded(text(Word::kTagged), 12).c_str(), text(Word::kWouldBe).c_str());
    for (const auto& [name, sums] : status_["channels"].items())
      std::printf("%s%s%s%s%s\n", padded(name, 14).c_str(), padded(number(sums, "inspected"), 16).c_str(),
                  padded(number(sums, "blocked"), 12).c_str(), padded(number(sums, "tagged"), 12).c_str(),
                  number(sums, "would_be").c_str());
  }

  void packets() const {
    std::printf("\n");
    row(Word::kPackets, number(status_["packets"], "received"));
    for (const auto& [name, count] : status_["packets"]["fates"].items())
      std::printf("  %s%s\n", padded(name, 30).c_str(), std::to_string(count.get<std::uint64_t>()).c_str());
  }

  void signatures() const {
    const Json& counts = status_["signatures"];
    std::printf("\n");
    row(Word::kSignatures, number(counts, "domains") + " " + text(Word::kDomains) + ", " + number(counts, "urls") + " " +
                               text(Word::kUrls) + ", " + number(counts, "numbers") + " " + text(Word::kNumbers) + ", " +
                               number(counts, "patterns") + " " + text(Word::kPatterns));
    if (counts.value("complaints", 0) != 0) row(Word::kComplaints, number(counts, "complaints"));
    const Json& feed = status_["feed"];
    if (!feed.value("configured", false)) return row(Word::kFeed, text(Word::kFeedOff));
    row(Word::kFeed, text(feed.value("connected", false) ? Word::kConnected : Word::kNotConnected) + ", " +
                         text(Word::kSequence) + " " + number(feed, "sequence"));
    if (const std::string problem = feed.value("problem", ""); !problem.empty()) row(Word::kProblem, problem);
  }

  void records() const {
    const Json& records = status_["records"];
    row(Word::kRecords, number(records, "written") + " " + text(Word::kWritten) + ", " + number(records, "lost") + " " + text(Word::kLost));
    if (const std::string problem = records.value("problem", ""); !problem.empty()) row(Word::kProblem, problem);
  }

  const Json& status_;
  const Language language_;
};

int failed(const Error& error) {
  std::fprintf(stderr, "telefence status: %s\n", error.message.c_str());
  return static_cast<int>(error.code);
}

}  // namespace

int status(const ToolArguments& arguments) {
  const Result<std::string> line = ask_daemon(arguments.socket, R"({"command":"status"})");
  if (!line) return failed(line.error());
  const Json reply = Json::parse(line.value(), nullptr, false);
  if (!reply.is_object() || !reply.value("ok", false)) return failed({ErrorCode::kFailed, "the daemon refused: " + line.value()});
  if (arguments.json)
    std::printf("%s\n", to_line(reply).c_str());
  else
    Table(reply, language_of(arguments.language)).print();
  return kExitOk;
}

}  // namespace telefence
