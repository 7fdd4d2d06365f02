// SPDX-License-Identifier: Apache-2.0
#include "signatures/feed.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "redis/interrupt.h"
#include "signatures/complaint_list.h"
#include "signatures/feed_metrics.h"
#include "signatures/log_follower.h"
#include "signatures/patient_clock.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kIdleMs = 1000;     // longest wait when nothing is due
constexpr std::uint32_t kReclaimMs = 50;    // while old versions wait for workers
constexpr std::uint32_t kQuiesceMs = 1000;  // how long a measurement waits for workers
constexpr std::size_t kSweepAtOnce = 5000;  // a few milliseconds: a batch that comes in between waits no longer
constexpr std::chrono::milliseconds kQuiet{500};  // without a batch: the next one is not near
constexpr std::uint64_t kManyEntries = 20'000;  // some megabytes

std::uint64_t microseconds_since(Clock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count());
}

void write_to_stderr(const std::string& line) { std::fprintf(stderr, "telefenced: %s\n", line.c_str()); }

constexpr std::size_t kHistoryBytes = std::size_t{1} << 30;  // of parts that only earlier versions have

// One call from another thread that waits for its answer.
struct Request {
  std::function<Result<void>()> run;
  bool is_done = false;
  Result<void> result;
};

}  // namespace

struct Feed::Impl {
  Impl(SignatureOptions options_, std::unique_ptr<SignatureStore> store_, Published<MatchSet>& published_,
       Readers& readers_, std::function<Result<void>(const MatchSet&)> prepare_, Journal::Write write)
      : options(std::move(options_)),
        store(std::move(store_)),
        published(published_),
        readers(readers_),
        prepare(std::move(prepare_)),
        news(!options.redis.server.empty(), store->counts(), std::move(write)),
        follower(options, wake, *store, news),
        most_kept(store->counts().in_force()) {}

  SignatureOptions options;
  std::unique_ptr<SignatureStore> store;
  Published<MatchSet>& published;
  Readers& readers;
  std::function<Result<void>(const MatchSet&)> prepare;

  Interrupt wake;
  FeedNews news;
  LogFollower follower;
  std::thread thread;
  std::atomic<bool> is_stopping{false};
  std::mutex mutex;  // of `requests` and `is_running`
  std::condition_variable answered;
  std::deque<Request*> requests;
  bool is_running = false;

  // Thread of the feed only.
  bool has_begun = false;      // what is on disk was read
  bool is_swept = false;       // entries ended that the version in force still has
  PatientClock sweep_clock;
  Clock::time_point changed_at;
  std::uint64_t most_kept;  // entries, since memory was last given back
  std::uint64_t newest_version = 0;
  std::optional<VersionInfo> pinned;  // in force by hand; nothing: the newest is
  Guarded<VersionHistory> history{VersionHistory(kHistoryBytes)};

  void run();
  void serve_requests();
  bool sweep();
  void follow(std::uint32_t timeout_ms);
  void publish(LogFollower::Progress progress);
  void tidy_up();
  void give_memory_back();
  Result<std::uint64_t> put_in_force(const std::string& cause, std::vector<Complaint>& complaints);
  Result<std::uint64_t> publish_parts(const MatchSetParts& parts);
  Result<void> roll_back(std::uint64_t number, const std::string& who, const std::string& why);
  Result<void> ask(std::function<Result<void>()> run);
  Result<void> reload(const SignatureOptions& fresh, std::vector<Complaint>& complaints);
};

// Builds, prepares and publishes what the store holds; returns the mark of the grace period. cause: "" when it says the same as before.
// While an earlier version is held by hand, the new one is only kept.
Result<std::uint64_t> Feed::Impl::put_in_force(const std::string& cause, std::vector<Complaint>& complaints) {
  most_kept = std::max(most_kept, store->counts().in_force());
  std::unique_ptr<const MatchSet> set = store->build(follower.sequence(), complaints);
  if (prepare) {
    if (auto prepared = prepare(*set); !prepared.ok()) return prepared.error();
  }
  if (!cause.empty()) ++newest_version;
  history.with([&](VersionHistory& versions) {
    if (cause.empty())
      versions.replace_newest(set->parts());
    else
      versions.add({newest_version, follower.sequence(), now_ms() / 1000, cause, store->counts()}, set->parts());
  });
  news.in_force(pinned ? &*pinned : nullptr, newest_version);
  return pinned ? readers.begin_grace() : published.publish(std::move(set));
}

