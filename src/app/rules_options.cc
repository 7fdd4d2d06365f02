// SPDX-License-Identifier: Apache-2.0
#include "app/rules_options.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "app/push_line.h"
#include "config/assemble.h"
#include "config/loader.h"
#include "signatures/words.h"

namespace telefence {
namespace {

Error usage(std::string message) { return Error{ErrorCode::kUsage, std::move(message)}; }

}  // namespace

Result<IntakeOptions> intake_options(const RulesArguments& arguments, RulesProgress& progress) {
  Config config = default_config();
  config.normalise.home_country = arguments.home_country;
  if (Result<void> set = set_protected(config, arguments.protected_file); !set) return set.error();
  IntakeOptions options;
  options.terms = compile_terms(config);
  options.format = arguments.format.empty() ? nullptr : list_format(arguments.format);
  options.common.category = category_from(arguments.category).value_or(Category::kOther);
  options.common.tier = static_cast<Tier>(arguments.tier);
  if (!arguments.action.empty() && arguments.action != "block" && options.terms.action_id(arguments.action) == kNoAction)
    return usage("--action: expected drop, reset, answer, neutralise or tag, found \"" + arguments.action + "\"");
  options.common.action = arguments.action;
  options.common.source = arguments.source;
  options.common.sides = sides_from(arguments.side).value_or(Signature::Sides::kEither);
  options.common.allow = arguments.allow;
  options.common.shadow = arguments.shadow;
  if (!arguments.match.empty()) options.subdomains = arguments.match == "suffix";
  options.now_s = std::time(nullptr);
  options.most_complaints = arguments.json ? kMostComplaintsInJson : arguments.most;
  options.progress = [&progress](const TextSource& source) { progress.show(source); };
  if (std::count(arguments.files.begin(), arguments.files.end(), "-") > 1) return usage("standard input (-) can be read once only");
  return options;
}

}  // namespace telefence
