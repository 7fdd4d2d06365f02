// SPDX-License-Identifier: Apache-2.0
#pragma once

// A whole filter with one worker between two memory ports, with entries given in the test.

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "enforce/action.h"
#include "memory_link.h"
#include "normalise/domain.h"
#include "normalise/phone.h"
#include "pipeline/worker.h"

namespace telefence::testing {

// Every protocol with its own action.
inline std::unique_ptr<LivePolicy> test_policy(Mode mode) {
  PolicyOptions options;
  auto result = std::make_unique<LivePolicy>();
  options.mode = mode;
  const auto protocols = registered_protocols();
  const auto actions = registered_actions();
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    options.protocol_action[p] = action_id(protocols[p]->default_action);
    for (std::size_t a = 0; a < actions.size(); ++a)
      options.possible[p][a] = actions[a]->impossible(*protocols[p]).empty();
    RefusalTerms terms;
    terms.page = "http://warning.example/";
    terms.secret = 99;
    result->enforce.terms.push_back(terms);
    result->enforce.codes.push_back({protocols[p]->code_content, protocols[p]->code_calling, protocols[p]->code_called});
  }
  result->policy = Policy(options);
  return result;
}

// The secret of the tables' hashes: another one each run, or what FILTER_SECRET says, to see again what one run saw.
struct TestSecret {
  std::uint64_t seed = 0;
  HashSecret secret;

  TestSecret() {
    const char* const given = std::getenv("FILTER_SECRET");
    seed = given != nullptr ? std::strtoull(given, nullptr, 10) : random_secret().first;
    std::mt19937_64 random(seed);
    secret = {random() | 1, random() | 1};
  }
};

// Its place in the counters. Requires: there is one of this name.
inline std::size_t protocol_index(std::string_view name) {
  const auto all = registered_protocols();
  return static_cast<std::size_t>(
      std::find_if(all.begin(), all.end(), [&](const Protocol* one) { return one->name == name; }) - all.begin());
}

class Filter {
 public:
  // What a test of one thing alone changes.
  explicit Filter(Mode mode = Mode::kEnforce, bool mirror = false, const StreamOptions& streams = {}, bool responds = false, bool is_live = false)
      : Filter(TrackOptions{.streams = streams}, mode, mirror, responds, is_live) {}

  explicit Filter(const TrackOptions& track, Mode mode = Mode::kEnforce, bool mirror = false, bool responds = false, bool is_live = false)
      : mode_(mode), pool_(8192), access(pool_, 0), core(pool_, 1), respond(pool_, 2), tap(pool_, 3), ring(1024), normaliser_(NormaliseOptions{}),
        sets_(readers_, MatchSet::empty()), policy_(readers_, test_policy(mode)) {
    shared_ = {&sets_, &policy_, &readers_, &normaliser_, secret_.secret, track};
    shared_.gate = &gate;
    if (is_live) access.set_can_overrun(), core.set_can_overrun();
    std::vector<Link> links = {{.in = &access, .out = mirror ? nullptr : &core, .respond = responds ? &respond : nullptr}};
    if (!mirror) links.push_back({&core, &access});
    links.push_back({.in = &tap});
    worker_ = std::make_unique<Worker>(std::uint16_t{0}, shared_, links, pool_, &ring, nullptr);
  }

  // What the tests block; each builder becomes one version.
  void block(const std::function<void(MatchSetBuilder&)>& fill) {
    MatchSetBuilder builder;
    fill(builder);
    auto built = builder.build_base(1);
    CHECK(built.rejected.empty());
    CHECK(worker_->scratch().prepare(*built.set).ok());
    sets_.publish(std::move(built.set));
  }

  static std::uint32_t rule(MatchSetBuilder& builder, std::string_view value, std::string_view action = {},
                            bool allow = false) {
    Rule rule;
    rule.id = std::hash<std::string_view>{}(value);
    rule.value = value;
    rule.source = "test";
    rule.category = Category::kPhishing;
    rule.allow = allow;
    rule.action = action.empty() ? kNoAction : action_id(action);
    return builder.add_rule(rule);
  }
  static void block_domain(MatchSetBuilder& builder, std::string_view name, std::string_view action = {}) {
    builder.add_domain(name, true, rule(builder, name, action));
  }
  static void block_number(MatchSetBuilder& builder, std::string_view number) {
    builder.add_number(canonical_number(number, "86"), false, MatchSetBuilder::Sides::kEither, rule(builder, number));
  }
  static void block_text(MatchSetBuilder& builder, std::string_view text) {
    builder.add_pattern({std::string(text), true, false}, rule(builder, text));
  }

  // Before the first packet.
  void set_page(std::string body) {
    page_ = std::move(body);
    auto changed = test_policy(mode_);
    for (RefusalTerms& terms : changed->enforce.terms) {
      terms.page = {};
      terms.body = page_;
    }
    policy_.publish(std::move(changed));
  }
  // At any time: a policy without this protocol is published.
  void turn_off(std::string_view protocol) {
    auto changed = test_policy(mode_);
    for (std::size_t i = 0; i < registered_protocols().size(); ++i)
      if (registered_protocols()[i]->name == protocol) changed->classifier.disable(static_cast<std::uint8_t>(i));
    policy_.publish(std::move(changed));
  }

  void shed(const OverloadOptions& options) {
    auto changed = test_policy(mode_);
    changed->overload = options;
    policy_.publish(std::move(changed));
  }

  void run() {
    while (worker_->run_once() != 0) {
    }
  }
  std::uint64_t fate(Fate fate) const { return worker_->stats().fates[static_cast<std::size_t>(fate)].read(); }
  const WorkerStats& stats() const { return worker_->stats(); }
  Worker& worker() { return *worker_; }
  std::string secret() const { return "FILTER_SECRET=" + std::to_string(secret_.seed); }
  std::size_t free_buffers() const { return pool_.free_count(); }
  static constexpr std::size_t kBuffers = 8192;

 private:
  Mode mode_;
  std::string page_;
  TestSecret secret_;
  MemoryPool pool_;

 public:
  MemoryQueue access;
  MemoryQueue core;
  MemoryQueue respond;  // of a mirror
  MemoryQueue tap;      // a mirror beside
  RecordRing ring;
  Gate gate{Passage::kInspect};

 private:
  Readers readers_;
  Normaliser normaliser_;
  Published<MatchSet> sets_;
  Published<LivePolicy> policy_;
  WorkerShared shared_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace telefence::testing
