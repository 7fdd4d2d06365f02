// SPDX-License-Identifier: Apache-2.0
// The whole way of a packet on one worker core, from memory to net_null: a frame is taken from the worker's pool and the next
// packet copied into it (what net_null's copy costs), then the same Worker as in the daemon runs, and what leaves goes to
// a net_null port through DPDK. Prints Mpps and cycles per packet by stage, median of the runs with their spread,
// and the clock of the core with what the fastest run took of it.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "core_clock.h"
#include "memory_source.h"
#include "nic/nic.h"
#include "record/options.h"
#include "pipeline/worker.h"
#include "rig.h"
#include "traffic.h"

namespace telefence::perf {
namespace {

struct Options {
  std::string traffic = "dns";
  Sizes sizes;
  double seconds = 2;
  std::uint64_t length = 0;  // packets of a run; 0: as `seconds` say
  unsigned runs = 5;
  unsigned core = default_core();
  std::string hugepages = "auto";
  bool delay = false;
  bool spread = false;
  unsigned sample = 0;  // one of so many messages; 0: not measured
};

Traffic traffic_of(const Options& options) {
  const std::map<std::string, Traffic (*)(const Sizes&)> makers = {
      {"dns", dns_traffic}, {"tls", tls_traffic}, {"quic", quic_traffic}, {"smpp", smpp_traffic}, {"sip", sip_traffic},
      {"smpp-stream", smpp_stream_traffic}, {"tls-split", tls_split_traffic}, {"half-open", half_open_traffic},
      {"sip-fragments", sip_fragments_traffic}};
  Traffic traffic = makers.at(options.traffic)(options.sizes);
  traffic.bytes.resize(traffic.bytes.size() + Traffic::kSpare);
  return traffic;
}

struct Figures {
  double mpps = 0;
  double blocked_share = 0;  // of the messages
  std::array<double, kStageCount> cycles{};
  std::optional<double> ghz;  // of the core, right before
};

struct Reading {
  explicit Reading(const WorkerStats& stats) : packets(stats.received.read()) {
    for (std::size_t s = 0; s < kStageCount; ++s) cycles[s] = stats.cycles[s].read();
    for (std::size_t p = 0; p < registered_protocols().size(); ++p)
      blocked += stats.verdicts[p][static_cast<std::size_t>(Reason::kBlocked)].read() + stats.repeats[p].read();
  }
  std::uint64_t packets;
  std::uint64_t blocked = 0;
  std::array<std::uint64_t, kStageCount> cycles;
};

Figures difference(const Reading& before, const Reading& after, double seconds, double messages_per_packet) {
  Figures figures;
  const auto packets = static_cast<double>(after.packets - before.packets);
  figures.mpps = packets / seconds / 1e6;
  figures.blocked_share = static_cast<double>(after.blocked - before.blocked) / packets / messages_per_packet;
  for (std::size_t s = 0; s < kStageCount; ++s) figures.cycles[s] = static_cast<double>(after.cycles[s] - before.cycles[s]) / packets;
  return figures;
}

struct Bench {
  const Options& options;
  const Traffic& traffic;
  Worker& worker;
  RecordRing& ring;
  MemorySource& source;
  DelaySink& sink;
  SampleRing* sampled = nullptr;
  double messages_per_packet() const {
    return traffic.messages == 0 ? 1 : traffic.messages / static_cast<double>(traffic.count());
  }
};

Figures run_for(Bench& bench, double seconds) {
  using Clock = std::chrono::steady_clock;
  const std::optional<double> ghz = core_ghz();
  const Reading before(bench.worker.stats());
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  const auto is_over = [&] {
    const std::uint64_t length = bench.options.length;
    return length == 0 ? Clock::now() >= end : bench.worker.stats().received.read() - before.packets >= length;
  };
  while (!is_over()) {
    for (int i = 0; i < 32; ++i) bench.worker.run_once();
    while (bench.ring.front() != nullptr) bench.ring.release();  // the writer thread's part, without its disk
    while (bench.sampled != nullptr && bench.sampled->front() != nullptr) bench.sampled->release();
  }
  const double taken = std::chrono::duration<double>(Clock::now() - start).count();
  Figures figures = difference(before, Reading(bench.worker.stats()), taken, bench.messages_per_packet());
  figures.ghz = ghz;
  return figures;
}

// Pauses of the core: between two looks at the clock, more time than what lies between them can take. On a machine that others use, the
// host takes the core away for milliseconds.
struct Pauses {
  static constexpr std::array<std::uint64_t, 4> kLonger_us = {10, 50, 250, 1000};
  std::array<std::uint64_t, kLonger_us.size()> longer{};  // so many took longer
  std::uint64_t count = 0, ns = 0, longest_ns = 0;

