// SPDX-License-Identifier: Apache-2.0
#include "app/push_signing.h"

#include <utility>

namespace telefence {

Result<PushKeys> read_keys(const PushArguments& arguments) {
  PushKeys out;
  if (arguments.key.empty() && !arguments.second_key.empty())
    return Error{ErrorCode::kUsage, "--second-key is the second of two: give the first with --key"};
  for (const std::string* file : {&arguments.key, &arguments.second_key}) {
    if (file->empty()) continue;
    Result<SigningKey> key = read_signing_key(*file);
    if (!key) return key.error();
    out.keys.push_back(std::move(key.value()));
  }
  if (out.keys.size() == 2 && out.keys[0].id() == out.keys[1].id())
    return Error{ErrorCode::kUsage, "--key and --second-key are the same key: the second signature must be somebody else's"};
  return out;
}

std::string audit_file(const PushArguments& arguments) {
  if (!arguments.audit.empty() || arguments.key.empty()) return arguments.audit;
  const std::string& key = arguments.key;
  return (key.ends_with(".key") ? key.substr(0, key.size() - 4) : key) + ".audit.jsonl";
}

}  // namespace telefence
