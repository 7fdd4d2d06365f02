// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/push_connection.h"
#include "app/push_line.h"
#include "app/push_signing.h"
#include "app/sentences.h"
#include "app/tool_verbs.h"
#include "centre/snapshot_cosign.h"
#include "centre/snapshot_publish.h"
#include "config/assemble.h"
#include "config/loader.h"
#include "signatures/audit_log.h"
#include "signatures/key_file.h"
#include "signatures/signers.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLooks{5};
constexpr std::chrono::seconds kAfterFailure{30};

int failed(Error error, Language language) {
  error.message += what_to_do(error.message);
  print("telefence snapshot", error, language);
  return static_cast<int>(error.code);
}

// Whose word counts, and how values are judged: as at the edges, whose configuration this is.
struct Edges {
  CompileTerms terms;
  TrustOptions trust;
};

Result<Edges> edges_of(const std::string& file) {
  Loaded loaded = load_config(file);
  if (!loaded.mistakes.empty()) return Error{ErrorCode::kInvalid, to_text(loaded.mistakes.front())};
  return Edges{compile_terms(loaded.config), loaded.config.signatures.redis.trust};
}

// What every edge with this configuration would refuse is not made: the log may be trimmed behind it.
Result<void> check_maker(const TrustOptions& trust, const SigningKey* key) {
  if (trust.accept_unsigned) return {};
  if (key == nullptr)
    return Error{ErrorCode::kInvalid, "edges with this configuration take no snapshot that nobody signed: add --key FILE, of a signer with may_snapshot: true"};
  const Result<Signers> signers = Signers::load(trust);
  if (!signers) return signers.error();
  if (signers.value().may_snapshot(key->id())) return {};
  return Error{ErrorCode::kInvalid, "edges with this configuration take no snapshot of the key " + key->id() + ": that takes may_snapshot: true in redis.signers"};
}

void print_made(const MadeSnapshot& made, double seconds, bool json, Language language) {
  const SnapshotManifest& manifest = made.manifest;
  if (json) {
    std::printf("%s\n", to_line(Json{{"ok", true}, {"made", true}, {"seq", manifest.sequence}, {"digest", manifest.digest}, {"bytes", manifest.bytes()},
                                     {"chunks", manifest.chunks.size()}, {"domains", manifest.domains}, {"numbers", manifest.numbers},
                                     {"others", manifest.others}, {"removed", manifest.removed}, {"begun_with", made.begun_with},
                                     {"batches", made.batches}, {"refused", made.refused}, {"trimmed", made.trimmed}, {"seconds", seconds}}).c_str());
    return;
  }
  char time[32];
  std::snprintf(time, sizeof time, "%.1f", seconds);
  std::printf("%s\n", say(language, {"snapshot {}: {}, {}, {}; {} bytes in {}, {} s", "快照 {}：{}，{}，{}；{} 字节，{}，{} 秒"}, std::to_string(manifest.sequence),
                          counted(language, manifest.domains, Word::kDomain, Word::kDomains), counted(language, manifest.numbers, Word::kNumber, Word::kNumbers),
                          counted(language, manifest.others, {"other", "条其他"}, {"others", "条其他"}), grouped(manifest.bytes()),
                          counted(language, manifest.chunks.size(), {"chunk", "块"}, {"chunks", "块"}), std::string(time)).c_str());
  const std::string batches = counted(language, made.batches, {"batch", "批"}, {"batches", "批"});
  const std::string trimmed = counted(language, made.trimmed, {"entry", "条"}, {"entries", "条"});
  std::printf("%s\n", (made.begun_with == 0 ? say(language, {"  made of {}; {} left the log", "  由 {}生成；{}已移出变更流"}, batches, trimmed)
                                            : say(language, {"  made of snapshot {} and {} behind it; {} left the log", "  由快照 {} 及其后 {}生成；{}已移出变更流"},
                                                  made.begun_with, batches, trimmed)).c_str());
  if (made.refused != 0)
    std::printf("%s\n", say(language, {"  not in it, since edges refuse it: {}; the first: {}", "  不在其中（节点会拒绝）：{}；首个：{}"},
                            counted(language, made.refused, {"batch", "批"}, {"batches", "批"}), translated(language, made.first_refusal)).c_str());
  std::fflush(stdout);
}

