// SPDX-License-Identifier: Apache-2.0
#include "app/json_lines.h"

#include <cstdio>

#include "app/language.h"
#include "app/sentences.h"

namespace telefence {
namespace {

// What files hold must not move a terminal's cursor, nor change its title.
void print_line(std::string_view kind, const std::string& text) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(kind.size()), kind.data(), printable(text).c_str());
}

}  // namespace

const Json& member_of(const Json& json, const char* name) {
  static const Json kNothing;
  const auto found = json.find(name);  // none in what is no object
  return found == json.end() ? kNothing : *found;
}

std::string text_of(const Json& json, const char* name, std::string_view otherwise) {
  const Json& told = member_of(json, name);
  return told.is_string() ? told.get<std::string>() : std::string(otherwise);
}

bool flag_of(const Json& json, const char* name) {
  const Json& told = member_of(json, name);
  return told.is_boolean() && told.get<bool>();
}

Json to_json(const Mistake& mistake) {
  return {{"file", mistake.file}, {"line", mistake.line}, {"column", mistake.column}, {"key", mistake.key}, {"message", mistake.message}};
}

Json to_json(const Complaint& complaint) {
  return {{"where", complaint.where}, {"value", complaint.value}, {"reason", complaint.reason}, {"left_out", complaint.is_left_out}};
}

std::string to_text(const Mistake& mistake, Language language) {
  Mistake said = mistake;
  said.message = translated(language, mistake.message);
  return to_text(said);
}

std::string to_text(const Complaint& complaint, Language language) {
  return complaint.where + ": " + (complaint.value.empty() ? "" : "\"" + complaint.value + "\": ") +
         translated(language, complaint.reason);
}

std::string to_text(const SealedChange& change, Language language) {
  if (change.line == 0) return say(language, {"{} (no longer there)", "{}（已删去）"}, change.key);
  return say(language, {"{} (line {})", "{}（第 {} 行）"}, change.key, change.line);
}

Json to_json(const SealedChange& change) { return {{"key", change.key}, {"line", change.line}}; }

SealedChange sealed_change_from(const Json& told) { return {text_of(told, "key"), number_of<int>(told, "line")}; }

void print(const std::vector<Mistake>& mistakes, const Text& kind, Language language) {
  for (const Mistake& mistake : mistakes) print_line(say(language, kind), to_text(mistake, language));
}

void print(const std::vector<Complaint>& complaints, Language language) {
  for (const Complaint& complaint : complaints) {
    const std::string_view kind = complaint.is_left_out ? say(language, {"left out", "未采用"}) : say(language, {"in force, but", "已采用，但"});
    print_line(kind, to_text(complaint, language));
  }
}

void print(const char* program, const Error& error, Language language) { print_line(program, translated(language, error.message)); }

}  // namespace telefence
