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

// What the message was about: a name, or who to whom.
std::string subject_of(const Json& event) {
  const auto field = [&event](const char* object, const char* key) {
    const auto found = event.find(object);
    return found == event.end() ? std::string() : found->value(key, "");
  };
  for (const char* object : {"call", "sms"})
    if (event.contains(object)) return field(object, "from") + " -> " + field(object, "to");
  if (event.contains("dns")) return field("dns", "rrname");
  if (event.contains("http")) return field("http", "hostname") + field("http", "url");
  return field("tls", "sni") + field("quic", "sni");
}

void print_text(const Json& event, Language language) {
  const Json none = Json::object();
  const Json& own = event.contains("telefence") ? event["telefence"] : none;
  const Json& alert = event.contains("alert") ? event["alert"] : none;
  const std::string time = event.value("timestamp", "");
  const Category category = category_from(alert.value("category", "other")).value_or(Category::kOther);
  const std::string mode = own.value("mode", "");
  const bool acted = mode == "enforce";
  std::printf("%s  %-5s %s %-22s %s  %s  (%s, %s)\n", time.size() > 23 ? time.substr(11, 12).c_str() : time.c_str(),
              own.value("channel", "").c_str(), std::string(say(language, acted ? Word::kBlocks : Word::kWouldBe)).c_str(),
              own.value("response", "").c_str(), subject_of(event).c_str(), std::string(say(language, category)).c_str(),
              own.value("matched", "").c_str(), own.value("feed", "").c_str());
}

}  // namespace

int events(const EventsArguments& arguments) {
  const Language language = language_of(arguments.language);
  const Result<void> done = follow_daemon(arguments.socket, [&](std::string_view line) {
    if (arguments.json) {
      std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    } else {
      const Json event = Json::parse(line, nullptr, false);
      if (event.is_object() && event.value("event_type", "") == "alert") print_text(event, language);
      else std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    }
    return std::fflush(stdout) == 0;
  });
  if (done) return kExitOk;
  std::fprintf(stderr, "telefence events: %s\n", done.error().message.c_str());
  return static_cast<int>(done.error().code);
}

}  // namespace telefence
