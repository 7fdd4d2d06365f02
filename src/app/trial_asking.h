// SPDX-License-Identifier: Apache-2.0
#pragma once

// One question to the edges that keep a live sample (signatures/trial.h), and what they answer.

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/json_lines.h"
#include "base/result.h"
#include "redis/connection.h"
#include "signatures/key_file.h"

namespace telefence {

// Who may be asked about one of these (names, numbers, texts); about anything when there are none. Sorted.
Result<std::vector<std::string>> sampling_nodes(RedisConnection& connection, const std::set<std::string>& kinds);

struct TrialQuestion {
  std::string_view field;            // b: op lines; z: a portion
  std::string body;
  const SigningKey* key = nullptr;   // nullptr: unsigned
  std::chrono::milliseconds patience;
};
// Waits until all of these have answered, or as long as the patience lasts. What was answered, by node: strangers may have written it.
Result<std::map<std::string, Json>> ask_nodes(RedisConnection& connection, const TrialQuestion& question,
                                              const std::vector<std::string>& nodes);

}  // namespace telefence
