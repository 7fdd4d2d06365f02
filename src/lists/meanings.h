// SPDX-License-Identifier: Apache-2.0
#pragma once

// What entries have in common besides their values: allow or block, category, tier, action, times. Few lists have more than a handful,
// so a small number stands for each. Numbers are the same for all intakes that share one table, so that two lists can be compared.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "signatures/signature.h"

namespace telefence {

class Meanings {
 public:
  // Past so many different ones all others are kOther, of which nothing is known: it is never the same as another.
  static constexpr std::uint16_t kOther = 0xffff;

  // From 1.
  std::uint16_t number_of(const Signature& signature) {
    const Key key{signature.allow, signature.shadow, static_cast<std::uint8_t>(signature.category), signature.tier, signature.action,
                  signature.expires_s, signature.valid_from_s, signature.shadow_until_s, signature.canary};
    if (last_ != 0 && key == last_key_) return last_;
    auto found = numbers_.find(key);
    if (found == numbers_.end()) {
      if (numbers_.size() + 1 >= kOther) return kOther;
      found = numbers_.emplace(key, static_cast<std::uint16_t>(numbers_.size() + 1)).first;
      keys_.push_back(&found->first);
    }
    last_key_ = key;
    return last_ = found->second;
  }
  std::size_t size() const { return numbers_.size(); }

  // What a number stands for, as a signature without a value; none for 0 and kOther.
  std::optional<Signature> meaning(std::uint16_t number) const {
    if (number == 0 || number > keys_.size()) return std::nullopt;
    Signature out;
    std::uint8_t category = 0;
    std::tie(out.allow, out.shadow, category, out.tier, out.action, out.expires_s, out.valid_from_s, out.shadow_until_s, out.canary) =
        *keys_[number - 1u];
    out.category = static_cast<Category>(category);
    return out;
  }

 private:
  using Key = std::tuple<bool, bool, std::uint8_t, std::uint8_t, std::string, std::int64_t, std::int64_t, std::int64_t, std::uint8_t>;
  std::map<Key, std::uint16_t> numbers_;
  std::vector<const Key*> keys_;  // of `numbers_`, by number
  Key last_key_;
  std::uint16_t last_ = 0;
};

}  // namespace telefence
