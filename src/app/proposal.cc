// SPDX-License-Identifier: Apache-2.0
#include "app/proposal.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "app/json_lines.h"
#include "signatures/batch.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr int kVersion = 1;

Error wrong(const std::string& file, const std::string& why) { return Error{ErrorCode::kInvalid, file + ": " + why}; }

}  // namespace

Proposal propose(std::vector<std::string> lines, const std::string& publisher, const SigningKey& key, std::int64_t now_s) {
  BatchSignature approval = approve_body(key, plain_body(lines), now_s + kProposalLife_s);
  return {std::move(lines), publisher, key.described().name, std::move(approval)};
}

Result<void> write_proposal(const std::string& file, const Proposal& proposal) {
  if (std::ifstream(file)) return Error{ErrorCode::kUsage, file + " is there already"};
  Json out = {{"telefence_proposal", kVersion},
              {"publisher", proposal.publisher},
              {"key_name", proposal.key_name},
              {"approval", to_line(proposal.approval)},
              {"lines", proposal.lines}};
  std::ofstream stream(file);
  stream << out.dump(2) << "\n";
  stream.close();
  if (!stream) return Error{ErrorCode::kEnvironment, "can't write " + file};
  return {};
}

Result<Proposal> read_proposal(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) return Error{ErrorCode::kEnvironment, "can't read " + file + ": no such file, or no right to read it"};
  std::stringstream text;
  text << stream.rdbuf();
  const Json json = Json::parse(text.str(), nullptr, false);
  if (!json.is_object() || !json.contains("telefence_proposal")) return wrong(file, "this is no proposal (telefence push add --for-cosign)");
  if (json["telefence_proposal"] != kVersion) return wrong(file, "a proposal of another version of telefence");
  Proposal out;
  out.publisher = text_of(json, "publisher");
  out.key_name = text_of(json, "key_name");
  Result<std::vector<BatchSignature>> approvals = parse_signatures(text_of(json, "approval"));
  if (!approvals || approvals.value().size() != 1 || !approvals.value().front().is_approval()) return wrong(file, "its approval is damaged");
  out.approval = approvals.value().front();
  const auto lines = json.find("lines");
  if (lines == json.end() || !lines->is_array() || lines->empty()) return wrong(file, "it has no changes");
  for (const Json& line : *lines) {
    if (!line.is_string()) return wrong(file, "a change that is no text");
    out.lines.push_back(line.get<std::string>());
    if (const auto change = parse_op_line(out.lines.back()); !change) return wrong(file, "a change of it: " + change.error().message);
  }
  return out;
}

}  // namespace telefence
