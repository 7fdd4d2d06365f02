// SPDX-License-Identifier: Apache-2.0
#include "pipeline/sampler.h"

#include <algorithm>

namespace telefence {
namespace {

// Keys stand in the order of their events.
template <typename Key, typename Function>
void each_of(std::span<const Key> keys, std::uint16_t event, Function&& function) {
  auto at = std::lower_bound(keys.begin(), keys.end(), event, [](const Key& key, std::uint16_t wanted) { return key.event < wanted; });
  for (std::size_t count = 0; at != keys.end() && at->event == event && count < Sampler::kMostOfOne; ++at, ++count) function(*at);
}

}  // namespace

void Sampler::start(SampleRing& ring, const SampleOptions& options, std::uint64_t seed) {
  ring_ = &ring;
  options_ = options;
  random_ = seed | 1;
  left_ = gap();
}

// From 0 to twice the mean, all alike: what comes in step with a fixed number would be taken always or never.
std::uint64_t Sampler::gap() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return (random_ >> 16) % (2 * static_cast<std::uint64_t>(options_.one_of) - 1);
}

void Sampler::take(std::size_t events, const KeyList& keys) {
  std::uint64_t at = left_;
  for (; at < events; at += 1 + gap()) take_one(static_cast<std::uint16_t>(at), keys);
  left_ = at - events;
}

void Sampler::take_one(std::uint16_t event, const KeyList& keys) {
  if (options_.names)
    each_of(keys.domains(), event, [&](const DomainKey& key) { ring_->put(SampledKind::kName, key.name); });
  if (options_.numbers)
    each_of(keys.numbers(), event,
            [&](const NumberKey& key) { ring_->put(key.side == Side::kCalling ? SampledKind::kCalling : SampledKind::kCalled, key.digits); });
  if (!options_.texts) return;
  each_of(keys.texts(), event, [&](const TextKey& key) { ring_->put(key); });
  each_of(keys.urls(), event, [&](const UrlKey& key) { ring_->put(SampledKind::kUrl, key.url); });
}

}  // namespace telefence
