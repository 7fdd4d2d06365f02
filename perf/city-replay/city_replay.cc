// SPDX-License-Identifier: Apache-2.0
// Eight months of one city through the daemon's path on one core: 7,529,000 domains, 40,000,000 numbers with 100,000
// prefixes and 10,000 rules in force; 37.53 M fraud calls and 16.008 M fraud SMS, each with an innocent one beside it;
// and visits, of which 0.04% are to fraud sites. The visits are a sample, and scaled. Every fraud has to be intercepted
// and every innocent one has to leave as it came, else it ends with code 1. Output: sentences, and a line of JSON at
// the end.

#include <CLI/CLI.hpp>
#include <ctime>

#include <cstdio>
#include <functional>

#include "city_events.h"
#include "city_source.h"
#include "pipeline/worker.h"
#include "rig.h"

namespace telefence::perf {
namespace {

constexpr double kCalls = 37.53e6, kMessages = 16.008e6, kVisits = 14.26e9;
constexpr double kMonths = 243 * 86'400.0;  // in seconds

struct Options {
  Sizes sizes{.packets = 1'000'000, .numbers = 40'000'000, .prefixes = 100'000, .gaps = true};
  double share = 1;
  double visits = 201e6;  // rounded to whole bursts: 200 M at least
  unsigned core = default_core();
  std::string hugepages = "auto";
};

struct Outcome {
  const char* what = "";
  std::uint64_t fraud = 0, innocent = 0;
  std::uint64_t intercepted = 0, untouched = 0;                                // by the worker's fates
  std::uint64_t fraud_left = 0, innocent_left = 0, compared = 0, changed = 0;  // by the port
  bool may_leave = false;                                                      // fraud is changed, not held back
  double seconds = 0;                                                          // of the core's time
  double packets() const { return static_cast<double>(fraud + innocent); }
  bool is_right() const {
    return intercepted == fraud && untouched == innocent && innocent_left == innocent && changed == 0 &&
           fraud_left == (may_leave ? fraud : 0);
  }
};

double core_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

bool intercepts(Fate fate) {
  return fate == Fate::kNeutralised || fate == Fate::kAnswered || fate == Fate::kReset ||
         fate == Fate::kDroppedByVerdict;
}

struct Replay {
  Worker& worker;
  RecordRing& ring;
  CitySource& source;
  CitySink& sink;

  Outcome run(const char* what, Events& events, double frauds, bool may_leave) {
    const FateSums before = sum_fates({&worker.stats()});
    sink.innocent = sink.fraud = sink.compared = sink.changed = 0;
    source.play(events, static_cast<std::uint64_t>(frauds));
    const double start = core_seconds();
    while (!source.is_over()) turn(64);
    turn(64);
    Outcome outcome{.what = what,
                    .fraud = source.fraud(),
                    .innocent = source.innocent(),
                    .may_leave = may_leave,
                    .seconds = core_seconds() - start};
    worker.flush();
    const FateSums after = sum_fates({&worker.stats()});
    for (std::size_t f = 0; f < kFateCount; ++f) {
      const std::uint64_t count = after.fates[f] - before.fates[f];
      const auto fate = static_cast<Fate>(f);
      if (intercepts(fate)) outcome.intercepted += count;
      if (fate == Fate::kForwardedInspected) outcome.untouched += count;
      if (count != 0)
        std::printf("  %s: %llu %s\n", what, static_cast<unsigned long long>(count),
                    std::string(fate_name(fate)).c_str());
    }
    outcome.fraud_left = sink.fraud;
    outcome.innocent_left = sink.innocent;
    outcome.compared = sink.compared;
    outcome.changed = sink.changed;
    return outcome;
  }

