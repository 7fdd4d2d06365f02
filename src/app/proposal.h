// SPDX-License-Identifier: Apache-2.0
#pragma once

// A change that the first of two signers has approved and hands to the second, as a file: the op lines, and an approval over them
// (signatures/batch_signature.h). Where it will stand in the log is not known yet, and need not be.

#include <string>
#include <vector>

#include "base/result.h"
#include "signatures/batch_signature.h"
#include "signatures/key_file.h"

namespace telefence {

struct Proposal {
  std::vector<std::string> lines;
  std::string publisher;   // who proposes
  std::string key_name;    // as he calls his key
  BatchSignature approval;
};

// Good for a day: long enough for a colleague, too short for a drawer.
inline constexpr std::int64_t kProposalLife_s = 86'400;

Proposal propose(std::vector<std::string> lines, const std::string& publisher, const SigningKey& key, std::int64_t now_s);

// kUsage: the file is there already.
Result<void> write_proposal(const std::string& file, const Proposal& proposal);
// kInvalid: no proposal, or lines that are no changes.
Result<Proposal> read_proposal(const std::string& file);

}  // namespace telefence
