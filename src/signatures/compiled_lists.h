// SPDX-License-Identifier: Apache-2.0
#pragma once

// The lists of one configuration, compiled, on disk: a start with the same lists reads them in a fraction of a second. A file that is
// not of exactly these lists, or not whole, is not used. Control thread.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/layer.h"
#include "signatures/compiler.h"
#include "signatures/options.h"
#include "signatures/signature.h"

namespace telefence {

struct CompiledLists {
  std::shared_ptr<const Layer> layer;
  std::vector<Complaint> complaints;
  std::size_t complaint_count = 0;  // with those that were not kept
  std::size_t left_out = 0;  // of those
};

// What the compiled form depends on: names, sizes and times of the files, options, and what refuses entries. "" when a file is not there.
std::string lists_key(const SignatureOptions& options, const CompileTerms& terms);

Result<CompiledLists> read_compiled_lists(const std::string& state_dir, const std::string& key);
Result<void> write_compiled_lists(const std::string& state_dir, const std::string& key, const CompiledLists& lists);

// Takes the secret of the tables' hashes from the folder, or leaves one there. Before anything is hashed. The error says why the
// next start can't use what this one compiles.
Result<void> share_table_secret(const std::string& state_dir);

}  // namespace telefence
