// SPDX-License-Identifier: Apache-2.0
// Two workers at one wire: what lies in tunnels is handed to the one whose it is by the addresses inside.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "enforce/tunnelled.h"
#include "filter.h"
#include "fuzz_fragments.h"
#include "payloads.h"
#include "pipeline/tunnel_spread.h"

namespace telefence {
namespace {

using namespace testing;

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
const HashSecret kSecret{0x1234567812345679, 0x9876543210fedcbb};

Frame numbered(std::uint64_t number) {
  Frame frame;
  frame.number = number;
  return frame;
}

TEST(FrameRing, KeepsOrderAndSaysWhenItIsFull) {
  FrameRing ring(8);
  std::array<Frame, 16> room;
  std::uint64_t pushed = 0, popped = 0;
  for (std::size_t round = 0; round < 100; ++round) {
    while (ring.push(numbered(pushed + 1))) ++pushed;
    EXPECT_EQ(pushed - popped, 8u);
    EXPECT_EQ(ring.pop(std::span(room).first(round % 8 + 1)), 0u) << "not handed over before publish()";
    ring.publish();
    const std::size_t count = ring.pop(std::span(room).first(round % 8 + 1));
    ASSERT_EQ(count, round % 8 + 1);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(room[i].number, ++popped);
    while (const std::size_t rest = ring.pop(room))
      for (std::size_t i = 0; i < rest; ++i) ASSERT_EQ(room[i].number, ++popped);
    EXPECT_TRUE(ring.is_empty());
  }
}

class LockedPool : public MemoryPool {
 public:
  using MemoryPool::MemoryPool;
  bool take(Frame& frame) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return MemoryPool::take(frame);
  }
  void release(std::span<Frame> frames) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    MemoryPool::release(frames);
  }

 private:
  std::mutex mutex_;
};

// Each worker has a queue of either port.
class TwoWorkers {
 public:
  static constexpr std::size_t kBuffers = 20'000;

  explicit TwoWorkers(bool spreads = true)
      : pool_(kBuffers), access_(2, 1024, kSecret), core_(2, 1024, kSecret), normaliser_(NormaliseOptions{}),
        sets_(readers_, MatchSet::empty()), policy_(readers_, test_policy(Mode::kEnforce)) {
    MatchSetBuilder builder;
    Filter::block_domain(builder, "evil.example");
    auto built = builder.build_base(1);
    const WorkerShared shared = {&sets_, &policy_, &readers_, &normaliser_, kSecret, {}};
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::uint16_t port = 0; port < 2; ++port) {
        queues_.push_back(std::make_unique<MemoryQueue>(pool_, port));
        queues_.back()->set_now(kStart);
      }
      MemoryQueue* const access = queues_[2 * i].get();
      MemoryQueue* const core = queues_[2 * i + 1].get();
      std::vector<Link> links = {{.in = access, .out = core, .spread = spreads ? &access_ : nullptr, .seat = i},
                                 {.in = core, .out = access, .spread = spreads ? &core_ : nullptr, .seat = i}};
      workers_.push_back(std::make_unique<Worker>(static_cast<std::uint16_t>(i), shared, links, pool_, nullptr, nullptr));
      CHECK(workers_.back()->scratch().prepare(*built.set).ok());
    }
    sets_.publish(std::move(built.set));
  }

  MemoryQueue& access(std::size_t worker) { return *queues_[2 * worker]; }
  MemoryQueue& core(std::size_t worker) { return *queues_[2 * worker + 1]; }
  Worker& worker(std::size_t index) { return *workers_[index]; }
  const WorkerStats& stats(std::size_t worker) const { return workers_[worker]->stats(); }
  Readers& readers() { return readers_; }
  TunnelSpread& access_spread() { return access_; }

  void run() {
    while (workers_[0]->run_once() + workers_[1]->run_once() != 0) {
    }
  }
  std::size_t owner_of(const Octets& bytes) {
    const Held held(bytes);
    return access_.seat_of(held.frame, held.layers);
  }
  std::uint64_t fate(Fate fate) const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->stats().fates[static_cast<std::size_t>(fate)].read();
    return sum;
  }
  // Every packet given was received once, has one fate, and its buffer is back.
  void expect_sums(std::uint64_t given) const {
    std::uint64_t received = 0;
    for (const auto& worker : workers_) {
      std::uint64_t fates = 0;
      for (const Counter& one : worker->stats().fates) fates += one.read();
      EXPECT_EQ(fates, worker->stats().received.read());
      received += fates;
    }
    EXPECT_EQ(received, given);
    EXPECT_EQ(pool_.free_count(), kBuffers);
  }

 private:
  LockedPool pool_;
  TunnelSpread access_, core_;
  std::vector<std::unique_ptr<MemoryQueue>> queues_;
  Readers readers_;
  Normaliser normaliser_;
  Published<MatchSet> sets_;
  Published<LivePolicy> policy_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

