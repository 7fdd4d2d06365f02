// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one thread that takes records from all workers' rings, writes them to the file and hands them to listeners (the live
// table, `telefence events -f` over the control socket). When the disk is slow, rings fill and records are dropped and counted.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/eve.h"
#include "record/options.h"
#include "record/ring.h"
#include "stats/catalog.h"

namespace telefence {

class RecordWriter {
 public:
  RecordWriter(RecordOptions options, RecordNames names, std::vector<RecordRing*> rings);
  ~RecordWriter();  // stops

  // Opens the file and starts the thread.
  Result<void> start();
  // Without the thread (replay): opens the file; then drain() writes what is in the rings and returns how many records that
  // were. The caller's thread is the writer's.
  Result<void> open();
  std::size_t drain();
  // Writes what is in the rings, flushes, and ends the thread.
  void stop();
  // Closes and opens the file again (after an outside rotation). Any thread.
  void reopen();

  // Called on the writer thread for every record with its EVE line (without newline). Set before start().
  void on_record(std::function<void(const Record&, std::string_view line)> listener);

  // Called for each sentence about what becomes of the records, by the thread that writes them; standard error without it. Set before start().
  void on_news(std::function<void(const std::string&)> tell);

  void add_families(Catalog& catalog) const;  // telefence_records_written_total, _lost_total{reason}
  std::uint64_t written() const;
  std::uint64_t lost() const;
  // Why records can't be written, or were lost within the last minute; "" when all are. Any thread.
  std::string problem() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
