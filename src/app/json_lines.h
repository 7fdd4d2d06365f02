// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mistakes of configurations and complaints about signatures as JSON and as lines for people, for check, run, replay and reload.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "app/language.h"
#include "config/sealed.h"
#include "signatures/signature.h"

namespace telefence {

using Json = nlohmann::ordered_json;

// Never throws on text that is not UTF-8: it is replaced.
inline std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Of JSON that somebody else wrote (a file, Redis, a daemon): what is missing, or of another type, counts as not told. Json::value()
// throws then.
std::string text_of(const Json& json, const char* name, std::string_view otherwise = {});
bool flag_of(const Json& json, const char* name);
const Json& member_of(const Json& json, const char* name);  // null
// An item of a list, or a value of a map.
inline std::string item_text(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }

template <typename Number = std::uint64_t>
Number number_of(const Json& json, const char* name, Number otherwise = 0) {
  const Json& told = member_of(json, name);
  const bool fits = told.is_number_unsigned() || (told.is_number_integer() && std::is_signed_v<Number>);
  return fits ? told.get<Number>() : otherwise;
}

Json to_json(const Mistake& mistake);
Json to_json(const Complaint& complaint);

inline constexpr Text kMistake{"mistake", "错误"};
inline constexpr Text kWarning{"warning", "警告"};

// "file:line:column: key: message", "file:line: value: reason".
std::string to_text(const Mistake& mistake, Language language);
std::string to_text(const Complaint& complaint, Language language);
// "records.file (line 9)"; Json as to_json() makes it.
std::string to_text(const SealedChange& change, Language language);
Json to_json(const SealedChange& change);
SealedChange sealed_change_from(const Json& told);

// Each on a line of its own on standard error.
void print(const std::vector<Mistake>& mistakes, const Text& kind, Language language);
void print(const std::vector<Complaint>& complaints, Language language);
void print(const char* program, const Error& error, Language language);

}  // namespace telefence