TunnelShape bearer(TunnelKind kind, bool reversed) { return {.kind = kind, .reversed = reversed, .id = reversed ? 0xbbu : 0xaau}; }

PacketShape of_client(std::uint32_t number, bool reversed, std::string_view payload) {
  PacketShape shape;
  shape.client = 0x0a010000 + number;
  shape.reversed = reversed;
  shape.payload = payload;
  return shape;
}

Octets datagram(std::uint32_t client, bool reversed, std::string_view payload, TunnelKind kind = TunnelKind::kGtpU) {
  PacketShape shape = of_client(client, reversed, payload);
  shape.transport = Transport::kUdp;
  shape.source_port = shape.destination_port = 9999;
  return in_tunnel(bearer(kind, reversed), inner_for(kind, shape));
}

TEST(TunnelSpread, BothDirectionsOfAFlowAreOneWorkersInEachKindOfTunnel) {
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind) {
    TwoWorkers two;
    std::array<std::size_t, 2> owned{};
    for (std::uint32_t client = 0; client < 200; ++client) {
      const Octets there = datagram(client, false, "hello", static_cast<TunnelKind>(kind));
      const Octets back = datagram(client, true, "hello", static_cast<TunnelKind>(kind));
      ASSERT_EQ(two.owner_of(there), two.owner_of(back));
      ++owned[two.owner_of(there)];
      two.access(0).give(there);
      two.core(client % 2).give(back);
    }
    EXPECT_GT(owned[0], 50u);
    EXPECT_GT(owned[1], 50u);
    two.run();
    for (std::size_t worker = 0; worker < 2; ++worker) {
      EXPECT_EQ(two.stats(worker).received.read(), 2 * owned[worker]);
      EXPECT_EQ(two.core(worker).sent().size(), owned[worker]);
      EXPECT_EQ(two.access(worker).sent().size(), owned[worker]);
    }
    EXPECT_EQ(two.stats(0).tunnels_passed_on.read(), owned[1] + [&] {
      std::uint64_t others = 0;
      for (std::uint32_t client = 0; client < 200; client += 2) others += two.owner_of(datagram(client, true, "hello", static_cast<TunnelKind>(kind)));
      return others;
    }());
    EXPECT_EQ(two.stats(0).received_bytes.read() + two.stats(1).received_bytes.read(), 200 * 2 * datagram(0, false, "hello", static_cast<TunnelKind>(kind)).size());
    two.expect_sums(400);
  }
}

TEST(TunnelSpread, WhatLiesInNoTunnelStaysWhereItCameIn) {
  TwoWorkers two;
  for (std::uint16_t from = 1; from <= 100; ++from) two.access(1).give(udp_frame("hello", 9999, from));
  two.run();
  EXPECT_EQ(two.stats(1).received.read(), 100u);
  EXPECT_EQ(two.stats(1).tunnels_passed_on.read(), 0u);
  two.expect_sums(100);
}

TEST(TunnelSpread, AHelloWhoseSegmentsComeToTwoWorkersIsRefused) {
  for (const bool spreads : {true, false}) {
    TwoWorkers two(spreads);
    const std::string hello = tls_hello("www.evil.example");
    std::uint64_t given = 0;
    for (std::uint32_t client = 0; client < 50; ++client) {
      for (std::size_t half = 0; half < 2; ++half) {
        PacketShape shape = of_client(client, false, std::string_view(hello).substr(half * 50, half == 0 ? 50 : hello.size()));
        shape.destination_port = 443;
        shape.sequence = static_cast<std::uint32_t>(1000 + half * 50);
        two.access((client + half) % 2).give(in_tunnel(bearer(TunnelKind::kGre, false), inner_packet(shape)));
        two.run();
        ++given;
      }
    }
    EXPECT_EQ(two.fate(Fate::kAnswered) + two.fate(Fate::kReset) + two.fate(Fate::kDroppedByVerdict), spreads ? 50u : 0u);
    two.expect_sums(given);
  }
}

TEST(TunnelSpread, FragmentsMeetWhicheverWorkerTheyComeTo) {
  TwoWorkers two;
  std::uint64_t given = 0;
  for (std::uint32_t client = 0; client < 50; ++client) {
    const std::string query = dns_query("www.evil.example");
    PacketShape shape = of_client(client, false, query);
    shape.transport = Transport::kUdp;
    shape.destination_port = 53;
    const Packet packet(shape);
    const Octets frame(packet.frame.data, packet.frame.data + packet.frame.length);
    for (const FragmentPart& part : cut_in_fragments(frame, packet.layers, 16, static_cast<std::uint16_t>(client + 1))) {
      two.access(given++ % 2).give(in_tunnel(bearer(TunnelKind::kVxlan, false), Octets(part.bytes.begin() + 14, part.bytes.end())));
      two.run();
    }
  }
  EXPECT_EQ(two.fate(Fate::kAnswered) + two.fate(Fate::kDroppedByVerdict), 50u);
  EXPECT_GT(two.stats(0).tunnels_passed_on.read() + two.stats(1).tunnels_passed_on.read(), 50u);
  two.expect_sums(given);
}

