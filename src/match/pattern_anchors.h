// SPDX-License-Identifier: Apache-2.0
#pragma once

// The anchors of an expression: plain texts of which at least one stands in everything that the expression matches. Only where
// an anchor was found is the expression itself looked for, so the set with the rarest texts is chosen. Control thread.

#include <string>
#include <vector>

#include "match/pattern_tree.h"

namespace telefence {

// Empty: no set of texts is rare enough to be worth looking for first.
std::vector<std::u16string> anchors_of(const PatternNode& tree);

}  // namespace telefence
