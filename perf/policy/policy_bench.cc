// SPDX-License-Identifier: Apache-2.0
// What it takes to put signatures in force, and what a worker under full load notices of it: the text list and its
// compiled form; one added domain, number or pattern, until a reader finds it; 100,000 domains as one batch; all of the
// list replaced. Sentences.

#include <CLI/CLI.hpp>

#include <sched.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "enforce/action.h"
#include "normalise/phone.h"
#include "signatures/signature_store.h"
#include "traffic_parts.h"
#include "worker_load.h"

namespace telefence::perf {
namespace {

struct Options {
  Sizes sizes;
  unsigned rounds = 2'000;
  unsigned core = default_core();
  std::string hugepages = "auto";
  double load = 0.5;
};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void pin_to(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  (void)sched_setaffinity(0, sizeof cores, &cores);
}

CompileTerms terms() {
  CompileTerms terms;
  terms.action_id = action_id;
  terms.action_refused = [](ActionId, SignatureKind) { return std::string(); };
  return terms;
}

Change added(SignatureKind kind, std::string value) {
  Change change;
  change.signature.kind = kind;
  change.signature.value = std::move(value);
  change.signature.source = "benchmark";
  return change;
}

class Bench {
 public:
  Bench(const Options& options, WorkerLoad& load) : options_(options), load_(load), store_(terms()) {
    folder_ = (std::filesystem::temp_directory_path() / "telefence-policy-XXXXXX").string();
    CHECK(mkdtemp(folder_.data()) != nullptr);
    const std::size_t half = options.sizes.domains / 2;
    write("first.txt", {{0, options.sizes.domains}});
    for (const auto& [name, more] : {std::pair("second.txt", options.sizes.domains), std::pair("third.txt", 2 * options.sizes.domains)})
      write(name, {{0, half}, {more, more + half}});
  }
  ~Bench() { std::filesystem::remove_all(folder_); }

  void lists() {
    auto start = Clock::now();
    load("first.txt");
    publish();
    std::printf("text list: %llu domains in force after %.2f s\n",
                static_cast<unsigned long long>(store_.counts().domains), seconds_since(start));
    store_.keep_load();
    store_.settle();
    start = Clock::now();
    SignatureStore next(terms());
    std::vector<Complaint> complaints;
    CHECK(next.load(lists_of("first.txt"), complaints).ok());
    load_.publish(next.build(1, complaints));
    std::printf("compiled:  %llu domains in force after %.3f s\n",
                static_cast<unsigned long long>(next.counts().domains), seconds_since(start));
    publish();  // what store_ owns, again
  }

  void patterns() {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < options_.sizes.patterns; ++i)
      changes.push_back(added(SignatureKind::kPattern, listed_pattern(options_.sizes, i).expression));
    const auto start = Clock::now();
    apply(changes);
    std::printf("%zu patterns as one batch: in force after %.3f s\n", changes.size(), seconds_since(start));
    store_.settle();
    publish();
  }

  // One added entry at a time, until a reader that looks for it all the time finds it.
  void added_ones() {
    one_kind(
        "domain", options_.rounds,
        [](unsigned i) { return added(SignatureKind::kDomain, "new" + std::to_string(i) + ".example"); },
        [](unsigned i, KeyList& keys, std::string& room, std::u16string&) {
          room = "new" + std::to_string(i) + ".example";
          keys.push(DomainKey{0, false, room});
        });
    one_kind(
        "number", options_.rounds,
        [](unsigned i) { return added(SignatureKind::kNumber, "+86188" + std::to_string(10'000'000 + i)); },
        [](unsigned i, KeyList& keys, std::string&, std::u16string&) {
          keys.push(NumberKey{0, Side::kCalling, 0, false,
                              canonical_number("+86188" + std::to_string(10'000'000 + i), "86")});
        });
    one_kind(
        "pattern", options_.rounds / 8,
        [this](unsigned i) {
          return added(SignatureKind::kPattern, listed_pattern(options_.sizes, 1'000'000 + i).expression);
        },
        [this](unsigned i, KeyList& keys, std::string&, std::u16string& text) {
          text = listed_text(1'000'000 + i);
          if (options_.sizes.gaps) text = text_in_gaps(text);
          text.resize(fold_units(text));
          keys.push(TextKey{0, text});
        });
  }

