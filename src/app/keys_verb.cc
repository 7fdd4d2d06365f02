// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <ctime>
#include <fstream>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/tool_verbs.h"
#include "crypto/hex.h"
#include "signatures/key_file.h"
#include "signatures/words.h"

namespace telefence {
namespace {

int failed(const Error& error, Language language) {
  print("telefence keys", error, language);
  return static_cast<int>(error.code);
}

Json to_json(const PublicKey& key, const std::string& file) {
  return {{"file", file}, {"id", key.id}, {"name", key.name}, {"made", key.made}, {"public", hex_of(key.key)}};
}

// The name that a file or folder ends with: what people will call the key.
std::string name_of(const std::string& base) { return base.substr(base.find_last_of('/') + 1); }

int make(const KeysArguments& arguments, Language language) {
  const std::string made = instant_text(1000 * static_cast<std::int64_t>(std::time(nullptr))) + " by " + publisher_name();
  const std::string& base = arguments.name;
  if (name_of(base).empty()) return failed({ErrorCode::kUsage, "give the key a name: telefence keys new centre"}, language);
  const SigningKey key = make_signing_key(name_of(base), made);
  if (Result<void> written = write_key_files(base, key, arguments.of_node ? KeyUse::kReceipts : KeyUse::kBatches); !written) return failed(written.error(), language);
  if (arguments.json) {
    Json out = to_json(key.described(), base + ".pub");
    out["secret_file"] = base + ".key";
    std::printf("%s\n", to_line(out).c_str());
    return kExitOk;
  }
  const Text secret = arguments.of_node ? Text{"  {}.key  secret: for this edge alone (redis.receipts.key); who has it can write receipts in its name",
                                               "  {}.key  私钥：仅供该节点使用（redis.receipts.key）；持有者可以其名义回执"}
                                        : Text{"  {}.key  secret: keep it here, or on a machine without network; who has it can block in your name",
                                               "  {}.key  私钥：仅留在本机或离线保存；持有者可以您的名义下发拦截"};
  const Text open = arguments.of_node ? Text{"  {}.pub  public: give it to the centre (telefence push status --node-keys), and compare the id by another way",
                                             "  {}.pub  公钥：交给中心（telefence push status --node-keys），并通过其他途径核对编号"}
                                      : Text{"  {}.pub  public: give it to every edge (redis.signers), and compare the id by another way",
                                             "  {}.pub  公钥：分发到每个节点（redis.signers），并通过其他途径核对编号"};
  std::printf("%s\n%s\n%s\n", say(language, {"key {}", "密钥 {}"}, key.id()).c_str(), say(language, secret, base).c_str(), say(language, open, base).c_str());
  return kExitOk;
}

Result<PublicKey> described(const std::string& file) {
  std::ifstream stream(file);
  std::string title;
  std::getline(stream, title);
  if (title.find("secret") == std::string::npos) return read_public_key(file);
  Result<SigningKey> key = read_signing_key(file);
  if (!key) return key.error();
  return key.value().described();
}

// "2026-11-26T08:00:00.000Z by centre@host", as make() writes it.
std::string made_text(const std::string& made, Language language) {
  constexpr std::string_view kBy = " by ";
  const std::size_t at = made.find(kBy);
  if (at == std::string::npos) return made;
  return say(language, {"{} by {}", "{} 由 {} 生成"}, made.substr(0, at), made.substr(at + kBy.size()));
}

int show(const KeysArguments& arguments, Language language) {
  for (const std::string& file : arguments.files) {
    const Result<PublicKey> key = described(file);
    if (!key) return failed(key.error(), language);
    if (arguments.json)
      std::printf("%s\n", to_line(to_json(key.value(), file)).c_str());
    else
      std::printf("%s  %s  %s  %s\n", key.value().id.c_str(), key.value().name.c_str(), made_text(key.value().made, language).c_str(), file.c_str());
  }
  return kExitOk;
}

}  // namespace

int keys(const KeysArguments& arguments) {
  const Language language = language_of(arguments.language);
  return arguments.make ? make(arguments, language) : show(arguments, language);
}

}  // namespace telefence
