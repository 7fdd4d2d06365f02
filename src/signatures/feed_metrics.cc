// SPDX-License-Identifier: Apache-2.0
#include "signatures/feed_metrics.h"

#include <utility>

#include "signatures/words.h"

namespace telefence {
namespace {

using Read = double (*)(const FeedState&);

// Of the feed, so without a sample where no Redis is named: an alert on 0 would never end there.
void add_of_redis(Catalog& catalog, const std::function<FeedState()>& state, const char* name, const char* help,
                  Read read) {
  catalog.add({name, help, Family::Type::kGauge, [state, read](std::vector<Sample>& out) {
                 const FeedState now = state();
                 if (now.configured) out.push_back({{}, read(now)});
               }});
}

void add_one(Catalog& catalog, const std::function<FeedState()>& state, const char* name, const char* help,
             Family::Type type, Read read) {
  catalog.add({name, help, type, [state, read](std::vector<Sample>& out) { out.push_back({{}, read(state())}); }});
}

double seconds(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

// What became of what came from Redis.
void add_batches(Catalog& catalog, const std::function<FeedState()>& state) {
  constexpr auto kCounter = Family::Type::kCounter;
  catalog.add({"telefence_policy_batches_total", "Batches of the change log, by what became of them.", kCounter,
               [state](std::vector<Sample>& out) {
                 const FeedState now = state();
                 out.push_back({{{"result", "applied"}}, static_cast<double>(now.batches_applied)});
                 out.push_back({{{"result", "refused"}}, static_cast<double>(now.batches_refused)});
               }});
  catalog.add({"telefence_policy_snapshots_total", "Snapshots of the change log, by what became of them.", kCounter,
               [state](std::vector<Sample>& out) {
                 const FeedState now = state();
                 out.push_back({{{"result", "loaded"}}, static_cast<double>(now.snapshots_loaded)});
                 out.push_back({{{"result", "refused"}}, static_cast<double>(now.snapshots_refused)});
               }});
  catalog.add({"telefence_policy_batches_refused_total",
               "Batches of the change log that were refused whole, by reason: malformed; newer, written for a later version; unsigned; "
               "unknown_signer; wrong_signature; not_allowed, the signer may not change this; needs_second, a wide entry with one signature; "
               "over_quota, its source would have more entries than it may.",
               kCounter, [state](std::vector<Sample>& out) {
                 const FeedState now = state();
                 for (std::size_t i = 0; i < kBatchRefusals; ++i)
                   out.push_back({{{"reason", std::string(refusal_name(static_cast<BatchRefusal>(i)))}},
                                  static_cast<double>(now.refusals[i])});
               }});
  catalog.add({"telefence_policy_not_enforced",
               "Entries of the log of kinds that this version reads and does not enforce.", Family::Type::kGauge, [state](std::vector<Sample>& out) {
                 const FeedState now = state();
                 for (const UnenforcedKind kind : {UnenforcedKind::kIp, UnenforcedKind::kAccount, UnenforcedKind::kApp})
                   out.push_back({{{"kind", std::string(unenforced_name(kind))}},
                                  static_cast<double>(now.not_enforced[static_cast<std::size_t>(kind)])});
               }});
}

}  // namespace

void add_feed_families(Catalog& catalog, const std::function<FeedState()>& state) {
  constexpr auto kGauge = Family::Type::kGauge;
  constexpr auto kCounter = Family::Type::kCounter;
  catalog.add({"telefence_policy_rules", "Signatures in force, by kind.", kGauge, [state](std::vector<Sample>& out) {
                 const SignatureStore::Counts counts = state().counts;
                 const auto add = [&out](const char* kind, std::uint64_t value) {
                   out.push_back({{{"kind", kind}}, static_cast<double>(value)});
                 };
                 add("domain", counts.domains);
                 add("url", counts.urls);
                 add("number", counts.numbers);
                 add("pattern", counts.patterns);
                 add("allow", counts.allowed);
               }});
  add_batches(catalog, state);
  catalog.add({"telefence_policy_gaps_total",
               "Times that the change log was found not whole, so that changes may be missing: gap, batches in between "
               "were never seen; fork, a batch names another predecessor; reset, the log lost what was read.",
               kCounter, [state](std::vector<Sample>& out) {
                 const FeedState now = state();
                 for (std::size_t i = 0; i < kLogBreaks; ++i)
                   out.push_back({{{"reason", std::string(log_break_name(static_cast<LogBreak>(i)))}},
                                  static_cast<double>(now.log_breaks[i])});
               }});
  add_one(catalog, state, "telefence_policy_lines_left_out",
          "Lines of lists and patterns of the files that are loaded which could not be used.", kGauge,
          [](const FeedState& s) { return static_cast<double>(s.counts.complaints); });
  add_one(catalog, state, "telefence_policy_operations_refused_total", "Changes of the log that were left out.",
          kCounter, [](const FeedState& s) { return static_cast<double>(s.operations_refused); });
  add_one(catalog, state, "telefence_policy_waiting", "Changes of the log that wait for their valid_from.", kGauge,
          [](const FeedState& s) { return static_cast<double>(s.waiting); });
  add_of_redis(catalog, state, "telefence_policy_state_ok",
               "1 while applied batches are kept on disk as they should, 0 while that fails (disk full); absent when no Redis is named.",
               [](const FeedState& s) { return s.state_problem.empty() ? 1.0 : 0.0; });
  add_of_redis(catalog, state, "telefence_policy_state_bytes",
               "Size of the applied batches on disk; absent when no Redis is named.",
               [](const FeedState& s) { return static_cast<double>(s.stored_bytes); });
  add_one(catalog, state, "telefence_policy_sequence", "Sequence of the newest batch in force.", kGauge,
          [](const FeedState& s) { return static_cast<double>(s.sequence); });
  add_of_redis(catalog, state, "telefence_redis_up",
               "1 while the feed is connected to Redis, 0 while it is not; absent when no Redis is named.",
               [](const FeedState& s) { return s.connected ? 1.0 : 0.0; });
  add_of_redis(catalog, state, "telefence_policy_last_contact_timestamp_seconds",
               "When Redis last answered the feed, 0 = never since the start; absent when no Redis is named.",
               [](const FeedState& s) { return static_cast<double>(s.last_contact_s); });
  add_of_redis(catalog, state, "telefence_policy_signed_timestamp_seconds",
               "The newest moment of which the centre signed something that came here, 0 = none is known, or redis.silent_after is 0; absent when no "
               "Redis is named.",
               [](const FeedState& s) { return static_cast<double>(s.signed_at_ms) / 1000; });
  add_one(catalog, state, "telefence_policy_last_applied_timestamp_seconds", "When a batch was last put in force.",
          kGauge, [](const FeedState& s) { return static_cast<double>(s.last_applied_s); });
  add_one(catalog, state, "telefence_policy_apply_seconds",
          "Newest batch: from its reading until all workers use the new version.", kGauge,
          [](const FeedState& s) { return seconds(s.last_apply_us); });
  add_one(catalog, state, "telefence_policy_propagation_seconds",
          "Newest batch: from the publisher's timestamp until all workers use the new version.", kGauge,
          [](const FeedState& s) { return seconds(s.last_propagation_us); });
}

}  // namespace telefence
