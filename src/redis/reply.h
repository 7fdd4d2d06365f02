// SPDX-License-Identifier: Apache-2.0
#pragma once

// One answer of Redis (RESP2) as an own value: nothing of hiredis is visible.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace telefence {

struct RedisReply {
  enum class Kind { kNull, kText, kStatus, kInteger, kList, kError };
  Kind kind = Kind::kNull;
  std::string text;               // kText (any bytes), kStatus, kError
  std::int64_t integer = 0;       // kInteger
  std::vector<RedisReply> items;  // kList

  bool is_null() const { return kind == Kind::kNull; }
  bool is_error() const { return kind == Kind::kError; }
  bool is_list() const { return kind == Kind::kList; }
  // In a list of name, value, name, value ... (stream fields, XINFO): the value, nullptr when absent.
  const RedisReply* field(std::string_view name) const {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (items[i].text == name) return &items[i + 1];
    return nullptr;
  }
};

}  // namespace telefence
