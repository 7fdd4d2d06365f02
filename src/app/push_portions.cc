// SPDX-License-Identifier: Apache-2.0
#include "app/push_portions.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/trial_asking.h"
#include "base/siphash.h"
#include "signatures/batch.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr std::chrono::milliseconds kBetween{340};
constexpr std::chrono::milliseconds kPatience{2000};  // an edge takes a question up that has waited for a second
constexpr int kMostMissed = 2;

// What an edge needs to know of it.
std::string question_line(const Change& change) {
  const Signature& full = change.signature;
  Change out;
  Signature& signature = out.signature;
  signature.kind = full.kind;
  signature.value = full.value;
  signature.subdomains = full.subdomains;
  signature.prefix = full.prefix;
  signature.literal = full.literal;
  signature.fold = full.fold;
  signature.words = full.words;
  signature.sides = full.sides;
  signature.category = full.category;
  return to_op_line(out);
}

struct Told {
  const std::string* node = nullptr;
  const Json* sampled = nullptr;  // by kind
  std::map<std::size_t, std::pair<std::uint64_t, std::uint64_t>> hits;  // line -> hits, sampled
  std::int64_t period_s = 0;
  std::uint64_t problems = 0;
};

std::uint64_t number_of(const Json& value) { return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0; }

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// What strangers may have written: everything is looked at before it is used.
bool read_answer(const Json& answer, std::size_t lines, Told& out) {
  if (!answer.is_object()) return false;
  const Json* const count = member(answer, "n");
  const Json* const hits = member(answer, "hits");
  out.sampled = member(answer, "sampled");
  if (count == nullptr || number_of(*count) != lines || hits == nullptr || !hits->is_array()) return false;
  if (out.sampled == nullptr || !out.sampled->is_object()) return false;
  if (const Json* const period = member(answer, "period_s")) out.period_s = static_cast<std::int64_t>(number_of(*period));
  if (const Json* const problems = member(answer, "problems")) out.problems = std::min<std::uint64_t>(number_of(*problems), lines);
  for (const Json& hit : *hits) {
    if (!hit.is_array() || hit.size() != 3) return false;
    const std::uint64_t line = number_of(hit[0]), sampled = number_of(hit[2]), times = std::min(number_of(hit[1]), sampled);
    if (line < lines && sampled >= kLeastSampled && times >= kLeastHits) out.hits[line] = {times, sampled};
  }
  return true;
}

LineTrial trial_of(std::size_t index, const std::string& text, const std::vector<Told>& all, double limit) {
  LineTrial line;
  line.change = Json::parse(text, nullptr, false);
  line.sampled_kind = kind_sampled(line.change);
  for (const Told& told : all) {
    const auto hit = told.hits.find(index);
    const Json* const of_kind = member(*told.sampled, text_of(line.change, "kind").c_str());
    const std::uint64_t sampled = hit != told.hits.end() ? hit->second.second : of_kind == nullptr ? 0 : number_of(*of_kind);
    const std::uint64_t hits = hit == told.hits.end() ? 0 : hit->second.first;
    if (sampled == 0) continue;
    ++line.edges;
    line.below += hits == 0 ? 1 : 0;
    line.sampled += sampled;
    line.hits += hits;
    line.period_s = std::max(line.period_s, told.period_s);
    if (const double share = static_cast<double>(hits) / static_cast<double>(sampled); share > line.most) {
      line.most = share;
      line.most_node = *told.node;
    }
  }
  line.is_over = line.most > limit;
  return line;
}

// How many of the lines are of kinds of which nobody has sampled enough.
std::uint64_t unknown_of(std::span<const std::string> lines, const std::vector<Told>& all) {
  std::vector<std::string> lacking;
  for (const char* kind : {"domain", "url", "number", "pattern"}) {
    const bool is_told = std::any_of(all.begin(), all.end(), [&](const Told& told) {
      const Json* const of_kind = member(*told.sampled, kind);
      return of_kind != nullptr && number_of(*of_kind) >= kLeastSampled;
    });
    if (!is_told) lacking.push_back("\"kind\":\"" + std::string(kind) + "\"");
  }
  return static_cast<std::uint64_t>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return std::any_of(lacking.begin(), lacking.end(), [&](const std::string& kind) { return line.find(kind) != std::string::npos; });
  }));
}

}  // namespace

PushPortions::PushPortions(RedisConnection& connection, std::vector<std::string> nodes, double limit, const SigningKey* key)
    : connection_(connection), wanted_(std::move(nodes)), key_(key) {
  report_.trial.limit = limit;
  report_.trial.asked = wanted_;
  report_.trial.is_unsigned = key == nullptr;
}

