// SPDX-License-Identifier: Apache-2.0
#include "signatures/feed.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "publish/guarded.h"
#include "redis/interrupt.h"
#include "signatures/batch.h"
#include "signatures/feed_metrics.h"
#include "signatures/log_order.h"
#include "signatures/log_reader.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRecentComplaints = 50;
constexpr std::uint32_t kIdleMs = 1000;     // longest wait when nothing is due
constexpr std::uint32_t kReclaimMs = 50;    // while old versions wait for workers
constexpr std::uint32_t kQuiesceMs = 1000;  // how long a measurement waits for workers

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t microseconds_since(Clock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count());
}

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
       Readers& readers_, std::function<Result<void>(const MatchSet&)> prepare_)
      : options(std::move(options_)),
        store(std::move(store_)),
        published(published_),
        readers(readers_),
        prepare(std::move(prepare_)),
        reader(options.redis, wake) {
    state.with([&](FeedState& s) {
      s.configured = !options.redis.server.empty();
      s.counts = store->counts();
    });
  }

  SignatureOptions options;
  std::unique_ptr<SignatureStore> store;
  Published<MatchSet>& published;
  Readers& readers;
  std::function<Result<void>(const MatchSet&)> prepare;

  Interrupt wake;
  LogReader reader;
  std::thread thread;
  std::atomic<bool> is_stopping{false};
  std::mutex mutex;  // of `requests` and `is_running`
  std::condition_variable answered;
  std::deque<ReloadRequest*> requests;
  bool is_running = false;
  Guarded<FeedState> state;

  // Thread of the feed only.
  std::uint64_t sequence = 0;  // newest batch in force
  LogOrder order;              // of what was read, also when it was refused
  bool is_live = false;  // the log has been read to its end once since connecting
  std::string connection_problem;
  std::string log_problem;    // stays until a restart or a new log: changes may be missing
  std::string batch_problem;  // of the newest batch

  // What became of an entry. kNoMore: the rest of what was read with it is to be read again.
  enum class Taken { kInForce, kRefused, kNoMore };

  void run();
  void serve_requests();
  void step(std::uint32_t timeout_ms);
  void try_connect();
  void take_entries(const LogReader::Read& read);
  Taken take_entry(const LogReader::LogEntry& entry, bool is_first, std::int64_t& timestamp_ms,
                   std::vector<Complaint>& complaints);
  bool is_other_log();
  void read_anew(const std::string& why);
  void note_reset();
  bool check_order(const std::string& id, const Batch& batch, bool is_first);
  void refuse(const std::string& id, const std::string& why);
  Result<std::uint64_t> put_in_force(std::vector<Complaint>& complaints);
  Result<void> reload(const SignatureOptions& fresh, std::vector<Complaint>& complaints);
  void keep_complaints(const std::vector<Complaint>& complaints);
  void show_problem();
};

void Feed::Impl::show_problem() {
  const std::string& shown = !connection_problem.empty() ? connection_problem
                             : !batch_problem.empty()    ? batch_problem
                                                         : log_problem;
  state.with([&](FeedState& s) {
    s.connected = reader.is_connected();
    s.problem = shown;
  });
}

void Feed::Impl::keep_complaints(const std::vector<Complaint>& complaints) {
  state.with([&](FeedState& s) {
    s.counts = store->counts();
    s.recent_complaints.insert(s.recent_complaints.end(), complaints.begin(), complaints.end());
    if (s.recent_complaints.size() > kRecentComplaints)
      s.recent_complaints.erase(s.recent_complaints.begin(), s.recent_complaints.end() - kRecentComplaints);
  });
}

// Builds, prepares and publishes what the store holds; returns the mark of the grace period.
Result<std::uint64_t> Feed::Impl::put_in_force(std::vector<Complaint>& complaints) {
  std::unique_ptr<const MatchSet> set = store->build(sequence, complaints);
  if (prepare) {
    if (auto prepared = prepare(*set); !prepared.ok()) return prepared.error();
  }
  return published.publish(std::move(set));
}

