// SPDX-License-Identifier: Apache-2.0
#pragma once

// A worker for the pipeline fuzzer, between two guarded queues, with everything listed that fuzz_script.h names. One serves many
// inputs: an hour passes between them, and each has addresses of its own, so nothing of one is remembered in the next.

#include <memory>
#include <string>

#include "filter.h"
#include "fuzz_script.h"
#include "guarded_link.h"

namespace telefence::testing {

class World {
 public:
  World(Mode mode, bool is_mirror, const StreamOptions& streams)
      : access(pool, 0), core(pool, 1), respond(pool, 2), mode_(mode), is_mirror_(is_mirror), is_roomy_(streams.hold_frames >= StreamOptions{}.hold_frames), ring_(64), normaliser_(NormaliseOptions{}),
        sets_(readers_, MatchSet::empty()), policy_(readers_, test_policy(mode)) {
    PartOptions parts;
    parts.messages = 64;
    parts.bytes = 256 * 1024;
    const WorkerShared shared = {&sets_, &policy_, &readers_, &normaliser_, HashSecret{}, {.parts = parts, .streams = streams}};
    std::vector<Link> links = {{.in = &access, .out = is_mirror ? nullptr : &core, .respond = is_mirror ? &respond : nullptr}};
    if (!is_mirror) links.push_back({&core, &access});
    worker_ = std::make_unique<Worker>(std::uint16_t{0}, shared, links, pool, &ring_, nullptr);
    swap_sets(false);
  }

  // Whatever a script says has its place.
  bool is_roomy() const { return is_roomy_; }
  bool enforces() const { return mode_ == Mode::kEnforce && !is_mirror_; }
  bool is_mirror() const { return is_mirror_; }

  // Another version of the signatures, with something more in it and without one of the names.
  void swap_sets(bool is_other) {
    MatchSetBuilder builder;
    for (std::size_t i = is_other ? 1 : 0; i < std::size(kListedNames); ++i) Filter::block_domain(builder, kListedNames[i], kListedActions[i]);
    if (is_other) Filter::block_domain(builder, "jjx.example");
    Filter::block_text(builder, kListedText);
    builder.add_pattern({std::string(kTaggedText), true, false}, Filter::rule(builder, kTaggedText, "tag"));
    Filter::block_number(builder, kListedNumber);
    auto built = builder.build_base(is_other ? 2 : 1);
    promise(worker_->scratch().prepare(*built.set).ok(), "a scratch can't be made");
    sets_.publish(std::move(built.set));
    is_changed_ = is_changed_ || is_other;
  }
  // A policy without this protocol; one that is out of range: with all.
  void turn_off(std::size_t protocol) {
    auto changed = test_policy(mode_);
    if (protocol < registered_protocols().size()) changed->classifier.disable(static_cast<std::uint8_t>(protocol));
    policy_.publish(std::move(changed));
    is_changed_ = true;
  }

  void run() {
    access.set_now(now_ns);
    core.set_now(now_ns);
    while (worker_->run_once() != 0) check_sums();
    check_sums();
  }
  // Everything leaves; then an hour passes.
  void finish() {
    worker_->flush();
    check_sums();
    promise(pool.out() == 0, "buffers are missing after the end");
    while (ring_.front() != nullptr) ring_.release();
    if (is_changed_) {
      swap_sets(false);
      turn_off(SIZE_MAX);
      is_changed_ = false;
    }
    pool.set_limit(SIZE_MAX);
    access.set_room(SIZE_MAX);
    core.set_room(SIZE_MAX);
    now_ns += std::uint64_t{3600} * 1'000'000'000;
    ++client;
  }

  std::uint64_t given_up() const { return worker_->stats().fragments_given_up.read(); }
  std::uint64_t fate(Fate fate) const { return worker_->stats().fates[static_cast<std::size_t>(fate)].read(); }

  GuardedPool pool;
  GuardedQueue access;
  GuardedQueue core;
  GuardedQueue respond;  // of a mirror
  std::uint64_t now_ns = 1'700'000'000'000'000'000;
  std::uint32_t client = 0x0b000000;  // the address of this input's subscriber

 private:
  void check_sums() const {
    const WorkerStats& stats = worker_->stats();
    std::uint64_t sum = stats.held_frames.read();
    for (const Counter& fate : stats.fates) sum += fate.read();
    promise(sum == stats.received.read(), "the fates and what is held are not what was received");
  }

  Mode mode_;
  bool is_mirror_;
  bool is_roomy_;
  RecordRing ring_;
  Readers readers_;
  Normaliser normaliser_;
  Published<MatchSet> sets_;
  Published<LivePolicy> policy_;
  std::unique_ptr<Worker> worker_;
  bool is_changed_ = false;
};

}  // namespace telefence::testing
