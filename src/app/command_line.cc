// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "app/sentences.h"
#include "yaml/read.h"

namespace telefence {
namespace {

constexpr std::size_t kNameColumns = 36;
constexpr Text kEmptyValue{"the value is empty: is a variable of the shell not set?", "值为空：是否有 shell 变量未设置？"};

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
  return names;
}

// The footer of a CLI11 app holds its examples; they are shown first.
class ExamplesFirst : public CLI::Formatter {
 public:
  explicit ExamplesFirst(Language language) : language_(language) {
    column_width(kNameColumns);
    const auto translate = [&](const char* english, const Text& text) { label(english, std::string(say(language, text))); };
    translate("Usage", {"Usage", "用法"});
    translate("OPTIONS", {"OPTIONS", "选项"});
    translate("Positionals", {"Positionals", "参数"});
    translate("SUBCOMMAND", {"VERB", "命令"});
    translate("SUBCOMMANDS", {"VERBS", "命令"});
    translate("REQUIRED", {"REQUIRED", "（必需）"});
    translate("Env", {"Env", "环境变量"});
  }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    std::string text = app->get_description() + "\n\n" + std::string(say(language_, {"Examples:", "示例："})) + "\n" + app->get_footer() + "\n";
    text += make_usage(app, name) + make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
    return text;
  }

  std::string make_group(std::string group, bool is_positional, std::vector<const CLI::Option*> options) const override {
    if (group == "Options") group = say(language_, {"Options", "选项"});
    return CLI::Formatter::make_group(group, is_positional, options);
  }

  // CLI11 pads by bytes; a Chinese character has three and takes two columns.
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    const std::string name = "  " + make_option_name(option, is_positional) + make_option_opts(option);
    const bool fits = columns(name) + 2 <= kNameColumns;
    return (fits ? padded(name, kNameColumns) : name + "\n" + std::string(kNameColumns, ' ')) + make_option_desc(option) + "\n";
  }

 private:
  const Language language_;
};

// The innermost verb that was named.
const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* current = &app;
  while (!current->get_subcommands().empty()) current = current->get_subcommands().front();
  return *current;
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

}  // namespace

int exit_code_after_output(const char* program, Language language, int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  const std::string why = errno == 0 ? "" : std::string(say(language, {": ", "："})) + translated(language, std::strerror(errno));
  std::fprintf(stderr, "%s: %s%s\n", program, std::string(say(language, {"standard output can't be written", "无法写入标准输出"})).c_str(),
               why.c_str());
  // What failed before keeps its own code; an answer that nobody got is a failure.
  return code == kExitOk || code == kExitWouldBlock ? static_cast<int>(ErrorCode::kFailed) : code;
}

CommandLine::CommandLine(const std::string& name, const Text& what, const std::string& examples, Language language)
    : language_(language), program_(text(what), name) {
  program_.formatter(std::make_shared<ExamplesFirst>(language));
  program_.footer(examples);
  program_.get_help_ptr()->description(text({"show this and end", "显示本说明后退出"}));
  program_.set_version_flag("--version", name + " " + TELEFENCE_VERSION, text({"show the version and end", "显示版本后退出"}));
  program_.require_subcommand(1);
}

CLI::App* CommandLine::add_verb(CLI::App& parent, const std::string& name, const Text& what, const std::string& examples) {
  CLI::App* verb = parent.add_subcommand(name, text(what));
  verb->group(text({"Verbs", "命令"}));
  verb->formatter(std::make_shared<ExamplesFirst>(language_));
  verb->footer(examples);
  verb->get_help_ptr()->description(text({"show this and end", "显示本说明后退出"}));
  return verb;
}

void CommandLine::add_language(CLI::App& verb, std::string& value) {
  verb.add_option("--lang", value, text({"language of what people read; else by LANG", "提示语言；缺省随 LANG"}))
      ->check(one_of({"en", "zh"}))
      ->type_name("en|zh");
}

std::string CommandLine::meant(std::string_view word, const std::vector<std::string>& known) const {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string closest(closest_word(word, views));
  return closest.empty() ? std::string() : say(language_, {". Did you mean {}?", "。是否想输入 {}？"}, closest);
}