 private:
  void turn(int bursts) {
    for (int i = 0; i < bursts; ++i) worker.run_once();
    while (ring.front() != nullptr) ring.release();  // the writer thread's part, without its disk
  }
};

void tell(const Outcome& one) {
  std::printf(
      "%-8s %11llu fraud, %llu intercepted, %llu missed; %llu innocent, %llu untouched (%llu compared octet by octet, "
      "%llu changed); "
      "left by the port: %llu fraud, %llu innocent; %.1f s, %.2f Mpps  %s\n",
      one.what, static_cast<unsigned long long>(one.fraud), static_cast<unsigned long long>(one.intercepted),
      static_cast<unsigned long long>(one.fraud - one.intercepted), static_cast<unsigned long long>(one.innocent),
      static_cast<unsigned long long>(one.untouched), static_cast<unsigned long long>(one.compared),
      static_cast<unsigned long long>(one.changed), static_cast<unsigned long long>(one.fraud_left),
      static_cast<unsigned long long>(one.innocent_left), one.seconds, one.packets() / one.seconds / 1e6,
      one.is_right() ? "right" : "WRONG");
}

bool report(const Options& options, const std::vector<Outcome>& all) {
  bool is_right = true;
  for (const Outcome& one : all) tell(one), is_right = is_right && one.is_right();
  const Outcome &calls = all[0], &messages = all[1], &visits = all[2];
  const double a = calls.seconds / options.share, b = messages.seconds / options.share;
  const double c = visits.seconds / visits.packets();
  std::printf("The visits are a sample of %.0f packets, of which %.0f fraud, scaled; calls and messages are %s.\n",
              visits.packets(), static_cast<double>(visits.fraud),
              options.share == 1 ? "all of them" : "a share, scaled");
  std::printf("Eight months on one core: calls %.0f s, messages %.0f s, 14.26 G visits %.0f s: %.2f hours.\n", a, b,
              c * kVisits, (a + b + c * kVisits) / 3600);
  std::printf(
      "Were all 14.26 G visits to fraud sites, among innocent ones in that share: %.3g packets, %.1f core-days of %.0f "
      "days: %.2f cores busy.\n",
      kVisits * kVisitsPerHit, c * kVisits * kVisitsPerHit / 86'400, kMonths / 86'400,
      c * kVisits * kVisitsPerHit / kMonths);
  std::printf(
      "{\"share\": %g, \"right\": %s, \"calls_s\": %.2f, \"messages_s\": %.2f, \"visit_packets\": %.0f, \"visits_s\": "
      "%.2f, \"all_hours\": %.3f}\n",
      options.share, is_right ? "true" : "false", calls.seconds, messages.seconds, visits.packets(), visits.seconds,
      (a + b + c * kVisits) / 3600);
  return is_right;
}

int run(const Options& options) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  auto nic = start_nic(options.core, options.hugepages);
  if (!nic.ok()) {
    std::fprintf(stderr, "%s\n", nic.error().message.c_str());
    return static_cast<int>(nic.error().code);
  }
  const auto calls = city_calls(options.sizes);
  const auto messages = city_messages(options.sizes);
  const double visit_frauds = options.visits * options.share / static_cast<double>(kVisitsPerHit);
  const auto visits = city_visits(options.sizes, static_cast<std::size_t>(visit_frauds) + 1);
  Readers readers;
  Published<MatchSet> sets(readers, MatchSet::empty());
  Published<LivePolicy> policy(readers, live_policy());
  const Normaliser normaliser{NormaliseOptions{}};
  RecordRing ring(1 << 16);
  const QueueLink link = nic.value()->links(0).front();
  CitySource source(nic.value()->pool(0), *link.in);
  CitySink sink(*link.out, source);
  const WorkerShared shared{&sets, &policy, &readers, &normaliser, random_secret()};
  Worker worker(0, shared, {{&source, &sink}}, nic.value()->pool(0), &ring, nullptr);
  {
    MatchSetBuilder builder;
    add_entries(options.sizes, builder);
    auto built = builder.build_base(1);
    if (!worker.scratch().prepare(*built.set).ok()) return 1;
    const MatchSet::Size size = built.set->size();
    std::printf("in force: %llu domains, %llu numbers, %llu patterns, %.0f MiB\n",
                static_cast<unsigned long long>(size.domains), static_cast<unsigned long long>(size.numbers),
                static_cast<unsigned long long>(size.patterns), static_cast<double>(size.bytes) / 1048576);
    sets.publish(std::move(built.set));
  }
  bool is_right = false;
  Replay replay{worker, ring, source, sink};
  const auto launched = nic.value()->launch([&](std::size_t) {
    std::vector<Outcome> all;
    all.push_back(replay.run("calls", *calls, kCalls * options.share, false));
    all.push_back(replay.run("messages", *messages, kMessages * options.share, true));
    all.push_back(replay.run("visits", *visits, visit_frauds, false));
    is_right = report(options, all);
  });
  if (!launched.ok()) {
    std::fprintf(stderr, "%s\n", launched.error().message.c_str());
    return 1;
  }
  nic.value()->wait();
  if (!is_right)
    std::fprintf(stderr,
                 "city_replay: a fraud was missed or an innocent packet was touched: see the lines marked WRONG\n");
  return is_right ? 0 : 1;
}

}  // namespace
}  // namespace telefence::perf

int main(int argc, char** argv) {
  telefence::perf::Options options;
  CLI::App app{"Eight months of one city on one core."};
  app.add_option("--share", options.share, "this part of calls, messages and the sample of visits")
      ->check(CLI::Range(0.0001, 1.0));
  app.add_option("--visits", options.visits, "packets of the sample of visits");
  app.add_option("--pool", options.sizes.packets, "distinct messages and innocent visits");
  app.add_option("--domains", options.sizes.domains, "blocked domains");
  app.add_option("--numbers", options.sizes.numbers, "blocked numbers");
  app.add_option("--prefixes", options.sizes.prefixes, "blocked prefixes of numbers")->check(CLI::Range(0, 100'000));
  app.add_option("--patterns", options.sizes.patterns, "rules over texts");
  app.add_option("--core", options.core, "core of the worker");
  app.add_option("--hugepages", options.hugepages, "auto, off or MiB");
  CLI11_PARSE(app, argc, argv);
  return telefence::perf::run(options);
}
