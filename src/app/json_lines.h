// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mistakes of configurations and complaints about signatures as JSON and as lines for people, for check, run and replay.

#include <nlohmann/json.hpp>

#include <vector>

#include "config/loader.h"
#include "signatures/signature.h"

namespace telefence {

using Json = nlohmann::ordered_json;

// Never throws on text that is not UTF-8: it is replaced.
inline std::string to_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json to_json(const Mistake& mistake);
Json to_json(const Complaint& complaint);

// Each on a line of its own on standard error.
void print(const std::vector<Mistake>& mistakes, const char* kind);
void print(const std::vector<Complaint>& complaints);

}  // namespace telefence
