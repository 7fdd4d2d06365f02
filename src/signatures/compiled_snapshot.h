// SPDX-License-Identifier: Apache-2.0
#pragma once

// The domains and numbers of the snapshot on an edge's disk, compiled, beside it: the next start needs not read them as text. All
// else that the snapshot says is read from its chunks, and its signatures are verified, at each start. Who may read the folder's
// table.secret could write one that is believed: he is the daemon itself. Control threads.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "match/layer.h"
#include "signatures/compiler.h"
#include "signatures/signers.h"
#include "signatures/snapshot.h"

namespace telefence {

struct CompiledSnapshot {
  std::shared_ptr<const Layer> layer;
  std::vector<Complaint> complaints;      // of its domains and numbers
  std::vector<std::size_t> other_chunks;  // that say more than which domains and numbers are added; ascending
  std::vector<Signature> actions;         // that they ask for by name; only kind and action count
  std::int64_t judged_s = 0;              // Unix time: what was proved then is proved later
};

inline std::string compiled_snapshot_file(const std::string& state_dir) { return state_dir + "/snapshot.compiled"; }

// What the compiled form depends on: the manifest, whose word makes a wide entry good, and what refuses entries.
std::string snapshot_key(const SnapshotManifest& manifest, const CompileTerms& terms, const Signers& signers);

// nullopt: there is none of exactly this one, its actions are others now, or it was judged at a time that lies ahead of `now_s`: by a clock that
// was wrong, or is.
std::optional<CompiledSnapshot> read_compiled_snapshot(const std::string& state_dir, const std::string& key, const CompileTerms& terms, std::int64_t now_s);
Result<void> write_compiled_snapshot(const std::string& state_dir, const std::string& key, const CompiledSnapshot& compiled, const CompileTerms& terms);

}  // namespace telefence
