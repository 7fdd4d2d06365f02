// SPDX-License-Identifier: Apache-2.0
#pragma once

// A body that is longer than decode_sms() takes (a message_payload of SMPP may have 64 KiB) is read in windows that overlap by more
// than any pattern spans. Worker thread, no allocation.

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "event/event.h"

namespace telefence {

// Where the next window begins, on the border of a character; 0: this one is the last. Requires: body begins on such a border.
std::size_t next_text_window(Bytes body, TextCoding coding);

// Without what the border of the window has cut: half a domain would be another one. cut_before, cut_behind: text goes on there.
std::span<char16_t> whole_words(std::span<char16_t> text, bool cut_before, bool cut_behind);

}  // namespace telefence
