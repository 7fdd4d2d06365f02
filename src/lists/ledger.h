// SPDX-License-Identifier: Apache-2.0
#pragma once

// What became of every line and every value of lists. A line says nothing (blank, comment, heading) or has at least one value; a value
// has exactly one fate. So two sums must come out, always.

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "base/check.h"

namespace telefence {

enum class ValueFate : std::uint8_t {
  kAccepted,
  kDuplicate,     // the same value was there before
  kCovered,       // an entry of the same meaning takes it in: the domain above, a shorter prefix
  kSkipped,       // can't be used: what it is instead stands in the complaint
  kPublicSuffix,  // refused: unrelated people have names below it
  kNeverBlock,    // refused: emergency and service numbers
  kTooWide,       // refused: a whole country, every tenth number, two letters of text
  kProtected,     // refused: a name that everybody needs, or what takes one in
};
inline constexpr std::size_t kValueFateCount = 8;

constexpr std::array<std::string_view, kValueFateCount> kValueFateNames = {"accepted",      "duplicate",   "covered", "skipped",
                                                                           "public_suffix", "never_block", "too_wide", "protected"};

struct Ledger {
  std::uint64_t lines = 0;
  std::uint64_t silent_lines = 0;
  std::uint64_t telling_lines = 0;
  std::uint64_t values = 0;
  std::array<std::uint64_t, kValueFateCount> fates{};

  std::uint64_t of(ValueFate fate) const { return fates[static_cast<std::size_t>(fate)]; }
  std::uint64_t refused() const { 
    return of(ValueFate::kPublicSuffix) + of(ValueFate::kNeverBlock) + of(ValueFate::kTooWide) + of(ValueFate::kProtected);
  }
  void count(ValueFate fate) {
    ++values;
    ++fates[static_cast<std::size_t>(fate)];
  }
  // It was accepted, and something that came later says otherwise.
  void move_to(ValueFate fate) {
    CHECK(of(ValueFate::kAccepted) > 0);
    --fates[static_cast<std::size_t>(ValueFate::kAccepted)];
    ++fates[static_cast<std::size_t>(fate)];
  }
  void add(const Ledger& other) {
    lines += other.lines;
    silent_lines += other.silent_lines;
    telling_lines += other.telling_lines;
    values += other.values;
    for (std::size_t i = 0; i < fates.size(); ++i) fates[i] += other.fates[i];
  }
  bool adds_up() const {
    return lines == silent_lines + telling_lines && values >= telling_lines &&
           values == std::accumulate(fates.begin(), fates.end(), std::uint64_t{0});
  }
};

}  // namespace telefence
