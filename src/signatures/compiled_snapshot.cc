// SPDX-License-Identifier: Apache-2.0
#include "signatures/compiled_snapshot.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "signatures/compiled_layer.h"
#include "signatures/complaint_list.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

// What an action's number is, and whether it can be used, depends on the program.
int number_of(const Signature& of, const CompileTerms& terms) {
  const Result<ActionId> action = action_of(of, terms);
  return action.ok() ? action.value() : -1;
}

std::string note_of(const CompiledSnapshot& compiled, const CompileTerms& terms) {
  Json actions = Json::array();
  for (const Signature& one : compiled.actions) actions.push_back({static_cast<int>(one.kind), one.action, number_of(one, terms)});
  return Json{{"chunks", compiled.other_chunks}, {"actions", actions}, {"judged", compiled.judged_s}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_same_action(const Json& one, const CompileTerms& terms) {
  if (!one.is_array() || one.size() != 3 || !one[0].is_number_integer() || !one[1].is_string() || !one[2].is_number_integer()) return false;
  Signature asks;
  asks.kind = one[0] == static_cast<int>(SignatureKind::kNumber) ? SignatureKind::kNumber : SignatureKind::kDomain;
  asks.action = one[1].get<std::string>();
  return one[2] == number_of(asks, terms);
}

bool read_note(const std::string& note, const CompileTerms& terms, CompiledSnapshot& out) {
  const Json json = Json::parse(note, nullptr, false);
  if (!json.is_object() || !json.contains("chunks") || !json.contains("actions") || !json.contains("judged") || !json["judged"].is_number_integer()) return false;
  out.judged_s = json["judged"].get<std::int64_t>();
  for (const Json& chunk : json["chunks"]) {
    if (!chunk.is_number_unsigned()) return false;
    out.other_chunks.push_back(chunk.get<std::size_t>());
  }
  for (const Json& one : json["actions"])
    if (!is_same_action(one, terms)) return false;
  return true;
}

}  // namespace

std::string snapshot_key(const SnapshotManifest& manifest, const CompileTerms& terms, const Signers& signers) {
  return Json{{"snapshot", manifest.digest}, {"terms", compile_stamp(terms)}, {"signers", signers.stamp()}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

std::optional<CompiledSnapshot> read_compiled_snapshot(const std::string& state_dir, const std::string& key, const CompileTerms& terms,
                                                       std::int64_t now_s) {
  Result<CompiledLayer> read = read_compiled_layer(compiled_snapshot_file(state_dir), key);
  CompiledSnapshot out;
  if (!read.ok() || !read_note(read.value().note, terms, out) || out.judged_s > now_s) return std::nullopt;
  out.layer = std::move(read.value().layer);
  out.complaints = std::move(read.value().complaints);
  return out;
}

Result<void> write_compiled_snapshot(const std::string& state_dir, const std::string& key, const CompiledSnapshot& compiled, const CompileTerms& terms) {
  return write_compiled_layer(compiled_snapshot_file(state_dir), key,
                              {compiled.layer, compiled.complaints, compiled.complaints.size(), count_left_out(compiled.complaints), note_of(compiled, terms)});
}

}  // namespace telefence
