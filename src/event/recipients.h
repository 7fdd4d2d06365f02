// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>

namespace telefence {

// Which of a message's recipients, by their place in Sms::called. There are no more of them: submit_multi counts them in one octet
// (SMPP 3.4, 5.2.24).
using RecipientSet = std::bitset<256>;

}  // namespace telefence
