// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `telefence test` asks, and the answer as JSON: made by the daemon for the tool over the control socket, and by the tool
// itself from files. Events are made for the occasion, one for each protocol that would carry the value, and go through the
// same normaliser, tables and policy as traffic.

#include <string>

#include "app/json_lines.h"
#include "base/result.h"
#include "decide/policy.h"
#include "decide/protected_names.h"
#include "match/match_set.h"
#include "normalise/normalise.h"

namespace telefence {

struct TestRequest {
  std::string kind;     // domain, url, number, sms
  std::string value;
  std::string calling;  // sms: the sender; may be ""
};

// kUsage: a field is missing or of the wrong kind.
Result<TestRequest> test_request_from(const Json& request);
Json to_json(const TestRequest& request);

// What the answer rests on. Views for the time of the call.
struct TestGround {
  const MatchSet& set;
  const Policy& policy;
  const Normaliser& normaliser;
  const ProtectedNames* protected_names = nullptr;  // none: nothing is
  bool tells_lines = true;  // of list files, which have to be read for it
};

// {"kind","value","normalised":[...],"hits":[...],"verdicts":[...],"reason","would_block","never_block","refused","mode"}.
// kUsage: the value is no domain, URL or number at all.
Result<Json> answer_test(const TestRequest& request, const TestGround& ground);

}  // namespace telefence
