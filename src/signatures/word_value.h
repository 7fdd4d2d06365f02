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
  static WordValue of_domain(std::string_view name) { return {std::string(name), hash_name(name)}; }
  static WordValue of_number(const NumberValue& number) {
    // No name has an octet 0.
    std::string key(1, '\0');
    key.append(reinterpret_cast<const char*>(&number.digits.value), sizeof number.digits.value);
    key += static_cast<char>(number.digits.length);
    key += static_cast<char>((number.digits.international ? 1 : 0) | (number.prefix ? 2 : 0));
    return {std::move(key), {NumberTable::probe_of(table_secret(), number).hash, 0}};
  }

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
  // As in the tables.
  const NameHash& hash() const { return hash_; }

 private:
  WordValue(std::string key, const NameHash& hash) : key_(std::move(key)), hash_(hash) {}
  std::string key_;
  NameHash hash_;
};

}  // namespace telefence
