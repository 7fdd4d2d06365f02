// SPDX-License-Identifier: Apache-2.0
#pragma once

// How lists are to be read, as the options of `telefence rules` and `telefence push apply` say it.

#include "app/rules_progress.h"
#include "app/tool_verbs.h"
#include "base/result.h"
#include "lists/intake.h"

namespace telefence {

inline constexpr std::size_t kMostComplaintsInJson = 1000;

// `progress` outlives them.
Result<IntakeOptions> intake_options(const RulesArguments& arguments, RulesProgress& progress);

}  // namespace telefence
