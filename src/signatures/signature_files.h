// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the list and pattern files of one configuration say. Control thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "match/layer.h"
#include "signatures/compiler.h"
#include "signatures/complaint_list.h"
#include "signatures/options.h"
#include "signatures/pattern_store.h"

namespace telefence {

struct SignatureFiles {
  std::shared_ptr<const Layer> layer;  // domains and numbers; never null
  FilePatterns patterns;               // and urls
  std::set<std::string> names;         // of all files that were read
  // Not null: what is to be kept on disk for the next start (compiled_layer.h), by any thread.
  std::function<Result<void>()> keep;
};

// Reads all files. A line or pattern that can't be used is a complaint. Fails, with all reasons, when files can't be read.
Result<SignatureFiles> read_signature_files(const SignatureOptions& options, const CompileTerms& terms,
                                            ComplaintList& complaints);

}  // namespace telefence
