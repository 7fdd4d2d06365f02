// SPDX-License-Identifier: Apache-2.0

// The live sample of the daemon: workers fill rings, the desk's thread empties them and answers the centre out of what it keeps.

#include <ctime>
#include <random>

#include "app/daemon.h"
#include "app/trial_answer.h"

namespace telefence {

// Nobody can ask without a server for the answers: then nothing is sampled.
void Daemon::make_sample() {
  const SampleOptions& options = config_.sample;
  if (!options.is_on() || !receipts_->is_wanted()) return;
  std::random_device seeds;
  for (const auto& worker : workers_) {
    SampleRing& ring = *sample_rings_.emplace_back(std::make_unique<SampleRing>());
    worker->sampler().start(ring, options, static_cast<std::uint64_t>(seeds()) << 32 | seeds());
  }
  sample_ = std::make_unique<LiveSample>(options, LiveSample::random_salt());
  std::string kinds;
  for (const auto& [is_wanted, name] : {std::pair{options.names, "names"}, {options.numbers, "numbers"}, {options.texts, "texts"}})
    if (is_wanted) (kinds += kinds.empty() ? "" : " ") += name;
  const RedisOptions& redis = config_.signatures.redis;
  trial_desk_ = std::make_unique<TrialDesk>(TrialDesk::Terms{config_.node, kinds, redis.receipts, redis.tls, redis.trust},
                                            [this] { tend_sample(); },
                                            [this](const Trial& trial) { return answer_trial(trial); });
}

void Daemon::tend_sample() {
  const std::int64_t now_s = std::time(nullptr);
  for (const auto& ring : sample_rings_) {
    // A ringful each: the thread has others to look after.
    for (std::size_t i = 0; i < SampleRing::kSlots; ++i) {
      const SampledKey* const key = ring->front();
      if (key == nullptr) break;
      sample_->take(*key, now_s);
      ring->release();
    }
  }
  sample_->forget(now_s);
}

std::string Daemon::answer_trial(const Trial& trial) {
  const auto test = [this](const TestRequest& request) {
    filter_->readers().online(kTrialReader);
    Result<Json> answer = answer_test(request, {filter_->sets().read(), filter_->policy().read().policy, filter_->normaliser(), filter_->protected_names(), false});
    filter_->readers().offline(kTrialReader);
    return answer;
  };
  const TrialGround ground{*sample_, filter_->terms(), test, std::time(nullptr)};
  return to_line(trial.is_portion ? answer_portion(trial.changes, ground) : telefence::answer_trial(trial.changes, ground));
}

void Daemon::add_sample_families() {
  if (!trial_desk_) return;
  trial_desk_->add_families(catalog_);
  catalog_.add({"telefence_samples_total", "Names, numbers and texts that workers sampled, by whether they were kept or there was no room.",
                Family::Type::kCounter, [this](std::vector<Sample>& out) {
                  std::uint64_t taken = 0, dropped = 0;
                  for (const auto& ring : sample_rings_) {
                    taken += ring->taken();
                    dropped += ring->dropped();
                  }
                  out.push_back({{{"result", "taken"}}, static_cast<double>(taken)});
                  out.push_back({{{"result", "dropped"}}, static_cast<double>(dropped)});
                }});
  catalog_.add({"telefence_samples_kept", "What of the live sample is in memory, by kind.", Family::Type::kGauge, [this](std::vector<Sample>& out) {
                  constexpr std::array<const char*, kSampledKinds> kNames{"name", "calling", "called", "text", "url"};
                  for (std::size_t i = 0; i < kSampledKinds; ++i)
                    out.push_back({{{"kind", kNames[i]}}, static_cast<double>(sample_->kept(static_cast<SampledKind>(i)))});
                }});
}

}  // namespace telefence
