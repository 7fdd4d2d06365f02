// SPDX-License-Identifier: Apache-2.0
#pragma once

// What both programs share of reading their arguments: help that begins with examples, exit code 2 for every mistake of usage,
// and the word that was probably meant. CLI11 is seen here and in the two mains only.

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace telefence {

// Exit codes beyond those of ErrorCode.
inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInvalid = 3;
inline constexpr int kExitWouldBlock = 10;

// A verb whose help shows `examples` (whole lines) before anything else.
CLI::App* add_verb(CLI::App& program, const std::string& name, const std::string& what, const std::string& examples);

// Sets up the program itself: help, --version, examples.
void describe_program(CLI::App& program, const std::string& examples);

// Reads the arguments. A value is the exit code to end with at once: help and version were printed, or a mistake was told on
// stderr. `after_dashes` gets what follows a lone "--", which is not for us; nullptr: "--" is not special.
std::optional<int> parse_command_line(CLI::App& program, int argc, char** argv, std::vector<std::string>* after_dashes);

}  // namespace telefence
