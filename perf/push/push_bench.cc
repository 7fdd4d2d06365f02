// SPDX-License-Identifier: Apache-2.0
// The parts of perf/push/run that have to be quick: `latency` pushes one entry at a time by publish_batch (signed), beside a Feed of this
// process and a thread that looks the entry up as a worker does, and measures from the call until the look-up finds it. `readers` is
// many simulated edges. `load` publishes batches at a rate. One JSON line each.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "centre/batch_stream.h"
#include "centre/publish_batch.h"
#include "normalise/normalise.h"
#include "signatures/batch.h"
#include "signatures/feed.h"
#include "signatures/key_file.h"
#include "stream_readers.h"

namespace telefence::perf {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string server = "127.0.0.1:6379";
  std::string key;  // base name: KEY.key, KEY.pub
  std::string kind = "domain";
  std::string from = "0-0";
  unsigned rounds = 300, patterns = 0, count = 300, rate = 1000, ops = 1;
  double seconds = 10;
};

std::string times(std::vector<float> ms) {
  if (ms.empty()) return "\"n\":0";
  std::sort(ms.begin(), ms.end());
  char text[160];
  std::snprintf(text, sizeof text, "\"n\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f", ms.size(), ms[ms.size() / 2], ms[ms.size() * 99 / 100],
                ms.back());
  return text;
}

std::string op_line(const std::string& kind, const std::string& value) {
  return R"({"op":"add","kind":")" + kind + R"(","value":")" + value + R"(","category":"phishing","source":"bench"})";
}

std::string value_of(const std::string& kind, unsigned i) {
  if (kind == "number") return "+86188" + std::to_string(10'000'000 + i);
  if (kind == "pattern") return "转账暗号" + std::to_string(1'000'000 + i) + "号";
  return "new" + std::to_string(i) + ".example";
}

// Looks a value up as a worker does.
class Looker {
 public:
  Result<void> prepare(const MatchSet& set) { return scratch_.prepare(set); }
  bool finds(const MatchSet& set, const std::string& kind, const std::string& value) {
    Event event;
    if (kind == "number") {
      Call call{};
      call.calling = value;
      event.what = call;
    } else if (kind == "pattern") {
      Sms sms{};
      sms.body = as_bytes(value);
      sms.coding = TextCoding::kUtf8;
      event.what = sms;
    } else {
      event.what = DomainLookup{};
      std::get<DomainLookup>(event.what).name = value;
    }
    keys_.clear();
    hits_.clear();
    normaliser_.normalise({&event, 1}, keys_);
    set.match(keys_, scratch_, hits_);
    return !hits_.hits().empty();
  }

 private:
  const Normaliser normaliser_{NormaliseOptions{}};
  MatchScratch scratch_;
  KeyList keys_;
  HitList hits_;
};

CompileTerms terms() {
  CompileTerms terms;
  terms.action_id = [](std::string_view) -> ActionId { return kNoAction; };
  terms.action_refused = [](ActionId, SignatureKind) { return std::string(); };
  return terms;
}

void connect(RedisConnection& connection, const Options& options) {
  const Result<void> connected = connection.connect({options.server, "", ""}, 5000);
  CHECK(connected.ok());
}

// As a worker on a core that others need: after 2,000 looks in vain it sleeps 50 us between two.
class Watcher {
 public:
  Watcher(Published<MatchSet>& sets, Readers& readers, Looker& looker, const std::string& kind)
      : sets_(sets), readers_(readers), looker_(looker), kind_(kind), thread_([this] { run(); }) {}
  ~Watcher() {
    ends_ = true;
    thread_.join();
  }
  void look_for(unsigned i) { wanted_.store(i, std::memory_order_release); }
  // Nanoseconds of the clock when it was found; 0: not yet.
  std::int64_t found_at(unsigned i) const { return found_.load(std::memory_order_acquire) == i ? at_.load() : 0; }

