// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <initializer_list>

#include "config/check.h"
#include "redis/address.h"
#include "signatures/key_file.h"
#include "signatures/signers.h"

namespace telefence {
namespace {

void check_file(const Checked& checked, std::string_view path, const std::string& file) {
  if (file.empty()) return;
  const std::string why = why_unreadable(file);
  if (!why.empty()) checked.mistake(path, why);
}

// The mistake at item `index` of a list, at its key `name` when it has one.
void mistake_in(const Checked& checked, std::string_view list, std::size_t index, std::string_view name, std::string message) {
  const YamlNode* node = checked.root.find_path(list);
  if (node == nullptr || index >= node->items.size()) return checked.mistake(list, std::move(message));
  const YamlNode& item = node->items[index];
  const YamlNode* value = name.empty() ? nullptr : item.find(name);
  Checked::add(checked.mistakes, value == nullptr ? item : *value, std::move(message));
}

void check_words(const Checked& checked, std::size_t index, std::string_view name, const std::vector<std::string>& words,
                 std::initializer_list<std::string_view> known) {
  for (const std::string& word : words) {
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    std::string list;
    for (const std::string_view one : known) (list += list.empty() ? "" : ", ") += one;
    mistake_in(checked, "redis.signers", index, name, "'" + word + "' is not known here; known here: " + list);
  }
}

void check_signers(const Checked& checked) {
  const TrustOptions& trust = checked.config.signatures.redis.trust;
  std::size_t wide = 0, snapshots = 0;
  for (std::size_t i = 0; i < trust.signers.size(); ++i) {
    const SignerOptions& signer = trust.signers[i];
    wide += signer.may_be_wide ? 1 : 0;
    snapshots += signer.may_snapshot ? 1 : 0;
    check_words(checked, i, "kinds", signer.kinds, {"domain", "url", "number", "pattern", "ip", "account", "app"});
    check_words(checked, i, "operations", signer.operations, {"add", "remove", "allow", "replace-list", "timestamp"});
    if (signer.key.empty()) continue;  // told already: it is required
    if (const std::string why = why_unreadable(signer.key); !why.empty())
      mistake_in(checked, "redis.signers", i, "key", why);
    else if (const auto key = read_public_key(signer.key); !key.ok())
      mistake_in(checked, "redis.signers", i, "key", key.error().message);
  }
  if (!checked.mistakes.empty()) return;
  if (const auto signers = Signers::load(trust); !signers.ok()) checked.mistake("redis.signers", signers.error().message);
  if (wide == 1)
    checked.warn("redis.signers", "only one signer has may_be_wide: true, and wide entries need two of them: none will be taken");
  if (snapshots < trust.snapshot_signers && trust.snapshot_signers > 1)
    checked.warn("redis.snapshot_signers", "a snapshot needs the signatures of " + std::to_string(trust.snapshot_signers) + ", and " +
                                               std::to_string(snapshots) + " of redis.signers may_snapshot: none will be taken");
  const bool has_clock = std::any_of(trust.signers.begin(), trust.signers.end(), [](const SignerOptions& one) {
    return one.may_snapshot || one.operations.empty() || std::find(one.operations.begin(), one.operations.end(), "timestamp") != one.operations.end();
  });
  if (checked.config.signatures.redis.silent_after_s != 0 && !has_clock && !trust.accept_unsigned)
    checked.warn("redis.silent_after", "none of redis.signers may sign timestamps, so none will count: name timestamp among the operations of one");
  if (trust.accept_unsigned && !trust.signers.empty())
    checked.warn("redis.accept_unsigned", "batches that nobody signed are taken, so the signatures of the others protect nothing: set it to false");
  if (!trust.accept_unsigned && trust.signers.empty())
    checked.warn("redis", "nobody is trusted, so every batch is refused: name public keys in redis.signers (telefence keys new makes them)");
}

void check_tls(const Checked& checked) {
  const RedisTls& tls = checked.config.signatures.redis.tls;
  check_file(checked, "redis.tls.ca", tls.ca);
  check_file(checked, "redis.tls.certificate", tls.certificate);
  check_file(checked, "redis.tls.key", tls.key);
  if (tls.certificate.empty() != tls.key.empty())
    checked.mistake("redis.tls", "a certificate and its key belong together: name both, or none");
}

// The centre knows each node by the name of its key.
void check_node_key(const Checked& checked) {
  const std::string& file = checked.config.signatures.redis.receipts.key;
  if (file.empty()) return;
  const Result<SigningKey> key = read_signing_key(file);
  if (!key.ok()) return checked.mistake("redis.receipts.key", key.error().message);
  if (const std::string& name = key.value().described().name; name != checked.config.node)
    checked.mistake("redis.receipts.key", "this is the key of '" + name + "', and node.id is '" + checked.config.node +
                                              "': telefence keys new " + checked.config.node + " --node makes one");
}

}  // namespace

void check_redis(const Checked& checked) {
  if (checked.config.sample.is_on() && checked.config.signatures.redis.receipts.server.empty())
    checked.warn("policy.sample", "nobody can ask for it without redis.receipts.server, so nothing is sampled");
  const RedisOptions& redis = checked.config.signatures.redis;
  check_file(checked, "redis.password_file", redis.password_file);
  if (redis.server.empty()) {
    if (checked.root.find("redis") != nullptr)
      checked.warn("redis", "no server is named, so the rest of this section means nothing");
    return;
  }
  const bool has_list = checked.root.find_path("redis.servers") != nullptr;
  std::vector<std::string> servers{redis.server};
  servers.insert(servers.end(), redis.others.begin(), redis.others.end());
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (const auto address = parse_redis_address(servers[i]); !address && has_list)
      mistake_in(checked, "redis.servers", i, "", address.error().message);
    else if (!address)
      checked.mistake("redis.server", address.error().message);
  if (!redis.user.empty() && redis.password_file.empty())
    checked.mistake("redis.user", "a user needs a password: name its file in redis.password_file");
  check_tls(checked);
  check_signers(checked);
  if (redis.receipts.server.empty()) return;
  if (const auto address = parse_redis_address(redis.receipts.server); !address)
    checked.mistake("redis.receipts.server", address.error().message);
  check_file(checked, "redis.receipts.password_file", redis.receipts.password_file);
  check_node_key(checked);
  if (!redis.receipts.user.empty() && redis.receipts.password_file.empty())
    checked.mistake("redis.receipts.user", "a user needs a password: name its file in redis.receipts.password_file");
}

}  // namespace telefence
