// SPDX-License-Identifier: Apache-2.0
#pragma once

// tf:1:timestamp: the centre's signed word that at this moment this batch is the newest of the log. Who owns a Redis can't change the log,
// but could hide how it goes on (a freeze attack; the timestamp role of The Update Framework is the same remedy): edges that watch for
// this word notice that no fresh one comes. One line of JSON, LF, then lines of signatures as in the field s of a batch.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/batch_signature.h"

namespace telefence {

struct LogTimestamp {
  std::string log;             // key of the log
  std::uint64_t sequence = 0;  // of its newest batch; 0: it has none
  std::string hash;            // of that batch; "": not known
  std::int64_t at_ms = 0;      // when this was so
  std::string publisher;

  std::string digest;  // SHA-256 of the text as it is signed, 64 hexadecimal digits; set by read_timestamp
  std::vector<BatchSignature> signatures;
};

// The key in Redis: "tf:1:log" has "tf:1:timestamp".
std::string timestamp_key(std::string_view log);
// What a signature is over.
std::string timestamp_message(std::string_view digest);
// As it is kept, signed with this key.
std::string timestamp_value(const LogTimestamp& timestamp, const SigningKey& key);
// kInvalid says what is wrong. Signatures are not verified (Signers::refuse).
Result<LogTimestamp> read_timestamp(std::string_view value);

}  // namespace telefence
