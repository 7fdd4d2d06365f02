// SPDX-License-Identifier: Apache-2.0
#pragma once

// The running edge filter: ports, workers, record writer, feed, web and control servers, in the order in which they have to start
// and stop. Control thread; reload() also from the control server's thread; the first reading has a thread of its own. What other threads read is either made before the first
// of them starts and left alone then, or atomic, or guarded.

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/block_guard.h"
#include "app/bypass_keeper.h"
#include "app/filter.h"
#include "app/first_reading.h"
#include "app/heartbeat.h"
#include "app/json_lines.h"
#include "app/test_request.h"
#include "app/trouble_watch.h"
#include "app/worker_watch.h"
#include "config/config.h"
#include "config/sealed.h"
#include "control/commands.h"
#include "nic/nic.h"
#include "pipeline/worker.h"
#include "publish/guarded.h"
#include "record/ring.h"
#include "record/writer.h"
#include "signatures/feed.h"
#include "sample/live_sample.h"
#include "signatures/receipts.h"
#include "signatures/trial_desk.h"
#include "stats/catalog.h"
#include "web/server.h"

namespace telefence {

// What the command line says stands over the file, at the start and at every reload.
struct Overrides {
  std::optional<Mode> mode;
  std::vector<std::string> eal;  // further arguments
  std::string language;          // "", en or zh

  void apply(Config& config) const;
};

// What a reload has to tell.
struct ReloadReport {
  std::vector<Mistake> mistakes;  // of the new file; nothing was changed then
  std::vector<Mistake> warnings;
  std::vector<Complaint> complaints;
  std::vector<SealedChange> needs_restart;
  std::string held;  // why the signatures that were read wait; "" = they are in force
};

// "worker w0 stands still for 4 s: its packets wait"
std::string reason_of(const WorkerWatch::Still& still);

class Daemon {
 public:
  // `config`: as it was read.
  Daemon(Config config, Overrides overrides);
  ~Daemon();

  // Packets are forwarded unread as soon as the ports are open. Returns when the signatures are read. The error says what, why and
  // what to do; what runs already is to be stopped then, and the lists may still be being read: the process is to end without waiting.
  Result<void> start();
  // From now on packets are looked at. Only now: a signal that comes during the start ends the process at once.
  void inspect();
  // Lets the workers finish their burst, writes the records that are left, and ends all threads.
  void stop();
  // Gives the ports back. After stop(); nothing else may be called then.
  void close_ports() { nic_.reset(); }

  // Reads the configuration and the signature files again, opens the record file anew, and writes to the log what came of it. A
  // mistake leaves everything as it was.
  // accepts_shrunk: also lists that lost more than policy.shrink_limit.
  Result<void> reload(ReloadReport& report, bool accepts_shrunk = false);
  // To be called every second: tells in the log of workers that stand still, switches bypass on when something goes wrong that it
  // mends, and off when its time is over.
  void watch();

  // Where it stands, for `telefence status`, /readyz and the start summary.
  Json status() const;
  bool is_ready(std::vector<std::string>& reasons) const;
  Json start_summary() const;
  Language language() const { return language_.load(); }

 private:
  void make_spreads();
  std::vector<Link> links_of(std::size_t worker) const;
  Result<void> make_workers();
  void make_feed();
  void begin_reading();
  Result<void> read_signatures();
  void watch_workers();
  void watch_bypass();
  void watch_guard();
  void sample_blocked(const Record& record);
  bool is_new_blocking(const BlockGuard::Jump& jump);
  bool roll_back_for_guard(const BlockGuard::Jump& jump);
  void tell_of_guard(std::uint64_t version, const std::string& what);
  std::string guard_reason() const;
  std::string held_reason() const;  // why an earlier version of the signatures is in force; "" = the newest is
  void add_guard_families();
  void set_passage();
  std::string bypass_command(std::string_view request, const Requester& who);
  Json bypass_status() const;
  Json overload_status() const;
  void add_reasons_of_passage(std::vector<std::string>& reasons, bool& ready) const;
  void add_reasons_of_load(std::vector<std::string>& reasons) const;
  void add_passage_families();
  void make_servers();
  Result<void> start_servers();
  void add_families();
  void work(std::size_t index);
  std::string test(std::string_view request);
  std::string reload_command(std::string_view request);
  std::string policy_versions_command() const;
  std::string policy_rollback_command(std::string_view request, const Requester& who);
  Json ports_status() const;
  Json channels_status() const;
  Json packets_status() const;
  Json evasions_status() const;
  Json feed_status() const;
  EdgeReport edge_report() const;
  void make_sample();
  void tend_sample();
  std::string answer_trial(const Trial& trial);
  void add_sample_families();
  Json needs_restart_status() const;
  Result<void> prepare(const MatchSet& set);
  Result<void> take_over(ReloadReport& report, bool accepts_shrunk);
  void add_reasons_of_feed(std::vector<std::string>& reasons, bool& ready) const;

