// SPDX-License-Identifier: Apache-2.0
#include "lists/csv_row.h"

#include "lists/text.h"

namespace telefence {

void CsvRow::begin(char separator) {
  fields_.assign(1, {});
  separator_ = separator;
  at_ = At::kField;
  may_be_doubled_ = is_broken_ = false;
  size_ = 0;
}

bool CsvRow::add(std::string_view line) {
  if (size_ != 0) take('\n');
  for (const char c : line) take(c);
  size_ += line.size() + 1;
  may_be_doubled_ = false;
  return at_ != At::kQuoted;
}

void CsvRow::take(char c) {
  std::string& field = fields_.back();
  const bool was_quote = may_be_doubled_;
  may_be_doubled_ = false;
  if (at_ == At::kQuoted) {
    if (c != '"') {
      field += c;
      return;
    }
    at_ = At::kBehindQuote;
    may_be_doubled_ = true;
  } else if (c == separator_) {
    fields_.emplace_back();
    at_ = At::kField;
  } else if (at_ == At::kBehindQuote) {
    if (c == '"' && was_quote) {
      field += c;
      at_ = At::kQuoted;
    } else {
      is_broken_ = is_broken_ || !trimmed(std::string_view(&c, 1)).empty();
    }
  } else if (c == '"' && trimmed(field).empty()) {
    field.clear();
    at_ = At::kQuoted;
  } else {
    field += c;
  }
}

}  // namespace telefence
