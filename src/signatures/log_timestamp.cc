// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_timestamp.h"

#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/flat_json.h"
#include "signatures/snapshot.h"

namespace telefence {
namespace {

constexpr std::size_t kMostBytes = 4096;
constexpr std::uint64_t kVersion = 1;

Error invalid(const std::string& why) { return Error{ErrorCode::kInvalid, "the timestamp " + why}; }

std::uint64_t number_in(const FlatObject& object, std::string_view name) {
  const FlatValue* value = object.find(name);
  return value == nullptr || value->kind != FlatValue::Kind::kNumber ? 0 : value->number;
}

std::string text_in(const FlatObject& object, std::string_view name) {
  const FlatValue* value = object.find(name);
  return value == nullptr || value->kind != FlatValue::Kind::kText ? "" : std::string(value->text);
}

}  // namespace

std::string timestamp_key(std::string_view log) {
  std::string key = head_key(log);
  constexpr std::string_view kHead = "head";
  key.replace(key.size() - kHead.size(), kHead.size(), "timestamp");
  return key;
}

std::string timestamp_message(std::string_view digest) { return "telefence-timestamp-1:" + std::string(digest); }

std::string timestamp_value(const LogTimestamp& timestamp, const SigningKey& key) {
  const nlohmann::ordered_json json = {{"v", kVersion},          {"log", timestamp.log},  {"seq", timestamp.sequence},
                                       {"hash", timestamp.hash}, {"ts", timestamp.at_ms}, {"publisher", timestamp.publisher}};
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const BatchSignature signature{key.id(), key.sign(timestamp_message(hex_of(sha256(text)))), 0};
  return text + "\n" + to_line(signature);
}

Result<LogTimestamp> read_timestamp(std::string_view value) {
  const std::size_t end = value.find('\n');
  if (value.size() > kMostBytes || end == std::string_view::npos) return invalid("has no end of line, or is too long");
  const std::string_view text = value.substr(0, end);
  FlatObject object;
  if (!object.read(text)) return invalid("is not a JSON object");
  if (number_in(object, "v") != kVersion) return invalid("is of another version than 1: this node needs a newer telefence");
  LogTimestamp out;
  out.log = text_in(object, "log");
  out.sequence = number_in(object, "seq");
  out.hash = text_in(object, "hash");
  const std::uint64_t at_ms = number_in(object, "ts");
  if (out.log.empty() || at_ms == 0 || at_ms > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return invalid("has no log or no ts");
  out.at_ms = static_cast<std::int64_t>(at_ms);
  out.publisher = text_in(object, "publisher");
  Result<std::vector<BatchSignature>> signatures = parse_signatures(value.substr(end + 1));
  if (!signatures.ok()) return signatures.error();
  out.signatures = std::move(signatures.value());
  out.digest = hex_of(sha256(text));
  return out;
}

}  // namespace telefence
