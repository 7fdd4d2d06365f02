// SPDX-License-Identifier: Apache-2.0
#include "app/replay_run.h"

#include <utility>

namespace telefence {
namespace {

constexpr std::size_t kRingRecords = 32768;  // a burst gives at most EventList::kMaxEvents, and signs of evasion
constexpr std::uint64_t kDrainAfter = 512;
static_assert(kRingRecords >= EventList::kMaxEvents + Burst::kMostEvasions + kDrainAfter);

}  // namespace

Result<std::unique_ptr<ReplayRun>> ReplayRun::open(Filter& filter, const std::string& capture, const std::string& out_file,
                                                   const RecordOptions& records, EventObserver* observer) {
  std::unique_ptr<ReplayRun> run(new ReplayRun());
  Result<std::unique_ptr<Capture>> opened = Capture::open(capture, out_file, filter.config().track.streams.held_frames);
  if (!opened) return opened.error();
  run->capture_ = std::move(opened.value());
  run->ring_ = std::make_unique<RecordRing>(kRingRecords);
  RecordNames names = filter.record_names();
  names.ports = {"capture"};
  RecordOptions own = records;
  own.from_capture = true;
  run->writer_ = std::make_unique<RecordWriter>(own, std::move(names), std::vector<RecordRing*>{run->ring_.get()});
  run->writer_->on_news([](const std::string&) {});  // told once, at the end
  if (Result<void> ready = run->writer_->open(); !ready) return ready.error();
  Queue* queue = run->capture_.get();
  run->worker_ = std::make_unique<Worker>(std::uint16_t{0}, filter.shared(), std::vector<Link>{{queue, queue}},
                                          *run->capture_, run->ring_.get(), observer);
  if (Result<void> fits = filter.prepare(*run->worker_); !fits) return fits.error();
  return run;
}

Result<void> ReplayRun::run() {
  std::uint64_t drained = 0;
  while (!worker_->finished()) {
    worker_->run_once();
    if (ring_->pushed() - drained >= kDrainAfter) drained += writer_->drain();
  }
  worker_->flush();
  writer_->drain();
  return capture_->close();
}

}  // namespace telefence
