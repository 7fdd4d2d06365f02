// SPDX-License-Identifier: Apache-2.0
#pragma once

// One key of one event met one signature. A fixed list per worker; when full, further hits are dropped and counted (the
// event keeps those it has).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "match/rule.h"

namespace telefence {

// Which part of the event was hit: decides the refusal code and what an allow entry covers.
enum class HitPart : std::uint8_t { kDomain, kEmbeddedDomain, kUrl, kCalling, kCalled, kText };

struct Terms;

struct Hit {
  std::uint16_t event = 0;
  HitPart part = HitPart::kDomain;
  bool alias = false;           // of the NumberKey
  std::uint16_t key = 0;        // index of the key in its list of the KeyList: hits of one key compete by depth
  std::uint16_t recipient = 0;  // kCalled of an Sms
  std::uint16_t depth = 0;      // how specific: 2 x labels or digits matched, +1 when the entry covers only that one; patterns 0
  bool ends = false;            // the entry has a time: MatchSet::expires_s
  RuleRef rule = 0;
  const Terms* terms = nullptr;  // what the entry leads to; of the set
};

class HitList {
 public:
  static constexpr std::size_t kMaxHits = 65536;  // a burst has no more keys of one kind
  HitList() : hits_(std::make_unique<Hit[]>(kMaxHits)) {}
  void clear() { count_ = 0; }
  void push(const Hit& hit) {
    if (count_ == kMaxHits) [[unlikely]] {
      ++dropped_;
      return;
    }
    hits_[count_++] = hit;
  }
  // A hit that was not even looked for: too much would have had to be.
  void drop() { ++dropped_; }
  std::span<const Hit> hits() const { return {hits_.get(), count_}; }
  // For match/: to sort, and to take some back.
  std::span<Hit> to_change() { return {hits_.get(), count_}; }
  void shrink(std::size_t count) { count_ = count < count_ ? count : count_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  std::unique_ptr<Hit[]> hits_;
  std::size_t count_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace telefence
