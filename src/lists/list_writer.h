// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entries to a file of a format. The file is there as a whole or not at all: whoever reads it meanwhile sees the old one. Control thread.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "lists/intake.h"
#include "lists/list_format.h"

namespace telefence {

struct WriteTerms {
  std::string file;  // "-" is standard output
  // A list of our own configuration: who reads it is told there what all of its entries mean.
  bool is_own_list = false;
  SignatureKind kind = SignatureKind::kDomain;  // of own lists: other kinds are left out
  Signature common;  // of own lists: what the configuration says of all entries. Those that must not be read so are left out
  std::int64_t now_s = 0;  // entries that are not in force then are left out of formats that can't say so
};

struct Written {
  std::uint64_t whole = 0;
  std::uint64_t less = 0;      // what was written covers less than the entry
  std::uint64_t left_out = 0;  // the format has no words for it, or not for what else is said of its value
  std::uint64_t allowed = 0;   // of these: blocks of a value that another entry lets through
  std::uint64_t unsaid_allows = 0;  // of these: what lets something through that a wider block may take
  std::uint64_t otherwise = 0;  // of own lists: written, though category or tier are others than those of the whole list
  std::uint64_t endless = 0;    // written, though it has an end and the format can't say so
};

// Requires: intake.finish() was called; format.write is there. Where nothing of it can be written, the file stays as it was.
Result<Written> write_list(Intake& intake, const ListFormat& format, const WriteTerms& terms);

}  // namespace telefence
