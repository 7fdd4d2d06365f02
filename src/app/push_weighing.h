// SPDX-License-Identifier: Apache-2.0
#pragma once

// What speaks for caution before `telefence push apply` publishes: what it would change of what the log says, a list that would lose much
// of what it has, and what its entries would have hit in the edges' live samples.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/language.h"
#include "app/push_plan.h"
#include "app/push_portions.h"
#include "app/push_signing.h"
#include "app/push_source.h"
#include "app/tool_verbs.h"
#include "base/result.h"

namespace telefence {

// A list that loses more than --most-shrink of what it has.
struct ShrunkList {
  ListName name;
  ListSizes sizes;
};

struct WeighedList {
  std::optional<PlanCounts> changes;   // none: the log was not read
  std::vector<ShrunkList> shrunk;
  std::optional<PortionsReport> trial; // none: nobody was asked
  double most_shrink = 1;

  bool is_over() const { return !shrunk.empty() || (trial && trial->over != 0); }
};

// Lists with fewer entries may lose what they like.
inline constexpr std::uint64_t kFewOfList = 100;

// `replaced`: the kinds whose list ends. A dry run looks at everything; else only what can hold the push is looked at. What can't be
// known is said, unless the push must not go on without it: then it is the error.
Result<WeighedList> weigh_list(const PushApplyArguments& arguments, PushSource& source, const PushKeys& keys,
                               const std::vector<std::string>& replaced, Language language);

// Says what would be. Returns the exit code: 3 when a push would be held.
int tell_dry_run(const PushApplyArguments& arguments, const WeighedList& weighed, Language language);
// Says why it is held, on standard error.
void tell_held(const PushApplyArguments& arguments, const WeighedList& weighed, Language language);
// JSON for the audit file: over a limit, and wanted all the same; "": not over.
std::string confirmed_of(const WeighedList& weighed);

}  // namespace telefence
