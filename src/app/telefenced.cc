// SPDX-License-Identifier: Apache-2.0

// The edge filter daemon and what works on captures with the same code path. This file only reads arguments.

#include "app/command_line.h"
#include "app/verbs.h"

namespace telefence {
namespace {

void add_run(CLI::App& program, RunArguments& arguments) {
  CLI::App* verb = add_verb(program, "run", "Run the filter between its ports until it is told to stop.",
                            "  telefenced run -c /etc/telefence/telefence.yaml\n"
                            "  telefenced run -c telefence.yaml --mode monitor --seconds 60 -- --log-level=pmd.net.pcap:8\n");
  verb->add_option("-c,--config", arguments.config_file, "configuration file")->required()->type_name("FILE");
  verb->add_option_function<std::string>(
          "--mode", [&](const std::string& word) { arguments.mode = word == "enforce" ? Mode::kEnforce : Mode::kMonitor; },
          "overrules the mode of the file")
      ->check(CLI::IsMember({"monitor", "enforce"}))
      ->type_name("monitor|enforce");
  verb->add_option("--seconds", arguments.seconds, "stop by itself after so long")->type_name("N");
  verb->add_flag("--json", arguments.json, "start summary as JSON");
}

void add_check(CLI::App& program, CheckArguments& arguments) {
  CLI::App* verb = add_verb(program, "check", "Tell everything that is wrong with a configuration. Touches no NIC.",
                            "  telefenced check /etc/telefence/telefence.yaml\n"
                            "  telefenced check telefence.yaml --json\n");
  verb->add_option("file", arguments.config_file, "configuration file")->required()->type_name("FILE");
  verb->add_flag("--json", arguments.json, "mistakes and complaints as JSON");
}

void add_replay(CLI::App& program, ReplayArguments& arguments) {
  CLI::App* verb = add_verb(program, "replay", "Judge a capture as the daemon would, and sum up the verdicts.",
                            "  telefenced replay in.pcap -c telefence.yaml\n"
                            "  telefenced replay in.pcapng -c telefence.yaml --enforce --out out.pcap --records eve.json\n");
  verb->add_option("capture", arguments.capture, "capture (pcap or pcapng)")->required()->type_name("FILE");
  verb->add_option("-c,--config", arguments.config_file, "configuration file")->type_name("FILE");
  verb->add_option("--out", arguments.out_file, "write what leaves, both directions, to this capture")->type_name("FILE");
  verb->add_option("--records", arguments.records_file, "write interception records (EVE JSON lines)")->type_name("FILE");
  verb->add_flag("--enforce", arguments.enforce, "carry actions out even if the configuration only monitors");
  verb->add_flag("--json", arguments.json, "the summary as JSON");
}

void add_inspect(CLI::App& program, InspectArguments& arguments, bool& json) {
  CLI::App* verb = add_verb(program, "inspect", "Show every message of a capture, matched or not, as one line of JSON.",
                            "  telefenced inspect in.pcap\n"
                            "  telefenced inspect in.pcapng | jq -r 'select(.kind == \"dns\") | .name'\n");
  verb->add_option("capture", arguments.capture, "capture (pcap or pcapng)")->required()->type_name("FILE");
  verb->add_option("-c,--config", arguments.config_file, "configuration file, for the ports of protocols")->type_name("FILE");
  verb->add_flag("--json", json, "(always: the output is JSON lines)");
}

int main_of(int argc, char** argv) {
  CLI::App program("telefenced: reads DNS, HTTP, TLS, SMPP and SIP in line and blocks fraud, message by message.", "telefenced");
  describe_program(program,
                   "  telefenced check /etc/telefence/telefence.yaml\n"
                   "  telefenced run -c /etc/telefence/telefence.yaml\n"
                   "  telefenced inspect in.pcap\n");
  RunArguments run_arguments;
  CheckArguments check_arguments;
  ReplayArguments replay_arguments;
  InspectArguments inspect_arguments;
  bool inspect_json = true;
  add_run(program, run_arguments);
  add_check(program, check_arguments);
  add_replay(program, replay_arguments);
  add_inspect(program, inspect_arguments, inspect_json);
  program.require_subcommand(1);
  if (const auto exit_code = parse_command_line(program, argc, argv, &run_arguments.eal)) return *exit_code;
  if (program.got_subcommand("run")) return run(run_arguments);
  if (program.got_subcommand("check")) return check(check_arguments);
  if (program.got_subcommand("replay")) return replay(replay_arguments);
  return inspect(inspect_arguments);
}

}  // namespace
}  // namespace telefence

int main(int argc, char** argv) { return telefence::main_of(argc, argv); }
