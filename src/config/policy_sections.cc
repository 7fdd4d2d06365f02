// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iterator>
#include <system_error>

#include "config/sections.h"
#include "enforce/action.h"
#include "protocols/protocol.h"

namespace telefence {
namespace {

std::vector<std::string_view> protocol_names() {
  std::vector<std::string_view> names;
  for (const Protocol* protocol : registered_protocols()) names.push_back(protocol->name);
  return names;
}

std::vector<std::string_view> action_names() {
  std::vector<std::string_view> names;
  for (const Action* action : registered_actions()) names.push_back(action->name);
  return names;
}

std::vector<std::string_view> category_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kCategoryCount; ++i) names.push_back(category_name(static_cast<Category>(i)));
  return names;
}

void read_action(Section& section, std::string_view name, std::string& out) {
  const std::vector<std::string_view> names = action_names();
  if (const auto index = section.word(name, names)) out = names[*index];
}

void read_protocol(Section& section, const Protocol& protocol, ProtocolConfig& out) {
  section.read("on", out.on);
  section.read("tcp_ports", out.tcp_ports);
  section.read("udp_ports", out.udp_ports);
  read_action(section, "action", out.action);
  if (protocol.answers.empty())
    section.complain("answer", std::string(protocol.name) + " has no answers to choose from; leave this key out");
  else if (const auto index = section.word("answer", protocol.answers))
    out.answer = protocol.answers[*index];
  Section codes = section.section("codes");
  if (codes.is_there() && (protocol.restate == nullptr || !protocol.answers.empty()))
    section.complain("codes", std::string(protocol.name) + " has no refusal codes; leave this key out");
  codes.read("content", out.code_content);
  codes.read("calling", out.code_calling);
  codes.read("called", out.code_called);
}

void read_list(Section& section, ListOptions& out) {
  constexpr SignatureKind kKinds[] = {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber};
  section.read("file", out.file);
  if (const auto kind = section.word("kind")) out.kind = kKinds[*kind];
  section.read("allow", out.allow);
  section.read("exact", out.exact);
  constexpr Signature::Sides kSides[] = {Signature::Sides::kCalling, Signature::Sides::kCalled, Signature::Sides::kEither};
  if (const auto side = section.word("side")) out.sides = kSides[*side];
  read_action(section, "action", out.action);
  if (const auto category = section.word("category", category_names())) out.category = static_cast<Category>(*category);
  section.read("tier", out.tier);
  section.read("shadow", out.shadow);
}

void read_categories(Section& policy, ReadState& state, std::map<Category, CategoryConfig>& out) {
  Section categories = Section::of_names(state, policy.find("categories"), category_names());
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    const auto category = static_cast<Category>(i);
    const YamlNode* node = categories.find(category_name(category));
    if (node == nullptr) continue;
    Section section(state, node, "policy.categories.CATEGORY");
    CategoryConfig& tiers = out[category];
    read_action(section, "tier1", tiers.tier[1]);
    read_action(section, "tier2", tiers.tier[2]);
    read_action(section, "tier3", tiers.tier[3]);
  }
}

void read_sample(Section& policy, SampleOptions& out) {
  Section sample = policy.section("sample");
  sample.read("names", out.names);
  sample.read("numbers", out.numbers);
  sample.read("texts", out.texts);
  sample.read("one_of", out.one_of);
  sample.read("keep", out.keep);
}

void read_answers(Section& policy, AnswerConfig& out) {
  Section answers = policy.section("answers");
  answers.read("sinkhole_ipv4", out.sinkhole_ipv4);
  answers.read("sinkhole_ipv6", out.sinkhole_ipv6);
  answers.read("extended_error", out.extended_error);
  answers.read("ttl", out.ttl_s);
  answers.read("page_url", out.page_url);
  answers.read("page_file", out.page_file);
}

}  // namespace

void read_protocols(Section& top, ReadState& state, Config& config) {
  Section protocols = Section::of_names(state, top.find("protocols"), protocol_names());
  for (const Protocol* protocol : registered_protocols()) {
    const YamlNode* node = protocols.find(protocol->name);
    if (node == nullptr) continue;
    Section section(state, node, "protocols.NAME");
    read_protocol(section, *protocol, config.protocols[std::string(protocol->name)]);
  }
}

std::string default_state_dir() {
  std::error_code failure;
  return std::filesystem::is_directory("/var/lib/telefence", failure) ? "/var/lib/telefence/policy" : "";
}

std::vector<std::string> installed_protected_files() {
  std::error_code failure;
  const char* file = TELEFENCE_DATA_DIR "/protected-domains.txt";
  return std::filesystem::exists(file, failure) ? std::vector<std::string>{file} : std::vector<std::string>();
}

// What the file says; else the list that lies beside it, so that a node that was not installed has it, too.
void read_protected(Section& policy, const std::filesystem::path& folder, std::vector<std::string>& out) {
  std::error_code failure;
  const std::filesystem::path beside = folder / "protected-domains.txt";
  if (policy.find("protected") == nullptr && std::filesystem::exists(beside, failure)) out = {beside.string()};
  policy.read("protected", out);
}

void read_guard(Section& policy, GuardOptions& out) {
  Section guard = policy.section("guard");
  if (const auto action = guard.word("action")) out.action = static_cast<GuardOptions::Action>(*action);
  guard.read("most_jump", out.most_jump);
  guard.read("window", out.window_s);
  guard.read("least", out.least);
  guard.read("least_percent", out.least_percent);
}

void read_policy(Section& top, ReadState& state, Config& config) {
  Section policy = top.section("policy");
  policy.read("home_country", config.normalise.home_country);
  const YamlNode* state_dir = policy.find("state_dir");
  if (state_dir != nullptr && state_dir->text == "off")
    config.signatures.state_dir.clear();
  else
    policy.read("state_dir", config.signatures.state_dir);
  policy.each_item("lists", [&](Section& item) { read_list(item, config.signatures.lists.emplace_back()); });
  read_protected(policy, state.folder, config.protected_files);
  std::uint32_t shrink_limit = 50;
  policy.read("shrink_limit", shrink_limit);
  config.signatures.most_shrink = shrink_limit / 100.0;
  read_guard(policy, config.guard);
  policy.read("patterns", config.signatures.patterns);
  policy.read("cache_dir", config.signatures.pattern_options.cache_directory);
  read_categories(policy, state, config.categories);
  policy.read("tag_dscp", config.tag_dscp);
  read_answers(policy, config.answers);
  read_sample(policy, config.sample);
}

}  // namespace telefence
