// SPDX-License-Identifier: Apache-2.0
#pragma once

// What both programs share of reading their arguments: help that begins with examples, in English or Chinese; exit code 2 for every
// mistake of usage, and the word that was probably meant. CLI11 is seen here and in the two mains only.

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

#include "app/language.h"

namespace telefence {

// Exit codes beyond those of ErrorCode.
inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInvalid = 3;
inline constexpr int kExitWouldBlock = 10;
inline constexpr int kExitNotEverywhere = 11;

// The code, or 1 when what was to be said on standard output did not get there. Mains end with it.
int exit_code_after_output(const char* program, Language language, int code);

class CommandLine {
 public:
  CommandLine(const std::string& name, const Text& what, const std::string& examples, Language language);

  Language language() const { return language_; }
  CLI::App& program() { return program_; }
  std::string text(const Text& text) const { return std::string(say(language_, text)); }

  // A verb whose help shows `examples` (whole lines) before anything else.
  CLI::App* add_verb(CLI::App& parent, const std::string& name, const Text& what, const std::string& examples);
  // --lang, for every verb. Its value is known before arguments are read (language_of).
  void add_language(CLI::App& verb, std::string& value);

  // The value must be one of these words; else the one that was probably meant is named.
  CLI::Validator one_of(std::vector<std::string> words) const;
  CLI::Validator from_to(int least, int greatest) const;
  CLI::Validator country() const;   // its code: 1 to 3 digits
  CLI::Validator sha256() const;    // in hexadecimal digits
  CLI::Validator sequence() const;  // of a batch: from 1
  // No value of this verb, and of those below it, may be empty: in a script that is a variable which is not set, and "" would be taken
  // for the default. Variables of the environment that are empty count as not set.
  void refuse_empty(CLI::App& verb) const;

  // Reads the arguments. A value is the exit code to end with at once: help and version were printed, or a mistake was told on
  // stderr. `after_dashes` gets what follows a lone "--", which is not for us; nullptr: "--" is not special.
  std::optional<int> parse(int argc, char** argv, std::vector<std::string>* after_dashes);

 private:
  std::optional<int> refuse_unknown_verb(const std::vector<std::string>& words) const;
  std::optional<int> refuse_nothing_assigned(const std::vector<std::string>& words) const;
  int refuse(const CLI::ParseError& mistake) const;
  std::string in_our_words(const CLI::ParseError& mistake) const;
  std::string suggestion() const;
  std::string meant(std::string_view word, const std::vector<std::string>& known) const;

  const Language language_;
  CLI::App program_;
};

}  // namespace telefence
