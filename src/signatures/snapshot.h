// SPDX-License-Identifier: Apache-2.0
#pragma once

// A snapshot: all that the change log says after one of its batches, so that an edge need not read the log from its beginning. A
// signed manifest names the batch and the SHA-256 of each chunk. A chunk is one zstd frame of text lines:
//
//   #{"op":"add","kind":"domain","match":"suffix","category":"phishing","level":1,"source":"centre","columns":["expires"]}
//   bad.example <tab> 1796054400
//
// A line with # says what the rows behind it, to the end of the chunk, have in common: an op line without its value. A row has the
// value and the columns named there. A line that begins with { is an op line by itself (patterns, URLs, what waits for its time), and
// #{"proof":...} is a batch whose signatures allow a wide entry of this snapshot. docs/signatures.md has it byte by byte.
//
// Reading never believes a size that is told: what comes out is bounded. Pure; control threads.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/batch_signature.h"
#include "signatures/log_trail.h"
#include "signatures/policy_file.h"
#include "signatures/signature.h"

namespace telefence {

inline constexpr std::size_t kMaxManifestBytes = 1 << 20;
inline constexpr std::size_t kMaxChunkBytes = 8 << 20;         // packed
inline constexpr std::size_t kMaxChunkUnpacked = 64 << 20;
inline constexpr std::size_t kMaxSnapshotChunks = 4096;
inline constexpr std::uint64_t kSnapshotVersion = 1;

struct SnapshotChunk {
  std::uint64_t bytes = 0;  // packed
  std::string sha256;       // of these bytes, 64 hexadecimal digits
};

struct SnapshotManifest {
  std::uint64_t sequence = 0;   // of the last batch that is in it
  std::string hash;             // of that batch; "" = not known
  bool has_gaps = false;  // batches were missing or refused when it was made: who has them all loses by it
  std::int64_t moment_ms = 0;   // what is over then is not in it, and what waits for later waits in it
  std::int64_t created_ms = 0;  // batches up to `sequence` that are dated later are none of these
  std::string publisher;
  std::uint64_t domains = 0, numbers = 0, others = 0, removed = 0;  // rows and op lines
  std::uint64_t ends = 0, ids = 0;  // so many of the rows end, or have an id: these take more memory
  std::vector<SnapshotChunk> chunks;
  LogTrail before;  // batches before `sequence`; "before" in the text may be left out

  std::string digest;  // SHA-256 of the text as it is signed, 64 hexadecimal digits; set by read_manifest
  std::vector<BatchSignature> signatures;

  std::uint64_t bytes() const;
};

// The text that is signed: one line of JSON.
std::string manifest_text(const SnapshotManifest& manifest);
std::string snapshot_digest(std::string_view manifest_text);
// What a signature is over.
std::string snapshot_message(std::string_view digest);
BatchSignature sign_snapshot(const SigningKey& key, std::string_view digest);
// As it is kept: the text, LF, lines of signatures.
std::string manifest_value(std::string_view text, const std::vector<BatchSignature>& signatures);
// kInvalid says what is wrong. Signatures are not verified (Signers::refuse).
Result<SnapshotManifest> read_manifest(std::string_view value);

// Whether this is the chunk that the manifest means; unpacked. kInvalid: it is not, or does not unpack.
Result<std::string> unpack_chunk(const SnapshotManifest& manifest, std::size_t index, std::string_view packed);

// The keys in Redis that belong to a log: "tf:1:log" has "tf:1:snap:42:manifest", "tf:1:snap:42:0" ..., "tf:1:snap:42:maker" while somebody
// makes it, and "tf:1:head".
std::string manifest_key(std::string_view log, std::uint64_t sequence);
std::string chunk_key(std::string_view log, std::uint64_t sequence, std::size_t index);
std::string maker_key(std::string_view log, std::uint64_t sequence);
std::string head_key(std::string_view log);

// Collects what is to be in a snapshot, and packs it.
class SnapshotWriter {
 public:
  // A domain or number: what it has in common with others, and itself. Requires: change.signature has no value.
  void add(const Change& common, std::string_view value, std::int64_t expires_s, std::uint64_t id);
  // Anything else.
  void add_line(const Change& change);
  void add_unenforced(std::string_view line);  // an op line of a kind that is not enforced
  void add_proof(const StoredBatch& batch);
  // Calls `put` for each chunk; fills `manifest` (chunks, counts).
  Result<void> finish(SnapshotManifest& manifest, const std::function<Result<void>(std::size_t index, std::string packed)>& put);

 private:
  std::map<std::string, std::string> sections_;  // header line -> rows
  std::string proofs_, lines_;                   // lines_: op lines
  std::uint64_t domains_ = 0, numbers_ = 0, others_ = 0, removed_ = 0, ends_ = 0, ids_ = 0;
  std::string* last_rows_ = nullptr;  // of the header that was made last, and what it was made of
  Change last_;
  bool last_has_end_ = false, last_has_id_ = false;
};

// The lines of an unpacked chunk. kInvalid: with what is wrong.
class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  Result<void> read(std::string_view text);

 protected:
  // The rows that follow have this in common.
  virtual Result<void> begin(const Change& common) = 0;
  virtual Result<void> row(std::string_view value, std::int64_t expires_s, std::uint64_t id) = 0;
  virtual Result<void> line(Change change) = 0;
  virtual Result<void> proof(const StoredBatch& batch) = 0;

 private:
  Result<void> take_header(std::string_view json);
  Result<void> take_row(std::string_view line);
  bool has_end_ = false, has_id_ = false, is_in_section_ = false;
};

}  // namespace telefence
