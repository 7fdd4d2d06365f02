// SPDX-License-Identifier: Apache-2.0
// The whole way of a packet on one worker core, from memory to net_null: a frame is taken from the worker's pool and the next
// packet copied into it (what net_null's copy costs), then the same Worker as in the daemon runs, and what leaves goes to
// a net_null port through DPDK. Prints Mpps and cycles per packet by stage, median of the runs with their spread.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <numeric>

#include "base/reader.h"
#include "base/writer.h"
#include "enforce/action.h"
#include "enforce/checksum.h"
#include "nic/nic.h"
#include "pipeline/worker.h"
#include "traffic.h"

namespace telefence::perf {
namespace {

// Packets from memory as a port. What is sent back through it goes to the real port.
class MemorySource final : public Queue {
 public:
  MemorySource(const Traffic& traffic, FramePool& pool, Queue& port) : traffic_(traffic), pool_(pool), port_(port) {}

  std::size_t receive(std::span<Frame> frames) override {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      Frame& frame = frames[i];
      if (!pool_.take(frame)) return i;
      const std::uint64_t start = traffic_.start[next_];
      const auto length = static_cast<std::uint32_t>(traffic_.start[next_ + 1] - start);
      std::memcpy(frame.data, traffic_.bytes.data() + start, length);
      frame.length = length;
      frame.tailroom = static_cast<std::uint16_t>(frame.tailroom - length);
      frame.time_ns = now_ns_;
      if (!traffic_.moves.empty()) move_on(frame);
      if (++next_ == traffic_.count()) {
        next_ = 0;
        ++rounds_;
      }
    }
    now_ns_ += 10'000;  // so that what sessions remember expires as it does at 6 Mpps
    return frames.size();
  }
  std::size_t transmit(std::span<Frame> frames) override { return port_.transmit(frames); }
  std::uint64_t now_ns() const override { return now_ns_; }

 private:
  // The connection goes on where the round before ended.
  void move_on(Frame& frame) const {
    constexpr std::size_t kSequence = 14 + 20 + 4, kChecksum = 14 + 20 + 16;
    const MutableBytes bytes = frame.mutable_bytes();
    const Bytes sequence = frame.bytes().subspan(kSequence, 4);
    const std::uint64_t before = word_sum(sequence);
    const std::uint32_t value = Reader(sequence).u32() + traffic_.moves[next_] * rounds_;
    Writer(bytes.subspan(kSequence, 4)).u32(value);
    const std::uint16_t checksum = Reader(frame.bytes().subspan(kChecksum, 2)).u16();
    Writer(bytes.subspan(kChecksum, 2)).u16(corrected_checksum(checksum, before, word_sum(sequence)));
  }

  const Traffic& traffic_;
  FramePool& pool_;
  Queue& port_;
  std::size_t next_ = 0;
  std::uint32_t rounds_ = 0;
  std::uint64_t now_ns_ = 1'700'000'000'000'000'000;
};

struct Options {
  std::string traffic = "dns";
  Sizes sizes;
  double seconds = 2;
  unsigned runs = 5;
  unsigned core = 1;
  std::string hugepages = "auto";
};

std::unique_ptr<const LivePolicy> live_policy() {
  PolicyOptions policy;
  policy.mode = Mode::kEnforce;
  auto live = std::make_unique<LivePolicy>();
  const auto protocols = registered_protocols();
  const auto actions = registered_actions();
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    policy.protocol_action[p] = action_id(protocols[p]->default_action);
    for (std::size_t a = 0; a < actions.size(); ++a) policy.possible[p][a] = actions[a]->impossible(*protocols[p]).empty();
    live->enforce.terms.push_back({});
    live->enforce.codes.push_back({protocols[p]->code_content, protocols[p]->code_calling, protocols[p]->code_called});
  }
  live->policy = Policy(policy);
  return live;
}

Traffic traffic_of(const Options& options) {
  const std::map<std::string, Traffic (*)(const Sizes&)> makers = {
      {"dns", dns_traffic}, {"tls", tls_traffic}, {"quic", quic_traffic}, {"smpp", smpp_traffic}, {"sip", sip_traffic}};
  return makers.at(options.traffic)(options.sizes);
}

struct Figures {
  double mpps = 0;
  double blocked_share = 0;
  std::array<double, kStageCount> cycles{};
};

Figures difference(const std::array<std::uint64_t, kStageCount>& before, std::uint64_t packets_before,
                   std::uint64_t blocked_before, double seconds, const WorkerStats& stats) {
  Figures figures;
  const auto packets = static_cast<double>(stats.received.read() - packets_before);
  figures.mpps = packets / seconds / 1e6;
  std::uint64_t blocked = 0;
  for (std::size_t p = 0; p < registered_protocols().size(); ++p)
    blocked += stats.verdicts[p][static_cast<std::size_t>(Reason::kBlocked)].read() + stats.repeats[p].read();
  figures.blocked_share = static_cast<double>(blocked - blocked_before) / packets;
  for (std::size_t s = 0; s < kStageCount; ++s)
    figures.cycles[s] = static_cast<double>(stats.cycles[s].read() - before[s]) / packets;
  return figures;
}

