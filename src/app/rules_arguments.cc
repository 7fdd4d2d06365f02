// SPDX-License-Identifier: Apache-2.0
#include "app/rules_arguments.h"

#include "lists/list_format.h"
#include "verdict/verdict.h"

namespace telefence {
namespace {

std::vector<std::string> format_words(bool to_write) {
  std::vector<std::string> words;
  for (const ListFormat* format : list_formats())
    if (!to_write || format->write != nullptr) words.emplace_back(format->name);
  return words;
}

std::vector<std::string> target_words(bool is_import) {
  return is_import ? std::vector<std::string>{"domains", "numbers", "urls", "jsonl"} : format_words(true);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) (out += out.empty() ? "" : ", ") += word;
  return out;
}

// What an entry is when its list does not say.
void add_meaning(CommandLine& line, CLI::App* verb, RulesArguments& arguments) {
  verb->add_option("--category", arguments.category, line.text({"kind of fraud, where the list does not say", "涉诈类别（名单未注明时）"}))
      ->check(line.one_of(category_words()))
      ->type_name("WORD");
  verb->add_option("--tier", arguments.tier, line.text({"1 certain and grave, 3 weak; where the list does not say", "等级：1 高，3 低（名单未注明时）"}))
      ->check(line.from_to(1, 3))
      ->type_name("1-3")
      ->capture_default_str();
  verb->add_option("--action", arguments.action, line.text({"drop, reset, answer, neutralise or tag; else by category and tier",
                                                            "drop、reset、answer、neutralise 或 tag；缺省按类别和等级"}))
      ->type_name("WORD");
  verb->add_option("--side", arguments.side, line.text({"numbers: of who calls, of who is called; else either", "号码：主叫或被叫；缺省任意一方"}))
      ->check(line.one_of({"calling", "called", "either"}))
      ->type_name("calling|called|either");
  verb->add_option("--source", arguments.source, line.text({"who says so, for records", "来源，写入记录"}))->type_name("TEXT");
  verb->add_flag("--allow", arguments.allow, line.text({"these are to be allowed", "这些是白名单条目"}));
  verb->add_flag("--shadow", arguments.shadow, line.text({"recorded as would-be, never carried out", "影子：只记录“本应拦截”，不执行"}));
}

void add_reading(CommandLine& line, CLI::App* verb, RulesArguments& arguments) {
  verb->add_option("--format", arguments.format,
                   say(line.language(), {"format, if not told by content: {}", "名单格式，缺省按内容识别：{}"}, joined(format_words(false))))
      ->check(line.one_of(format_words(false)))
      ->type_name("WORD");
  verb->add_option("--match", arguments.match,
                   line.text({"all domains: suffix (with all below) or exact, whatever their list says",
                              "所有域名：suffix（含子域名）或 exact，不论名单如何写"}))
      ->check(line.one_of({"suffix", "exact"}))
      ->type_name("suffix|exact");
  verb->add_option("--most", arguments.most, line.text({"how many lines to show of what is wrong", "最多显示多少条问题"}))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--home-country", arguments.home_country, line.text({"country code by which numbers are read", "用于识别号码的本国国家码"}))
      ->check(line.country())
      ->envname("TELEFENCE_HOME_COUNTRY")
      ->type_name("CODE")
      ->capture_default_str();
  add_protected(line, verb, arguments.protected_file);
  verb->add_flag("--json", arguments.json, line.text({"JSON instead of text for people", "输出 JSON 而非文字"}));
  line.add_language(*verb, arguments.language);
}

CLI::App* add_operation(CommandLine& line, CLI::App& rules, RulesArguments& arguments, const char* name, const Text& what,
                        const std::string& examples) {
  CLI::App* verb = line.add_verb(rules, name, what, examples);
  verb->add_option("files", arguments.files, line.text({"lists in any format, also packed (gzip, zstd); - is standard input",
                                                        "任意格式的名单，可为 gzip 或 zstd 压缩；- 表示标准输入"}))
      ->required()
      ->type_name("FILE");
  add_reading(line, verb, arguments);
  verb->callback([&arguments, name] { arguments.operation = name; });
  return verb;
}

void add_output(CommandLine& line, CLI::App* verb, RulesArguments& arguments, bool is_import) {
  CLI::Option* out = verb->add_option("-o,--out", arguments.out, line.text({"file to write; - is standard output", "输出文件；- 表示标准输出"}));
  out->type_name("FILE");
  if (is_import) out->required();
  else out->capture_default_str();
  CLI::Option* to = verb->add_option(
      "--to", arguments.to,
      say(line.language(),
          is_import ? Text{"{}: a list of one kind, or op lines; else what suits", "{}：输出单一种类的名单或变更行；缺省自动选择"}
                    : Text{"format to write, one of {}", "输出格式：{}"},
          joined(target_words(is_import))));
  to->check(line.one_of(target_words(is_import)))->type_name("WORD");
  if (!is_import) to->required();
}

}  // namespace

