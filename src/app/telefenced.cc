// SPDX-License-Identifier: Apache-2.0

// The edge filter daemon and what works on captures with the same code path. This file only reads arguments.

#include "app/command_line.h"
#include "app/verbs.h"

namespace telefence {
namespace {

constexpr Text kConfigFile{"configuration file", "配置文件"};
constexpr Text kCapture{"capture (pcap or pcapng)", "抓包文件（pcap 或 pcapng）"};

void add_run(CommandLine& line, RunArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "run",
                                 {"Run the filter between its ports until it is told to stop.", "在端口之间运行过滤，直到收到停止信号。"},
                                 "  telefenced run -c /etc/telefence/telefence.yaml\n"
                                 "  telefenced run -c telefence.yaml --mode monitor --seconds 60 -- --log-level=pmd.net.pcap:8\n");
  verb->add_option("-c,--config", arguments.config_file, line.text(kConfigFile))->required()->type_name("FILE");
  verb->add_option_function<std::string>(
          "--mode", [&](const std::string& word) { arguments.mode = word == "enforce" ? Mode::kEnforce : Mode::kMonitor; },
          line.text({"overrules the mode of the file", "覆盖配置文件中的模式"}))
      ->check(line.one_of({"monitor", "enforce"}))
      ->type_name("monitor|enforce");
  verb->add_option("--seconds", arguments.seconds, line.text({"stop by itself after so long", "运行若干秒后自行停止"}))->type_name("N");
  verb->add_flag("--json", arguments.json, line.text({"start summary as JSON", "以 JSON 输出启动摘要"}));
  line.add_language(*verb, arguments.language);
}

void add_check(CommandLine& line, CheckArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "check",
                                 {"Tell everything that is wrong with a configuration. Touches no NIC.",
                                  "一次列出配置中的全部错误。不接触网卡。"},
                                 "  telefenced check /etc/telefence/telefence.yaml\n"
                                 "  telefenced check telefence.yaml --json\n");
  verb->add_option("file", arguments.config_file, line.text(kConfigFile))->required()->type_name("FILE");
  verb->add_flag("--json", arguments.json, line.text({"mistakes and complaints as JSON", "以 JSON 输出错误和未采用的条目"}));
  line.add_language(*verb, arguments.language);
}

void add_replay(CommandLine& line, ReplayArguments& arguments) {
  CLI::App* verb = line.add_verb(line.program(), "replay",
                                 {"Judge a capture as the daemon would, and sum up the verdicts.",
                                  "用与守护进程相同的流程判定抓包文件，并汇总结果。"},
                                 "  telefenced replay in.pcap -c telefence.yaml\n"
                                 "  telefenced replay in.pcapng -c telefence.yaml --enforce --out out.pcap --records eve.json\n");
  verb->add_option("capture", arguments.capture, line.text(kCapture))->required()->type_name("FILE");
  verb->add_option("-c,--config", arguments.config_file,
                   line.text({"configuration file; without one no signatures are loaded", "配置文件；缺省不加载任何规则"}))
      ->type_name("FILE");
  verb->add_option("--out", arguments.out_file,
                   line.text({"write what leaves, both directions, to this capture; an old one is replaced",
                              "将两个方向发出的报文写入此抓包文件；已有文件将被替换"}))
      ->type_name("FILE");
  verb->add_option("--records", arguments.records_file,
                   line.text({"write interception records (EVE JSON lines); old ones are replaced",
                              "写入拦截记录（EVE JSON 行）；已有文件将被替换"}))
      ->type_name("FILE");
  verb->add_flag("--enforce", arguments.enforce,
                 line.text({"carry actions out even if the configuration only monitors", "即使配置为仅监测，也执行处置"}));
  verb->add_flag("--json", arguments.json, line.text({"the summary as JSON", "以 JSON 输出汇总"}));
  line.add_language(*verb, arguments.language);
}

void add_inspect(CommandLine& line, InspectArguments& arguments, bool& json) {
  CLI::App* verb = line.add_verb(line.program(), "inspect",
                                 {"Show every message of a capture, matched or not, as one line of JSON.",
                                  "将抓包文件中的每条消息（无论是否命中）显示为一行 JSON。"},
                                 "  telefenced inspect in.pcap\n"
                                 "  telefenced inspect in.pcapng | jq -r 'select(.kind == \"dns\") | .name'\n");
  verb->add_option("capture", arguments.capture, line.text(kCapture))->required()->type_name("FILE");
  verb->add_option("-c,--config", arguments.config_file,
                   line.text({"configuration file, for the ports of protocols", "配置文件，用于各协议的端口"}))
      ->type_name("FILE");
  verb->add_flag("--json", json, line.text({"(always: the output is JSON lines)", "（输出总是 JSON 行）"}));
  line.add_language(*verb, arguments.language);
}

int run_verb(CommandLine& line, int argc, char** argv) {
  RunArguments run_arguments;
  CheckArguments check_arguments;
  ReplayArguments replay_arguments;
  InspectArguments inspect_arguments;
  bool inspect_json = true;
  std::string language;
  add_run(line, run_arguments);
  add_check(line, check_arguments);
  add_replay(line, replay_arguments);
  add_inspect(line, inspect_arguments, inspect_json);
  line.add_language(line.program(), language);
  if (const auto exit_code = line.parse(argc, argv, &run_arguments.eal)) return *exit_code;
  for (std::string* own : {&run_arguments.language, &check_arguments.language, &replay_arguments.language, &inspect_arguments.language})
    if (own->empty()) *own = language;
  if (line.program().got_subcommand("run")) return run(run_arguments);
  if (line.program().got_subcommand("check")) return check(check_arguments);
  if (line.program().got_subcommand("replay")) return replay(replay_arguments);
  return inspect(inspect_arguments);
}

int main_of(int argc, char** argv) {
  CommandLine line("telefenced",
                   {"telefenced: reads DNS, HTTP, TLS, SMPP and SIP in line and blocks fraud, message by message.",
                    "telefenced：串接检查 DNS、HTTP、TLS、SMPP 和 SIP，逐条拦截涉诈消息。"},
                   "  telefenced check /etc/telefence/telefence.yaml\n"
                   "  telefenced run -c /etc/telefence/telefence.yaml\n"
                   "  telefenced inspect in.pcap\n",
                   language_of(argc, argv));
  return exit_code_after_output("telefenced", line.language(), run_verb(line, argc, argv));
}

}  // namespace
}  // namespace telefence

int main(int argc, char** argv) { return telefence::main_of(argc, argv); }