Result<void> Feed::Impl::roll_back(std::uint64_t number, const std::string& who, const std::string& why) {
  if (number == 0) number = newest_version;
  MatchSetParts parts;
  const auto wanted = history.with([&](VersionHistory& versions) -> std::optional<VersionInfo> {
    const MatchSetParts* found = versions.find(number);
    if (found == nullptr) return std::nullopt;
    parts = *found;
    return *versions.info(number);
  });
  if (!wanted)
    return Error{ErrorCode::kUsage, "there is no version " + std::to_string(number) + " to go back to: telefence policy versions lists them"};
  auto set = std::make_unique<const MatchSet>(std::move(parts));
  if (prepare) {
    if (auto prepared = prepare(*set); !prepared.ok()) return prepared.error();
  }
  pinned.reset();
  if (number != newest_version) pinned = wanted;
  news.in_force(pinned ? &*pinned : nullptr, newest_version);
  AuditEntry entry("rollback", who);
  entry.number("version", number).number("newest", newest_version);
  if (!why.empty()) entry.text("why", why);
  follower.audit(entry);
  readers.wait(published.publish(std::move(set)), kQuiesceMs);
  return {};
}

Result<void> Feed::Impl::reload(const SignatureOptions& fresh, std::vector<Complaint>& complaints) {
  if (auto trusted = follower.set_trust(fresh.redis.trust); !trusted.ok()) return trusted;
  SignatureOptions kept = fresh;
  kept.keeps_compiled = !fresh.state_dir.empty();
  if (auto loaded = store->load(kept, complaints); !loaded.ok()) return loaded;
  const Result<std::uint64_t> mark = put_in_force(newest_version == 0 ? "start" : "reload", complaints);
  if (mark.ok())
    store->keep_load();
  else
    store->undo_load();
  news.keep(complaints, store->counts());
  if (!mark.ok()) return mark.error();
  follower.audit(AuditEntry("reload", "operator").number("left_out", count_left_out(complaints)).number("in_force", (pinned ? pinned->counts : store->counts()).in_force()));
  options.lists = fresh.lists;
  options.patterns = fresh.patterns;
  readers.wait(mark.value(), kQuiesceMs);
  return {};
}

void Feed::Impl::serve_requests() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!requests.empty()) {
    Request* request = requests.front();
    requests.pop_front();
    lock.unlock();
    Result<void> result = request->run();
    lock.lock();
    request->result = std::move(result);
    request->is_done = true;
    answered.notify_all();
  }
}

void Feed::Impl::publish(LogFollower::Progress progress) {
  const Result<std::uint64_t> mark = put_in_force("batch", progress.complaints);
  if (!mark.ok()) {
    news.keep(progress.complaints, store->counts());
    return news.not_published(mark.error());
  }
  const bool all_use_it = readers.wait(mark.value(), kQuiesceMs);
  news.keep(progress.complaints, store->counts());
  FeedNews::Publication publication;
  publication.sequence = follower.sequence();
  publication.hash = follower.hash();
  publication.apply_us = all_use_it ? microseconds_since(progress.read_at) : 0;
  publication.is_measured = progress.is_measured && progress.timestamp_ms > 0;
  // Clocks of publisher and edge may differ by more than the way takes.
  const std::int64_t on_the_way_ms = std::max<std::int64_t>(now_ms() - progress.timestamp_ms, 0);
  publication.propagation_us = static_cast<std::uint64_t>(on_the_way_ms) * 1000;
  news.published(publication);
}

// Drops some entries whose time is over. Returns whether there are more. They do nothing any more, so nobody waits for
// this: batches come first, and carry what was swept with them.
bool Feed::Impl::sweep() {
  const SignatureStore::Swept swept = store->sweep(sweep_clock.now_s(now_ms() / 1000, Clock::now()), kSweepAtOnce);
  is_swept |= swept.ended > 0;
  return swept.has_more;
}

