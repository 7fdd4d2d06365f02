// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entries that hit so much at once that the word of one signer is not enough for them (WideTerms): a whole top-level domain, a short
// number prefix, a pattern that everyday messages or URLs (match/innocent_texts.h) would hit. A pattern that hits still more of them
// (PatternOptions::most_innocent_share) is in force nowhere, whoever signed. Control threads.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signatures/options.h"
#include "signatures/signature.h"

namespace telefence {

// A blocked prefix of fewer digits than this, country code included, is doubted where a list has it. What is pushed needs two signers for
// less (redis.wide_digits); a list needs nobody, and may have hundreds of whole segments (+86170*).
inline constexpr std::size_t kDoubtedPrefixDigits = 5;
inline constexpr std::string_view kDoubtedPrefix = "so short a prefix takes in millions of numbers: see that all of them are meant";

// The text for people when it is wide, "a prefix of 3 digits, fewer than 7"; "" = it is not. Patterns and URLs never are: see below.
std::string why_wide(const Signature& signature, const WideTerms& terms);

// For each of `signatures` why it is wide; "": it is not, or it is no pattern and no URL. They are compiled together, as those in force are:
// 0.13 ms for one text, 10 ms for a thousand, seconds for hundreds of expressions without a plain text. `cache_directory`: where such
// are kept compiled; "" = nowhere.
std::vector<std::string> why_wide_patterns(std::span<const Signature* const> signatures, const WideTerms& terms,
                                           const std::string& cache_directory = {});

// What two people have signed, for comparison with what a snapshot says of it: value, what it covers, source, shadow, end, and from when on
// if that is later than now. Not the name, which is for people. "": it is no entry.
std::string proved_form(const Signature& signature, const WideTerms& terms, std::int64_t now_s);

// Both: for each of `signatures`, whatever it is.
std::vector<std::string> why_wide(std::span<const Signature* const> signatures, const WideTerms& terms);

}  // namespace telefence
