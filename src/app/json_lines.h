// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mistakes of configurations and complaints about signatures as JSON and as lines for people, for check, run, replay and reload.

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "app/language.h"
#include "config/sealed.h"
#include "signatures/signature.h"

namespace telefence {

using Json = nlohmann::ordered_json;

// Never throws on text that is not UTF-8: it is replaced.
inline std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

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
