// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pattern expressions folded like the texts they are matched against (sms_text.h), so that a pattern may be written as
// people write: traditional or simplified, full-width or not. Control thread.

#include <string>
#include <string_view>

#include "normalise/sms_text.h"

namespace telefence {

// A regular expression with its literal characters folded. Escapes, repetition counts and ASCII stay as they are (the
// matcher compares without regard to case); in a character class each character is folded alone and ranges stay. Blanks and
// hyphens between Chinese characters go, since texts have none there. UTF-16 units, as texts have; plain texts are folded by
// fold_text() itself. Folded only partly, blanks and hyphens stay, and so do letters: for case alone the matcher compares without
// regard to it.
std::u16string fold_expression(std::string_view expression, TextFold fold = TextFold::kAll);

}  // namespace telefence
