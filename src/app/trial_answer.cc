// SPDX-License-Identifier: Apache-2.0
#include "app/trial_answer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "normalise/phone.h"
#include "signatures/trial.h"
#include "signatures/words.h"

namespace telefence {
namespace {

LiveSample::Question question_of(const Entry& entry) {
  LiveSample::Question out;
  out.kind = entry.rule.kind;
  out.name = entry.rule.value;
  out.subdomains = entry.subdomains;
  out.digits = entry.digits;
  out.prefix = entry.prefix;
  const auto sides = static_cast<unsigned>(entry.sides);
  out.calling = (sides & static_cast<unsigned>(MatchSetBuilder::Sides::kCalling)) != 0;
  out.called = (sides & static_cast<unsigned>(MatchSetBuilder::Sides::kCalled)) != 0;
  out.pattern = {entry.expression, entry.literal, entry.rule.kind == SignatureKind::kUrl, entry.fold, entry.words};
  return out;
}

// Something that the entry hits; nothing for most patterns.
std::optional<TestRequest> example_of(const Signature& signature, const Entry& entry) {
  switch (entry.rule.kind) {
    case SignatureKind::kDomain:
      return TestRequest{"domain", entry.rule.value, ""};
    case SignatureKind::kNumber:
      return TestRequest{"number", number_for_people(entry.digits), ""};
    case SignatureKind::kUrl:
      if (signature.literal) return TestRequest{"url", entry.rule.value, ""};
      return std::nullopt;
    case SignatureKind::kPattern:
      if (signature.literal && signature.words.is_empty()) return TestRequest{"sms", entry.expression, ""};
      return std::nullopt;
  }
  return std::nullopt;
}

// What is in force about it: the entry of the same value, of the same source if there is one, and the one that wins when it is another:
// that may be a release, which is of the same value.
Json now_of(const Signature& signature, const Entry& entry, const TrialGround& ground) {
  const std::optional<TestRequest> example = example_of(signature, entry);
  if (!example) return nullptr;
  const Result<Json> tested = ground.test(*example);
  if (!tested) return nullptr;
  const Json& hits = tested.value()["hits"];
  const Json* same = nullptr;
  const Json* winner = nullptr;
  for (const Json& hit : hits) {
    const Json& rule = hit["signature"];
    const bool is_same = rule["kind"] == kind_name(entry.rule.kind) && rule["value"] == entry.rule.value;
    const bool is_own = is_same && rule.value("source", Json("")) == signature.source;
    if (is_same && (same == nullptr || (is_own && same->value("source", Json("")) != signature.source))) same = &rule;
    if (winner == nullptr && hit["wins"] == true) winner = &rule;
  }
  Json out = {{"reason", tested.value()["reason"]}};
  if (same != nullptr) out["entry"] = *same;
  if (winner != nullptr && winner != same) out["by"] = *winner;
  return out;
}

Result<Entry> entry_of(const Change& change, const CompileTerms& terms) {
  if (change.unenforced != UnenforcedKind::kNone) return Error{ErrorCode::kInvalid, "entries of this kind are not enforced"};
  if (change.op == Change::Op::kReplaceList) return Error{ErrorCode::kInvalid, "replace-list is about no single value"};
  return change.op == Change::Op::kAdd ? compile_signature(change.signature, terms) : canonical_entry(change.signature, terms);
}

void tell(const LiveSample::Count& count, Json& line) {
  if (!count.problem.empty()) {
    line["problem"] = count.problem;
    return;
  }
  line["sampled"] = count.sampled;
  line["period_s"] = count.period_s;
  if (count.sampled >= kLeastSampled && count.hits >= kLeastHits) line["hits"] = count.hits;
}

// Without its key, which takes longer than all the rest.
Result<Entry> portion_entry(const Change& change, const CompileTerms& terms) {
  if (change.unenforced != UnenforcedKind::kNone || change.op != Change::Op::kAdd) return Error{ErrorCode::kInvalid, "no entry"};
  return judge_signature(change.signature, terms);
}

double share_of(const LiveSample::Count& count) { return static_cast<double>(count.hits) / static_cast<double>(count.sampled); }

}  // namespace

Json answer_trial(const std::vector<Change>& changes, const TrialGround& ground) {
  Json lines = Json::array();
  std::vector<std::pair<std::size_t, Entry>> entries;  // by line
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Json line = Json::object();
    if (Result<Entry> entry = entry_of(changes[i], ground.terms); entry) {
      if (Json now = now_of(changes[i].signature, entry.value(), ground); !now.is_null()) line["now"] = std::move(now);
      entries.emplace_back(i, std::move(entry.value()));
    } else {
      line["problem"] = entry.error().message;
    }
    lines.push_back(std::move(line));
  }
  std::vector<LiveSample::Question> questions;
  for (const auto& [line, entry] : entries) questions.push_back(question_of(entry));
  const std::vector<LiveSample::Count> counts = ground.sample.count(questions, ground.now_s);
  for (std::size_t i = 0; i < counts.size(); ++i) tell(counts[i], lines[entries[i].first]);
  return {{"v", 1}, {"lines", std::move(lines)}};
}

Json answer_portion(const std::vector<Change>& changes, const TrialGround& ground) {
  std::vector<std::pair<std::size_t, Entry>> entries;  // by line
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (Result<Entry> entry = portion_entry(changes[i], ground.terms); entry) entries.emplace_back(i, std::move(entry.value()));
  std::vector<LiveSample::Question> questions;
  for (const auto& [line, entry] : entries) questions.push_back(question_of(entry));
  const std::vector<LiveSample::Count> counts = ground.sample.count(questions, ground.now_s);
  std::size_t problems = changes.size() - entries.size();
  std::int64_t period_s = 0;
  std::map<std::string, std::uint64_t> sampled;
  std::vector<std::size_t> hit;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!counts[i].problem.empty()) ++problems;
    if (!counts[i].problem.empty() || counts[i].sampled < kLeastSampled) continue;
    std::uint64_t& most = sampled[std::string(kind_name(questions[i].kind))];
    most = std::max(most, counts[i].sampled);
    period_s = std::max(period_s, counts[i].period_s);
    if (counts[i].hits >= kLeastHits) hit.push_back(i);
  }
  const std::size_t told = std::min(hit.size(), kMostPortionHits);
  std::partial_sort(hit.begin(), hit.begin() + static_cast<std::ptrdiff_t>(told), hit.end(),
                    [&](std::size_t a, std::size_t b) { return share_of(counts[a]) > share_of(counts[b]); });
  Json hits = Json::array();
  for (std::size_t i = 0; i < told; ++i) hits.push_back({entries[hit[i]].first, counts[hit[i]].hits, counts[hit[i]].sampled});
  return {{"v", 1},          {"n", changes.size()},   {"sampled", sampled}, {"period_s", period_s},
          {"problems", problems}, {"hit", hit.size()}, {"hits", hits}};
}

}  // namespace telefence
