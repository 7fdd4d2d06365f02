// SPDX-License-Identifier: Apache-2.0
#pragma once

// One entry of the change log: header h (JSON), body b (op lines, zstd or plain), signatures s. docs/signatures.md has
// it byte by byte. A batch whose frame is wrong (header, length, number of lines, sequence) is refused whole; so is one of a
// later version (`newer`), since half of it could be the wrong half. A bad line in a sound batch becomes a complaint and the
// other lines apply. Nothing is verified here (signers.h).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/batch_signature.h"
#include "signatures/signature.h"

namespace telefence {

inline constexpr std::size_t kMaxBatchLines = 1000;
inline constexpr std::size_t kMaxBatchBytes = 64 * 1024;           // of h, b and s together, as sent
inline constexpr std::size_t kMaxUnpackedBytes = 4 * 1024 * 1024;  // of the body
inline constexpr std::uint64_t kBatchVersion = 1;                  // header 'v'; left out: 1

struct Batch {
  std::uint64_t sequence = 0;
  std::int64_t timestamp_ms = 0;  // when it was published; 0 = not told
  std::string publisher;
  std::string log;       // the key of the log that it was published to; "" = not told
  std::string previous;  // hash of the batch before, 64 hexadecimal digits; "" = not told
  std::string hash;      // of this batch
  std::string newer;     // not "": what this version does not know of it; then it has no changes
  std::vector<BatchSignature> signatures;
  std::string plain;  // the body unpacked, every line ended by LF: what approvals are over
  std::vector<Change> changes;
  std::vector<Change> unenforced;     // of kinds that are only in the model
  std::vector<Complaint> complaints;  // lines left out
};

// The fields of an entry as Redis holds them; views of the caller's bytes.
struct BatchFields {
  std::string_view header;     // h
  std::string_view body;       // b
  std::string_view signature;  // s; empty = none
};

// id: of the stream entry, "<sequence>-0".
Result<Batch> read_batch(std::string_view id, const BatchFields& fields);

// kInvalid: it was published to another log than this one, whoever put it here.
Result<Batch> of_log(Result<Batch> read, std::string_view log);

// The sequence of a stream id; kInvalid unless it is "<sequence>-0" with a sequence above 0.
Result<std::uint64_t> sequence_of(std::string_view id);

// The number before the dash of any stream id; 0 when there is none.
std::uint64_t first_part(std::string_view id);

struct PackedBatch {
  std::string header;
  std::string body;
};

// The other direction. Requires: 1 to kMaxBatchLines lines. kInvalid when it gets larger than kMaxBatchBytes with
// kSignatureRoom.
Result<PackedBatch> pack_batch(std::uint64_t sequence, std::int64_t timestamp_ms, std::string_view publisher,
                               std::string_view previous, std::span<const std::string> lines, std::string_view log = {});

// The two parts of it. Bodies can be packed before it is known where in the log they will stand. `plain`: plain_body().
Result<std::string> pack_body(std::string_view plain);
// Back, whether it is packed or not; at most kMaxUnpackedBytes.
Result<std::string> unpack_body(std::string_view body);
std::string batch_header(std::uint64_t sequence, std::int64_t timestamp_ms, std::string_view publisher, std::string_view previous,
                         std::size_t lines, std::string_view log = {});

// The body before it is packed: every line ended by LF.
std::string plain_body(std::span<const std::string> lines);

// SHA-256 over h and b, as hexadecimal digits: what the next batch names as `prev`.
std::string batch_hash(std::string_view header, std::string_view body);

}  // namespace telefence
