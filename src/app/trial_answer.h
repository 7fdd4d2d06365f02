// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an edge answers when it is asked what changes would have hit (signatures/trial.h): of each, how much was sampled and hit, and what
// is in force about its value. The desk's thread.

#include <cstdint>
#include <functional>
#include <vector>

#include "app/json_lines.h"
#include "app/test_request.h"
#include "sample/live_sample.h"
#include "signatures/compiler.h"

namespace telefence {

struct TrialGround {
  const LiveSample& sample;
  const CompileTerms& terms;
  std::function<Result<Json>(const TestRequest&)> test;  // as answer_test
  std::int64_t now_s = 0;
};

// {"v":1,"lines":[{"sampled","hits","period_s","now":{"reason","entry","by"}}, {"problem"} ...]}. "hits" is left out when there are
// fewer than kLeastHits, or less than kLeastSampled was sampled.
Json answer_trial(const std::vector<Change>& changes, const TrialGround& ground);

}  // namespace telefence
