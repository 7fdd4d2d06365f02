// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sorts patterns into anchored ones and expressions for Hyperscan, and makes the table of them. Control thread.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "match/database_cache.h"
#include "match/pattern_anchors.h"
#include "match/pattern_table.h"
#include "match/pattern_tree.h"

namespace telefence {

class PatternTable::Builder {
 public:
  // fold: of all patterns that are taken. over_url: they are about URLs, whose octets are folded by case alone.
  Builder(TextFold fold, bool over_url, std::uint32_t first_rule, std::vector<PatternError>& rejected);

  void take(const PatternEntry& entry);
  PatternTable finish(const DatabaseCache& cache);

 private:
  // What is looked for first of one pattern, and what is then asked.
  struct Plan {
    double cost = 1;          // of looking for the anchors
    bool is_anchored = false;
    struct Part {
      PatternNode sequence;
      Anchors anchors;
    };
    std::vector<Part> parts;  // alternatives of the expression
    std::vector<std::u16string> words;  // instead of parts: anchors that say nothing of the expression
  };
  struct FoldedWords {
    std::vector<std::u16string> all, any, none;
  };

  std::u16string folded(const PatternEntry& entry) const;
  std::optional<FoldedWords> folded_words(const PatternEntry& entry) const;
  bool take_anchored(const PatternEntry& entry, const std::optional<PatternNode>& tree, FoldedWords& words);
  Plan plan_of(const PatternNode& tree) const;
  double cost_of(const std::u16string& text) const { return AnchorCost{rarity_, &use_counts_}.of(text); }
  void prefer_words(Plan& plan, FoldedWords& words) const;
  void add_uses(const Plan::Part& part, std::uint32_t pattern, bool has_program);
  void add_use(const std::u16string& anchor, const Use& use);
  std::uint32_t add_side(const PatternNode& sequence, std::size_t first, std::size_t end, bool before);
  std::uint32_t add_words(const FoldedWords& words);
  bool matches_everything(std::uint32_t program);
  void reject(const PatternEntry& entry, std::string reason) { rejected_.push_back({entry.rule, std::move(reason)}); }

  TextFold fold_;
  bool over_url_;
  Letters letters_;
  std::uint32_t first_rule_;
  std::vector<PatternError>& rejected_;
  const TextRarity& rarity_;
  std::vector<std::u16string> probes_;
  std::unique_ptr<PatternWorkspace> workspace_;
  PatternTable table_;
  std::vector<std::u16string> anchors_;
  std::unordered_map<std::u16string, std::uint32_t> ids_;
  std::unordered_map<std::u16string, std::uint32_t> use_counts_;
  std::vector<std::vector<Use>> uses_of_anchor_;
  std::vector<Expression> expressions_;
};

}  // namespace telefence
