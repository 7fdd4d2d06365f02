// SPDX-License-Identifier: Apache-2.0
#include "record/writer.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "record/file_sink.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchBytes = 256 * 1024;  // flushed when larger: some 500 records
constexpr std::size_t kTurnRecords = 256;        // taken from one ring before the next has its turn
constexpr auto kShortNap = std::chrono::milliseconds(1);
constexpr auto kLongNap = std::chrono::milliseconds(16);
constexpr auto kOpenAgainAfter = std::chrono::seconds(1);
constexpr auto kTellLossFor = std::chrono::minutes(1);

std::uint64_t now_ms() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace

struct RecordWriter::State {
  State(RecordOptions o, RecordNames n, std::vector<RecordRing*> r)
      : options(std::move(o)), names(std::move(n)), rings(std::move(r)), id(names.node, options.from_capture ? 0 : now_ms()) {
    if (!options.file.empty()) sink.emplace(options.file, options.rotate_bytes, options.keep_files,
                                           options.from_capture ? FileSink::Start::kAnew : FileSink::Start::kAppend);
    batch.reserve(kBatchBytes + 16 * 1024);
  }

  std::size_t drain();
  void take(const Record& record);
  void flush();
  void lose(std::uint64_t count, bool disk_full, std::string why);
  void settle();
  std::uint64_t dropped() const;
  void look_at_rings();
  void reopen_if_asked();
  void loop();

  const RecordOptions options;
  const RecordNames names;
  const std::vector<RecordRing*> rings;
  std::function<void(const Record&, std::string_view)> listener;
  std::function<void(const std::string&)> tell = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  std::optional<FileSink> sink;

  // Writer thread only.
  RecordId id;
  std::string batch;
  std::uint64_t batch_records = 0;
  Clock::time_point open_again_at{};

  Counter written;
  Counter lost_disk_full;
  Counter lost_unwritable;
  std::atomic<bool> reopen_asked{false};

  std::mutex mutex;  // of what follows
  std::string problem;
  std::uint64_t dropped_before = 0;  // told
  std::optional<Clock::time_point> dropped_at;  // last, while it is told
  std::condition_variable wake;
  bool stopping = false;
  std::thread thread;
};

void RecordWriter::State::take(const Record& record) {
  if (!sink && !listener) {
    written.add(1);
    return;
  }
  const std::size_t start = batch.size();
  append_eve(record, names, options, batch, id.next());
  if (listener) listener(record, std::string_view(batch).substr(start, batch.size() - start - 1));
  if (sink) {
    ++batch_records;
  } else {
    batch.resize(start);
    written.add(1);
  }
  if (batch.size() >= kBatchBytes) flush();
}

std::size_t RecordWriter::State::drain() {
  std::size_t total = 0;
  for (bool more = true; more;) {
    more = false;
    for (RecordRing* ring : rings) {
      const Record* record = ring->front();
      for (std::size_t i = 0; i < kTurnRecords && record != nullptr; ++i) {
        take(*record);
        ring->release();
        ++total;
        record = ring->front();
      }
      more = more || record != nullptr;
    }
    // A ring that is filled as fast as it is read must not keep the file from being written or the thread from ending.
    if (total >= 64 * kTurnRecords) break;
  }
  flush();
  return total;
}

void RecordWriter::State::lose(std::uint64_t count, bool disk_full, std::string why) {
  (disk_full ? lost_disk_full : lost_unwritable).add(count);
  std::lock_guard<std::mutex> lock(mutex);
  if (problem.empty()) tell(why + "; they are lost and counted, filtering goes on");
  problem = std::move(why);
}

void RecordWriter::State::settle() {
  std::lock_guard<std::mutex> lock(mutex);
  if (!problem.empty()) tell("records are written to " + options.file + " again");
  problem.clear();
}

void RecordWriter::State::flush() {
  if (!sink || batch.empty()) return;
  if (!sink->is_open() && Clock::now() >= open_again_at) {
    open_again_at = Clock::now() + kOpenAgainAfter;
    if (Result<void> opened = sink->open(); !opened) lose(0, false, opened.error().message);
  }
  if (!sink->is_open()) {
    lost_unwritable.add(batch_records);
  } else if (const FileSink::Outcome outcome = sink->write(batch); outcome.problem.empty()) {
    written.add(batch_records);
    settle();
  } else {
    const auto whole = static_cast<std::uint64_t>(
        std::count(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(outcome.bytes), '\n'));
    written.add(whole);
    lose(batch_records - whole, outcome.disk_full, outcome.problem);
  }
  batch.clear();
  batch_records = 0;
}

