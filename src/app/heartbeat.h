// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells a bypass NIC that packets are being forwarded: runs a program, or writes a line into a file, as long as every worker turns. The
// card joins its two ports by itself once it hears nothing for its own time-out: so also when a worker hangs, the process is
// stopped or gone, or the machine stands still. A thread of its own, telefence:beat; nothing here touches a packet.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/worker_watch.h"
#include "config/config.h"

namespace telefence {

class Heartbeat {
 public:
  Heartbeat(HeartbeatOptions options, const WorkerWatch& workers) : options_(std::move(options)), workers_(workers) {}
  ~Heartbeat() { stop(); }

  bool is_wanted() const { return !options_.command.empty() || !options_.file.empty(); }
  void start();
  void stop();

  struct Counts {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;    // the program or the file: it could not be run or written, took too long, or said no
    std::uint64_t withheld = 0;  // a worker had not turned
  };
  Counts counts() const { return {sent_.load(), failed_.load(), withheld_.load()}; }
  // Why the last one was not sent; "": it was. Any thread.
  std::string problem() const;

 private:
  void run();
  std::string beat();
  std::string run_program();
  std::string write_file() const;

  const HeartbeatOptions options_;
  const WorkerWatch& workers_;
  std::vector<std::uint64_t> turns_;  // seen at the last beat
  std::thread thread_;
  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopping_ = false;  // guarded by mutex_
  std::string problem_;       // guarded by mutex_
  std::atomic<std::uint64_t> sent_{0}, failed_{0}, withheld_{0};
};

}  // namespace telefence
