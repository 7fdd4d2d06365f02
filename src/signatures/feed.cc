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
#include "signatures/feed_metrics.h"
#include "signatures/log_follower.h"
#include "signatures/patient_clock.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kIdleMs = 1000;     // longest wait when nothing is due
constexpr std::uint32_t kReclaimMs = 50;    // while old versions wait for workers
constexpr std::uint32_t kQuiesceMs = 1000;  // how long a measurement waits for workers
constexpr std::size_t kSweepAtOnce = 5000;  // a few milliseconds: a batch that comes in between waits no longer
constexpr std::chrono::milliseconds kQuiet{500};  // without a batch: the next one is not near
constexpr std::uint64_t kManyEntries = 20'000;  // some megabytes

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t microseconds_since(Clock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count());
}

void write_to_stderr(const std::string& line) { std::fprintf(stderr, "telefenced: %s\n", line.c_str()); }

// One call of reload() that waits for its answer.
struct ReloadRequest {
  const SignatureOptions& options;
  std::vector<Complaint>& complaints;
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
        follower(options.redis, wake, *store, news),
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
  std::deque<ReloadRequest*> requests;
  bool is_running = false;

  // Thread of the feed only.
  bool is_swept = false;       // entries ended that the version in force still has
  PatientClock sweep_clock;
  Clock::time_point changed_at;
  std::uint64_t most_kept;  // entries, since memory was last given back

  void run();
  void serve_requests();
  bool sweep();
  void follow(std::uint32_t timeout_ms);
  void publish(LogFollower::Progress progress);
  void tidy_up();
  void give_memory_back();
  Result<std::uint64_t> put_in_force(std::vector<Complaint>& complaints);
  Result<void> reload(const SignatureOptions& fresh, std::vector<Complaint>& complaints);
};

// Builds, prepares and publishes what the store holds; returns the mark of the grace period.
Result<std::uint64_t> Feed::Impl::put_in_force(std::vector<Complaint>& complaints) {
  most_kept = std::max(most_kept, store->counts().in_force());
  std::unique_ptr<const MatchSet> set = store->build(follower.sequence(), complaints);
  if (prepare) {
    if (auto prepared = prepare(*set); !prepared.ok()) return prepared.error();
  }
  return published.publish(std::move(set));
}

Result<void> Feed::Impl::reload(const SignatureOptions& fresh, std::vector<Complaint>& complaints) {
  if (auto loaded = store->load(fresh, complaints); !loaded.ok()) return loaded;
  const Result<std::uint64_t> mark = put_in_force(complaints);
  if (mark.ok())
    store->keep_load();
  else
    store->undo_load();
  news.keep(complaints, store->counts());
  if (!mark.ok()) return mark.error();
  options.lists = fresh.lists;
  options.patterns = fresh.patterns;
  readers.wait(mark.value(), kQuiesceMs);
  return {};
}

void Feed::Impl::serve_requests() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!requests.empty()) {
    ReloadRequest* request = requests.front();
    requests.pop_front();
    lock.unlock();
    Result<void> result = reload(request->options, request->complaints);
    lock.lock();
    request->result = std::move(result);
    request->is_done = true;
    answered.notify_all();
  }
}

void Feed::Impl::publish(LogFollower::Progress progress) {
  const Result<std::uint64_t> mark = put_in_force(progress.complaints);
  if (!mark.ok()) {
    news.keep(progress.complaints, store->counts());
    return news.not_published(mark.error());
  }
  const bool all_use_it = readers.wait(mark.value(), kQuiesceMs);
  news.keep(progress.complaints, store->counts());
  FeedNews::Publication publication;
  publication.sequence = follower.sequence();
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
  const Result<std::uint64_t> mark = put_in_force(complaints);
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
  while (!is_stopping.load()) {
    wake.clear();
    serve_requests();
    if (is_stopping.load()) break;
    follow(published.reclaim() > 0 ? kReclaimMs : kIdleMs);
    news.tick();
  }
  news.close();
  // Nobody will answer any more.
  std::unique_lock<std::mutex> lock(mutex);
  is_running = false;
  for (ReloadRequest* request : requests) {
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

Result<void> Feed::reload(const SignatureOptions& options, std::vector<Complaint>& complaints) {
  ReloadRequest request{options, complaints, false, {}};
  std::unique_lock<std::mutex> lock(impl_->mutex);
  if (!impl_->is_running) return impl_->reload(options, complaints);
  impl_->requests.push_back(&request);
  impl_->wake.raise();
  impl_->answered.wait(lock, [&] { return request.is_done; });
  return request.result;
}

FeedState Feed::state() const { return impl_->news.state(); }

void Feed::add_families(Catalog& catalog) const {
  add_feed_families(catalog, [this] { return state(); });
}

}  // namespace telefence