std::uint64_t RecordWriter::State::dropped() const {
  std::uint64_t sum = 0;
  for (const RecordRing* ring : rings) sum += ring->dropped();
  return sum;
}

// Workers drop what has no room in their rings: told while it happens and for some time after, once in the log for each such time.
void RecordWriter::State::look_at_rings() {
  const std::uint64_t now_dropped = dropped();
  std::lock_guard<std::mutex> lock(mutex);
  if (now_dropped != dropped_before) {
    if (!dropped_at) tell("records come faster than they can be written: some are lost and counted, filtering goes on");
    dropped_before = now_dropped;
    dropped_at = Clock::now();
  } else if (dropped_at && Clock::now() - *dropped_at > kTellLossFor) {
    dropped_at.reset();
  }
}

void RecordWriter::State::reopen_if_asked() {
  if (!sink || !reopen_asked.exchange(false)) return;
  if (Result<void> opened = sink->open(); !opened) lose(0, false, opened.error().message);
}

void RecordWriter::State::loop() {
  pthread_setname_np(pthread_self(), "telefence:rec");  // the kernel keeps 15 characters
  auto nap = kShortNap;
  for (;;) {
    reopen_if_asked();
    // Idle, the thread wakes 60 times a second; busy, it naps a millisecond to gather a batch.
    nap = drain() != 0 ? kShortNap : std::min(nap * 2, kLongNap);
    look_at_rings();
    std::unique_lock<std::mutex> lock(mutex);
    if (wake.wait_for(lock, nap, [this] { return stopping; })) break;
  }
  while (drain() != 0) {
  }
}

RecordWriter::RecordWriter(RecordOptions options, RecordNames names, std::vector<RecordRing*> rings)
    : state_(std::make_unique<State>(std::move(options), std::move(names), std::move(rings))) {}

RecordWriter::~RecordWriter() { stop(); }

Result<void> RecordWriter::open() { return state_->sink ? state_->sink->open() : Result<void>(); }

std::size_t RecordWriter::drain() { return state_->drain(); }

Result<void> RecordWriter::start() {
  if (Result<void> opened = open(); !opened) return opened;
  state_->thread = std::thread([state = state_.get()] { state->loop(); });
  return {};
}

void RecordWriter::stop() {
  if (!state_->thread.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

void RecordWriter::reopen() { state_->reopen_asked.store(true); }

void RecordWriter::on_record(std::function<void(const Record&, std::string_view)> listener) {
  state_->listener = std::move(listener);
}

void RecordWriter::on_news(std::function<void(const std::string&)> tell) { state_->tell = std::move(tell); }

std::uint64_t RecordWriter::written() const { return state_->written.read(); }

std::uint64_t RecordWriter::lost() const {
  return state_->lost_disk_full.read() + state_->lost_unwritable.read() + state_->dropped();
}

std::string RecordWriter::problem() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  if (!state_->problem.empty() || !state_->dropped_at) return state_->problem;
  return std::to_string(state_->dropped_before) +
         " records were lost since the start, the last of them within a minute: they come faster than they can be written";
}

void RecordWriter::add_families(Catalog& catalog) const {
  const State* state = state_.get();
  catalog.add({"telefence_records_written_total", "Interception records handed to the record file.",
               Family::Type::kCounter, [state](std::vector<Sample>& samples) {
                 samples.push_back({{}, static_cast<double>(state->written.read())});
               }});
  catalog.add({"telefence_records_lost_total", "Interception records lost, by reason. Packets never wait for records.",
               Family::Type::kCounter, [state](std::vector<Sample>& samples) {
                 const auto add = [&](const char* reason, std::uint64_t count) {
                   samples.push_back({{{"reason", reason}}, static_cast<double>(count)});
                 };
                 add("ring_full", state->dropped());
                 add("disk_full", state->lost_disk_full.read());
                 add("unwritable", state->lost_unwritable.read());
               }});
}

}  // namespace telefence
