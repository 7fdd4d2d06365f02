// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a format says of each line, as text that tests can compare: "3 domain bad.example suffix", "4 skip name: reason", "5 pass".

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lists/list_format.h"
#include "signatures/words.h"

namespace telefence {

inline std::string described(const Signature& signature) {
  std::string out = std::string(kind_name(signature.kind)) + " " + signature.value;
  if (signature.kind == SignatureKind::kDomain) out += signature.subdomains ? " suffix" : " exact";
  if (signature.kind == SignatureKind::kPattern) out += signature.literal ? " text" : " regex";
  if (signature.allow) out += " allow";
  if (!signature.action.empty()) out += " " + signature.action;
  if (signature.category != Category::kOther) out += " " + std::string(category_name(signature.category));
  if (signature.tier != 2) out += " tier" + std::to_string(signature.tier);
  if (signature.sides != Signature::Sides::kEither) out += " " + std::string(sides_name(signature.sides));
  if (signature.expires_s != 0) out += " until " + std::to_string(signature.expires_s);
  return out;
}

class Collected : public ListSink {
 public:
  void take(std::uint64_t line, const Signature& signature, const PatternSamples*) override {
    lines.push_back(std::to_string(line) + " " + described(signature));
  }
  void skip(std::uint64_t line, std::string_view value, std::string_view reason) override {
    lines.push_back(std::to_string(line) + " skip " + std::string(value) + ": " + std::string(reason));
  }
  void skip_also(std::uint64_t line, std::string_view value, std::string_view reason) override {
    lines.push_back(std::to_string(line) + " also " + std::string(value) + ": " + std::string(reason));
  }
  void doubt(std::uint64_t line, std::string_view value, std::string_view reason) override {
    lines.push_back(std::to_string(line) + " doubt " + std::string(value) + ": " + std::string(reason.substr(0, reason.find(','))));
  }
  void pass(std::uint64_t line) override { lines.push_back(std::to_string(line) + " pass"); }

  std::vector<std::string> lines;
};

inline std::string sample_text(const std::string& name) {
  std::ifstream file(std::string(SAMPLES_DIR) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline TextSource source_of_text(std::string_view text, std::string name = "list") { return TextSource(std::move(name), source_of(text)); }

inline std::vector<std::string> read_as(const ListFormat& format, std::string_view text, const Signature& common = {}) {
  TextSource source = source_of_text(text);
  Collected collected;
  format.read(source, common, collected);
  if (source.error()) collected.lines.push_back(source.error()->message);
  return collected.lines;
}

}  // namespace telefence
