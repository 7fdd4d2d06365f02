// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an edge tells of itself, signed with a key of its own. Whoever may write to tf:1:ack and tf:1:node:* can write there in anybody's
// name: only with these signatures does the centre know who said it. Pure.
//
// The field `sig` is "<key id> <128 hexadecimal digits> <names of fields, commas between>". It is an Ed25519 signature over
// "telefence-receipt-1:" and then netstrings ("<octets>:<text>,"): the key in Redis, and of each field that is named its name and value.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "signatures/key_file.h"

namespace telefence {

using ReceiptFields = std::vector<std::pair<std::string, std::string>>;

// The field `sig` for these fields under this key of Redis.
std::string sign_receipt(const SigningKey& key, std::string_view redis_key, const ReceiptFields& fields);

// The fields that were signed, and no others: what somebody put beside them counts for nothing. kInvalid: why they prove nothing.
Result<ReceiptFields> proved_fields(const PublicKey& key, std::string_view redis_key, const ReceiptFields& fields);

}  // namespace telefence