// Nobody has to do anything: the newest snapshot has it all.
int tell_nothing_new(const std::string& sequence, bool json, Language language) {
  if (json)
    std::printf("%s\n", to_line(Json{{"ok", true}, {"made", false}, {"seq", std::stoull(sequence)}}).c_str());
  else
    std::printf("%s\n", say(language, {"none is made: the newest snapshot is of batch {} already, and nothing was pushed since", "无需制作：最新快照已到批次 {}，其后没有新的下发"},
                            sequence).c_str());
  return kExitOk;
}

// Writes it down, also in the audit file.
int make(const SnapshotArguments& arguments, const Edges& edges, const SnapshotOrder& order, Language language) {
  const auto begin = Clock::now();
  const Result<MadeSnapshot> made =
      on_primary(arguments, [&](RedisConnection& connection) { return make_snapshot(connection, edges.terms, edges.trust, order); });
  if (!made && made.error().message.starts_with(kNothingNew))
    return tell_nothing_new(made.error().message.substr(kNothingNew.size()), arguments.json, language);
  if (!made) return failed(made.error(), language);
  print_made(made.value(), std::chrono::duration<double>(Clock::now() - begin).count(), arguments.json, language);
  if (arguments.audit.empty()) return kExitOk;
  AuditLog audit;
  Result<void> written = audit.open(arguments.audit, AuditLog::Sync::kEachLine);
  const SnapshotManifest& manifest = made.value().manifest;
  if (written)
    written = audit.append(AuditEntry("snapshot", publisher_name()).number("seq", manifest.sequence).text("hash", manifest.digest)
                               .number("batches", made.value().batches).number("trimmed", made.value().trimmed));
  return written ? kExitOk : failed(written.error(), language);
}

// One whenever so many batches were pushed, or one at least and so long ago. What fails is tried again.
[[noreturn]] void keep_making(const SnapshotArguments& arguments, const Edges& edges, const SnapshotOrder& order, std::int64_t every_s, Language language) {
  Clock::time_point made_at = Clock::now();
  for (;;) {
    const Result<LogReach> reach = on_primary(arguments, [&](RedisConnection& connection) { return reach_of(connection, order.log); });
    if (!reach) (void)failed(reach.error(), language);
    const std::uint64_t new_ones = !reach || reach.value().last < reach.value().snapshot ? 0 : reach.value().last - reach.value().snapshot;
    const bool is_time = every_s != 0 && Clock::now() - made_at >= std::chrono::seconds(every_s);
    const bool is_due = new_ones != 0 && ((arguments.batches != 0 && new_ones >= arguments.batches) || is_time);
    const bool is_fine = reach.ok() && (!is_due || make(arguments, edges, order, language) == kExitOk);
    if (is_due && is_fine) made_at = Clock::now();
    std::this_thread::sleep_for(is_fine ? kBetweenLooks : kAfterFailure);
  }
}

void print_cosigned(const CosignedSnapshot& done, bool json, Language language) {
  const SnapshotManifest& manifest = done.manifest;
  if (json)
    std::printf("%s\n", to_line(Json{{"ok", true}, {"seq", manifest.sequence}, {"digest", manifest.digest}, {"signed", !done.was_signed}, {"entries", done.entries},
                                     {"begun_with", done.begun_with}, {"batches", done.batches}, {"signatures", manifest.signatures.size()}}).c_str());
  else if (done.was_signed)
    std::printf("%s\n", say(language, {"snapshot {} has this signature already", "快照 {} 已有此签名"}, manifest.sequence).c_str());
  else
    std::printf("%s\n", say(language, {"snapshot {} says what the log says ({} compared), and is signed by {} now", "快照 {} 与变更流一致（已比对 {}），现由 {} 人签名"},
                            manifest.sequence, counted(language, done.entries, {"entry", "条"}, {"entries", "条"}), manifest.signatures.size()).c_str());
  std::fflush(stdout);
}

