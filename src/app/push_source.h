// SPDX-License-Identifier: Apache-2.0
#pragma once

// The changes of `telefence push apply`: lists in any format (lists/intake.h), or op lines, which go out as they are written. Everything
// is read and judged, as edges will, before anything is published; every line is accounted for.

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/rules_progress.h"
#include "app/rules_text.h"
#include "lists/intake.h"
#include "signatures/options.h"

namespace telefence {

struct PushSourceOptions {
  IntakeOptions reading;         // common.source: who says so; "" = who publishes
  bool is_new_list = false;      // all of it is what this source says of one kind, or of each
  std::string kind;              // the kind; "" = all that are there
  WideTerms wide;
};

class PushSource {
 public:
  explicit PushSource(PushSourceOptions options);
  ~PushSource();

  // kUsage: op lines and lists together. Fails as Intake::read does.
  Result<void> read(const std::vector<std::string>& files, RulesProgress& progress);

  Reading reading() const;
  std::uint64_t count() const;  // of changes to be published
  const std::set<std::string>& kinds() const { return kinds_; }
  // The first entry that edges take with two signatures only: where, value and why; "" = none.
  Result<std::string> wide();
  // The op lines, in order. Stops when `take` fails.
  Result<void> each(const std::function<Result<void>(std::string_view line)>& take);
  // The same as changes. `is_canonical`: its value is.
  Result<void> each_change(const std::function<Result<void>(const Change&, bool is_canonical)>& take);
  // Op lines that end what a source has said.
  bool replaces_lists() const;
  const CompileTerms& terms() const { return options_.reading.terms; }

 private:
  class OpLines;
  Result<void> read_lists(std::vector<std::unique_ptr<TextSource>>& sources, RulesProgress& progress);
  Result<void> check_kinds() const;
  // Asked about all of it, in order, and answers at the end: patterns are compiled together.
  class WideSearch;

  const PushSourceOptions options_;
  Intake intake_;
  std::unique_ptr<OpLines> op_lines_;  // none: lists
  std::set<std::string> kinds_;
};

}  // namespace telefence