Result<void> Feed::Impl::reload(const SignatureOptions& fresh, std::vector<Complaint>& complaints) {
  if (auto loaded = store->load(fresh, complaints); !loaded.ok()) return loaded;
  const Result<std::uint64_t> mark = put_in_force(complaints);
  keep_complaints(complaints);
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

void Feed::Impl::refuse(const std::string& id, const std::string& why) {
  batch_problem = "batch " + id + " refused: " + why;
  keep_complaints({{"log:" + id, "", batch_problem}});
  state.with([](FeedState& s) { ++s.batches_refused; });
}

// Whether another log has taken the place of the one that was read: then the entry that was read last is not the same any
// more. One that was trimmed away tells nothing.
bool Feed::Impl::is_other_log() {
  if (order.last_hash().empty()) return false;
  const Result<RedisReply> entry = reader.entry(order.last_id());
  if (!entry.ok()) {
    connection_problem = entry.error().message;
    return false;
  }
  const RedisReply* header = entry.value().field("h");
  const RedisReply* body = entry.value().field("b");
  return header != nullptr && body != nullptr && batch_hash(header->text, body->text) != order.last_hash();
}

void Feed::Impl::read_anew(const std::string& why) {
  log_problem = why + ". What was in force stays; the log is read anew";
  order.begin_anew();
  reader.go_to(order.last_id());
}

// Returns false when this batch is not to be taken now, because it will be read again. `is_first`: of those that Redis gave
// at once; nothing was taken since the question that is_other_log() asks could have had another answer.
bool Feed::Impl::check_order(const std::string& id, const Batch& batch, bool is_first) {
  const LogOrder::Finding finding = order.judge(batch);
  const bool is_broken = finding == LogOrder::Finding::kGap || finding == LogOrder::Finding::kFork;
  if (is_broken && is_first) {
    if (is_other_log()) {
      read_anew("batch " + id + " is of another log than batch " + order.last_id() + ": Redis lost data or was restored");
      return false;
    }
    if (!reader.is_connected()) {
      reader.go_to(order.last_id());
      return false;
    }
  }
  if (finding == LogOrder::Finding::kGap || finding == LogOrder::Finding::kBeginsLater)
    log_problem = "gap in the log before batch " + std::to_string(batch.sequence) + " (the last one was " +
                  std::to_string(order.last()) + "): changes may be missing";
  else if (finding == LogOrder::Finding::kFork)
    log_problem = "batch " + std::to_string(batch.sequence) +
                  " does not follow the batch that was read before it: the log was forked or changed";
  order.take(id, batch);
  return true;
}

// Applies one entry to the store.
Feed::Impl::Taken Feed::Impl::take_entry(const LogReader::LogEntry& entry, bool is_first, std::int64_t& timestamp_ms,
                                         std::vector<Complaint>& complaints) {
  const auto field = [&](std::string_view name) -> std::string_view {
    const RedisReply* value = entry.fields.field(name);
    return value == nullptr ? std::string_view{} : std::string_view(value->text);
  };
  Result<Batch> read = read_batch(entry.id, {field("h"), field("b"), field("s")});
  if (!read.ok()) {
    order.take_unreadable(entry.id);
    refuse(entry.id, read.error().message);
    return Taken::kRefused;
  }
  Batch& batch = read.value();
  if (!check_order(entry.id, batch, is_first)) return Taken::kNoMore;
  if (!options.redis.accept_unsigned) {
    refuse(entry.id, batch.has_signature
                         ? "its signature can't be verified yet; accept_unsigned: true takes it as it is"
                         : "it has no signature, and accept_unsigned is false");
    return Taken::kRefused;
  }
  batch_problem.clear();
  std::vector<Complaint> own = std::move(batch.complaints);
  store->apply(batch.changes, own);
  state.with([&](FeedState& s) {
    ++s.batches_applied;
    s.operations_refused += own.size();
  });
  complaints.insert(complaints.end(), own.begin(), own.end());
  sequence = batch.sequence;
  timestamp_ms = batch.timestamp_ms;
  return Taken::kInForce;
}

void Feed::Impl::take_entries(const LogReader::Read& read) {
  const Clock::time_point begin = Clock::now();
  std::vector<Complaint> complaints;
  std::int64_t timestamp_ms = 0;
  bool has_changed = false;
  for (std::size_t i = 0; i < read.entries.size(); ++i) {
    const Taken taken = take_entry(read.entries[i], i == 0, timestamp_ms, complaints);
    if (taken == Taken::kNoMore) break;
    has_changed |= taken == Taken::kInForce;
  }
  // Batches of the past that are read again after a start tell nothing of how fast a change travels.
  const bool is_measured = std::exchange(is_live, is_live || read.is_caught_up);
  if (!has_changed) return show_problem();
  const Result<std::uint64_t> mark = put_in_force(complaints);
  if (!mark.ok()) {
    batch_problem = "can't prepare the new version: " + mark.error().message;
    keep_complaints(complaints);
    return show_problem();
  }
  const bool all_use_it = readers.wait(mark.value(), kQuiesceMs);
  keep_complaints(complaints);
  state.with([&](FeedState& s) {
    s.sequence = sequence;
    s.last_applied_s = now_ms() / 1000;
    if (!all_use_it) return;
    s.last_apply_us = microseconds_since(begin);
    // Clocks of publisher and edge may differ by more than the way takes.
    if (is_measured && timestamp_ms > 0)
      s.last_propagation_us = static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms() - timestamp_ms, 0)) * 1000;
  });
  show_problem();
}