  void add(std::uint64_t taken_ns) {
    ++count;
    for (std::size_t i = 0; i < longer.size(); ++i) longer[i] += taken_ns > 1000 * kLonger_us[i] ? 1u : 0u;
    ns += taken_ns;
    longest_ns = std::max(longest_ns, taken_ns);
  }
};

std::uint64_t clock_ns() { return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()); }

// What a turn may take at most: a look at the clock, half as long again as its packets take in full bursts (each of a few costs more),
// and what is done for each that is blocked. Were it thrice as long, pauses that are short beside a burst but long beside a packet would
// count as the worker's own, and the more of them the longer a packet takes: 40 us among 33 messages of SMPP, but not among 33 hellos.
struct LongestTurn {
  double ns_per_packet;
  std::uint64_t of(std::uint64_t packets, std::uint64_t blocked) const {
    return 5'000 + static_cast<std::uint64_t>(1.5 * ns_per_packet * static_cast<double>(packets)) + 7'000 * blocked;
  }
};

// How often a loop that does nothing pauses.
void idle_for(double seconds, LongestTurn longest, Pauses& pauses) {
  const std::uint64_t end = clock_ns() + static_cast<std::uint64_t>(seconds * 1e9);
  for (std::uint64_t before = clock_ns(), now = before; before < end; before = now) {
    now = clock_ns();
    if (now - before > longest.of(0, 0)) pauses.add(now - before);
  }
}

// During a pause the clock of the packets stands still, and those that were on their way do not count.
void deliver_for(Bench& bench, double seconds, LongestTurn longest, Pauses& pauses) {
  const std::uint64_t end = clock_ns() + static_cast<std::uint64_t>(seconds * 1e9);
  std::uint64_t blocked = Reading(bench.worker.stats()).blocked;
  for (std::uint64_t before = clock_ns(), now = before; before < end; before = now) {
    const std::size_t packets = bench.worker.run_once();
    while (bench.ring.front() != nullptr) bench.ring.release();
    now = clock_ns();
    const std::uint64_t blocked_before = std::exchange(blocked, Reading(bench.worker.stats()).blocked);
    if (now - before <= longest.of(packets, blocked - blocked_before)) {
      bench.sink.keep();
      continue;
    }
    pauses.add(now - before);
    bench.source.stood_still(now - before);
    bench.sink.drop(now);
  }
}

void print_pauses(const char* who, const Pauses& pauses) {
  std::printf("  %-22s %.1f ms in %llu pauses, the longest %.0f us;", who, static_cast<double>(pauses.ns) / 1e6, static_cast<unsigned long long>(pauses.count),
              static_cast<double>(pauses.longest_ns) / 1e3);
  for (std::size_t i = 0; i < pauses.longer.size(); ++i)
    std::printf(" %llu of more than %llu us%s", static_cast<unsigned long long>(pauses.longer[i]), static_cast<unsigned long long>(Pauses::kLonger_us[i]),
                i + 1 < pauses.longer.size() ? "," : "\n");
}

// Packets at half the rate that was reached: how long is each on its way?
void measure_delay(Bench& bench, double mpps) {
  constexpr double kSlice_s = 0.25;
  const LongestTurn longest{1e3 / mpps};
  bench.source.pace(2e3 / mpps);
  run_for(bench, 0.5);
  bench.source.pace(2e3 / mpps);
  bench.sink.measure(true);
  Pauses working, idle;
  for (double left = bench.options.seconds * bench.options.runs; left > 0; left -= kSlice_s) {
    const std::uint64_t before = clock_ns();
    idle_for(kSlice_s, longest, idle);
    const std::uint64_t now = clock_ns();
    bench.source.stood_still(now - before);
    bench.sink.drop(now);
    deliver_for(bench, kSlice_s, longest, working);
  }
  const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::printf("%-11s at %.2f Mpps: on its way half of the packets at most %.1f us, 99%% %.1f us, 99.9%% %.1f us, the longest %.0f us; "
              "%llu measured, %llu lost, %llu not counted for pauses of the core:\n",
              bench.options.traffic.c_str(), mpps / 2, us(bench.sink.beyond(500'000)), us(bench.sink.beyond(10'000)), us(bench.sink.beyond(1'000)),
              us(bench.sink.longest()), static_cast<unsigned long long>(bench.sink.count()), static_cast<unsigned long long>(bench.source.lost()),
              static_cast<unsigned long long>(bench.sink.dropped()));
  print_pauses("with the worker", working);
  print_pauses("a loop that does nothing", idle);
}

// What the fastest run took in cycles of the core. Memory does not run by its clock, so a faster one gives somewhat less than in proportion;
// and who works on the other half of the core takes some of it, which the clock does not show.
void print_clock(const Bench& bench, std::span<const Figures> by_rate) {
  if (!by_rate.front().ghz) return;
  std::vector<double> ghz;
  for (const Figures& one : by_rate) ghz.push_back(*one.ghz);
  std::nth_element(ghz.begin(), ghz.begin() + static_cast<std::ptrdiff_t>(ghz.size() / 2), ghz.end());
  const double clock = ghz[ghz.size() / 2];
  const double fastest = by_rate.back().mpps;
  std::printf("%-11s core at %.2f GHz, %.0f of its cycles per packet in the fastest run", bench.options.traffic.c_str(), clock,
              1e3 * clock / fastest);
  if (bench.traffic.messages != 0) std::printf(", %.0f per message", 1e3 * clock / fastest / bench.messages_per_packet());
  std::printf("\n");
}

// Returns the median rate.
double print(const Bench& bench, std::vector<Figures> runs) {
  std::sort(runs.begin(), runs.end(), [](const Figures& a, const Figures& b) { return a.mpps < b.mpps; });
  const Figures& median = runs[runs.size() / 2];
  std::printf("%-11s %6.2f Mpps (%.2f to %.2f, %zu runs)", bench.options.traffic.c_str(), median.mpps, runs.front().mpps,
              runs.back().mpps, runs.size());
  if (bench.traffic.messages != 0) std::printf(", %.2f M messages/s", median.mpps * bench.messages_per_packet());
  if (bench.source.sprayed() != 0) std::printf(", %u halves sprayed", bench.source.sprayed());
  std::printf("  %5.1f%% blocked  %.0f cycles per packet:", 100 * median.blocked_share,
              std::accumulate(median.cycles.begin(), median.cycles.end(), 0.0));
  for (std::size_t s = 0; s < kStageCount; ++s)
    std::printf(" %s %.0f", std::string(stage_name(static_cast<Stage>(s))).c_str(), median.cycles[s]);
  std::printf("\n");
  print_clock(bench, runs);
  return median.mpps;
}

int run(const Options& options) {
  const Traffic traffic = traffic_of(options);
  auto nic = start_nic(options.core, options.hugepages);
  if (!nic.ok()) {
    std::fprintf(stderr, "%s\n", nic.error().message.c_str());
    return static_cast<int>(nic.error().code);
  }
  Readers readers;
  Published<MatchSet> sets(readers, MatchSet::empty());
  Published<LivePolicy> policy(readers, live_policy());
  const Normaliser normaliser{NormaliseOptions{}};
  RecordRing ring(RecordOptions{}.ring_records);  // emptied before it is full, whatever is blocked
  const QueueLink link = nic.value()->links(0).front();
  MemorySource source(traffic, nic.value()->pool(0), *link.in);
  const WorkerShared shared{&sets, &policy, &readers, &normaliser, random_secret()};
  DelaySink sink(*link.out);
  // By one link come frames of one end alone; where the other end answers, both are one.
  OnePort both_ways(source, sink);
  const bool has_answers = options.traffic == "smpp-stream";
  Queue* const in = has_answers ? static_cast<Queue*>(&both_ways) : &source;
  Queue* const out = has_answers ? static_cast<Queue*>(&both_ways) : &sink;
  Worker worker(0, shared, {{in, out}}, nic.value()->pool(0), &ring, nullptr);
  MatchSetBuilder builder;
  add_entries(options.sizes, builder);
  auto built = builder.build_base(1);
  if (!worker.scratch().prepare(*built.set).ok()) return 1;
  std::fprintf(stderr, "%zu packets, %zu octets on average; tables %.0f MiB\n", traffic.count(),
               traffic.bytes.size() / traffic.count(), static_cast<double>(built.set->size().bytes) / 1048576);
  sets.publish(std::move(built.set));
  Bench bench{options, traffic, worker, ring, source, sink};
  // The same with another worker beside it, to which packets in tunnels would be handed.
  TunnelSpread spread(2, kPassedOnFrames, shared.secret);
  Worker spreading(1, shared, {{.in = in, .out = out, .spread = &spread, .seat = 0}}, nic.value()->pool(0), &ring, nullptr);
  if (!spreading.scratch().prepare(sets.read()).ok()) return 1;
  Bench other{options, traffic, spreading, ring, source, sink};
  // And one that takes a sample of what passes.
  SampleRing sampled;
  Worker sampling(2, shared, {{in, out}}, nic.value()->pool(0), &ring, nullptr);
  if (options.sample != 0) sampling.sampler().start(sampled, {true, true, true, options.sample, 1000}, 1);
  if (!sampling.scratch().prepare(sets.read()).ok()) return 1;
  Bench sampler{options, traffic, sampling, ring, source, sink, &sampled};
  const auto launched = nic.value()->launch([&](std::size_t) {
    std::vector<Figures> runs;
    std::vector<Figures> spread_runs, sample_runs;
    if (options.length == 0) run_for(bench, 0.5);  // warm caches and pages
    for (unsigned i = 0; i < options.runs; ++i) {
      runs.push_back(run_for(bench, options.seconds));
      if (options.spread) spread_runs.push_back(run_for(other, options.seconds));  // in turn, on a machine that others use
      if (options.sample != 0) sample_runs.push_back(run_for(sampler, options.seconds));
    }
    const double mpps = print(bench, runs);
    if (options.sample != 0) std::printf("one of %u sampled: %.3f of that\n", options.sample, print(sampler, sample_runs) / mpps);
    if (options.spread) std::printf("spread: %.3f of that\n", print(other, spread_runs) / mpps);
    if (options.delay) measure_delay(bench, mpps);
  });
  if (!launched.ok()) {
    std::fprintf(stderr, "%s\n", launched.error().message.c_str());
    return 1;
  }
  nic.value()->wait();
  return 0;
}

}  // namespace
}  // namespace telefence::perf

int main(int argc, char** argv) {
  using telefence::perf::Carrier;
  telefence::perf::Options options;
  CLI::App app{"Measures the daemon's whole path on one core, from memory to net_null."};
  app.add_option("--traffic", options.traffic, "what")
      ->check(CLI::IsMember({"dns", "tls", "tls-split", "half-open", "quic", "smpp", "smpp-stream", "sip", "sip-fragments"}));
  const std::map<std::string, Carrier> carriers = {
      {"ipv4", Carrier::kIpv4}, {"ipv6", Carrier::kIpv6}, {"vlan", Carrier::kVlan}, {"gtp-u", Carrier::kGtpU}};
  app.add_option("--carrier", options.sizes.carrier, "what packets are carried in: ipv4, ipv6, vlan or gtp-u")
      ->transform(CLI::CheckedTransformer(carriers))
      ->type_name("TEXT");
  app.add_option("--packets", options.sizes.packets, "distinct packets");
  app.add_option("--domains", options.sizes.domains, "blocked domains");
  app.add_option("--numbers", options.sizes.numbers, "blocked numbers");
  app.add_option("--prefixes", options.sizes.prefixes, "blocked prefixes of numbers, at most 100,000")->check(CLI::Range(0, 100'000));
  app.add_option("--patterns", options.sizes.patterns, "text patterns");
  app.add_flag("--gaps", options.sizes.gaps, "the patterns are rules with gaps instead of plain texts");
  app.add_option("--blocked", options.sizes.blocked, "share of packets that are blocked; 1: all of them")->check(CLI::Range(0.0, 1.0));
  app.add_option("--seconds", options.seconds, "how long a run takes");
  CLI::Option* const length =
      app.add_option("--length", options.length, "packets of a run in place of its seconds, with nothing before it: the same work however fast it goes");
  app.add_option("--runs", options.runs, "runs");
  app.add_flag("--spread", options.spread, "measure in turn a worker that would hand packets in tunnels to another");
  app.add_option("--sample", options.sample, "measure in turn a worker that takes a sample, one of so many messages");
  app.add_option("--core", options.core, "core of the worker");
  app.add_flag("--delay", options.delay, "also how long packets are on their way at half the rate reached")->excludes(length);
  app.add_option("--hugepages", options.hugepages, "auto, off or MiB");
  CLI11_PARSE(app, argc, argv);
  return telefence::perf::run(options);
}
