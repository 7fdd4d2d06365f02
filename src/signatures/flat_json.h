// SPDX-License-Identifier: Apache-2.0
#pragma once

// One JSON object without objects in it, which is what op lines are, read without a document: most of a batch's time went into that.
// Lines in plain ASCII without escapes are read here; all others, and all that are wrong, by nlohmann, so both mean the same.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace telefence {

struct FlatValue {
  enum class Kind : std::uint8_t { kNull, kText, kNumber, kFlag, kList, kOther };
  Kind kind = Kind::kNull;
  bool flag = false;
  bool has_only_texts = true;      // kList
  std::uint64_t number = 0;        // kNumber: whole, not negative; others are kOther
  std::string_view name, text;
  std::vector<std::string> texts;  // kList
};

class FlatObject {
 public:
  // False: no JSON object. `line` must outlive it.
  bool read(std::string_view line);
  std::span<const FlatValue> members() const { return members_; }
  // nullptr: it is not there, or null.
  const FlatValue* find(std::string_view name) const;

 private:
  bool read_plain(std::string_view line);
  bool read_any(std::string_view line);

  std::vector<FlatValue> members_;
  std::deque<std::string> kept_;  // texts that had to be unescaped
};

}  // namespace telefence
