// SPDX-License-Identifier: Apache-2.0
#include "app/record_origin.h"

#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iostream>
#include <map>

#include "config/assemble.h"
#include "match/made_id.h"
#include "record/eve.h"
#include "signatures/batch.h"
#include "signatures/compiler.h"
#include "signatures/key_file.h"
#include "signatures/list_files.h"
#include "signatures/op_line.h"
#include "signatures/pattern_files.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr int kMostRotated = 10'000;
constexpr std::size_t kMostSince = 20;

std::optional<FoundRecord> find_in(std::istream& stream, const std::string& file, const std::string& id) {
  // Whole lines are parsed only when the id stands in them somewhere.
  std::string line;
  for (std::uint64_t number = 1; std::getline(stream, line); ++number) {
    if (line.find(id) == std::string::npos) continue;
    Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("telefence") || !json["telefence"].is_object()) continue;
    if (json["telefence"].value("record_id", Json()) != Json(id)) continue;
    return FoundRecord{std::move(json), file + ":" + std::to_string(number)};
  }
  return std::nullopt;
}

std::string utc(std::int64_t unix_s) {
  const std::time_t when = unix_s;
  std::tm parts{};
  gmtime_r(&when, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%FT%TZ", &parts)};
}

// Records cut long texts: what they have is the beginning then.
bool is_cut(std::string_view shown, std::string_view whole, RecordText field) {
  return shown.size() == kLongestRecordText[static_cast<std::size_t>(field)] && whole.starts_with(shown);
}

class Search {
 public:
  Search(const RecordedEntry& entry, const Config& config, std::int64_t now_s)
      : entry_(entry), config_(config), terms_(compile_terms(config)), now_s_(now_s) {}

  void look_into_lists() {
    for (const ListOptions& list : config_.signatures.lists) {
      if (list.kind != entry_.kind || list.allow || !is_source(list.file)) continue;
      found.looked_at.push_back(list.file);
      if (list.kind == SignatureKind::kDomain || (list.kind == SignatureKind::kNumber && !is_masked()))
        look_for_line(list, line_of_entry(list.file, list.kind, entry_.value, terms_), entry_.value);
      else
        look_at_each(list);
    }
  }

  void look_into_patterns() {
    if (entry_.kind != SignatureKind::kPattern && entry_.kind != SignatureKind::kUrl) return;
    for (const std::string& name : config_.signatures.patterns) {
      const Result<std::vector<std::string>> files = expand_file_name(name);
      for (const std::string& file : files ? files.value() : std::vector<std::string>()) look_into_pattern_file(file);
    }
  }

  void take(const StoredBatch& stored) {
    const Result<Batch> read = read_batch(stored.id, {stored.header, stored.body, stored.signature});
    if (!read || !read.value().newer.empty()) return;
    for (const Change& change : read.value().changes) take(read.value(), change);
  }

  Origin found;

 private:
  bool is_masked() const { return entry_.value.find("****") != std::string::npos; }
  // A daemon that was started with a relative name has relative ones in its records.
  bool is_source(std::string_view whole) const {
    return entry_.source == whole || is_cut(entry_.source, whole, RecordText::kSignatureSource) || whole.ends_with("/" + entry_.source);
  }

  // Of canonical values; ids tell those apart that look alike when masked or cut.
  bool is_it(SignatureKind kind, std::string_view source, std::uint64_t id, std::string_view value) const {
    const bool is_like = value == entry_.value || is_cut(entry_.value, value, RecordText::kSignatureValue) ||
                         (kind == SignatureKind::kNumber && masked(value) == entry_.value);
    return is_like && entry_.id == (id != 0 ? id : made_id(kind, false, source, value));
  }

  void look_for_line(const ListOptions& list, std::size_t line, const std::string& value) {
    if (line == 0) return;
    found.value = value;
    found.places.push_back({{"from", "list"}, {"file", list.file}, {"line", line}, {"value", value},
                            {"category", category_name(list.category)}, {"tier", list.tier}});
  }

  void look_at_each(const ListOptions& list) {
    std::size_t line = 0;
    std::string value;
    (void)read_list_file(list, [&](Signature signature) {
      if (line != 0) return;
      const Result<Entry> entry = canonical_entry(signature, terms_);
      if (!entry || !is_it(list.kind, list.file.ends_with("/" + entry_.source) ? entry_.source : list.file, 0, entry.value().rule.value)) return;
      line = std::stoul(signature.where.substr(signature.where.rfind(':') + 1));
      value = entry.value().rule.value;
    });
    look_for_line(list, line, value);
  }

  void look_into_pattern_file(const std::string& file) {
    found.looked_at.push_back(file);
    const Result<PatternFile> read = read_pattern_file(file);
    if (!read) return;
    for (const Pattern& pattern : read.value().patterns) {
      const Signature& signature = pattern.signature;
      if (signature.allow || !is_it(signature.kind, signature.source, signature.id, signature.name)) continue;
      found.value = signature.name;
      found.places.push_back({{"from", "patterns"}, {"place", signature.where}, {"value", signature.name}, {"name_en", pattern.name_en},
                              {"name_zh", pattern.name_zh}, {"category", category_name(signature.category)}, {"tier", signature.tier}});
    }
  }

  void take(const Batch& batch, const Change& change) {
    const Signature& signature = change.signature;
    if (change.op == Change::Op::kReplaceList) return take_end_of_list(batch, change);
    if (signature.kind != entry_.kind) return;
    const Result<Entry> made = canonical_entry(signature, terms_);
    if (!made) return;
    const std::string& value = made.value().rule.value;
    const bool is_add = change.op == Change::Op::kAdd;
    if (is_add && !signature.allow && is_it(signature.kind, signature.source, signature.id, value)) {
      // Of the same entry pushed again, the newest that was in force then is meant.
      if (batch.sequence <= entry_.sequence || found.places.empty()) {
        std::erase_if(found.places.get_ref<Json::array_t&>(), [](const Json& place) { return place["from"] == "batch"; });
        found.since = Json::array();
        found.places.push_back(place_of(batch, change));
        found.value = value;
        source_ = signature.source;
        found.is_removed = has_ended(signature);
        return;
      }
    }
    if (found.value.empty() || value != found.value) return;
    add_since(batch, change);
    const bool is_of_source = signature.source == source_;
    if (!is_add) found.is_removed |= is_of_source || signature.source.empty();
    else if (is_of_source) found.is_removed = signature.allow || has_ended(signature);
  }

  void take_end_of_list(const Batch& batch, const Change& change) {
    if (found.value.empty() || change.signature.kind != entry_.kind || change.signature.source != source_) return;
    found.is_removed = true;  // unless its new list has it
    add_since(batch, change);
  }

  bool has_ended(const Signature& signature) const { return signature.expires_s != 0 && signature.expires_s <= now_s_; }

  void add_since(const Batch& batch, const Change& change) {
    if (found.since.size() >= kMostSince) found.since.erase(found.since.begin());
    Json one = {{"seq", batch.sequence}, {"published", utc(batch.timestamp_ms / 1000)}, {"publisher", batch.publisher}};
    one["change"] = Json::parse(to_op_line(change), nullptr, false);
    found.since.push_back(std::move(one));
  }

  Json place_of(const Batch& batch, const Change& change) {
    Json signed_by = Json::array();
    for (const BatchSignature& signature : batch.signatures)
      signed_by.push_back({{"key", signature.key_id}, {"name", key_name(signature.key_id)}, {"approval", signature.is_approval()}});
    return {{"from", "batch"},
            {"seq", batch.sequence},
            {"published", utc(batch.timestamp_ms / 1000)},
            {"publisher", batch.publisher},
            {"signed_by", signed_by},
            {"hash", batch.hash},
            {"change", Json::parse(to_op_line(change), nullptr, false)}};
  }

  std::string key_name(const std::string& id) {
    if (!has_keys_) {
      has_keys_ = true;
      for (const SignerOptions& signer : config_.signatures.redis.trust.signers)
        if (const Result<PublicKey> key = read_public_key(signer.key); key) keys_[key.value().id] = key.value().name;
    }
    const auto found_key = keys_.find(id);
    return found_key == keys_.end() ? std::string() : found_key->second;
  }

  const RecordedEntry& entry_;
  const Config& config_;
  const CompileTerms terms_;
  const std::int64_t now_s_;
  std::string source_;  // of the entry in the log
  bool has_keys_ = false;
  std::map<std::string, std::string> keys_;
};

// When this edge had the batch in force, by its audit file.
void add_applied(Json& places, const std::string& state_dir) {
  for (Json& place : places) {
    if (place["from"] != "batch" || state_dir.empty()) continue;
    std::ifstream stream(state_dir + "/audit.jsonl");
    std::string line;
    while (std::getline(stream, line)) {
      if (line.find("\"applied\"") == std::string::npos) continue;
      const Json json = Json::parse(line, nullptr, false);
      if (json.is_object() && json.value("what", Json()) == "applied" && json.value("seq", Json()) == place["seq"]) place["applied"] = text_of(json, "at");
    }
  }
}

}  // namespace

