// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table behind translated(): the first sentence that fits is taken, so those that begin with a place come where they must.

#include <span>
#include <string_view>

namespace telefence {

struct Sentence {
  std::string_view english;  // {} for each place
  std::string_view chinese;  // {0}, {1} ... for the same
};

std::span<const Sentence> sentences();
std::span<const Sentence> sentences_of_signatures();  // the second part of them

}  // namespace telefence