void Feed::Impl::note_reset() {
  read_anew("the log ends before batch " + order.last_id() + ", which was read: Redis lost data");
}

void Feed::Impl::try_connect() {
  const Result<bool> was_reset = reader.connect();
  connection_problem = was_reset.ok() ? "" : was_reset.error().message;
  if (was_reset.ok()) {
    is_live = false;
    if (was_reset.value())
      note_reset();
    else if (is_other_log())
      read_anew("the log is another one than before the connection was lost: Redis lost data or was restored");
  }
  show_problem();
}

void Feed::Impl::step(std::uint32_t timeout_ms) {
  if (options.redis.server.empty()) {
    wake.wait(timeout_ms);
    return;
  }
  if (!reader.is_connected()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(reader.next_try() - Clock::now()).count();
    if (left > 0)
      wake.wait(static_cast<std::uint32_t>(std::min<long long>(left, timeout_ms)));
    else
      try_connect();
    return;
  }
  const Result<LogReader::Read> read = reader.read(timeout_ms);
  if (!read.ok()) {
    connection_problem = read.error().message;
    return show_problem();
  }
  if (!read.value().has_answered) return;
  state.with([](FeedState& s) { s.last_contact_s = now_ms() / 1000; });
  if (read.value().was_reset) {
    note_reset();
    return show_problem();
  }
  if (read.value().entries.empty())
    is_live = true;
  else
    take_entries(read.value());
}

void Feed::Impl::run() {
  pthread_setname_np(pthread_self(), "telefence:feed");
  while (!is_stopping.load()) {
    wake.clear();
    serve_requests();
    if (is_stopping.load()) break;
    step(published.reclaim() > 0 ? kReclaimMs : kIdleMs);
  }
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
           Readers& readers, std::function<Result<void>(const MatchSet&)> prepare)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(store), published, readers, std::move(prepare))) {}

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

FeedState Feed::state() const {
  return impl_->state.with([](const FeedState& s) { return s; });
}

void Feed::add_families(Catalog& catalog) const {
  add_feed_families(catalog, [this] { return state(); });
}

}  // namespace telefence
