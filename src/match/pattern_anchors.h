// SPDX-License-Identifier: Apache-2.0
#pragma once

// The anchors of an expression: plain texts of which at least one stands in everything that the expression matches. Only where
// an anchor was found is the expression itself looked for, so the set with the rarest texts is chosen. Control thread.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "match/pattern_tree.h"
#include "match/text_rarity.h"

namespace telefence {

// What looking for a text costs: it calls for all patterns that have it as an anchor wherever it stands.
struct AnchorCost {
  const TextRarity& rarity;
  const std::unordered_map<std::u16string, std::uint32_t>* uses = nullptr;  // anchor -> patterns that it calls for already

  // The sample can't tell how rare a text is that it doesn't have.
  static constexpr double kLeast = 1e-7;

  double of(const std::u16string& text) const {
    const double chance = rarity.chance(text) + kLeast;
    if (uses == nullptr) return chance;
    const auto known = uses->find(text);
    return known == uses->end() ? chance : chance * (1 + known->second);
  }
};

struct Anchors {
  std::vector<std::u16string> texts;  // none: no set of texts is rare enough to be worth looking for first
  // The texts are all that the children [first, end) of the sequence match one after the other: where one was found, only what
  // stands before and behind those is still to be looked for.
  bool is_exact = false;
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};

// The same expression as one sequence, without sequences right inside it.
PatternNode as_sequence(PatternNode tree);
// Requires: the node is a sequence.
Anchors find_anchors(const PatternNode& sequence, const AnchorCost& cost);

// The texts alone, of any tree, by everyday messages.
std::vector<std::u16string> anchors_of(const PatternNode& tree);

}  // namespace telefence
