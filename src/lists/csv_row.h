// SPDX-License-Identifier: Apache-2.0
#pragma once

// One row of CSV (RFC 4180), line by line: fields in quotes may hold separators, doubled quotes and ends of lines. Each octet is looked at
// once, however many lines a row has.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace telefence {

class CsvRow {
 public:
  // The next row begins.
  void begin(char separator);
  // One more line of it. False: a quote is not closed, so the row goes on in the next line.
  bool add(std::string_view line);

  const std::vector<std::string>& fields() const { return fields_; }
  // Text stands behind a quote that closes a field: that quote is missing elsewhere, and who knows what the row was to say.
  bool is_broken() const { return is_broken_; }
  std::size_t size() const { return size_; }  // octets so far

 private:
  enum class At { kField, kQuoted, kBehindQuote };
  void take(char c);

  std::vector<std::string> fields_;
  char separator_ = ',';
  At at_ = At::kField;
  bool may_be_doubled_ = false;  // the octet before closed the field, or was the first of two quotes
  bool is_broken_ = false;
  std::size_t size_ = 0;
};

}  // namespace telefence
