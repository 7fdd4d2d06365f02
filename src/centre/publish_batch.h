// SPDX-License-Identifier: Apache-2.0
#pragma once

// The publisher's side of the change log: one batch behind the newest. For `telefence push` and tests.

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/connection.h"
#include "signatures/batch_signature.h"

namespace telefence {

// Who publishes: a name, and the keys to sign with (none: unsigned).
struct BatchAuthor {
  std::string name;
  std::vector<const SigningKey*> keys;    // each signs the whole batch; outlive the call
  std::vector<BatchSignature> approvals;  // given beforehand over these lines

  template <std::convertible_to<std::string_view> Name>
  BatchAuthor(const Name& publisher) : name(std::string_view(publisher)) {}
  BatchAuthor(std::string publisher, std::vector<const SigningKey*> signing) : name(std::move(publisher)), keys(std::move(signing)) {}
};

struct PublishedBatch {
  std::uint64_t sequence = 0;
  std::string hash;  // of the batch
  std::string note;  // "" or what a person should know of the log
};

// The field s of a batch.
std::string signatures_of(const BatchAuthor& author, const std::string& hash);

// Appends the op lines (op_line.h) as one batch. When somebody else took the sequence in between, it tries again behind
// theirs. An entry that is no batch (made by hand) is passed over with a note. kInvalid: a line is no valid change (nothing
// is sent), or the batch is too large. kUnreachable: Redis is gone, or wants another login (redis/refusal.h).
Result<PublishedBatch> publish_batch(RedisConnection& connection, std::string_view log,
                                    std::span<const std::string> lines, const BatchAuthor& author);

}  // namespace telefence