  static constexpr std::size_t kControlReader = Readers::kMaxReaders - 1;
  static constexpr std::size_t kTrialReader = Readers::kMaxReaders - 2;
  static constexpr std::size_t kGuardReader = Readers::kMaxReaders - 3;
  static constexpr std::size_t kMostSamples = 64;
  static constexpr int kSamplesASecond = 32;

  const Overrides overrides_;
  const Config config_;  // of the start: what is sealed
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<std::string> notes_;
  std::unique_ptr<Filter> filter_;
  std::unique_ptr<Nic> nic_;
  std::vector<std::unique_ptr<RecordRing>> rings_;
  // By port; none for a port that one worker serves alone.
  struct PortSpread {
    std::vector<std::size_t> workers;  // by seat
    std::unique_ptr<TunnelSpread> spread;
  };
  std::vector<PortSpread> spreads_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<RecordWriter> writer_;
  std::unique_ptr<Feed> feed_;
  std::unique_ptr<Receipts> receipts_;
  // None when nothing is sampled. The sample is the desk's thread's.
  std::vector<std::unique_ptr<SampleRing>> sample_rings_;
  std::unique_ptr<LiveSample> sample_;
  std::unique_ptr<TrialDesk> trial_desk_;
  Catalog catalog_;
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<WorkerWatch> watch_;
  std::unique_ptr<Heartbeat> heartbeat_;
  bool stands_still_ = false;  // main thread: the log says so
  TroubleWatch trouble_;       // main thread
  BypassKeeper bypass_;
  BlockGuard guard_;           // main thread
  Guarded<GuardOptions> guard_options_;
  std::atomic<bool> is_version_chosen_{false};  // by hand, since the last look
  std::atomic<int> samples_wanted_{0};
  std::uint64_t guard_told_ = 0;  // main thread: of this version it was told that it blocks nothing new
  struct BlockedSample {
    std::uint64_t sequence = 0;  // of the policy in force
    std::vector<TestRequest> questions;
  };
  Guarded<std::deque<BlockedSample>> samples_;  // of what was blocked lately
  struct GuardSaid {
    std::uint64_t version = 0;
    std::string what;
    BlockGuard::Clock::time_point at;
  };
  Guarded<GuardSaid> guard_said_;
  struct {
    std::atomic<std::uint64_t> warned{0}, rolled_back{0}, old_entries{0};
  } guard_counts_;
  Guarded<OverloadOptions> overload_;  // those in force
  std::atomic<bool> bypasses_by_itself_;
  std::atomic<bool> has_signatures_{false};
  std::mutex passing_;         // of what is written to gate_
  Gate gate_{Passage::kNotReady};
  std::mutex reloading_;
  Guarded<std::string> reload_problem_;  // why the last reload was refused; "" = it was not
  Guarded<std::vector<SealedChange>> needs_restart_;
  std::atomic<Mode> mode_;
  std::atomic<Language> language_;
  std::atomic<bool> stopping_{false};
  const bool naps_when_idle_;
  std::atomic<bool> launched_{false};
  std::atomic<std::size_t> ended_{0};  // workers that have
  FirstReading first_reading_;         // last: its thread uses the others
};

}  // namespace telefence
