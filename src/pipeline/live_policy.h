// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "decide/policy.h"
#include "enforce/action.h"
#include "pipeline/shedder.h"
#include "protocols/classify.h"

namespace telefence {

// The live part of the configuration that workers read.
struct LivePolicy {
  Policy policy{PolicyOptions{}};
  EnforceOptions enforce;
  Classifier classifier;
  OverloadOptions overload;
};

}  // namespace telefence
