// SPDX-License-Identifier: Apache-2.0
#include "app/daemon.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <thread>
#include <utility>

#include "app/sentences.h"
#include "app/test_request.h"
#include "base/allowed_cores.h"
#include "config/loader.h"
#include "nic/cores.h"
#include "signatures/compiled_layer.h"
#include "stats/exporter.h"

namespace telefence {
namespace {

constexpr std::uint32_t kIdlePolls = 2000;  // some 100 us of nothing before a worker on a shared core naps
constexpr timespec kNap = {0, 50'000};

// Whether somebody else needs the cores that the workers poll on.
bool shares_cores(const NicOptions& nic) {
  if (nic.worker_cores.empty() || nic.worker_cores.size() >= std::thread::hardware_concurrency()) return true;
  return std::find(nic.worker_cores.begin(), nic.worker_cores.end(), nic.control_core) != nic.worker_cores.end();
}

// Tells the processor that this is a waiting loop; the other hyper-thread of the core gets its share.
void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void log(std::string_view line) { std::fprintf(stderr, "telefenced: %.*s\n", static_cast<int>(line.size()), line.data()); }

Error not_running() { return {ErrorCode::kFailed, "the daemon is starting or stopping: try again in a moment. Nothing was changed"}; }

std::string failure(const Error& error) {
  return to_line({{"ok", false}, {"code", static_cast<int>(error.code)}, {"error", error.message}});
}

}  // namespace

void Overrides::apply(Config& config) const {
  if (mode) config.mode = *mode;
  config.nic.eal.insert(config.nic.eal.end(), eal.begin(), eal.end());
}

Daemon::Daemon(Config config, Overrides overrides)
    : overrides_(std::move(overrides)),
      config_([&] {
        overrides_.apply(config);
        return std::move(config);
      }()),
      guard_options_(config_.guard),
      overload_(config_.overload),
      bypasses_by_itself_(config_.automatic_bypass),
      mode_(config_.mode),
      language_(language_of(overrides_.language, config_.language)),
      naps_when_idle_(shares_cores(config_.nic)) {}

Daemon::~Daemon() { stop(); }

Result<void> Daemon::start() {
  // Before anything is hashed.
  if (!config_.signatures.state_dir.empty()) {
    if (const Result<void> shared = share_table_secret(config_.signatures.state_dir); !shared) log(translated(language(), shared.error().message));
  }
  Result<std::unique_ptr<Filter>> filter = Filter::make(config_, false);
  if (!filter) return filter.error();
  filter_ = std::move(filter.value());
  make_feed();
  begin_reading();
  Result<std::unique_ptr<Nic>> nic = Nic::start(config_.nic);
  if (!nic) return nic.error();
  nic_ = std::move(nic.value());
  notes_ = nic_->notes();
  if (Result<void> made = make_workers(); !made) return made;
  receipts_ = std::make_unique<Receipts>(config_.signatures.redis.receipts, config_.signatures.redis.tls, [this] { return edge_report(); });
  make_sample();
  make_servers();
  add_families();
  if (Result<void> served = start_servers(); !served) return served;
  if (Result<void> launched = nic_->launch([this](std::size_t index) { work(index); }); !launched) return launched;
  launched_ = true;
  heartbeat_->start();
  if (Result<void> read = first_reading_.finish(); !read) return read;
  feed_->start();
  receipts_->start();
  if (trial_desk_) trial_desk_->start();
  return {};
}

void Daemon::make_feed() {
  const auto prepare_workers = [this](const MatchSet& set) -> Result<void> {
    if (!first_reading_.wait_for_workers()) return Error{ErrorCode::kFailed, "the daemon does not start"};
    return prepare(set);
  };
  feed_ = std::make_unique<Feed>(config_.signatures, filter_->empty_store(), filter_->sets(), filter_->readers(), prepare_workers,
                                 [this](const std::string& line) { log(translated(language(), line)); });
}

// Where the control thread will go on with it: its memory is to lie there.
void Daemon::begin_reading() {
  const std::vector<unsigned> allowed = allowed_cores();
  const Result<CorePlan> plan = plan_cores(config_.nic, allowed);
  first_reading_.begin([this] { return read_signatures(); }, plan.ok() ? cores_near(plan.value().control, allowed) : allowed);
}

// While the ports are opened, and then while packets pass unread: a million entries may take a second, compiling patterns longer.
Result<void> Daemon::read_signatures() {
  const std::lock_guard<std::mutex> lock(reloading_);
  std::vector<Complaint> complaints;
  const Result<void> read = feed_->reload(config_.signatures, complaints);
  // Before, what is written is taken for DPDK's.
  if (first_reading_.wait_for_workers()) print(complaints, language());
  return read;
}

void Daemon::inspect() {
  has_signatures_ = true;
  set_passage();
}

// Workers that receive from the same port hand each other what lies in tunnels.
void Daemon::make_spreads() {
  spreads_.resize(config_.nic.ports.size());
  for (std::size_t i = 0; i < nic_->workers(); ++i)
    for (const QueueLink& link : nic_->links(i)) {
      std::vector<std::size_t>& workers = spreads_[link.port].workers;
      if (workers.empty() || workers.back() != i) workers.push_back(i);  // who serves two queues of a port has one seat
    }
  for (PortSpread& port : spreads_)
    if (config_.nic.spread_tunnels && port.workers.size() > 1)
      port.spread = std::make_unique<TunnelSpread>(port.workers.size(), kPassedOnFrames, filter_->shared().secret);
}

std::vector<Link> Daemon::links_of(std::size_t worker) const {
  std::vector<Link> links;
  for (const QueueLink& link : nic_->links(worker)) {
    const PortSpread& port = spreads_[link.port];
    const auto seat = std::find(port.workers.begin(), port.workers.end(), worker) - port.workers.begin();
    links.push_back({.in = link.in, .out = link.out, .respond = link.respond, .spread = port.spread.get(), .seat = static_cast<std::size_t>(seat)});
  }
  return links;
}

Result<void> Daemon::make_workers() {
  make_spreads();
  std::vector<RecordRing*> rings;
  for (std::size_t i = 0; i < nic_->workers(); ++i) {
    RecordRing* ring = rings_.emplace_back(std::make_unique<RecordRing>(config_.records.ring_records)).get();
    rings.push_back(ring);
    workers_.push_back(std::make_unique<Worker>(static_cast<std::uint16_t>(i), filter_->shared(&gate_), links_of(i), nic_->pool(i),
                                                ring, nullptr));
  }
  if (Result<void> fits = prepare(filter_->sets().read()); !fits) return fits;
  watch_ = std::make_unique<WorkerWatch>(workers_.size());
  heartbeat_ = std::make_unique<Heartbeat>(config_.heartbeat, *watch_);
  writer_ = std::make_unique<RecordWriter>(config_.records, filter_->record_names(), std::move(rings));
  writer_->on_news([this](const std::string& line) { log(translated(language(), line)); });
  writer_->on_record([this](const Record& record, std::string_view line) {
    control_->broadcast(line);
    sample_blocked(record);
  });
  return {};
}

Result<void> Daemon::prepare(const MatchSet& set) {
  for (const auto& worker : workers_)
    if (Result<void> fits = worker->scratch().prepare(set); !fits) return fits;
  return {};
}

// All of them exist before the first of their threads does.
void Daemon::make_servers() {
  control_ = std::make_unique<ControlServer>(config_.control_socket);
  control_->on("status", [this](std::string_view) { return to_line(status()); });
  control_->on("test", [this](std::string_view request) { return test(request); });
  control_->on("reload", [this](std::string_view request) { return reload_command(request); });
  control_->on("policy_versions", [this](std::string_view) { return policy_versions_command(); });
  control_->on("policy_rollback", [this](std::string_view request, const Requester& who) { return policy_rollback_command(request, who); });
  control_->on("bypass", [this](std::string_view request, const Requester& who) { return bypass_command(request, who); });
  if (config_.web_listen.empty()) return;
  WebSources sources;
  sources.metrics = [this] { return to_prometheus_text(catalog_); };
  sources.health = [this] { return to_line({{"alive", true}, {"node", config_.node}, {"version", TELEFENCE_VERSION}}) + "\n"; };
  sources.ready = [this](std::string& json) {
    std::vector<std::string> reasons;
    const bool ready = is_ready(reasons);
    json = to_line({{"ready", ready}, {"reasons", reasons}, {"feed", feed_status()}}) + "\n";
    return ready;
  };
  web_ = std::make_unique<WebServer>(config_.web_listen, std::move(sources));
}

Result<void> Daemon::start_servers() {
  if (Result<void> started = writer_->start(); !started) return started;
  if (Result<void> started = control_->start(); !started) {
    // The default place needs root; a filter that can't be asked is better than none.
    if (config_.control_socket != Config{}.control_socket) return started;
    notes_.push_back(started.error().message + "; telefence status and test can't reach this daemon (listen.control)");
  }
  return web_ ? web_->start() : Result<void>();
}

void Daemon::work(std::size_t index) {
  Worker& worker = *workers_[index];
  std::uint32_t idle = 0;
  while (!stopping_.load(std::memory_order_relaxed)) {
    watch_->turn(index);
    if (worker.run_once() != 0) {
      idle = 0;
    } else if (++idle < kIdlePolls || !naps_when_idle_) {
      pause_briefly();
    } else {
      // Only here, and only on a core that others need, does a worker call the system.
      nanosleep(&kNap, nullptr);
    }
  }
  worker.flush();
  filter_->readers().offline(index);
  ended_.fetch_add(1, std::memory_order_release);
}

void Daemon::stop() {
  first_reading_.abandon();
  // Workers end as late as can be: until then packets pass.
  if (feed_) feed_->stop();
  if (receipts_) receipts_->stop();
  if (trial_desk_) trial_desk_->stop();
  if (web_) web_->stop();
  if (heartbeat_) heartbeat_->stop();
  stopping_.store(true);
  if (launched_) {
    nic_->wait();
    // Says what is so already, in a way that ThreadSanitizer understands: it does not see how DPDK waits for its threads.
    CHECK(ended_.load(std::memory_order_acquire) == workers_.size());
    // What one handed to another that had ended by then.
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      filter_->readers().online(i);
      workers_[i]->flush();
      filter_->readers().offline(i);
    }
  }
  launched_ = false;
  if (writer_) writer_->stop();
  if (control_) control_->stop();
}

void Daemon::watch() {
  watch_workers();
  watch_bypass();
  watch_guard();
}

void Daemon::watch_workers() {
  const std::vector<WorkerWatch::Still> still = watch_->look(WorkerWatch::Clock::now());
  if (still.empty() == !stands_still_) return;
  stands_still_ = !still.empty();
  for (const WorkerWatch::Still& one : still) log(translated(language(), reason_of(one)));
  if (still.empty()) log(say(language(), {"all workers turn again", "所有工作线程已恢复"}));
}

Result<void> Daemon::take_over(ReloadReport& report, bool accepts_shrunk) {
  // What the end does with workers and signatures must not meet this.
  if (stopping_.load()) return not_running();
  Loaded loaded = load_config(config_.file);
  report.mistakes = loaded.mistakes;
  report.warnings = loaded.warnings;
  if (!loaded.mistakes.empty()) {
    const std::size_t count = loaded.mistakes.size();
    return Error{ErrorCode::kInvalid, std::to_string(count) + (count == 1 ? " mistake in " : " mistakes in ") + config_.file +
                                          ", the first: " + to_text(loaded.mistakes.front()) + ". Nothing was changed"};
  }
  overrides_.apply(loaded.config);
  if (accepts_shrunk) loaded.config.signatures.most_shrink = 1;
  // What can fail comes first, and the signatures are put in force last of it: then nothing was changed.
  Result<std::unique_ptr<const LivePolicy>> live = filter_->live_policy_of(loaded.config);
  if (!live) return Error{live.error().code, live.error().message + ". Nothing was changed"};
  if (Result<void> read = feed_->reload(loaded.config.signatures, report.complaints); !read)
    return Error{read.error().code, read.error().message + ". Nothing was changed"};
  filter_->put_in_force(std::move(live.value()));
  mode_.store(loaded.config.mode);
  overload_.with([&](OverloadOptions& in_force) { in_force = loaded.config.overload; });
  guard_options_.with([&](GuardOptions& in_force) { in_force = loaded.config.guard; });
  bypasses_by_itself_.store(loaded.config.automatic_bypass);
  if (trial_desk_) trial_desk_->trust(loaded.config.signatures.redis.trust);
  language_.store(language_of(overrides_.language, loaded.config.language));
  report.needs_restart = sealed_changes(config_, loaded);
  report.held = held_reason();
  needs_restart_.with([&](std::vector<SealedChange>& kept) { kept = report.needs_restart; });
  return {};
}

Result<void> Daemon::reload(ReloadReport& report, bool accepts_shrunk) {
  // The first reading has the lock, and may take long.
  if (!has_signatures_) return not_running();
  const std::lock_guard<std::mutex> lock(reloading_);
  writer_->reopen();
  const Result<void> done = take_over(report, accepts_shrunk);
  reload_problem_.with([&](std::string& problem) { problem = done ? "" : "the last reload was refused: " + done.error().message; });
  print(report.mistakes, kMistake, language());
  print(report.warnings, kWarning, language());
  print(report.complaints, language());
  std::string outcome(say(language(), {"done", "完成"}));
  if (!done) outcome = translated(language(), done.error().message);
  std::string changes;
  for (const SealedChange& change : report.needs_restart) changes += (changes.empty() ? "" : ", ") + to_text(change, language());
  if (!changes.empty()) outcome += say(language(), {", but these changes need a restart: {}", "，但以下更改需要重启：{}"}, changes);
  if (!report.held.empty()) outcome += say(language(), {"; {}", "；{}"}, translated(language(), report.held));
  log(say(language(), {"reload: {}", "重新加载：{}"}, outcome));
  return done;
}

std::string Daemon::reload_command(std::string_view line) {
  const Json request = Json::parse(line, nullptr, false);
  ReloadReport report;
  const Result<void> done = reload(report, request.is_object() && request.value("accept_shrunk", Json(false)) == true);
  Json reply = {{"ok", done.ok()}};
  if (!done) reply.update(Json{{"code", static_cast<int>(done.error().code)}, {"error", done.error().message}});
  reply["mode"] = mode_.load() == Mode::kEnforce ? "enforce" : "monitor";
  reply["held"] = report.held;
  for (const char* key : {"mistakes", "warnings", "complaints", "needs_restart"}) reply[key] = Json::array();
  for (const Mistake& mistake : report.mistakes) reply["mistakes"].push_back(to_json(mistake));
  for (const Mistake& warning : report.warnings) reply["warnings"].push_back(to_json(warning));
  for (const Complaint& complaint : report.complaints) reply["complaints"].push_back(to_json(complaint));
  for (const SealedChange& change : report.needs_restart) reply["needs_restart"].push_back(to_json(change));
  return to_line(reply);
}

std::string Daemon::test(std::string_view line) {
  const Json request = Json::parse(line, nullptr, false);
  Result<TestRequest> wanted = test_request_from(request);
  if (!wanted) return failure(wanted.error());
  // This thread reads the versions that workers read, so it counts as a reader while it does.
  filter_->readers().online(kControlReader);
  Result<Json> answer =
      answer_test(wanted.value(), {filter_->sets().read(), filter_->policy().read().policy, filter_->normaliser(), filter_->protected_names()});
  filter_->readers().offline(kControlReader);
  if (!answer) return failure(answer.error());
  answer.value()["ok"] = true;
  answer.value()["node"] = config_.node;
  return to_line(answer.value());
}

}  // namespace telefence
