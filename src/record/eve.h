// SPDX-License-Identifier: Apache-2.0
#pragma once

// A record as one line of Suricata EVE-compatible JSON (event_type "alert"; "anomaly" for signs of evasion), so that existing tools read it unchanged, with
// our own objects `sms`, `call` and `telefence` beside it. Writer thread; appends to a buffer that is used again and again.

#include <string>
#include <string_view>
#include <vector>

#include "record/options.h"
#include "record/record.h"

namespace telefence {

// Names that a record holds as indexes.
struct RecordNames {
  std::string node;
  std::vector<std::string> ports;
  std::vector<std::string> protocols;
  std::vector<std::string> channels;  // by protocol index
  std::vector<std::string> actions;
  std::vector<std::vector<std::string>> answers;  // by protocol index: the words for Record::answer
  std::vector<std::string> tunnels;               // by Record::Tunnel::kind
};

// A telephone number for records: country code or first three digits, four asterisks, last four digits.
std::string masked(std::string_view number);

// What a record is quoted by, `telefence.record_id`: NODE-RUN-NUMBER. The run is the moment of the start, in milliseconds, the number
// counts its records; both in base 36, so that it is short enough to be told on the telephone.
class RecordId {
 public:
  // `started_ms`: 0 for captures, so that the same capture gives the same records.
  RecordId(const std::string& node, std::uint64_t started_ms);
  // Views end with the next call.
  std::string_view next();

 private:
  std::string text_;
  std::size_t start_;  // of the number in it
  std::uint64_t number_ = 0;
};

// Appends the line, with its newline. id: "" for none.
void append_eve(const Record& record, const RecordNames& names, const RecordOptions& options, std::string& out, std::string_view id = {});

}  // namespace telefence
