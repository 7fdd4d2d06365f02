// SPDX-License-Identifier: Apache-2.0
#pragma once

// Snapshots at a Redis server, and one of them into memory: fetched, verified and read, the next chunk unpacked by another thread while
// one is read. Control thread (the feed's, or that of a tool).

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/reply.h"
#include "signatures/signers.h"
#include "signatures/snapshot.h"
#include "signatures/snapshot_load.h"

namespace telefence {

// A command to the server and its reply.
using AskRedis = std::function<Result<RedisReply>(std::initializer_list<std::string_view> words)>;

// What tf:1:head tells of snapshots: their sequences, the newest first. Empty: there are none. kUnreachable, or kInvalid when this user
// may not ask.
Result<std::vector<std::uint64_t>> snapshots_at(const AskRedis& ask, std::string_view log);

// kInvalid: it is gone, or not sound.
struct ManifestThere {
  SnapshotManifest manifest;
  std::string value;  // as it is kept
};
Result<ManifestThere> manifest_at(const AskRedis& ask, std::string_view log, std::uint64_t sequence);
Result<std::string> chunk_at(const AskRedis& ask, std::string_view log, const SnapshotManifest& manifest, std::size_t index);

struct LoadedSnapshot {
  std::unique_ptr<SnapshotLoad> load;
  std::vector<std::string> chunks;  // as they came, when they are to be kept
};
// Reads the chunks, each given by `chunk`, in order. `before`: of exactly this snapshot; only what it has not is asked for. Requires: the
// signers took the manifest; all outlive what is returned.
Result<LoadedSnapshot> load_snapshot(const SnapshotManifest& manifest, const CompileTerms& terms, const Signers& signers, bool keeps_chunks,
                                     const std::function<Result<std::string>(std::size_t index)>& chunk, std::optional<CompiledSnapshot> before = {});

}  // namespace telefence
