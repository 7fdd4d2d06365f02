// SPDX-License-Identifier: Apache-2.0
#pragma once

// A domain or number that the change log speaks of, as the key of what it says. Control threads.

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "match/number_table.h"

namespace telefence {

class WordValue {
 public:
  static WordValue of_domain(std::string_view name) { return WordValue(std::string(name)); }
  static WordValue of_number(const NumberValue& number) {
    // No name has an octet 0.
    std::string key(1, '\0');
    key.append(reinterpret_cast<const char*>(&number.digits.value), sizeof number.digits.value);
    key += static_cast<char>(number.digits.length);
    key += static_cast<char>((number.digits.international ? 1 : 0) | (number.prefix ? 2 : 0));
    return WordValue(std::move(key));
  }

  static WordValue from_key(std::string key) { return WordValue(std::move(key)); }

  bool is_number() const { return !key_.empty() && key_[0] == '\0'; }
  std::string_view name() const { return key_; }
  NumberValue number() const {
    NumberValue out;
    std::memcpy(&out.digits.value, key_.data() + 1, sizeof out.digits.value);
    out.digits.length = static_cast<std::uint8_t>(key_[9]);
    out.digits.international = (key_[10] & 1) != 0;
    out.prefix = (key_[10] & 2) != 0;
    return out;
  }
  const std::string& key() const { return key_; }

 private:
  explicit WordValue(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

}  // namespace telefence