  void under_load() {
    load_.start();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    load_.take_gaps();
    const double alone = rate(
        1.0, [] {}, "alone, for 1 s");
    std::vector<Change> changes;
    for (unsigned i = 0; i < 100'000; ++i)
      changes.push_back(added(SignatureKind::kDomain, "batch" + std::to_string(i) + ".example"));
    const double batch = rate(
        0, [&] { apply(changes); }, "100,000 domains as one batch");
    const double after = rate(
        1.0, [] {}, "alone again, for 1 s");
    const double all = rate(
        0,
        [&] {
          load("second.txt");
          publish();
        },
        "all replaced, from a text list");
    forget_replaced();
    arrivals(options_.load * std::max(alone, after));
    const WorkerLoad::Outcome outcome = load_.stop();
    std::printf("rate beside the batch %.2f, beside the replacing %.2f of that alone\n", batch / std::max(alone, after),
                all / std::max(alone, after));
    std::printf("%llu packets, %llu without a fate; %llu to be blocked, %llu wrong verdicts\n",
                static_cast<unsigned long long>(outcome.received), static_cast<unsigned long long>(outcome.without_fate()),
                static_cast<unsigned long long>(outcome.to_block), static_cast<unsigned long long>(outcome.wrong()));
    is_right_ = outcome.without_fate() == 0 && outcome.wrong() == 0;
  }
  bool is_right() const { return is_right_; }

 private:
  // The same by the clock, so that packets can be lost. Where the machine is not ours alone its cores are taken from us now and then, and
  // more so when both are busy: what is lost beside a core that does nothing but count is of the machine.
  void arrivals(double mpps) {
    const auto pause = [] { std::this_thread::sleep_for(std::chrono::seconds(2)); };
    const auto count = [] {
      for (const auto start = Clock::now(); seconds_since(start) < 3;) continue;
    };
    std::vector<Change> changes;
    for (unsigned i = 0; i < 100'000; ++i) changes.push_back(added(SignatureKind::kDomain, "paced" + std::to_string(i) + ".example"));
    paced(mpps, "alone, for 2 s", pause);
    paced(mpps, "the other core counting, for 3 s", count);
    paced(mpps, "100,000 domains as one batch", [&] { apply(changes); });
    paced(mpps, "all replaced, from a text list", [&] {
      load("third.txt");
      publish();
    });
    forget_replaced();
    paced(mpps, "the other core counting again, for 3 s", count);
    paced(mpps, "alone again, for 2 s", pause);
  }
  // The set before ends, and the compiled form is written.
  void forget_replaced() {
    store_.keep_load();
    store_.settle();
    std::this_thread::sleep_for(std::chrono::seconds(3));
  }
  void paced(double mpps, const char* name, const std::function<void()>& what) {
    const auto start = Clock::now();
    const WorkerLoad::Paced found = load_.paced(mpps, what);
    std::printf("%.2f Mpps by the clock, %s: %.3f s; %llu packets, %llu lost; on their way 99.9%% at most %.1f us, the longest %.0f us\n", mpps, name,
                seconds_since(start), static_cast<unsigned long long>(found.delivered), static_cast<unsigned long long>(found.lost),
                static_cast<double>(found.p999_ns) / 1e3, static_cast<double>(found.longest_ns) / 1e3);
  }

  void write(const std::string& name, const std::vector<std::pair<std::size_t, std::size_t>>& ranges) {
    std::ofstream out(folder_ + "/" + name);
    for (const auto& [from, to] : ranges)
      for (std::size_t i = from; i < to; ++i) out << listed_name(i) << '\n';
  }
  SignatureOptions lists_of(const std::string& name) const {
    SignatureOptions options;
    options.state_dir = folder_;
    options.keeps_compiled = true;
    options.lists = {{.file = folder_ + "/" + name}};
    return options;
  }
  void load(const std::string& name) {
    std::vector<Complaint> complaints;
    CHECK(store_.load(lists_of(name), complaints).ok());
  }
  void publish() {
    std::vector<Complaint> complaints;
    auto set = store_.build(++version_, complaints);
    if (reader_ != nullptr) CHECK(reader_->prepare(*set).ok());
    load_.publish(std::move(set));
  }
  void apply(std::span<const Change> changes) {
    std::vector<Complaint> complaints;
    store_.apply(changes, complaints);
    publish();
    if (!complaints.empty())
      std::printf("left out: %s: %s\n", complaints[0].value.c_str(), complaints[0].reason.c_str());
  }

  using Keys = std::function<void(unsigned, KeyList&, std::string&, std::u16string&)>;
  void one_kind(const char* what, unsigned rounds, const std::function<Change(unsigned)>& change, const Keys& keys_of) {
    MatchScratch scratch;
    CHECK(scratch.prepare(load_.sets().read()).ok());
    reader_ = &scratch;
    std::atomic<std::int64_t> asked = -1, looked = -1, found = -1, found_at = 0;
    std::atomic<bool> ends = false;
    std::thread reader([&] {
      pin_to(options_.core);  // the worker's, which does not run now
      KeyList keys;
      HitList hits;
      std::string room;
      std::u16string text;
      load_.readers().online(1);
      for (std::int64_t last = -1; !ends.load(std::memory_order_relaxed); load_.readers().quiesce(1)) {
        const std::int64_t i = asked.load(std::memory_order_acquire);
        if (i == found.load(std::memory_order_relaxed)) continue;
        if (i != last) keys.clear(), keys_of(static_cast<unsigned>(i), keys, room, text), last = i;
        hits.clear();
        load_.sets().read().match(keys, scratch, hits);
        if (hits.hits().empty()) {
          looked.store(i, std::memory_order_release);
          continue;
        }
        found_at.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
        found.store(i, std::memory_order_release);
      }
      load_.readers().offline(1);
    });
    std::vector<double> taken;
    unsigned slowest = 0;
    for (unsigned i = 0; i < rounds; ++i) {
      const Change one = change(i);
      asked.store(i, std::memory_order_release);
      // It looks, in vain: the first time it has to come up, and its lists are touched for the first time.
      while (looked.load(std::memory_order_acquire) != i) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      CHECK(found.load() != i);
      const std::int64_t start = Clock::now().time_since_epoch().count();
      apply({&one, 1});
      while (found.load(std::memory_order_acquire) != i) std::this_thread::yield();
      taken.push_back(static_cast<double>(found_at.load() - start) / 1e6);
      if (taken[i] > taken[slowest]) slowest = i;
      if (store_.tidy()) publish();
    }
    ends = true;
    reader.join();
    reader_ = nullptr;
    std::sort(taken.begin(), taken.end());
    std::printf(
        "one added %s, until a reader finds it: half within %.3f ms, 99%% within %.3f ms, the longest %.1f ms (number %u of %u)\n",
        what, taken[taken.size() / 2], taken[taken.size() * 99 / 100], taken.back(), slowest + 1, rounds);
  }

  // Packets in a second while `what` is done, and for so many seconds behind it.
  double rate(double more_seconds, const std::function<void()>& what, const char* name) {
    load_.take_gaps();
    const std::uint64_t before = load_.packets();
    const auto start = Clock::now();
    what();
    const double done = seconds_since(start);
    std::this_thread::sleep_for(std::chrono::duration<double>(more_seconds));
    const double mpps = static_cast<double>(load_.packets() - before) / seconds_since(start) / 1e6;
    const WorkerLoad::Gaps gaps = load_.take_gaps();
    std::printf(
        "%s: %.3f s; the worker meanwhile %.2f Mpps, between bursts 99.9%% below %.0f us, the longest %.1f ms\n", name,
        done, mpps, static_cast<double>(gaps.p999) / 1e3, static_cast<double>(gaps.longest) / 1e6);
    return mpps;
  }

  const Options& options_;
  WorkerLoad& load_;
  SignatureStore store_;
  std::string folder_;
  std::uint64_t version_ = 0;
  MatchScratch* reader_ = nullptr;
  bool is_right_ = false;
};

int run(const Options& options) {
  Sizes queries = options.sizes;
  queries.domains /= 2;  // those that both lists have
  auto load = WorkerLoad::make(queries, options.core, options.hugepages);
  if (!load.ok()) {
    std::fprintf(stderr, "%s\n", load.error().message.c_str());
    return static_cast<int>(load.error().code);
  }
  setvbuf(stdout, nullptr, _IOLBF, 0);
  Bench bench(options, *load.value());
  bench.lists();
  bench.patterns();
  bench.added_ones();
  bench.under_load();
  return bench.is_right() ? 0 : 1;
}

}  // namespace
}  // namespace telefence::perf

int main(int argc, char** argv) {
  telefence::perf::Options options;
  options.sizes.gaps = true;
  CLI::App app{"Signatures put in force, and what a worker notices of it."};
  app.add_option("--domains", options.sizes.domains, "of the list");
  app.add_option("--patterns", options.sizes.patterns, "rules over texts in force");
  app.add_option("--rounds", options.rounds, "domains and numbers that are added one at a time; patterns: an eighth")->check(CLI::Range(8u, 1'000'000u));
  app.add_option("--core", options.core, "core of the worker");
  app.add_option("--load", options.load, "share of the rate alone at which packets come by the clock");
  app.add_option("--hugepages", options.hugepages, "auto, off or MiB");
  CLI11_PARSE(app, argc, argv);
  return telefence::perf::run(options);
}
