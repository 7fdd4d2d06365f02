// SPDX-License-Identifier: Apache-2.0
#include "signatures/pattern_samples.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "event/event.h"
#include "event/keys.h"
#include "match/hit.h"
#include "match/rule_ref.h"
#include "normalise/normalise.h"

namespace telefence {
namespace {

constexpr std::size_t kShownBytes = 90;

Event message(std::string_view text) {
  Event event;
  Sms sms;
  sms.body = as_bytes(text);
  sms.coding = TextCoding::kUtf8;
  event.what = sms;
  return event;
}

// A sample without a path gives an event without a url key: it is no visit.
Event visit(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
  const std::string_view authority = url.substr(0, end);
  Event event;
  UrlVisit made;
  made.host = authority.substr(0, authority.rfind(':'));
  made.path = url.substr(end);
  event.what = made;
  return event;
}

}  // namespace

struct SampleRunner::Work {
  explicit Work(const std::string& home_country) : normaliser(NormaliseOptions{home_country}) {}
  Normaliser normaliser;
  MatchScratch scratch;
  KeyList keys;
  HitList hits;
  bool is_fit = false;
};

SampleRunner::SampleRunner(const MatchSet& set, const std::string& home_country)
    : set_(set), work_(std::make_unique<Work>(home_country)) {
  // Without memory for it nothing is hit; the workers' own scratch then fails as well, and that is told.
  work_->is_fit = work_->scratch.prepare(set).ok();
}
SampleRunner::~SampleRunner() = default;

bool SampleRunner::is_hit(std::uint32_t rule, std::string_view sample) {
  if (!work_->is_fit) return false;
  work_->keys.clear();
  work_->hits.clear();
  const std::array<Event, 2> events = {message(sample), visit(sample)};
  work_->normaliser.normalise(events, work_->keys);
  set_.match(work_->keys, work_->scratch, work_->hits);
  const std::span<const Hit> hits = std::as_const(work_->hits).hits();
  return std::any_of(hits.begin(), hits.end(), [rule](const Hit& hit) { return hit.rule == rule_ref(0, RuleTable::kPatterns, rule); });
}

const std::string* SampleRunner::first_hit(std::uint32_t rule, const std::vector<std::string>& samples) {
  for (const std::string& sample : samples)
    if (is_hit(rule, sample)) return &sample;
  return nullptr;
}

const std::string* SampleRunner::first_missed(std::uint32_t rule, const std::vector<std::string>& samples) {
  for (const std::string& sample : samples)
    if (!is_hit(rule, sample)) return &sample;
  return nullptr;
}

std::string shortened(std::string_view sample) {
  std::size_t end = 0;
  while (end < sample.size() && end < kShownBytes) end += utf8_step(sample, end).length;
  return std::string(sample.substr(0, end)) + (end < sample.size() ? "..." : "");
}

}  // namespace telefence
