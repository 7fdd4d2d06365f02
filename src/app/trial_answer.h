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

// Of a portion of a long list: {"v":1,"n":4000,"sampled":{"domain":100000},"period_s":3600,"problems":0,"hit":2,"hits":[[17,340,100000] ...]}.
// "sampled": of each kind that is asked about, left out below kLeastSampled. "hits": number of the line, from 0, hits, sampled; of the
// kMostPortionHits that hit most, of "hit" with kLeastHits or more. What is in force is not looked at.
Json answer_portion(const std::vector<Change>& changes, const TrialGround& ground);

}  // namespace telefence
