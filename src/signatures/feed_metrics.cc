// SPDX-License-Identifier: Apache-2.0
#include "signatures/feed_metrics.h"

#include <utility>

namespace telefence {
namespace {

using Read = double (*)(const FeedState&);

void add_one(Catalog& catalog, const std::function<FeedState()>& state, const char* name, const char* help,
             Family::Type type, Read read) {
  catalog.add({name, help, type, [state, read](std::vector<Sample>& out) { out.push_back({{}, read(state())}); }});
}

double seconds(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

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
  catalog.add({"telefence_policy_batches_total", "Batches of the change log, by what became of them.", kCounter,
               [state](std::vector<Sample>& out) {
                 const FeedState now = state();
                 out.push_back({{{"result", "applied"}}, static_cast<double>(now.batches_applied)});
                 out.push_back({{{"result", "refused"}}, static_cast<double>(now.batches_refused)});
               }});
  add_one(catalog, state, "telefence_policy_lines_refused_total", "Lines of lists and patterns that were left out.",
          kCounter, [](const FeedState& s) { return static_cast<double>(s.counts.complaints); });
  add_one(catalog, state, "telefence_policy_operations_refused_total", "Changes of the log that were left out.",
          kCounter, [](const FeedState& s) { return static_cast<double>(s.operations_refused); });
  add_one(catalog, state, "telefence_policy_sequence", "Sequence of the newest batch in force.", kGauge,
          [](const FeedState& s) { return static_cast<double>(s.sequence); });
  add_one(catalog, state, "telefence_redis_up",
          "1 while the feed is connected to Redis, 0 while it is not or none is named.", kGauge,
          [](const FeedState& s) { return s.connected ? 1.0 : 0.0; });
  add_one(catalog, state, "telefence_policy_last_contact_timestamp_seconds", "When Redis last answered the feed.",
          kGauge, [](const FeedState& s) { return static_cast<double>(s.last_contact_s); });
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
