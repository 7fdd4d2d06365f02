// SPDX-License-Identifier: Apache-2.0
#include "config/manual.h"

#include "config/keys.h"
#include "enforce/action.h"
#include "protocols/protocol.h"
#include "verdict/verdict.h"

namespace telefence {
namespace {

constexpr std::string_view kIntroduction =
    "# Configuration\n\n"
    "One YAML file, read strictly: an unknown key, a key given twice, a wrong type or a value out of range is a mistake, and all\n"
    "mistakes of the file are told at once, as `file:line:column: key: what is wrong and what would be right`\n"
    "(`telefenced check FILE`, exit code 3). Generated from the table that the loader reads by; do not edit.\n\n"
    "- A file with only `ports` and `wire` runs, in mode `monitor`: everything is recorded, nothing is touched.\n"
    "- Names of files are relative to the folder of the configuration file.\n"
    "- Sizes and durations carry their unit: `64MiB`, `10min`. Texts that look like a number or a truth value are put in quotes.\n"
    "- *live* keys are taken over by a reload (`telefence reload`, `systemctl reload telefenced`, SIGHUP); the others are sealed at\n"
    "  the start, and a reload names those that were changed.\n"
    "- `NAME` stands for a protocol, `CATEGORY` for a category of fraud, `[]` for each item of a list.\n\n"
    "```yaml\n"
    "ports:\n"
    "  - {name: access, device: \"0000:3b:00.0\"}\n"
    "  - {name: core, device: \"0000:3b:00.1\"}\n"
    "wire: [[access, core]]\n"
    "```\n\n";

std::string range_of(const Key& key) {
  if (key.type == Key::Type::kSize) return "size with unit";
  if (key.type == Key::Type::kDuration)
    return "duration, " + std::to_string(key.least) + "s to " + std::to_string(key.greatest) + "s";
  if (key.type == Key::Type::kMilliseconds)
    return "duration, " + std::to_string(key.least) + "ms to " + std::to_string(key.greatest) + "ms";
  return "whole number " + std::to_string(key.least) + " to " + std::to_string(key.greatest);
}

std::string words_in_code(const Key& key) {
  if (key.words == "CATEGORY") return "a category";
  std::string text;
  for (const std::string_view word : words_of(key)) text += (text.empty() ? "`" : ", `") + std::string(word) + "`";
  return text;
}

std::string type_of(const Key& key) {
  using Type = Key::Type;
  switch (key.type) {
    case Type::kText: return "text";
    case Type::kFile: return "file";
    case Type::kBool: return "`true`, `false`";
    case Type::kPorts: return "list of ports";
    case Type::kWord: return words_in_code(key);
    case Type::kCores: return "cores, or `auto`";
    case Type::kTexts: return "list of texts";
    case Type::kFiles: return "list of files, `*` allowed";
    case Type::kPairs: return "list of pairs";
    case Type::kAction: return "an action";
    case Type::kAnswer: return "an answer of the protocol";
    case Type::kInteger:
    case Type::kMilliseconds:
    case Type::kDuration: return range_of(key);
    case Type::kSize: return (key.words.empty() ? "" : words_in_code(key) + ", ") + range_of(key);
  }
  return {};
}

void append_key(std::string& out, const Key& key) {
  std::string fallback = key.required ? "must be given" : "";
  if (!key.fallback.empty()) fallback = "`" + std::string(key.fallback) + "`";
  out += "| `" + std::string(key.path) + "` | " + type_of(key) + " | " + fallback + " | " + (key.live ? "live" : "") +
         " | " + std::string(key.en) + " | " + std::string(key.zh) + " |\n";
}

std::string joined(std::span<const std::uint16_t> ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port);
  return text;
}

std::string code_for(const Protocol& protocol, std::uint32_t code) {
  return protocol.restate == nullptr || !protocol.answers.empty() ? "" : std::to_string(code);
}

void append_protocol(std::string& out, const Protocol& protocol) {
  std::string answers;
  for (const std::string_view answer : protocol.answers) answers += (answers.empty() ? "`" : ", `") + std::string(answer) + "`";
  std::string actions;
  for (const Action* action : registered_actions())
    if (action->impossible(protocol).empty()) actions += (actions.empty() ? "`" : ", `") + std::string(action->name) + "`";
  out += "| `" + std::string(protocol.name) + "` | " + joined(protocol.tcp_ports) + " | " + joined(protocol.udp_ports) +
         " | " + (protocol.recognise == nullptr ? "" : "yes") + " | `" + std::string(protocol.default_action) + "` | " +
         actions + " | " + answers + " | " + code_for(protocol, protocol.code_content) + " | " +
         code_for(protocol, protocol.code_calling) + " | " + code_for(protocol, protocol.code_called) + " |\n";
}

}  // namespace

std::string config_manual() {
  std::string out(kIntroduction);
  out += "## Keys\n\n| key | value | default | | meaning | 说明 |\n|---|---|---|---|---|---|\n";
  for (const Key& key : all_keys()) append_key(out, key);
  out +=
      "\n## Protocols\n\nDefaults of `protocols.NAME`. The first answer is the default one for which everything it needs is set.\n\n"
      "| NAME | TCP ports | UDP ports | by content on any port | action | possible actions | answers | codes: content | "
      "calling | called |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Protocol* protocol : registered_protocols()) append_protocol(out, *protocol);
  out += "\n## Categories\n\n| CATEGORY | 类别 |\n|---|---|\n";
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    const auto category = static_cast<Category>(i);
    out += "| `" + std::string(category_name(category)) + "` | " + std::string(category_name_zh(category)) + " |\n";
  }
  return out;
}

}  // namespace telefence
