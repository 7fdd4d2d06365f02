// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "config/check.h"
#include "config/cores.h"
#include "config/sections.h"

namespace telefence {
namespace {

std::vector<Mistake> in_order(std::vector<YamlProblem> problems, const std::string& file) {
  std::stable_sort(problems.begin(), problems.end(), [](const YamlProblem& a, const YamlProblem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::vector<Mistake> mistakes;
  for (YamlProblem& problem : problems)
    mistakes.push_back({file, problem.line, problem.column, std::move(problem.path), std::move(problem.message)});
  return mistakes;
}

// What the file left open and what depends on the machine.
void set_default_cores(NicOptions& nic, bool has_control_core) {
  const std::vector<unsigned>& usable = usable_cores();
  if (!has_control_core) nic.control_core = usable.front();
  if (!nic.worker_cores.empty()) return;
  const auto other = std::find_if(usable.begin(), usable.end(), [&](unsigned core) { return core != nic.control_core; });
  nic.worker_cores = {other == usable.end() ? usable.front() : *other};
}

Loaded loaded_from(YamlDocument document, const std::string& file) {
  Loaded loaded;
  loaded.config.file = file;
  std::vector<YamlProblem> mistakes = std::move(document.problems);
  std::vector<YamlProblem> warnings;
  const YamlNode& root = document.root;
  if (root.kind == YamlNode::Kind::kNull && mistakes.empty())
    mistakes.push_back({0, 0, "", "the file is empty; it must name ports and wire at least"});
  if (root.kind != YamlNode::Kind::kNull) {
    ReadState state{YamlReader(mistakes), std::filesystem::path(file).parent_path()};
    read_file(state, root, loaded.config);
    set_default_cores(loaded.config.nic, root.find_path("engine.control_core") != nullptr);
    if (root.kind == YamlNode::Kind::kMap) check_rules({loaded.config, root, mistakes, warnings});
  }
  loaded.mistakes = in_order(std::move(mistakes), file);
  loaded.warnings = in_order(std::move(warnings), file);
  loaded.root = std::move(document.root);
  return loaded;
}

// Not among the rules, which look at the text alone: what is installed, or lies beside the file, is of this machine.
void warn_unprotected(Loaded& loaded) {
  const Config& config = loaded.config;
  const bool blocks = !config.signatures.lists.empty() || !config.signatures.redis.server.empty();
  if (!blocks || !config.protected_files.empty() || loaded.root.find_path("policy.protected") != nullptr) return;
  loaded.warnings.push_back({config.file, 0, 0, "policy.protected",
                             "no list of protected names was found, neither beside this file nor installed, so a list or a push can block a site that "
                             "everybody needs: name one, or write [] when that is meant so"});
}

}  // namespace

std::string to_text(const Mistake& mistake) {
  std::string text = mistake.file;
  if (mistake.line > 0) text += ":" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column);
  if (!mistake.key.empty()) text += ": " + mistake.key;
  return text + ": " + mistake.message;
}

Loaded load_config(const std::string& file) {
  Result<YamlDocument> document = parse_yaml_file(file);
  if (document) {
    Loaded loaded = loaded_from(std::move(document.value()), file);
    warn_unprotected(loaded);
    return loaded;
  }
  Loaded loaded;
  loaded.config.file = file;
  // The file is named before every mistake already.
  const std::string start = "can't read " + file + ": ";
  std::string why = document.error().message;
  if (why.starts_with(start)) why = "can't be read: " + why.substr(start.size());
  loaded.mistakes.push_back({file, 0, 0, "", std::move(why)});
  return loaded;
}

Loaded load_config_text(std::string_view yaml, const std::string& name_for_messages) {
  return loaded_from(parse_yaml(yaml), name_for_messages);
}

Config default_config() {
  Config config;
  set_default_cores(config.nic, false);
  return config;
}

}  // namespace telefence
