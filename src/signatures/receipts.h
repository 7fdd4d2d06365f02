// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells the centre what this edge has in force: a heartbeat in tf:1:node:<id>, which is gone a minute after the edge, and a line in
// the stream tf:1:ack for what was applied or refused, at most five a second, signed with the node's key when it has one. By a connection, a user and a thread (telefence:ack) of its own: a
// primary far away that is slow or gone never holds up the feed. start, stop and the rest by one control thread; counts() by any.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "publish/guarded.h"
#include "redis/connection.h"
#include "redis/interrupt.h"
#include "signatures/feed_news.h"
#include "signatures/key_file.h"
#include "signatures/options.h"
#include "signatures/receipt_proof.h"
#include "stats/catalog.h"

namespace telefence {

// How an edge stands.
struct EdgeReport {
  std::string node, version, mode;
  std::uint64_t sequence = 0;       // of the newest batch that all workers use
  std::int64_t applied_at_ms = 0;   // Unix time
  std::int64_t took_ms = -1;        // from the publisher's timestamp to the last worker; -1 = not measured (read after a start)
  std::uint64_t cores = 0;          // workers that use it
  std::uint64_t rules = 0;
  std::string hash;                 // of the same batch
  std::uint64_t refused = 0;        // batches, since the start
  std::vector<RefusedHere> refused_here;  // the last of them
  std::uint64_t tells_from = 0;     // of the batches before this one it is not known which were refused
  std::string problem;              // of the feed
  std::uint64_t newest_read = 0;    // the newest batch that came, be it in force or refused
  std::vector<LeftOutHere> left_out_here;
  std::string log;                  // key of the log
};

class Receipts {
 public:
  // `report` is called by the thread of the receipts, 40 times a second.
  Receipts(ReceiptOptions options, RedisTls tls, std::function<EdgeReport()> report);
  ~Receipts() { stop(); }

  bool is_wanted() const { return !options_.server.empty(); }
  void start();
  void stop();
  struct Counts {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;
  };
  Counts counts() const { return {sent_.load(), failed_.load()}; }
  // Why the last one was not sent, or what the primary has that does not come here; "" = it was, and it has nothing more.
  std::string problem() const;
  void add_families(Catalog& catalog) const;

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  void look();
  Result<void> connect();
  Result<void> send(std::span<const std::string_view> words);
  Result<void> send(std::vector<std::string_view> command, std::string_view redis_key, ReceiptFields fields);
  Result<void> acknowledge(const EdgeReport& report);
  Result<void> beat(const EdgeReport& report);
  void look_at_head(const EdgeReport& report);
  std::string problem_of(const EdgeReport& report) const;

  const ReceiptOptions options_;
  const RedisTls tls_;
  const std::function<EdgeReport()> report_;
  Interrupt wake_;
  std::thread thread_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<std::uint64_t> sent_{0}, failed_{0};
  Guarded<std::string> problem_;
  // Thread of the receipts only.
  RedisConnection connection_;
  std::optional<SigningKey> key_;  // read anew with each connection
  std::uint64_t told_ = 0;  // newest sequence that the centre was told
  std::uint64_t told_refused_ = 0;  // so many refusals
  std::string told_problem_;
  std::uint64_t lacked_ = 0;  // the batch that the primary had and this node not when it was looked at; 0: none
  std::string lacking_;       // the text for people
  Clock::time_point next_ack_, next_beat_, next_change_, next_head_, next_try_;
  std::uint32_t pause_ms_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace telefence
