// SPDX-License-Identifier: Apache-2.0
#include "worker_load.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace telefence::perf {

Result<std::unique_ptr<WorkerLoad>> WorkerLoad::make(const Sizes& sizes, unsigned core, const std::string& hugepages) {
  auto nic = start_nic(core, hugepages);
  if (!nic.ok()) return nic.error();
  return std::unique_ptr<WorkerLoad>(new WorkerLoad(sizes, std::move(nic.value())));
}

WorkerLoad::WorkerLoad(const Sizes& sizes, std::unique_ptr<Nic> nic)
    : nic_(std::move(nic)),
      traffic_(dns_traffic(sizes)),
      sets_(readers_, MatchSet::empty()),
      policy_(readers_, live_policy()),
      ring_(1 << 16),
      source_(traffic_, nic_->pool(0), *nic_->links(0).front().in),
      sink_(*nic_->links(0).front().out),
      worker_(0, WorkerShared{&sets_, &policy_, &readers_, &normaliser_, random_secret()},
              {{.in = &source_, .out = &sink_}}, nic_->pool(0), &ring_, nullptr) {
  traffic_.bytes.resize(traffic_.bytes.size() + Traffic::kSpare);
  readers_.offline(0);  // until start()
}

void WorkerLoad::publish(std::unique_ptr<const MatchSet> set) {
  if (!worker_.scratch().prepare(*set).ok()) return;
  const std::uint64_t mark = sets_.publish(std::move(set));
  while (!readers_.is_over(mark)) std::this_thread::yield();
}

std::uint64_t WorkerLoad::blocked() const {
  std::uint64_t sum = 0;
  for (std::size_t p = 0; p < registered_protocols().size(); ++p)
    sum += worker_.stats().verdicts[p][static_cast<std::size_t>(Reason::kBlocked)].read() +
           worker_.stats().repeats[p].read();
  return sum;
}

void WorkerLoad::start() {
  stops_ = false;
  (void)nic_->launch([this](std::size_t) { run(); });
}

WorkerLoad::Paced WorkerLoad::paced(double mpps, const std::function<void()>& what) {
  ask_for(mpps);
  what();
  ask_for(0);
  return paced_;
}

void WorkerLoad::ask_for(double mpps) {
  mpps_asked_ = mpps;
  const unsigned wanted = asked_.load(std::memory_order_relaxed) + 1;
  asked_.store(wanted, std::memory_order_release);
  while (followed_.load(std::memory_order_acquire) != wanted) std::this_thread::yield();
}

void WorkerLoad::follow_pace() {
  const unsigned wanted = asked_.load(std::memory_order_acquire);
  if (wanted == followed_.load(std::memory_order_relaxed)) return;
  paced_ = {sink_.count(), source_.lost(), sink_.beyond(1'000), sink_.longest()};
  sink_.forget();
  sink_.measure(mpps_asked_ != 0);
  source_.pace(mpps_asked_ == 0 ? 0 : 1e3 / mpps_asked_);
  followed_.store(wanted, std::memory_order_release);
}

void WorkerLoad::run() {
  readers_.online(0);
  auto last = std::chrono::steady_clock::now();
  while (!stops_.load(std::memory_order_relaxed)) {
    follow_pace();
    packets_.fetch_add(worker_.run_once(), std::memory_order_relaxed);
    sink_.keep();
    while (ring_.front() != nullptr) ring_.release();
    const auto now = std::chrono::steady_clock::now();
    const auto gap = static_cast<std::uint64_t>((now - last).count());
    last = now;
    if (gap > longest_.load(std::memory_order_relaxed)) longest_.store(gap, std::memory_order_relaxed);
    gaps_[std::min<std::uint64_t>(gap / kStepNs, gaps_.size() - 1)].fetch_add(1, std::memory_order_relaxed);
  }
  worker_.flush();
  readers_.offline(0);
}

WorkerLoad::Outcome WorkerLoad::stop() {
  stops_ = true;
  nic_->wait();
  Outcome outcome;
  const FateSums sums = sum_fates({&worker_.stats()});
  outcome.received = sums.received;
  outcome.fates = sums.total();
  outcome.blocked = blocked();
  const auto ones = [&](std::size_t most) {
    return static_cast<std::uint64_t>(
        std::count(traffic_.blocked.begin(), traffic_.blocked.begin() + static_cast<std::ptrdiff_t>(most), true));
  };
  outcome.to_block = sums.received / traffic_.count() * ones(traffic_.count()) + ones(sums.received % traffic_.count());
  return outcome;
}

WorkerLoad::Gaps WorkerLoad::take_gaps() {
  Gaps gaps;
  gaps.longest = longest_.exchange(0);
  std::array<std::uint64_t, 10'000> counts{};
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) sum += counts[i] = gaps_[i].exchange(0);
  std::uint64_t left = sum / 1000;
  for (std::size_t i = counts.size(); i-- > 0;) {
    if (counts[i] > left) return {gaps.longest, (i + 1) * kStepNs};
    left -= counts[i];
  }
  return gaps;
}

}  // namespace telefence::perf
