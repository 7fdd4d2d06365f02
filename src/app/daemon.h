// SPDX-License-Identifier: Apache-2.0
#pragma once

// The running edge filter: ports, workers, record writer, feed, web and control servers, in the order in which they have to start
// and stop. Control thread; reload() also from the control server's thread.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/filter.h"
#include "app/json_lines.h"
#include "config/config.h"
#include "control/commands.h"
#include "nic/nic.h"
#include "pipeline/worker.h"
#include "record/ring.h"
#include "record/writer.h"
#include "signatures/feed.h"
#include "stats/catalog.h"
#include "web/server.h"

namespace telefence {

class Daemon {
 public:
  // mode_fixed: the command line's mode stays over reloads.
  Daemon(Config config, bool mode_fixed);
  ~Daemon();

  // Everything up to the first packet. The error says what, why and what to do; nothing goes on running then.
  Result<void> start();
  // Lets the workers finish their burst, writes the records that are left, and ends all threads.
  void stop();

  // Reads the configuration and the signature files again. A mistake leaves everything as it was.
  Result<void> reload(std::vector<Complaint>& complaints);
  // Opens the record file anew.
  void reopen_records() { if (writer_) writer_->reopen(); }

  // Where it stands, for `telefence status`, /readyz and the start summary.
  Json status() const;
  bool is_ready(std::vector<std::string>& reasons) const;
  Json start_summary() const;
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Result<void> make_workers();
  Result<void> start_servers();
  void add_families();
  void work(std::size_t index);
  std::string test(std::string_view request);
  std::string reload_command();
  Json ports_status() const;
  Json channels_status() const;
  Json packets_status() const;
  Json feed_status() const;
  Result<void> prepare(const MatchSet& set);

  static constexpr std::size_t kControlReader = Readers::kMaxReaders - 1;

  Config config_;
  const bool mode_fixed_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<std::string> notes_;
  std::unique_ptr<Filter> filter_;
  std::unique_ptr<Nic> nic_;
  std::vector<std::unique_ptr<RecordRing>> rings_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<RecordWriter> writer_;
  std::unique_ptr<Feed> feed_;
  Catalog catalog_;
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<ControlServer> control_;
  std::mutex reloading_;
  std::atomic<Mode> mode_;
  std::atomic<bool> stopping_{false};
  bool naps_when_idle_ = true;
  bool launched_ = false;
};

}  // namespace telefence
