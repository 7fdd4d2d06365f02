// SPDX-License-Identifier: Apache-2.0
#include "app/daemon.h"

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

#include "app/test_request.h"
#include "config/loader.h"
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

std::string failure(const Error& error) {
  return to_line({{"ok", false}, {"code", static_cast<int>(error.code)}, {"error", error.message}});
}

}  // namespace

Daemon::Daemon(Config config, bool mode_fixed)
    : config_(std::move(config)), mode_fixed_(mode_fixed), mode_(config_.mode), naps_when_idle_(shares_cores(config_.nic)) {}

Daemon::~Daemon() { stop(); }

Result<void> Daemon::start() {
  Result<std::unique_ptr<Filter>> filter = Filter::make(config_);
  if (!filter) return filter.error();
  filter_ = std::move(filter.value());
  print(filter_->complaints());
  Result<std::unique_ptr<Nic>> nic = Nic::start(config_.nic);
  if (!nic) return nic.error();
  nic_ = std::move(nic.value());
  notes_ = nic_->notes();
  if (Result<void> made = make_workers(); !made) return made;
  feed_ = std::make_unique<Feed>(config_.signatures, filter_->take_store(), filter_->sets(), filter_->readers(),
                                 [this](const MatchSet& set) { return prepare(set); });
  add_families();
  if (Result<void> served = start_servers(); !served) return served;
  if (Result<void> launched = nic_->launch([this](std::size_t index) { work(index); }); !launched) return launched;
  launched_ = true;
  feed_->start();
  return {};
}

Result<void> Daemon::make_workers() {
  std::vector<RecordRing*> rings;
  for (std::size_t i = 0; i < nic_->workers(); ++i) {
    std::vector<Link> links;
    for (const QueueLink& link : nic_->links(i)) links.push_back({link.in, link.out});
    RecordRing* ring = rings_.emplace_back(std::make_unique<RecordRing>(config_.records.ring_records)).get();
    rings.push_back(ring);
    workers_.push_back(std::make_unique<Worker>(static_cast<std::uint16_t>(i), filter_->shared(), std::move(links),
                                                nic_->pool(i), ring, nullptr));
  }
  if (Result<void> fits = prepare(filter_->sets().read()); !fits) return fits;
  writer_ = std::make_unique<RecordWriter>(config_.records, filter_->record_names(), std::move(rings));
  writer_->on_record([this](const Record&, std::string_view line) {
    if (control_) control_->broadcast(line);
  });
  return {};
}

Result<void> Daemon::prepare(const MatchSet& set) {
  for (const auto& worker : workers_)
    if (Result<void> fits = worker->scratch().prepare(set); !fits) return fits;
  return {};
}

Result<void> Daemon::start_servers() {
  control_ = std::make_unique<ControlServer>(config_.control_socket);
  control_->on("status", [this](std::string_view) { return to_line(status()); });
  control_->on("test", [this](std::string_view request) { return test(request); });
  control_->on("reload", [this](std::string_view) { return reload_command(); });
  if (Result<void> started = control_->start(); !started) {
    // The default place needs root; a filter that can't be asked is better than none.
    if (config_.control_socket != Config{}.control_socket) return started;
    notes_.push_back(started.error().message + "; telefence status and test can't reach this daemon (control.socket)");
  }
  if (Result<void> started = writer_->start(); !started) return started;
  if (config_.web_listen.empty()) return {};
  WebSources sources;
  sources.metrics = [this] { return to_prometheus_text(catalog_); };
  sources.health = [this] { return to_line({{"alive", true}, {"node", config_.node}, {"version", TELEFENCE_VERSION}}); };
  sources.ready = [this](std::string& json) {
    std::vector<std::string> reasons;
    const bool ready = is_ready(reasons);
    json = to_line({{"ready", ready}, {"reasons", reasons}, {"feed", feed_status()}});
    return ready;
  };
  web_ = std::make_unique<WebServer>(config_.web_listen, std::move(sources));
  return web_->start();
}

void Daemon::work(std::size_t index) {
  Worker& worker = *workers_[index];
  std::uint32_t idle = 0;
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (worker.run_once() != 0) {
      idle = 0;
    } else if (++idle < kIdlePolls || !naps_when_idle_) {
      pause_briefly();
    } else {
      // Only here, and only on a core that others need, does a worker call the system.
      nanosleep(&kNap, nullptr);
    }
  }
  filter_->readers().offline(index);
}

void Daemon::stop() {
  if (feed_) feed_->stop();
  stopping_.store(true);
  if (launched_) nic_->wait();
  launched_ = false;
  if (web_) web_->stop();
  if (writer_) writer_->stop();
  if (control_) control_->stop();
}

Result<void> Daemon::reload(std::vector<Complaint>& complaints) {
  const std::lock_guard<std::mutex> lock(reloading_);
  Loaded loaded = load_config(config_.file);
  print(loaded.mistakes, "mistake");
  if (!loaded.mistakes.empty()) {
    return Error{ErrorCode::kInvalid, std::to_string(loaded.mistakes.size()) + " mistakes in " + config_.file +
                                          ", the first: " + to_text(loaded.mistakes.front()) + ". Nothing was changed"};
  }
  if (mode_fixed_) loaded.config.mode = mode_.load();
  // Signatures first: they can fail, and then the policy stays as well.
  if (Result<void> read = feed_->reload(loaded.config.signatures, complaints); !read) return read;
  if (Result<void> taken = filter_->take_policy(loaded.config); !taken) return taken;
  mode_.store(loaded.config.mode);
  print(complaints);
  return {};
}

std::string Daemon::reload_command() {
  std::vector<Complaint> complaints;
  if (const Result<void> done = reload(complaints); !done) return failure(done.error());
  Json reply = {{"ok", true}, {"complaints", Json::array()}};
  for (const Complaint& complaint : complaints) reply["complaints"].push_back(to_json(complaint));
  return to_line(reply);
}

std::string Daemon::test(std::string_view line) {
  const Json request = Json::parse(line, nullptr, false);
  Result<TestRequest> wanted = test_request_from(request);
  if (!wanted) return failure(wanted.error());
  // This thread reads the versions that workers read, so it counts as a reader while it does.
  filter_->readers().online(kControlReader);
  Result<Json> answer =
      answer_test(wanted.value(), {filter_->sets().read(), filter_->policy().read().policy, filter_->normaliser()});
  filter_->readers().offline(kControlReader);
  if (!answer) return failure(answer.error());
  answer.value()["ok"] = true;
  answer.value()["node"] = config_.node;
  return to_line(answer.value());
}

}  // namespace telefence
