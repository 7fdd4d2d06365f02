// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lists (compiled_lists.h) or a snapshot (compiled_snapshot.h) were compiled to, on disk: a start with the same reads it in a
// fraction of the time. A file that is not of exactly the same, or not whole, is not used. Control threads.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/layer.h"
#include "signatures/compiler.h"
#include "signatures/signature.h"

namespace telefence {

struct CompiledLayer {
  std::shared_ptr<const Layer> layer;
  std::vector<Complaint> complaints;
  std::size_t complaint_count = 0;  // with those that were not kept
  std::size_t left_out = 0;  // of those
  std::string note;  // the owner's own
};

// What else than its source a layer depends on: what refuses entries.
std::string compile_stamp(const CompileTerms& terms);

// `key`: of what it was made, and the stamp. The error says why there is nothing of use.
Result<CompiledLayer> read_compiled_layer(const std::string& file, const std::string& key);
Result<void> write_compiled_layer(const std::string& file, const std::string& key, const CompiledLayer& compiled);

// Takes the secret of the tables' hashes from the folder, or leaves one there. Before anything is hashed. The error says why the
// next start can't use what this one compiles.
Result<void> share_table_secret(const std::string& state_dir);

}  // namespace telefence