CLI::Validator CommandLine::one_of(std::vector<std::string> words) const {
  const auto check = [this, words](std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return {};
    const std::string all = CLI::detail::join(words, ", ");
    return say(language_, {"\"{}\" is none of {}", "“{}”不在可选值之中：{}"}, word, all) + meant(word, words);
  };
  return CLI::Validator(check, "");
}

CLI::Validator CommandLine::from_to(int least, int greatest) const {
  const auto check = [this, least, greatest](std::string& word) -> std::string {
    int value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure == std::errc() && end == word.data() + word.size() && value >= least && value <= greatest) return {};
    return say(language_, {"\"{}\" is no number from {} to {}", "“{}”不是 {} 到 {} 之间的数"}, word, least, greatest);
  };
  return CLI::Validator(check, "");
}

CLI::Validator CommandLine::country() const {
  const auto check = [this](std::string& word) -> std::string {
    if (!word.empty() && word.size() <= 3 && word.find_first_not_of("0123456789") == std::string::npos) return {};
    return say(language_, {"\"{}\" is no country code: give 1 to 3 digits, as 86", "“{}”不是国家码：请给出 1 至 3 位数字，如 86"}, word);
  };
  return CLI::Validator(check, "");
}

CLI::Validator CommandLine::sha256() const {
  const auto check = [this](std::string& word) -> std::string {
    if (word.size() == 64 && word.find_first_not_of("0123456789abcdef") == std::string::npos) return {};
    return say(language_, {"\"{}\" is no hash: give the 64 hexadecimal digits (0-9a-f) that were noted", "“{}”不是哈希：请给出此前记下的 64 位十六进制数字（0-9a-f）"}, word);
  };
  return CLI::Validator(check, "");
}

CLI::Validator CommandLine::sequence() const {
  const auto check = [this](std::string& word) -> std::string {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure == std::errc() && end == word.data() + word.size() && value != 0) return {};
    return say(language_, {"\"{}\" is no batch: give its number, 1 or more", "“{}”不是批次：请给出其序号，从 1 开始"}, word);
  };
  return CLI::Validator(check, "");
}

void CommandLine::refuse_empty(CLI::App& verb) const {
  const auto check = [this](std::string& value) -> std::string {
    if (!value.empty()) return {};
    return text(kEmptyValue);
  };
  for (CLI::Option* option : verb.get_options())
    if (option->get_expected_max() > 0) option->check(CLI::Validator(check, ""));
  for (CLI::App* below : verb.get_subcommands([](const CLI::App*) { return true; })) refuse_empty(*below);
}

// What to add to CLI11's own words when an argument was not expected.
std::string CommandLine::suggestion() const {
  const std::vector<std::string> unknown = program_.remaining(true);
  if (unknown.empty()) return {};
  if (unknown.front().starts_with("--")) {
    std::vector<std::string> options;
    for (const CLI::Option* option : deepest(program_).get_options())
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    const std::string option = unknown.front().substr(0, unknown.front().find('='));
    if (std::find(options.begin(), options.end(), option) != options.end())
      return say(language_, {". It stands behind the verb: {} {} ...", "。它应写在命令之后：{} {} ..."}, full_name(deepest(program_)), option);
    return meant(option, options);
  }
  return meant(unknown.front(), verb_names(program_));
}

// A first word that is no verb: said in our own words, since CLI11 only says that a verb is missing.
std::optional<int> CommandLine::refuse_unknown_verb(const std::vector<std::string>& words) const {
  const CLI::App* app = &program_;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    const std::vector<std::string> verbs = verb_names(*app);
    if (verbs.empty()) return std::nullopt;
    if (word.starts_with('-')) {
      const CLI::Option* const option = app->get_option_no_throw(word.substr(0, word.find('=')));
      // --help and --version need no verb, and whatever else is wrong with these words is told by others.
      if (option == nullptr || option->get_expected_max() == 0 || word.ends_with('=')) return std::nullopt;
      if (word.find('=') == std::string::npos) ++at;  // its value
      continue;
    }
    if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) {
      app = app->get_subcommand(word);
      continue;
    }
    std::string hint = meant(word, verbs);
    if (hint.empty()) hint = say(language_, {"; there are {}", "；可用：{}"}, CLI::detail::join(verbs, ", "));
    std::fprintf(stderr, "%s: %s%s\n", full_name(*app).c_str(), say(language_, {"there is no verb \"{}\"", "没有命令“{}”"}, word).c_str(), hint.c_str());
    return kExitUsage;
  }
  return std::nullopt;
}