Figures run_for(Worker& worker, RecordRing& ring, double seconds) {
  using Clock = std::chrono::steady_clock;
  const WorkerStats& stats = worker.stats();
  std::array<std::uint64_t, kStageCount> before{};
  for (std::size_t s = 0; s < kStageCount; ++s) before[s] = stats.cycles[s].read();
  std::uint64_t blocked_before = 0;
  for (std::size_t p = 0; p < registered_protocols().size(); ++p)
    blocked_before += stats.verdicts[p][static_cast<std::size_t>(Reason::kBlocked)].read() + stats.repeats[p].read();
  const std::uint64_t packets_before = stats.received.read();
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    for (int i = 0; i < 64; ++i) worker.run_once();
    while (ring.front() != nullptr) ring.release();  // the writer thread's part, without its disk
  }
  const double taken = std::chrono::duration<double>(Clock::now() - start).count();
  return difference(before, packets_before, blocked_before, taken, stats);
}

void print(const Options& options, std::vector<Figures> runs) {
  std::sort(runs.begin(), runs.end(), [](const Figures& a, const Figures& b) { return a.mpps < b.mpps; });
  const Figures& median = runs[runs.size() / 2];
  std::printf("%-5s %6.2f Mpps (%.2f to %.2f, %zu runs)  %5.1f%% blocked  %.0f cycles per packet:", options.traffic.c_str(),
              median.mpps, runs.front().mpps, runs.back().mpps, runs.size(), 100 * median.blocked_share,
              std::accumulate(median.cycles.begin(), median.cycles.end(), 0.0));
  for (std::size_t s = 0; s < kStageCount; ++s)
    std::printf(" %s %.0f", std::string(stage_name(static_cast<Stage>(s))).c_str(), median.cycles[s]);
  std::printf("\n");
}

int run(const Options& options) {
  const Traffic traffic = traffic_of(options);
  NicOptions nic_options;
  nic_options.ports = {{"a", "net_null0", ""}, {"b", "net_null1", ""}};
  nic_options.wire = {{"a", "b"}};
  nic_options.worker_cores = {options.core};
  nic_options.control_core = options.core == 0 ? 1 : 0;
  nic_options.hugepages = options.hugepages;
  auto nic = Nic::start(nic_options);
  if (!nic.ok()) {
    std::fprintf(stderr, "%s\n", nic.error().message.c_str());
    return static_cast<int>(nic.error().code);
  }
  Readers readers;
  Published<MatchSet> sets(readers, MatchSet::empty());
  Published<LivePolicy> policy(readers, live_policy());
  const Normaliser normaliser{NormaliseOptions{}};
  RecordRing ring(1 << 16);
  const QueueLink link = nic.value()->links(0).front();
  MemorySource source(traffic, nic.value()->pool(0), *link.in);
  const WorkerShared shared{&sets, &policy, &readers, &normaliser, random_secret()};
  Worker worker(0, shared, {{&source, link.out}}, nic.value()->pool(0), &ring, nullptr);
  MatchSetBuilder builder;
  add_entries(options.sizes, builder);
  auto built = builder.build_base(1);
  if (!worker.scratch().prepare(*built.set).ok()) return 1;
  std::fprintf(stderr, "%zu packets, %zu octets on average; tables %.0f MiB\n", traffic.count(),
               traffic.bytes.size() / traffic.count(), static_cast<double>(built.set->size().bytes) / 1048576);
  sets.publish(std::move(built.set));
  std::vector<Figures> runs;
  const auto launched = nic.value()->launch([&](std::size_t) {
    run_for(worker, ring, 0.5);  // warm caches and pages
    for (unsigned i = 0; i < options.runs; ++i) runs.push_back(run_for(worker, ring, options.seconds));
  });
  if (!launched.ok()) {
    std::fprintf(stderr, "%s\n", launched.error().message.c_str());
    return 1;
  }
  nic.value()->wait();
  print(options, runs);
  return 0;
}

}  // namespace
}  // namespace telefence::perf

int main(int argc, char** argv) {
  telefence::perf::Options options;
  CLI::App app{"Measures the daemon's whole path on one core, from memory to net_null."};
  app.add_option("--traffic", options.traffic, "dns, tls, quic, smpp or sip")->check(CLI::IsMember({"dns", "tls", "quic", "smpp", "sip"}));
  app.add_option("--packets", options.sizes.packets, "distinct packets");
  app.add_option("--domains", options.sizes.domains, "blocked domains");
  app.add_option("--numbers", options.sizes.numbers, "blocked numbers");
  app.add_option("--patterns", options.sizes.patterns, "text patterns");
  app.add_option("--blocked", options.sizes.blocked, "share of packets that are blocked");
  app.add_option("--seconds", options.seconds, "length of a run");
  app.add_option("--runs", options.runs, "runs");
  app.add_option("--core", options.core, "core of the worker");
  app.add_option("--hugepages", options.hugepages, "auto, off or MiB");
  CLI11_PARSE(app, argc, argv);
  return telefence::perf::run(options);
}
