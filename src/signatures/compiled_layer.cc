// SPDX-License-Identifier: Apache-2.0
#include "signatures/compiled_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/program_id.h"
#include "match/keyed_hash.h"
#include "normalise/domain.h"
#include "normalise/public_suffixes.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

std::string note_of(const CompiledLayer& compiled) {
  Json complaints = Json::array();
  for (const Complaint& one : compiled.complaints) complaints.push_back({one.where, one.value, one.reason, one.is_left_out});
  return Json{{"count", compiled.complaint_count}, {"left_out", compiled.left_out}, {"complaints", complaints}, {"note", compiled.note}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool read_note(const std::string& note, CompiledLayer& out) {
  const Json json = Json::parse(note, nullptr, false);
  const auto is_number = [&](const char* name) { return json.contains(name) && json[name].is_number_unsigned(); };
  if (!json.is_object() || !is_number("count") || !is_number("left_out") || !json.contains("complaints") || !json.contains("note") || !json["note"].is_string())
    return false;
  out.complaint_count = json["count"].get<std::size_t>();
  out.left_out = json["left_out"].get<std::size_t>();
  out.note = json["note"].get<std::string>();
  for (const Json& one : json["complaints"]) {
    if (!one.is_array() || one.size() != 4 || !one[0].is_string() || !one[1].is_string() || !one[2].is_string() || !one[3].is_boolean())
      return false;
    out.complaints.push_back({one[0].get<std::string>(), one[1].get<std::string>(), one[2].get<std::string>(), one[3].get<bool>()});
  }
  return true;
}

Error no_secret(const std::string& file) {
  return {ErrorCode::kFailed, "can't keep " + file + " (" + std::strerror(errno) + "): the next start reads lists and snapshot from their text"};
}

}  // namespace

std::string compile_stamp(const CompileTerms& terms) {
  const std::string names = terms.protected_names == nullptr ? "" : terms.protected_names->stamp();
  // What makes a name canonical, what is never blocked, what is too wide, how a pattern is tried: all of it is the program's, and its library's.
  return Json{{"program", program_id()}, {"idn", domain_text_library()}, {"home", terms.home_country}, {"suffixes", PublicSuffixes::stamp()}, {"protected", names}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

Result<CompiledLayer> read_compiled_layer(const std::string& file, const std::string& key) {
  LayerPapers papers{key, {}};
  Result<std::unique_ptr<Layer>> layer = Layer::read(file, papers);
  if (!layer.ok()) return layer.error();
  CompiledLayer compiled;
  if (!read_note(papers.note, compiled)) return Error{ErrorCode::kFailed, file + ": its note is damaged"};
  compiled.layer = std::move(layer.value());
  return compiled;
}

Result<void> write_compiled_layer(const std::string& file, const std::string& key, const CompiledLayer& compiled) {
  return compiled.layer->write(file, {key, note_of(compiled)});
}

Result<void> share_table_secret(const std::string& state_dir) {
  const std::string file = state_dir + "/table.secret";
  TableSecret secret{};
  const int there = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (there >= 0) {
    const ssize_t got = ::read(there, secret.words.data(), sizeof secret.words);
    ::close(there);
    if (got == static_cast<ssize_t>(sizeof secret.words)) {
      if (use_table_secret(secret)) return {};
      return Error{ErrorCode::kFailed, "another secret is in use already"};
    }
  }
  std::error_code ignored;
  std::filesystem::create_directories(state_dir, ignored);
  const std::string beside = file + ".new";
  const int made = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (made < 0) return no_secret(file);
  const TableSecret& own = table_secret();
  const bool is_written = ::write(made, own.words.data(), sizeof own.words) == static_cast<ssize_t>(sizeof own.words) && fsync(made) == 0;
  ::close(made);
  if (!is_written || ::rename(beside.c_str(), file.c_str()) != 0) return no_secret(file);
  return {};
}

}  // namespace telefence
