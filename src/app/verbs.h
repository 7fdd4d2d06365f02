// SPDX-License-Identifier: Apache-2.0
#pragma once

// The verbs of telefenced and what their arguments say. Each is in a file of its own name and returns the exit code. Data goes to
// standard output, messages to standard error.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "verdict/verdict.h"

namespace telefence {

struct RunArguments {
  std::string config_file;
  std::optional<Mode> mode;       // overrules the file
  std::uint32_t seconds = 0;      // 0 = until told to stop
  bool json = false;              // the start summary as JSON
  std::string language;           // "", en or zh
  std::vector<std::string> eal;   // what followed "--"
};
int run(const RunArguments& arguments);

struct CheckArguments {
  std::string config_file;
  bool json = false;
  std::string language;
};
int check(const CheckArguments& arguments);

struct ReplayArguments {
  std::string capture;
  std::string config_file;        // "" = defaults
  std::string out_file;           // "" = none
  std::string records_file;       // "" = none
  bool enforce = false;           // whatever the configuration says
  bool json = false;
  std::string language;
};
int replay(const ReplayArguments& arguments);

struct InspectArguments {
  std::string capture;
  std::string config_file;        // for ports of protocols; "" = defaults
  std::string language;
};
int inspect(const InspectArguments& arguments);

}  // namespace telefence
