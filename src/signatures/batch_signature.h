// SPDX-License-Identifier: Apache-2.0
#pragma once

// The field `s` of a batch: who signed it. One line for each signature, "<key id> <128 hexadecimal digits>", over header and body
// (which names the hash of the batch before); or "<key id> <128 digits> <until>", an approval: over the body alone, given beforehand by
// somebody who does not know yet which place in the log it will have, good for batches dated up to `until`. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/ed25519.h"
#include "signatures/key_file.h"

namespace telefence {

inline constexpr std::size_t kMaxSignatures = 4;
// Room that is left for them in a batch: four lines.
inline constexpr std::size_t kSignatureRoom = 4 * 180;

struct BatchSignature {
  std::string key_id;
  Ed25519Signature value{};
  std::int64_t until_s = 0;  // Unix seconds; 0 = a signature over the whole batch, else an approval
  bool is_approval() const { return until_s != 0; }
};

// What a signature is over. `hash`: batch_hash() of header and body, 64 digits.
std::string signed_message(std::string_view hash);
// What an approval is over. `body`: unpacked, every line ended by LF.
std::string approved_message(std::string_view body, std::int64_t until_s);

// Nothing for an empty text. kInvalid: not of this form.
Result<std::vector<BatchSignature>> parse_signatures(std::string_view text);
std::string to_line(const BatchSignature& signature);

BatchSignature sign_batch(const SigningKey& key, std::string_view hash);
BatchSignature approve_body(const SigningKey& key, std::string_view body, std::int64_t until_s);

}  // namespace telefence
