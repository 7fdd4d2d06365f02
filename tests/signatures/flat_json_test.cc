// SPDX-License-Identifier: Apache-2.0
#include "signatures/flat_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace telefence {
namespace {

// What the object says, as JSON again; "no object".
std::string told(std::string_view line) {
  FlatObject object;
  if (!object.read(line)) return "no object";
  nlohmann::json out = nlohmann::json::object();
  for (const FlatValue& member : object.members()) {
    nlohmann::json& value = out[std::string(member.name)];
    switch (member.kind) {
      case FlatValue::Kind::kText: value = std::string(member.text); break;
      case FlatValue::Kind::kNumber: value = member.number; break;
      case FlatValue::Kind::kFlag: value = member.flag; break;
      case FlatValue::Kind::kList: value = member.has_only_texts ? nlohmann::json(member.texts) : nlohmann::json("mixed"); break;
      case FlatValue::Kind::kNull: break;
      case FlatValue::Kind::kOther: value = "other"; break;
    }
  }
  return out.dump(-1, ' ', true);
}

std::string expected(std::string_view line) {
  const nlohmann::json read = nlohmann::json::parse(line, nullptr, false);
  if (!read.is_object()) return "no object";
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [name, value] : read.items()) {
    if (value.is_object() || (value.is_number() && !value.is_number_unsigned()))
      out[name] = "other";
    else if (value.is_array() && !std::all_of(value.begin(), value.end(), [](const auto& item) { return item.is_string(); }))
      out[name] = "mixed";
    else
      out[name] = value;
  }
  return out.dump(-1, ' ', true);
}

TEST(FlatJson, SaysWhatAnotherReaderSays) {
  std::vector<std::string> lines = {
      R"({"op":"add","kind":"domain","value":"bad.example","level":1,"shadow":true,"name":null})", "{}", "", "{", " { \t} ", "[]", "{}x", R"({"a":1,})",
      R"({"a":1,"a":2})", R"({"a":01})", R"({"a":-1})", R"({"a":1.0})", R"({"a":1e3})", R"({"a":18446744073709551615})", R"({"a":18446744073709551616})",
      R"({"a":9999999999999999999})", R"({"a":"\u4e2d\n"})", R"({"a":"中"})", "{\"a\":\"\xff\"}", R"({"a":["b","c"],"d":[1],"e":{},"f":[]})", R"({"a":truex})",
      R"({"a":tru})", R"({"a" : "b" , "c" :false})", R"({"a" "b"})", R"({"":""})", "{\"a\":\"\x01\"}", "{\"a\":\"\x7f\"}", R"({"a":1}{"b":2})", R"({a:1})"};
  for (const std::string& line : lines) EXPECT_EQ(told(line), expected(line)) << line;
  // Each with octets changed, left out and doubled.
  std::minstd_rand random(11);
  constexpr std::string_view kOctets = "{}[]\",:0123456789truefalsn.-eE \\\x80\xe4";
  const std::size_t given = lines.size();
  for (int i = 0; i < 200'000; ++i) {
    std::string line = lines[random() % given];
    for (int change = 0; change < 3 && !line.empty(); ++change) {
      const std::size_t at = random() % line.size();
      switch (random() % 3) {
        case 0: line[at] = kOctets[random() % kOctets.size()]; break;
        case 1: line.erase(at, 1); break;
        default: line.insert(at, 1, kOctets[random() % kOctets.size()]); break;
      }
    }
    ASSERT_EQ(told(line), expected(line)) << line;
  }
}

}  // namespace
}  // namespace telefence