 private:
  void run() {
    readers_.online(0);
    unsigned idle = 0;
    for (; !ends_.load(std::memory_order_relaxed); readers_.quiesce(0)) {
      const std::int64_t i = wanted_.load(std::memory_order_acquire);
      if (i != found_.load(std::memory_order_relaxed) && looker_.finds(sets_.read(), kind_, value_of(kind_, static_cast<unsigned>(i)))) {
        at_ = Clock::now().time_since_epoch().count();
        found_.store(i, std::memory_order_release);
        idle = 0;
      }
      if (++idle > 2000) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    readers_.offline(0);
  }
  Published<MatchSet>& sets_;
  Readers& readers_;
  Looker& looker_;
  const std::string kind_;
  std::atomic<bool> ends_ = false;
  std::atomic<std::int64_t> wanted_ = -1, found_ = -1, at_ = 0;
  std::thread thread_;
};

int latency(const Options& options) {
  Result<SigningKey> key = read_signing_key(options.key + ".key");
  CHECK(key.ok());
  RedisConnection connection;
  connect(connection, options);
  const BatchAuthor author("bench", {&key.value()});
  if (options.patterns > 0) {
    BatchStream stream(connection, "tf:1:log", author, [](const BatchStream::Done&) {});
    CHECK(stream.begin().ok());
    for (unsigned i = 0; i < options.patterns; ++i) CHECK(stream.add(op_line("pattern", "兼职刷单" + std::to_string(i) + "元日结")).ok());
    CHECK(stream.finish().ok());
    CHECK(connection.command({"UNWATCH"}, 5000).ok());
  }
  SignatureOptions signatures;
  signatures.redis.server = options.server;
  signatures.redis.trust.signers = {{.key = options.key + ".pub"}};
  Looker looker;
  CHECK(looker.prepare(*MatchSet::empty()).ok());
  Readers readers;
  Published<MatchSet> sets(readers, MatchSet::empty());
  Feed feed(signatures, std::make_unique<SignatureStore>(terms()), sets, readers, [&looker](const MatchSet& set) { return looker.prepare(set); });
  feed.start();
  while (feed.state().counts.patterns < options.patterns || !feed.state().connected) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  std::vector<float> taken;
  {
    Watcher watcher(sets, readers, looker, options.kind);
    for (unsigned i = 0; i < options.rounds; ++i) {
      watcher.look_for(i);
      std::this_thread::sleep_for(std::chrono::milliseconds(15 + i % 10));
      CHECK(watcher.found_at(i) == 0);
      const auto begin = Clock::now();
      const std::string line = op_line(options.kind, value_of(options.kind, i));
      CHECK(publish_batch(connection, "tf:1:log", {&line, 1}, author).ok());
      while (watcher.found_at(i) == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
      taken.push_back(static_cast<float>(static_cast<double>(watcher.found_at(i) - begin.time_since_epoch().count()) / 1e6));
    }
  }
  feed.stop();
  std::printf("{\"kind\":\"%s\",\"patterns\":%u,%s}\n", options.kind.c_str(), options.patterns, times(taken).c_str());
  return 0;
}

// The only publisher, so it needs no answer before it sends the next batch: a server that is slow does not slow it down.
int load(const Options& options) {
  Result<SigningKey> key = read_signing_key(options.key + ".key");
  CHECK(key.ok());
  RedisConnection connection;
  connect(connection, options);
  const BatchAuthor author("load", {&key.value()});
  const Result<LogHead> head = read_head(connection, "tf:1:log", 5000);
  CHECK(head.ok());
  std::uint64_t sequence = head.value().sequence;
  std::string previous = head.value().hash;
  const auto begin = Clock::now();
  const double between = static_cast<double>(options.ops) / options.rate;
  unsigned batches = 0, answers = 0;
  const auto answer = [&](std::uint32_t wait_ms) {
    const Result<std::optional<RedisReply>> reply = connection.receive(wait_ms);
    CHECK(reply.ok() && (!reply.value() || !reply.value()->is_error()));
    answers += reply.value() ? 1u : 0u;
    return reply.value().has_value();
  };
  while (std::chrono::duration<double>(Clock::now() - begin).count() < options.seconds) {
    std::vector<std::string> lines;
    for (unsigned i = 0; i < options.ops; ++i) lines.push_back(op_line("domain", "load" + std::to_string(batches * options.ops + i) + ".example"));
    const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const Result<PackedBatch> packed = pack_batch(++sequence, now_ms, author.name, previous, lines);
    CHECK(packed.ok());
    previous = batch_hash(packed.value().header, packed.value().body);
    const std::string id = std::to_string(sequence) + "-0", signatures = signatures_of(author, previous);
    const std::string_view words[] = {"XADD", "tf:1:log", id, "h", packed.value().header, "b", packed.value().body, "s", signatures};
    CHECK(connection.send(words, 30'000).ok());
    ++batches;
    while (answers < batches && answer(0)) {
    }
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(between * batches)));
  }
  const double sent = std::chrono::duration<double>(Clock::now() - begin).count();
  while (answers < batches) CHECK(answer(30'000));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("{\"batches\":%u,\"ops\":%u,\"seconds\":%.3f,\"sent_seconds\":%.3f,\"changes_per_s\":%.1f}\n", batches, options.ops, seconds, sent,
              batches * options.ops / seconds);
  return 0;
}

int readers(const Options& options) {
  const std::size_t colon = options.server.rfind(':');
  const Deliveries sum = read_streams(options.server.substr(0, colon), static_cast<std::uint16_t>(std::stoi(options.server.substr(colon + 1))), options.from,
                                      options.count, options.seconds);
  std::printf("{\"readers\":%llu,\"deliveries\":%llu,\"bytes\":%llu,%s}\n", static_cast<unsigned long long>(sum.readers),
              static_cast<unsigned long long>(sum.entries), static_cast<unsigned long long>(sum.bytes), times(sum.ms).c_str());
  return 0;
}

}  // namespace
}  // namespace telefence::perf

int main(int argc, char** argv) {
  using namespace telefence::perf;
  Options options;
  CLI::App app{"Parts of perf/push/run."};
  app.require_subcommand(1);
  for (const char* name : {"latency", "readers", "load"}) {
    CLI::App* verb = app.add_subcommand(name);
    verb->add_option("--server", options.server, "host:port");
    verb->add_option("--key", options.key, "base name of the key files");
    verb->add_option("--kind", options.kind, "domain, number or pattern");
    verb->add_option("--from", options.from, "readers: the id behind which they begin");
    verb->add_option("--rounds", options.rounds, "pushes, one at a time");
    verb->add_option("--patterns", options.patterns, "in force before");
    verb->add_option("--count", options.count, "readers");
    verb->add_option("--rate", options.rate, "changes per second");
    verb->add_option("--ops", options.ops, "changes in a batch");
    verb->add_option("--seconds", options.seconds, "how long");
  }
  CLI11_PARSE(app, argc, argv);
  if (app.got_subcommand("latency")) return latency(options);
  return app.got_subcommand("load") ? load(options) : readers(options);
}