void add_protected(CommandLine& line, CLI::App* verb, std::string& file) {
  verb->add_option("--protected", file,
                   line.text({"names that nothing may block, one a line; off: none; else the installed list",
                              "任何内容都不得拦截的域名文件，每行一个；off 为无；缺省为随安装提供的名单"}))
      ->envname("TELEFENCE_PROTECTED")
      ->type_name("FILE");
}

std::vector<std::string> category_words() {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < kCategoryCount; ++i) words.emplace_back(category_name(static_cast<Category>(i)));
  return words;
}

void add_list_reading(CommandLine& line, CLI::App* verb, RulesArguments& arguments) {
  add_reading(line, verb, arguments);
  add_meaning(line, verb, arguments);
}

void add_rules(CommandLine& line, RulesArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "rules",
                                 {"Check, convert and compare lists in the formats of others.", "检查、转换和比较各种格式的名单。"},
                                 "  telefence rules lint blocklist.txt patterns/*.yaml\n"
                                 "  telefence rules import feed.rpz.gz -o /etc/telefence/lists/feed.txt --category phishing\n");
  verb->require_subcommand(1);
  CLI::App* lint = add_operation(line, *verb, arguments, "lint",
                                 {"Say what is wrong with lists; exit code 3 when something is.", "检查名单中的问题；有问题时退出码为 3。"},
                                 "  telefence rules lint blocklist.txt.gz\n"
                                 "  telefence rules lint 号码.csv patterns/*.yaml --lang zh\n");
  add_meaning(line, lint, arguments);
  CLI::App* import = add_operation(line, *verb, arguments, "import", {"Make a list of our own, or op lines for telefence push, of others' lists.",
                                                                      "把其他格式的名单转换为本系统的名单或变更行。"},
                                   "  telefence rules import hosts.txt feed.rpz.zst -o lists/feed.txt --category phishing --tier 1\n"
                                   "  telefence rules import 涉诈号码.csv -o ops.jsonl --to jsonl\n");
  add_output(line, import, arguments, true);
  add_meaning(line, import, arguments);
  CLI::App* exported = add_operation(line, *verb, arguments, "export", {"Write lists in the format of another program.", "把名单写成其他程序的格式。"},
                                     "  telefence rules export lists/domains.txt --to rpz -o blocks.rpz\n"
                                     "  telefence rules export ops.jsonl --to adblock > filter.txt\n");
  add_output(line, exported, arguments, false);
  add_meaning(line, exported, arguments);
  CLI::App* diff = add_operation(line, *verb, arguments, "diff",
                                 {"Say what differs between two lists, whatever their formats.", "比较两个名单的差异，格式可以不同。"},
                                 "  telefence rules diff yesterday.rpz today.rpz\n"
                                 "  telefence rules diff lists/feed.txt feed.hosts --json | jq .added\n");
  diff->get_option("files")->expected(2);
  CLI::App* stats = add_operation(line, *verb, arguments, "stats", {"Say what lists consist of.", "统计名单的构成。"},
                                  "  telefence rules stats lists/*.txt\n"
                                  "  telefence rules stats feed.jsonl.zst --json | jq .categories\n");
  add_meaning(line, stats, arguments);
}

}  // namespace telefence
