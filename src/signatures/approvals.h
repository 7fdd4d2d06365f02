// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which approvals of a batch count (batch_signature.h). An approval is the word of its signer for one batch, in its time; it names neither,
// so that whoever signs the batch could use it again, or date the batch back. It counts for a batch that is dated, not earlier than the
// batches taken before it (an hour is for clocks that differ), and only once. Pure; one thread.

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "signatures/batch.h"

namespace telefence {

class Approvals {
 public:
  // Takes those that do not count out of the batch.
  void sort_out(Batch& batch) const {
    const bool is_dated_back = batch.timestamp_ms <= 0 || batch.timestamp_ms < newest_ms_ - kClocks_ms;
    std::erase_if(batch.signatures, [&](const BatchSignature& one) {
      if (!one.is_approval()) return false;
      const auto used = used_.find(key_of(one));
      return used == used_.end() ? is_dated_back : used->second != batch.hash;
    });
  }
  // Of what is dated before, all is known that still could count: with what comes here begins.
  void begin_at(std::int64_t moment_ms) { newest_ms_ = std::max(newest_ms_, moment_ms); }
  // Whether an approval of this batch could still count somewhere, were it not known to be used.
  static bool could_count_again(const Batch& batch, std::int64_t now_ms) {
    return std::any_of(batch.signatures.begin(), batch.signatures.end(),
                       [&](const BatchSignature& one) { return one.is_approval() && 1000 * one.until_s >= now_ms - kClocks_ms; });
  }
  // It was taken. A date that has not come says nothing of when it was.
  void note(const Batch& batch, std::int64_t now_ms) {
    if (batch.timestamp_ms <= now_ms + kClocks_ms) newest_ms_ = std::max(newest_ms_, batch.timestamp_ms);
    for (const BatchSignature& one : batch.signatures)
      if (one.is_approval()) used_.emplace(key_of(one), batch.hash);
  }

 private:
  static constexpr std::int64_t kClocks_ms = 3'600'000;
  static std::string key_of(const BatchSignature& one) { return {one.value.begin(), one.value.end()}; }

  // By which batch: that one is read again after a snapshot of before it. A wide entry each: few.
  std::unordered_map<std::string, std::string> used_;
  std::int64_t newest_ms_ = 0;
};

}  // namespace telefence