void Feed::Impl::tidy_up() {
  if (!store->tidy() && !is_swept) return;
  is_swept = false;
  std::vector<Complaint> complaints;
  const Result<std::uint64_t> mark = put_in_force("", complaints);
  news.keep(complaints, store->counts());
  if (!mark.ok()) news.not_published(mark.error());
}

// What many entries needed is free, but still the process's: the allocator gives pieces between others back only when asked.
void Feed::Impl::give_memory_back() {
  const std::uint64_t kept = store->counts().in_force();
  if (most_kept - kept < kManyEntries || published.reclaim() > 0) return;
  malloc_trim(0);
  most_kept = kept;
}

void Feed::Impl::follow(std::uint32_t timeout_ms) {
  if (options.redis.server.empty()) {
    wake.wait(timeout_ms);
    return give_memory_back();
  }
  const bool has_more = sweep();
  LogFollower::Progress progress = follower.step(has_more ? 0 : timeout_ms);
  if (progress.has_changed) {
    changed_at = Clock::now();
    return publish(std::move(progress));
  }
  if (has_more || Clock::now() - changed_at < kQuiet) return;
  tidy_up();
  give_memory_back();
}

void Feed::Impl::run() {
  pthread_setname_np(pthread_self(), "telefence:feed");
  if (!has_begun && !options.redis.server.empty()) {
    has_begun = true;
    if (LogFollower::Progress kept = follower.begin(); kept.has_changed) publish(std::move(kept));
  }
  while (!is_stopping.load()) {
    wake.clear();
    serve_requests();
    if (is_stopping.load()) break;
    follow(published.reclaim() > 0 ? kReclaimMs : kIdleMs);
    if (const std::optional<Error> why = store->take_keep_failure()) news.not_kept(*why);
    news.tick();
  }
  news.close();
  follower.pause();
  // Nobody will answer any more.
  std::unique_lock<std::mutex> lock(mutex);
  is_running = false;
  for (Request* request : requests) {
    request->result = Error{ErrorCode::kFailed, "the daemon is stopping"};
    request->is_done = true;
  }
  requests.clear();
  answered.notify_all();
}

Feed::Feed(SignatureOptions options, std::unique_ptr<SignatureStore> store, Published<MatchSet>& published,
           Readers& readers, std::function<Result<void>(const MatchSet&)> prepare, Journal::Write write)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(store), published, readers, std::move(prepare),
                                   write ? std::move(write) : Journal::Write(write_to_stderr))) {}

Feed::~Feed() { stop(); }

void Feed::start() {
  CHECK(!impl_->thread.joinable());
  {
    std::lock_guard<std::mutex> lock(impl_->mutex);
    impl_->is_running = true;
  }
  impl_->is_stopping = false;
  impl_->thread = std::thread([this] { impl_->run(); });
}

void Feed::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->is_stopping = true;
  impl_->wake.raise();
  impl_->thread.join();
}

// On the feed's thread, where there is one.
Result<void> Feed::Impl::ask(std::function<Result<void>()> run_it) {
  Request request{std::move(run_it), false, {}};
  std::unique_lock<std::mutex> lock(mutex);
  if (!is_running) return request.run();
  requests.push_back(&request);
  wake.raise();
  answered.wait(lock, [&] { return request.is_done; });
  return request.result;
}

Result<void> Feed::reload(const SignatureOptions& options, std::vector<Complaint>& complaints) {
  return impl_->ask([&] { return impl_->reload(options, complaints); });
}

Result<void> Feed::roll_back(std::uint64_t number, const std::string& who, const std::string& why) {
  return impl_->ask([&] { return impl_->roll_back(number, who, why); });
}

std::unique_ptr<const MatchSet> Feed::set_of(std::uint64_t number) const {
  return impl_->history.with([number](const VersionHistory& versions) -> std::unique_ptr<const MatchSet> {
    const MatchSetParts* parts = versions.find(number);
    return parts == nullptr ? nullptr : std::make_unique<const MatchSet>(*parts);
  });
}

std::vector<VersionInfo> Feed::versions() const {
  return impl_->history.with([](const VersionHistory& versions) { return versions.list(); });
}

FeedState Feed::state() const { return impl_->news.state(); }

void Feed::add_families(Catalog& catalog) const {
  add_feed_families(catalog, [this] { return state(); });
}

}  // namespace telefence
