// SPDX-License-Identifier: Apache-2.0
#include "app/push_signing.h"

#include <cstdio>
#include <utility>

#include "app/sentences.h"

namespace telefence {

Result<SigningKey> read_secret_key(const std::string& file, const std::string& option) {
  // First: whoever is told to guard a public file better is led away from what is wrong.
  if (const Result<PublicKey> half = read_public_key(file))
    return Error{ErrorCode::kUsage, option + ": " + file + " is the public half of the key " + half.value().id + ": name its secret file, which ends with .key"};
  return read_signing_key(file);
}

Result<PushKeys> read_keys(const PushArguments& arguments) {
  PushKeys out;
  if (arguments.key.empty() && !arguments.second_key.empty())
    return Error{ErrorCode::kUsage, "--second-key is the second of two: give the first with --key"};
  for (const auto& [file, option] : {std::pair{&arguments.key, "--key"}, std::pair{&arguments.second_key, "--second-key"}}) {
    if (file->empty()) continue;
    Result<SigningKey> key = read_secret_key(*file, option);
    if (!key) return key.error();
    out.keys.push_back(std::move(key.value()));
  }
  if (out.keys.size() == 2 && out.keys[0].id() == out.keys[1].id())
    return Error{ErrorCode::kUsage, "--key and --second-key are the same key: the second signature must be somebody else's"};
  return out;
}

void warn_unsigned(const char* command, const PushKeys& keys, Language language) {
  if (!keys.keys.empty()) return;
  std::fprintf(stderr, "%s: %s\n", command,
               std::string(say(language, {"it is not signed: edges take it only with redis.accept_unsigned: true; --key FILE signs it (telefence keys new makes one)",
                                          "未签名：只有 redis.accept_unsigned: true 的节点才采用；请用 --key 文件 签名（telefence keys new 生成密钥）"})).c_str());
}

void hint_at_status(const PushArguments& arguments, Language language) {
  if (arguments.json) return;
  std::fprintf(stderr, "%s\n", std::string(say(language, {"whether the edges take it: telefence push status", "节点是否采用：telefence push status"})).c_str());
}

std::string audit_file(const PushArguments& arguments) {
  if (!arguments.audit.empty() || arguments.key.empty()) return arguments.audit;
  const std::string& key = arguments.key;
  return (key.ends_with(".key") ? key.substr(0, key.size() - 4) : key) + ".audit.jsonl";
}

}  // namespace telefence
