// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the centre asks edges what entries would have hit, before it pushes them: a request in a short stream, an answer of each edge in
// a hash of the request. docs/signatures.md has both. Only counts are told, and none that would say much of one subscriber. A few
// changes are asked about one by one; of long lists whole portions, packed, and only those that hit are told of.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/batch_signature.h"
#include "signatures/key_file.h"
#include "signatures/signature.h"

namespace telefence {

inline constexpr std::string_view kTrialStream = "tf:1:trial";
inline constexpr std::string_view kTrialNodes = "tf:1:trial:nodes";  // who may be asked: node -> "<Unix ms> names numbers texts"
inline constexpr std::size_t kMostTrialLines = 100;
inline constexpr std::size_t kMostTrialBytes = 64 * 1024;    // as sent
inline constexpr std::size_t kMostPortionLines = 4000;
inline constexpr std::size_t kMostPortionTexts = 100;        // of them, patterns and urls: each is run over the sample
inline constexpr std::size_t kMostPortionHits = 100;         // told, of one portion: those that hit most
inline constexpr std::uint64_t kLeastSampled = 1000;  // below it an edge tells no hits
inline constexpr std::uint64_t kLeastHits = 3;        // below it an edge only tells that there are fewer
inline constexpr std::int64_t kTrialNodeLife_s = 60;

std::string new_trial_id();
// 32 lower-case hexadecimal digits.
bool is_trial_id(std::string_view id);
// The hash with the answers.
std::string trial_key(std::string_view id);

// What is signed: never good for anything but this question.
std::string trial_message(std::string_view id, std::string_view body);

struct Trial {
  std::string id;
  std::vector<Change> changes;  // one for each line
  bool is_portion = false;
};
// kInvalid: an id, a size or a line is wrong.
Result<Trial> read_trial(std::string_view id, std::string_view body);
// The same of a portion: op lines, packed as a batch's body.
Result<Trial> read_portion(std::string_view id, std::string_view packed);

// Whether one of these keys signed it.
bool is_signed_by(const std::vector<PublicKey>& keys, std::string_view id, std::string_view body, std::string_view signature);

}  // namespace telefence
