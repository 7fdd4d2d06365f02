// SPDX-License-Identifier: Apache-2.0
#pragma once

// One worker over a capture file, on the caller's thread: what replay and inspect share.

#include <memory>
#include <string>

#include "app/filter.h"
#include "nic/capture.h"
#include "pipeline/worker.h"
#include "record/writer.h"

namespace telefence {

class ReplayRun {
 public:
  // records: its file may be "". observer may be nullptr. Both outlive the run.
  static Result<std::unique_ptr<ReplayRun>> open(Filter& filter, const std::string& capture, const std::string& out_file,
                                                 const RecordOptions& records, EventObserver* observer);

  // Until the end of the capture. The error: the capture is cut short, or the output can't be written; what was read until
  // there is counted.
  Result<void> run();

  const WorkerStats& stats() const { return worker_->stats(); }
  const CaptureCounts& counts() const { return capture_->counts(); }
  const RecordWriter& records() const { return *writer_; }

 private:
  ReplayRun() = default;

  std::unique_ptr<Capture> capture_;
  std::unique_ptr<RecordRing> ring_;
  std::unique_ptr<RecordWriter> writer_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace telefence
