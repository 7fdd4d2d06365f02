// SPDX-License-Identifier: Apache-2.0
#include "app/filter.h"

#include <utility>

#include "enforce/action.h"

namespace telefence {

Filter::Filter(const Config& config)
    : config_(config), terms_(compile_terms(config)), secret_(random_secret()), answer_secret_(answer_secret()), normaliser_(config.normalise) {}

Result<std::unique_ptr<const LivePolicy>> Filter::live_policy_of(const Config& config) const {
  auto live = std::make_unique<LivePolicy>();
  live->policy = Policy(policy_options(config));
  Result<EnforceOptions> options = enforce_options(config, answer_secret_);
  if (!options) return options.error();
  live->enforce = std::move(options.value());
  set_up(config, live->classifier);
  live->overload = config.overload;
  return std::unique_ptr<const LivePolicy>(std::move(live));
}

Result<std::unique_ptr<Filter>> Filter::make(const Config& config, bool with_signatures) {
  std::unique_ptr<Filter> filter(new Filter(config));
  Result<std::unique_ptr<const LivePolicy>> live = filter->live_policy_of(config);
  if (!live) return live.error();
  filter->policy_ = std::make_unique<Published<LivePolicy>>(filter->readers_, std::move(live.value()));
  std::unique_ptr<const MatchSet> first = MatchSet::empty();
  if (with_signatures) {
    filter->store_ = std::make_unique<SignatureStore>(filter->terms_);
    Result<void> loaded = filter->store_->load(config.signatures, filter->complaints_);
    if (!loaded) return loaded.error();
    first = filter->store_->build(0, filter->complaints_);
    filter->counts_ = filter->store_->counts();
  }
  filter->sets_ = std::make_unique<Published<MatchSet>>(filter->readers_, std::move(first));
  return filter;
}

std::unique_ptr<SignatureStore> Filter::empty_store() const { return std::make_unique<SignatureStore>(terms_); }

WorkerShared Filter::shared(const Gate* gate) {
  return {sets_.get(), policy_.get(), &readers_, &normaliser_, secret_, config_.track, config_.records.evasions, gate};
}

RecordNames Filter::record_names() const {
  RecordNames names;
  names.node = config_.node;
  for (const PortOptions& port : config_.nic.ports) names.ports.push_back(port.name);
  for (const Protocol* protocol : registered_protocols()) {
    names.protocols.emplace_back(protocol->name);
    names.channels.emplace_back(protocol->channel);
    names.answers.emplace_back(protocol->answers.begin(), protocol->answers.end());
  }
  for (const Action* action : registered_actions()) names.actions.emplace_back(action->name);
  for (std::size_t i = 0; i < kTunnelKindCount; ++i) names.tunnels.emplace_back(traits_of(static_cast<TunnelKind>(i)).name);
  return names;
}

}  // namespace telefence