int audit_cosigned(const SnapshotArguments& arguments, const CosignedSnapshot& done, Language language) {
  if (arguments.audit.empty() || done.was_signed) return kExitOk;
  AuditLog audit;
  Result<void> written = audit.open(arguments.audit, AuditLog::Sync::kEachLine);
  if (written)
    written = audit.append(AuditEntry("cosigned", publisher_name()).number("seq", done.manifest.sequence).text("hash", done.manifest.digest)
                               .number("batches", done.batches).number("entries", done.entries));
  return written ? kExitOk : failed(written.error(), language);
}

Result<CosignedSnapshot> cosigned(const SnapshotArguments& arguments, const Edges& edges, const SigningKey& key) {
  return on_primary(arguments, [&](RedisConnection& connection) { return cosign_snapshot(connection, edges.terms, edges.trust, arguments.log, key); });
}

int cosign(const SnapshotArguments& arguments, const Edges& edges, const SigningKey& key, Language language) {
  const Result<CosignedSnapshot> done = cosigned(arguments, edges, key);
  if (!done) return failed(done.error(), language);
  print_cosigned(done.value(), arguments.json, language);
  return audit_cosigned(arguments, done.value(), language);
}

// Each that is made; looks for the next one so often. What fails is told and tried again.
[[noreturn]] void keep_cosigning(const SnapshotArguments& arguments, const Edges& edges, const SigningKey& key, std::chrono::seconds every, Language language) {
  for (;; std::this_thread::sleep_for(every)) {
    const Result<CosignedSnapshot> done = cosigned(arguments, edges, key);
    if (done && !done.value().was_signed) {
      print_cosigned(done.value(), arguments.json, language);
      (void)audit_cosigned(arguments, done.value(), language);
    }
    if (!done && done.error().code != ErrorCode::kUsage) (void)failed(done.error(), language);  // else there is none yet
  }
}

}  // namespace

int snapshot(const SnapshotArguments& arguments) {
  const Language language = language_of(arguments.language);
  if (Result<void> checked = check_servers(arguments); !checked) return failed(checked.error(), language);
  Result<Edges> edges = edges_of(arguments.config_file);
  if (!edges) return failed(edges.error(), language);
  SnapshotOrder order{.log = arguments.log, .publisher = publisher_name(), .keys = {}, .keep = arguments.keep,
                      .trim_older_s = 0, .accept_gaps = arguments.accept_gaps};
  const auto read_time = [](const std::string& text, const char* option, std::int64_t& out) -> Result<void> {
    if (text.empty()) return {};
    const auto seconds = seconds_of(text);
    if (!seconds || *seconds <= 0) return Error{ErrorCode::kUsage, std::string(option) + " \"" + text + "\": give 90s, 30min, 12h or 7d"};
    out = *seconds;
    return {};
  };
  std::int64_t every_s = 0;
  for (const auto& [text, option, out] : {std::tuple{&arguments.trim_older, "--trim-older", &order.trim_older_s}, std::tuple{&arguments.every, "--every", &every_s}})
    if (Result<void> read = read_time(*text, option, *out); !read) return failed(read.error(), language);
  Result<SigningKey> key = arguments.key.empty() ? Result<SigningKey>(Error{ErrorCode::kUsage, ""}) : read_secret_key(arguments.key, "--key");
  if (!arguments.key.empty() && !key) return failed(key.error(), language);
  if (const Result<void> checked = check_maker(edges.value().trust, key ? &key.value() : nullptr); !checked) return failed(checked.error(), language);
  if (arguments.cosign && (arguments.batches != 0 || order.trim_older_s != 0 || arguments.accept_gaps))
    return failed({ErrorCode::kUsage, "--cosign makes no snapshot: --batches, --trim-older and --accept-gaps are for who makes them"}, language);
  if (arguments.cosign && !key) return failed({ErrorCode::kUsage, "--cosign needs --key FILE, of a signer with may_snapshot: true"}, language);
  if (arguments.cosign && every_s != 0) keep_cosigning(arguments, edges.value(), key.value(), std::chrono::seconds(every_s), language);
  if (arguments.cosign) return cosign(arguments, edges.value(), key.value(), language);
  if (key) order.keys.push_back(&key.value());
  if (arguments.batches == 0 && every_s == 0) return make(arguments, edges.value(), order, language);
  keep_making(arguments, edges.value(), order, every_s, language);
}

}  // namespace telefence