TEST(TunnelSpread, AWorkerThatIsBehindIsNotWaitedForAndNothingIsLost) {
  TwoWorkers two;
  std::uint64_t others = 0;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const Octets frame = datagram(i % 50, false, "hello");
    others += two.owner_of(frame);
    two.access(0).give(frame);
    if (i % 64 == 63) while (two.worker(0).run_once() != 0) {}
  }
  while (two.worker(0).run_once() != 0) {
  }
  const std::uint64_t passed = two.stats(0).tunnels_passed_on.read();
  EXPECT_EQ(passed, 512u) << "what the ring holds";
  EXPECT_EQ(two.stats(0).tunnels_no_room.read(), others - passed);
  EXPECT_EQ(two.core(0).sent().size(), 3000 - passed);
  EXPECT_FALSE(two.worker(1).finished());
  two.run();
  EXPECT_TRUE(two.worker(1).finished());
  EXPECT_EQ(two.core(1).sent().size(), passed);
  two.expect_sums(3000);
}

TEST(TunnelSpread, ThatWhichWasHandedToAWorkerThatEndsStillLeaves) {
  TwoWorkers two;
  std::uint64_t given = 0;
  for (std::uint32_t client = 0; client < 100; ++client, ++given) two.access(0).give(datagram(client, false, "hello"));
  while (two.worker(0).run_once() != 0) {
  }
  two.worker(1).flush();
  EXPECT_GT(two.core(1).sent().size(), 20u);
  for (std::uint32_t client = 0; client < 100; ++client, ++given) two.access(0).give(datagram(client, false, "hello"));
  while (two.worker(0).run_once() != 0) {
  }
  two.worker(0).flush();
  EXPECT_EQ(two.core(0).sent().size() + two.core(1).sent().size(), given);
  two.expect_sums(given);
}

// Of a datagram's payload: whose, and the how many-th.
std::pair<std::uint32_t, std::uint32_t> flow_and_number(const Octets& bytes) {
  const Held held(bytes);
  const Bytes payload = payload_of(held.frame, held.layers);
  const auto read = [&](std::size_t at) {
    return std::uint32_t{payload[at]} << 24 | std::uint32_t{payload[at + 1]} << 16 | std::uint32_t{payload[at + 2]} << 8 | payload[at + 3];
  };
  return {read(0), read(4)};
}

TEST(TunnelSpread, TwoThreadsKeepOrderAndSum) {
  constexpr std::uint32_t kRounds = 4, kFlows = 60, kEach = 25;
  TwoWorkers two;
  std::map<std::uint32_t, std::uint32_t> numbers;
  std::uint64_t given = 0;
  std::array<std::map<std::uint32_t, std::uint32_t>, 4> seen;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t i = 0; i < kFlows * kEach; ++i) {
      for (const bool reversed : {false, true}) {
        const std::uint32_t flow = i % kFlows + (reversed ? 1000 : 0);
        std::string payload;
        append_u32(payload, flow), append_u32(payload, ++numbers[flow]);
        MemoryQueue& queue = reversed ? two.core(1) : two.access(i % kFlows % 3 == 0 ? 1 : 0);
        queue.give(datagram(i % kFlows, reversed, payload));
        ++given;
      }
    }
    std::atomic<std::uint64_t> done{0};
    const auto work = [&](std::size_t index) {
      Worker& worker = two.worker(index);
      std::uint64_t before = worker.stats().received.read();
      while (done.load() < kFlows * kEach * 2) {
        (void)worker.run_once();
        const std::uint64_t now = worker.stats().received.read();
        done.fetch_add(now - before);
        before = now;
        if (index == 1 && done.load() % 3 == 0) std::this_thread::yield();
      }
    };
    std::thread first(work, 0), second(work, 1);
    first.join(), second.join();
    const MemoryQueue* const queues[] = {&two.access(0), &two.core(0), &two.access(1), &two.core(1)};
    for (std::size_t q = 0; q < 4; ++q)
      for (const Octets& bytes : queues[q]->sent()) {
        const auto [flow, number] = flow_and_number(bytes);
        std::uint32_t& last = seen[q][flow];
        const bool all_fit = two.stats(0).tunnels_no_room.read() + two.stats(1).tunnels_no_room.read() == 0;
        EXPECT_TRUE(!all_fit || number > last) << "flow " << flow;
        last = number;
      }
    for (MemoryQueue* queue : {&two.access(0), &two.core(0), &two.access(1), &two.core(1)}) queue->forget();
  }
  for (std::size_t worker = 0; worker < 2; ++worker) EXPECT_GT(two.stats(worker).tunnels_passed_on.read(), kEach);
  two.expect_sums(given);
}

}  // namespace
}  // namespace telefence