std::vector<std::string> with_rotated(const std::string& file) {
  std::vector<std::string> out{file};
  for (int i = 1; i <= kMostRotated; ++i) {
    std::string next = file + "." + std::to_string(i);
    if (access(next.c_str(), F_OK) != 0) break;
    out.push_back(std::move(next));
  }
  return out;
}

std::optional<FoundRecord> find_record(const std::vector<std::string>& files, const std::string& id) {
  for (const std::string& file : files) {
    if (file == "-") {
      if (auto found = find_in(std::cin, "-", id)) return found;
      continue;
    }
    std::ifstream stream(file, std::ios::binary);
    if (auto found = find_in(stream, file, id)) return found;
  }
  return std::nullopt;
}

std::optional<RecordedEntry> entry_of(const Json& record) {
  const auto text = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
  };
  const auto number = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || !found->is_number_unsigned() ? std::uint64_t{0} : found->get<std::uint64_t>();
  };
  if (!record.contains("alert") || !record["alert"].is_object()) return std::nullopt;
  const Json& own = record["telefence"];
  const std::optional<SignatureKind> kind = kind_from(text(own, "kind"));
  if (!kind) return std::nullopt;
  return RecordedEntry{*kind, text(own, "matched"), text(own, "feed"), number(record["alert"], "signature_id"), number(own, "policy_seq")};
}

Origin origin_of(const RecordedEntry& entry, const Config& config, const EachBatch& batches, std::int64_t now_s) {
  Search search(entry, config, now_s);
  search.look_into_lists();
  search.look_into_patterns();
  if (batches) {
    if (const Result<void> read = batches([&](const StoredBatch& batch) { search.take(batch); }); !read)
      search.found.looked_at.push_back(read.error().message);
  }
  add_applied(search.found.places, config.signatures.state_dir);
  return std::move(search.found);
}

}  // namespace telefence
