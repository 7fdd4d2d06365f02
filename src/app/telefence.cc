// SPDX-License-Identifier: Apache-2.0

// The tool for the people of the anti-fraud centre and of operations. This file only reads arguments.

#include "app/command_line.h"
#include "app/tool_verbs.h"
#include "verdict/verdict.h"

namespace telefence {
namespace {

void add_common(CLI::App* verb, ToolArguments& arguments, bool asks_daemon) {
  verb->add_flag("--json", arguments.json, "JSON instead of text for people");
  verb->add_option("--lang", arguments.language, "en or zh; else by LANG")->check(CLI::IsMember({"en", "zh"}))->type_name("en|zh");
  if (asks_daemon) {
    verb->add_option("--socket", arguments.socket, "control socket of the daemon")
        ->envname("TELEFENCE_SOCKET")
        ->type_name("PATH")
        ->capture_default_str();
  }
}

void add_test(CLI::App& program, TestArguments& arguments) {
  CLI::App* verb = add_verb(program, "test", "Say what would happen to a domain, URL, number or SMS text, and why.",
                            "  telefence test domain www.example.cn\n"
                            "  telefence test number +8617012345678 -c /etc/telefence/telefence.yaml\n"
                            "  telefence test sms \"您的包裹有问题，请点击 http://t.example\"\n");
  verb->add_option("kind", arguments.kind, "what the value is")
      ->required()
      ->check(CLI::IsMember({"domain", "url", "number", "sms"}))
      ->type_name("domain|url|number|sms");
  verb->add_option("value", arguments.value, "the value; - reads it from standard input")->required()->type_name("VALUE");
  verb->add_option("-c,--config", arguments.config_file, "judge by this configuration, without the daemon")->type_name("FILE");
  verb->add_option("--calling", arguments.calling, "sms: the number it comes from")->type_name("NUMBER");
  add_common(verb, arguments, true);
}

std::vector<std::string> category_words() {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < kCategoryCount; ++i) words.emplace_back(category_name(static_cast<Category>(i)));
  return words;
}

void add_push_operation(CLI::App& push, PushArguments& arguments, bool add) {
  CLI::App* verb = add ? add_verb(push, "add", "Publish an entry to every edge.",
                                  "  telefence push add domain fresh-scam.example --category phishing\n"
                                  "  telefence push add number '+86170*' --category spoofed-caller --tier 1 --expires 7d\n"
                                  "  telefence push add pattern '安全账户.{0,20}转账' --match regex --category fake-police --shadow\n")
                       : add_verb(push, "remove", "Take an entry back from every edge.",
                                  "  telefence push remove domain fresh-scam.example\n"
                                  "  telefence push remove number '+86170*' --redis unix:/run/redis/redis.sock\n");
  verb->add_option("kind", arguments.kind, "what the value is")
      ->required()
      ->check(CLI::IsMember({"domain", "url", "number", "pattern"}))
      ->type_name("domain|url|number|pattern");
  verb->add_option("value", arguments.value, "the domain, number (* at the end: prefix) or pattern")->required()->type_name("VALUE");
  verb->add_option("--category", arguments.category, "kind of fraud")
      ->check(CLI::IsMember(category_words()))
      ->type_name("WORD");
  if (add) {
    verb->add_flag("--allow", arguments.allow, "an allow entry instead of a block");
    verb->add_option("--action", arguments.action, "drop, reset, answer, neutralise or tag; else by category and tier")->type_name("WORD");
    verb->add_option("--tier", arguments.tier, "1 certain and grave, 3 weak")->check(CLI::Range(1, 3))->type_name("1-3")->capture_default_str();
    verb->add_option("--match", arguments.match, "domain: suffix or exact; number: exact or prefix; pattern: text or regex; url: prefix, exact or regex")
        ->check(CLI::IsMember({"suffix", "exact", "prefix", "regex", "text"}))
        ->type_name("WORD");
    verb->add_option("--expires", arguments.expires, "2026-12-01T00:00:00+08:00, or from now on: 90s 30min 12h 7d")->type_name("WHEN");
    verb->add_option("--note", arguments.note, "for people")->type_name("TEXT");
    verb->add_flag("--shadow", arguments.shadow, "recorded as would-be, never carried out");
  }
  verb->add_option("--redis", arguments.redis, "where the change log is: unix:/path or host:port")
      ->envname("TELEFENCE_REDIS")
      ->type_name("SERVER")
      ->capture_default_str();
  verb->add_option("--log", arguments.log, "key of the change log")->type_name("KEY")->capture_default_str();
  add_common(verb, arguments, false);
  verb->callback([&arguments, add] { arguments.add = add; });
}

void add_push(CLI::App& program, PushArguments& arguments) {
  CLI::App* verb = add_verb(program, "push", "Publish a change of the signatures to every edge.",
                            "  telefence push add domain fresh-scam.example --category phishing\n"
                            "  telefence push remove domain fresh-scam.example\n");
  verb->require_subcommand(1);
  add_push_operation(*verb, arguments, true);
  add_push_operation(*verb, arguments, false);
}

void add_status(CLI::App& program, ToolArguments& arguments) {
  CLI::App* verb = add_verb(program, "status", "Show how the daemon is doing.",
                            "  telefence status\n"
                            "  telefence status --json | jq .feed\n");
  add_common(verb, arguments, true);
}

void add_events(CLI::App& program, EventsArguments& arguments) {
  CLI::App* verb = add_verb(program, "events", "Show interceptions as they happen.",
                            "  telefence events -f\n"
                            "  telefence events -f --json | jq .telefence\n");
  verb->add_flag("-f,--follow", arguments.follow, "go on until interrupted (always: nothing is kept to look back at)");
  add_common(verb, arguments, true);
}

int main_of(int argc, char** argv) {
  CLI::App program("telefence: asks and steers the edge filter telefenced.", "telefence");
  describe_program(program,
                   "  telefence test domain www.example.cn\n"
                   "  telefence push add domain fresh-scam.example --category phishing\n"
                   "  telefence status\n");
  TestArguments test_arguments;
  PushArguments push_arguments;
  ToolArguments status_arguments;
  EventsArguments events_arguments;
  add_test(program, test_arguments);
  add_push(program, push_arguments);
  add_status(program, status_arguments);
  add_events(program, events_arguments);
  program.require_subcommand(1);
  if (const auto exit_code = parse_command_line(program, argc, argv, nullptr)) return *exit_code;
  if (program.got_subcommand("test")) return test_value(test_arguments);
  if (program.got_subcommand("push")) return push(push_arguments);
  if (program.got_subcommand("status")) return status(status_arguments);
  return events(events_arguments);
}

}  // namespace
}  // namespace telefence

int main(int argc, char** argv) { return telefence::main_of(argc, argv); }