Result<void> PushPortions::add(const Change& change) {
  if (is_over()) return {};
  const bool is_text = is_weighty(change.signature);
  std::vector<std::string>& lines = is_text ? texts_ : values_;
  lines.push_back(question_line(change));
  return lines.size() < (is_text ? kMostPortionTexts : kMostPortionLines) ? Result<void>() : ask(lines);
}

Result<PortionsReport> PushPortions::finish() {
  for (std::vector<std::string>* lines : {&values_, &texts_})
    if (Result<void> asked = ask(*lines); !asked) return asked.error();
  report_.trial.silent.assign(silent_.begin(), silent_.end());
  return std::move(report_);
}

Result<void> PushPortions::ask(std::vector<std::string>& lines) {
  const std::vector<std::string> now = std::exchange(lines, {});
  return ask_lines(now);
}

// In two halves when they do not fit.
Result<void> PushPortions::ask_lines(std::span<const std::string> lines) {
  if (lines.empty() || is_over()) return {};
  Result<std::string> packed = pack_body(plain_body(lines));
  if (!packed || packed.value().size() > kMostTrialBytes) {
    if (lines.size() == 1) return {};  // no batch takes it either
    if (Result<void> first = ask_lines(lines.first(lines.size() / 2)); !first) return first;
    return ask_lines(lines.subspan(lines.size() / 2));
  }
  std::this_thread::sleep_until(next_);
  next_ = Clock::now() + kBetween;
  const Result<std::map<std::string, Json>> answers = ask_nodes(connection_, {"z", std::move(packed.value()), key_, kPatience}, wanted_);
  if (!answers) return answers.error();
  note_silent(answers.value());
  take(lines, answers.value());
  return {};
}

// Who does not answer twice is waited for no more.
void PushPortions::note_silent(const std::map<std::string, Json>& answers) {
  for (const std::string& node : wanted_) {
    int& missed = missed_[node];
    missed = answers.contains(node) ? 0 : missed + 1;
    if (missed != 0) silent_.insert(node);
  }
  std::erase_if(wanted_, [&](const std::string& node) { return missed_[node] >= kMostMissed; });
}

void PushPortions::take(std::span<const std::string> lines, const std::map<std::string, Json>& answers) {
  std::vector<Told> all;
  std::set<std::size_t> hit;
  std::uint64_t problems = 0;
  for (const auto& [node, answer] : answers) {
    Told told;
    told.node = &node;
    if (!read_answer(answer, lines.size(), told)) continue;
    for (const auto& [line, times] : told.hits) hit.insert(line);
    problems = std::max(problems, told.problems);
    all.push_back(std::move(told));
  }
  if (all.empty()) return;
  report_.asked += lines.size();
  report_.unknown += unknown_of(lines, all);
  report_.problems += problems;
  report_.hit += hit.size();
  for (const std::size_t line : hit) keep(trial_of(line, lines[line], all, report_.trial.limit));
}

void PushPortions::keep(LineTrial line) {
  report_.over += line.is_over ? 1 : 0;
  std::vector<LineTrial>& lines = report_.trial.lines;
  const auto place = std::upper_bound(lines.begin(), lines.end(), line,
                                      [](const LineTrial& a, const LineTrial& b) { return a.most > b.most; });
  if (static_cast<std::size_t>(place - lines.begin()) == kMostLines) return;
  lines.insert(place, std::move(line));
  if (lines.size() > kMostLines) lines.pop_back();
}

std::uint64_t narrowness(const Signature& signature) {
  constexpr std::uint64_t kLongest = 31;
  constexpr SipHashKey kKey{0x74656c6566656e63, 0x6e6172726f77};
  const std::string& value = signature.value;
  std::uint64_t rank = 0;
  if (signature.kind == SignatureKind::kDomain) {
    const auto labels = static_cast<std::uint64_t>(std::count(value.begin(), value.end(), '.')) + 1;
    rank = labels * 64 + std::min<std::uint64_t>(value.size(), kLongest) + (signature.subdomains ? 0 : 32);
  } else if (signature.kind == SignatureKind::kNumber) {
    const bool is_prefix = signature.prefix || value.ends_with('*');
    rank = (is_prefix ? 64 : 256) + std::min<std::uint64_t>(value.size(), kLongest);
  } else if (signature.kind == SignatureKind::kUrl && signature.literal) {
    rank = 192;
  }
  return rank << 48 | siphash(kKey, as_bytes(value)) >> 16;
}

}  // namespace telefence
