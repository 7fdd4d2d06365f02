// SPDX-License-Identifier: Apache-2.0
#pragma once

// A second party's signature on a snapshot: what the log says is read and judged anew, from what this key has signed before or from the
// log's beginning, and compared entry by entry with what the snapshot says. Who makes snapshots then can't put anything in force alone.
// Control thread of a tool.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "redis/connection.h"
#include "signatures/compiler.h"
#include "signatures/key_file.h"
#include "signatures/options.h"
#include "signatures/snapshot.h"

namespace telefence {

struct CosignedSnapshot {
  SnapshotManifest manifest;
  std::uint64_t begun_with = 0;  // the snapshot that was signed before; 0 = the beginning of the log
  std::uint64_t batches = 0;     // read behind it
  std::uint64_t entries = 0;     // compared
  bool was_signed = false;       // by this key already: nothing was done
};

// The newest snapshot. kUsage: there is none. kInvalid: it does not say what the log says. kFailed: it can't be told, since batches are
// missing; or it was changed meanwhile.
Result<CosignedSnapshot> cosign_snapshot(RedisConnection& connection, const CompileTerms& terms, const TrustOptions& trust, const std::string& log,
                                         const SigningKey& key);

}  // namespace telefence
