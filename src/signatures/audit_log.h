// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who changed what and when, as lines of JSON of which each names the hash of the line before (`prev`): a line that is changed,
// taken out or put in later breaks the chain there. What is cut off at the end only shows against a hash that was noted elsewhere.
// Several processes may write one file. A writer that was killed may leave half a line; the next one says so in a line of its own,
// which names both the hash of the half line and that of the line before it. Control threads.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "signatures/whole_file.h"

namespace telefence {

// What one line says, in this order, behind `at` (when the entry was made), `who` and `what`.
class AuditEntry {
 public:
  AuditEntry(std::string_view what, std::string_view who);
  AuditEntry& text(std::string_view name, std::string_view value);
  AuditEntry& number(std::string_view name, std::uint64_t value);
  AuditEntry& json(std::string_view name, std::string_view value);  // a whole JSON value

  std::int64_t at_ms() const { return at_ms_; }
  const std::string& fields() const { return fields_; }

 private:
  std::int64_t at_ms_;
  std::string fields_;  // members of a JSON object
};

class AuditLog {
 public:
  enum class Sync : std::uint8_t {
    kEachLine,   // on the disk before append() returns
    kEachSecond  // by tick(); a power cut loses a second, a crash of the process nothing
  };

  AuditLog() = default;
  ~AuditLog() { close(); }
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Makes the file (mode 0640) when it is not there.
  Result<void> open(const std::string& file, Sync sync);
  bool is_open() const { return descriptor_ >= 0; }
  void close();

  Result<void> append(const AuditEntry& entry);
  Result<void> tick();
  // Whether who opens it by its name now finds this file.
  bool is_in_place() const { return telefence::is_in_place(descriptor_, file_); }

 private:
  Result<void> append_locked(const AuditEntry& entry);
  Result<void> find_end();
  Result<void> write_line(const std::string& text);
  Error failed(const char* what) const;

  std::string file_;
  int descriptor_ = -1;
  Sync sync_ = Sync::kEachLine;
  bool is_unsynced_ = false;
  std::chrono::steady_clock::time_point synced_at_;
  std::int64_t end_ = -1;      // size of the file when last_hash_ was that of its last line; -1 = not known
  std::string last_hash_;      // "" = no line yet
  std::string torn_hash_;      // of half a line at the end; "" = none
};

struct AuditCheck {
  std::uint64_t lines = 0;         // that were looked at
  std::uint64_t broken_line = 0;   // the first one that does not fit; 0 = none
  std::string why;
  bool ends_torn = false;          // the last line is not whole: its writer was killed
  std::string head;                // hash of the last whole line, to be noted elsewhere
};

// kEnvironment: can't be read.
Result<AuditCheck> verify_audit(const std::string& file);

}  // namespace telefence
