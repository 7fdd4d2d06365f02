// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compiles the patterns of lists as an edge would, and runs them over their samples. Control thread.

#include <cstdint>
#include <string>
#include <vector>

#include "signatures/compiler.h"
#include "signatures/pattern_samples.h"

namespace telefence {

class PatternTrial {
 public:
  // More are not compiled at once: it takes seconds for each 100,000.
  static constexpr std::size_t kMost = 200'000;

  struct Pattern {
    Entry entry;
    std::uint64_t ordinal = 0;  // the caller's
    std::uint32_t file = 0;
    std::uint64_t line = 0;
    PatternSamples samples;
  };
  struct Finding {
    std::uint64_t ordinal = 0;
    std::uint32_t file = 0;
    std::uint64_t line = 0;
    std::string name;
    std::string reason;
    bool is_left_out = true;
  };

  void add(Pattern pattern) { patterns_.push_back(std::move(pattern)); }
  // What is wrong with them, in order. They are gone afterwards.
  std::vector<Finding> run(const std::string& home_country);

 private:
  std::vector<Pattern> patterns_;
};

}  // namespace telefence