// CLI11 takes the next word for the value of "--source=".
std::optional<int> CommandLine::refuse_nothing_assigned(const std::vector<std::string>& words) const {
  const auto found = std::find_if(words.begin(), std::find(words.begin(), words.end(), "--"), [](const std::string& word) {
    return word.starts_with("--") && word.find('=') == word.size() - 1;
  });
  if (found == words.end() || *found == "--") return std::nullopt;
  std::fprintf(stderr, "%s: %s: %s\n", program_.get_name().c_str(), found->substr(0, found->size() - 1).c_str(), text(kEmptyValue).c_str());
  return kExitUsage;
}

// CLI11 speaks English only.
std::string CommandLine::in_our_words(const CLI::ParseError& mistake) const {
  std::string said = mistake.what();
  while (!said.empty() && (said.back() == '\n' || said.back() == '.')) said.pop_back();
  const auto after = [&said](std::string_view start) { return said.substr(std::min(said.size(), start.size())); };
  constexpr std::string_view kRequired = " is required";
  if (mistake.get_name() == "ConversionError") {
    const std::string what = after("Could not convert: ");
    const std::size_t sign = what.find(" = ");
    if (sign != std::string::npos)
      return say(language_, {"{}: \"{}\" is no whole number of 0 or more", "{}：“{}”不是大于等于 0 的整数"}, what.substr(0, sign), what.substr(sign + 3));
  }
  if (said == "A subcommand is required")
    return text({"a verb is missing; there are ", "缺少命令；可用："}) + CLI::detail::join(verb_names(deepest(program_)), ", ");
  if (language_ == Language::kEnglish) return said;
  if (said.ends_with(kRequired)) return "缺少 " + said.substr(0, said.size() - kRequired.size());
  if (said.starts_with("The following argument")) return "不认识的参数：" + said.substr(said.find(": ") + 2);
  if (mistake.get_name() == "ArgumentMismatch" && said.find(": At Most ") != std::string::npos) {
    const std::string count = said.substr(said.find(": At Most ") + 10);
    return "多余的参数：" + said.substr(0, said.find(':')) + "，至多 " + count.substr(0, count.find(' ')) + " 个";
  }
  if (mistake.get_name() == "ArgumentMismatch") return "缺少取值：" + said.substr(0, said.find(':'));
  return said;
}

int CommandLine::refuse(const CLI::ParseError& mistake) const {
  const std::string name = full_name(deepest(program_));
  const std::string said = in_our_words(mistake);
  const std::string hint = say(language_, {"See {} --help", "用法见 {} --help"}, name);
  std::fprintf(stderr, "%s: %s%s\n%s\n", name.c_str(), said.c_str(), suggestion().c_str(), hint.c_str());
  return kExitUsage;
}

std::optional<int> CommandLine::parse(int argc, char** argv, std::vector<std::string>* after_dashes) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (after_dashes != nullptr) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    if (dashes != words.end()) {
      after_dashes->assign(dashes + 1, words.end());
      words.erase(dashes, words.end());
    }
  }
  if (words.empty()) {
    std::fputs(program_.help().c_str(), stderr);
    return kExitUsage;
  }
  if (const auto refused = refuse_unknown_verb(words)) return refused;
  if (const auto refused = refuse_nothing_assigned(words)) return refused;
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    program_.parse(std::move(words));
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return kExitOk;
  } catch (const CLI::Success&) {
    std::fputs(program_.help().c_str(), stdout);  // of the innermost verb
    return kExitOk;
  } catch (const CLI::ParseError& mistake) {
    return refuse(mistake);
  }
  return std::nullopt;
}

}  // namespace telefence
