// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the second of two signers is shown of a proposal, and whether it was published already.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/language.h"
#include "app/proposal.h"
#include "app/tool_verbs.h"
#include "base/result.h"
#include "signatures/key_file.h"

namespace telefence {

// For each of the lines why edges take it with two signatures only; "" when they take it with one.
std::vector<std::string> wide_lines(const PushArguments& arguments, const std::vector<std::string>& lines);

// The key of --approver, when the approval is its word over just these lines; none without --approver. kInvalid: it is not.
Result<std::optional<PublicKey>> check_approver(const PushArguments& arguments, const Proposal& proposal);

// `approver`: as check_approver() has found it.
void print_proposal(const PushArguments& arguments, const Proposal& proposal, const std::optional<PublicKey>& approver, Language language);

// The batch of the log that carries this approval; 0 = none of its time. What was taken back since must not come again by a word that was
// given before. kUnreachable: no server.
Result<std::uint64_t> published_as(const PushArguments& arguments, const BatchSignature& approval);

}  // namespace telefence
