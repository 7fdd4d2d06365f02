// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers the centre's questions how often entries would have hit here (trial.h), at the server of the receipts and as their user, by a
// connection and a thread (telefence:try) of its own, which also keeps the sample. What is malformed, not signed though it must be,
// or too much is ignored and counted. start and stop by one control thread; trust(), problem() and counts() by any.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "publish/guarded.h"
#include "redis/connection.h"
#include "redis/interrupt.h"
#include "signatures/answer_pace.h"
#include "signatures/options.h"
#include "signatures/trial.h"
#include "stats/catalog.h"

namespace telefence {

class TrialDesk {
 public:
  enum class End : std::uint8_t { kAnswered, kMalformed, kUnsigned, kTooMany };
  static constexpr std::size_t kEnds = 4;

  struct Terms {
    std::string node;
    std::string kinds;  // "names numbers texts": what is sampled here
    ReceiptOptions server;
    RedisTls tls;
    TrustOptions trust;
  };
  // `tend` is called some twenty times a second, `answer` for each question that is taken; both by the desk's thread.
  TrialDesk(Terms terms, std::function<void()> tend, std::function<std::string(const Trial&)> answer);
  ~TrialDesk() { stop(); }

  void start();
  void stop();
  // Whose questions are answered, after a reload.
  void trust(const TrustOptions& options);
  std::uint64_t count(End end) const { return counts_[static_cast<std::size_t>(end)].load(std::memory_order_relaxed); }
  // Why nobody can ask; "" = somebody can.
  std::string problem() const;
  void add_families(Catalog& catalog) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Trust {
    bool needs_signature = false;
    std::vector<PublicKey> keys;
  };
  static Trust trust_of(const TrustOptions& options);
  void run();
  Result<void> serve();
  Result<void> connect();
  Result<void> begin();
  Result<void> announce();
  Result<void> read();
  Result<void> answer_waiting();
  Result<void> answer(const RedisReply& fields);
  void count_one(End end) { counts_[static_cast<std::size_t>(end)].fetch_add(1, std::memory_order_relaxed); }
  Result<RedisReply> ask(std::initializer_list<std::string_view> words);
  Error refused(const std::string& text) const;

  const Terms terms_;
  const std::function<void()> tend_;
  const std::function<std::string(const Trial&)> answer_;
  Guarded<Trust> trust_;
  Guarded<std::string> problem_;
  Interrupt wake_;
  std::thread thread_;
  std::atomic<bool> is_stopping_{false};
  std::array<std::atomic<std::uint64_t>, kEnds> counts_{};
  // Of the desk's thread only.
  RedisConnection connection_;
  std::string last_id_;
  std::deque<std::pair<Clock::time_point, RedisReply>> waiting_;  // questions
  bool is_asked_ = false;  // an XREAD is under way
  Clock::time_point asked_at_, next_try_, next_announcement_;
  AnswerPace pace_;
  std::uint32_t pause_ms_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace telefence
