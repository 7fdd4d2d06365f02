// SPDX-License-Identifier: Apache-2.0
#pragma once

// Delivery receipts as message centres write them (SMPP 3.4, appendix B).

#include <string_view>

namespace telefence::smpp {

// True for "id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…", in any order, at least the first and the state. A text
// that has more to say is no receipt, whatever it calls itself.
bool is_receipt_text(std::string_view text);

}  // namespace telefence::smpp
