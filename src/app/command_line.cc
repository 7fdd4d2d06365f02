// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string_view>

#include "yaml/read.h"

namespace telefence {
namespace {

// The footer of a CLI11 app holds its examples; they are shown first.
class ExamplesFirst : public CLI::Formatter {
 public:
  ExamplesFirst() { column_width(34); }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    std::string text = app->get_description() + "\n\nExamples:\n" + app->get_footer() + "\n";
    text += make_usage(app, name) + make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
    return text;
  }
};

std::string meant(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view closest = closest_word(word, views);
  return closest.empty() ? std::string() : ". Did you mean " + std::string(closest) + "?";
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
  return names;
}

// The innermost verb that was named.
const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* current = &app;
  while (!current->get_subcommands().empty()) current = current->get_subcommands().front();
  return *current;
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

// What to add to CLI11's own words when an argument was not expected.
std::string suggestion(const CLI::App& program) {
  const CLI::App& verb = deepest(program);
  const std::vector<std::string> unknown = program.remaining(true);
  if (unknown.empty()) return {};
  if (unknown.front().starts_with("--")) {
    std::vector<std::string> options;
    for (const CLI::Option* option : verb.get_options())
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    return meant(unknown.front().substr(0, unknown.front().find('=')), options);
  }
  return meant(unknown.front(), verb_names(verb));
}

// A first word that is no verb: said in our own words, since CLI11 only says that a verb is missing.
std::optional<int> refuse_unknown_verb(const CLI::App& program, const std::vector<std::string>& words) {
  const std::vector<std::string> verbs = verb_names(program);
  if (verbs.empty() || words.empty() || words.front().starts_with('-')) return std::nullopt;
  if (std::find(verbs.begin(), verbs.end(), words.front()) != verbs.end()) return std::nullopt;
  const std::string hint = meant(words.front(), verbs);
  std::fprintf(stderr, "%s: there is no verb \"%s\"%s\n", program.get_name().c_str(), words.front().c_str(),
               hint.empty() ? (". See " + program.get_name() + " --help").c_str() : hint.c_str());
  return kExitUsage;
}

}  // namespace

CLI::App* add_verb(CLI::App& program, const std::string& name, const std::string& what, const std::string& examples) {
  CLI::App* verb = program.add_subcommand(name, what);
  verb->formatter(std::make_shared<ExamplesFirst>());
  verb->footer(examples);
  verb->get_help_ptr()->description("show this and end");
  return verb;
}

void describe_program(CLI::App& program, const std::string& examples) {
  program.formatter(std::make_shared<ExamplesFirst>());
  program.footer(examples);
  program.get_help_ptr()->description("show this and end");
  program.set_version_flag("--version", program.get_name() + " " + TELEFENCE_VERSION, "show the version and end");
}

std::optional<int> parse_command_line(CLI::App& program, int argc, char** argv, std::vector<std::string>* after_dashes) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (after_dashes != nullptr) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    if (dashes != words.end()) {
      after_dashes->assign(dashes + 1, words.end());
      words.erase(dashes, words.end());
    }
  }
  if (words.empty()) {
    std::fputs(program.help().c_str(), stderr);
    return kExitUsage;
  }
  if (const auto refused = refuse_unknown_verb(program, words)) return refused;
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    program.parse(std::move(words));
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return kExitOk;
  } catch (const CLI::Success&) {
    std::fputs(deepest(program).help(full_name(deepest(program))).c_str(), stdout);
    return kExitOk;
  } catch (const CLI::ParseError& mistake) {
    std::string said = mistake.what();
    while (!said.empty() && (said.back() == '\n' || said.back() == '.')) said.pop_back();
    const CLI::App& verb = deepest(program);
    std::fprintf(stderr, "%s: %s%s\nSee %s --help\n", full_name(verb).c_str(), said.c_str(),
                 suggestion(program).c_str(), full_name(verb).c_str());
    return kExitUsage;
  }
  return std::nullopt;
}

}  // namespace telefence
