// SPDX-License-Identifier: Apache-2.0

// What is done when a new version of the signatures blocks far more than the one before (block_guard.h): told, or the one before is put
// in force again. A flood of what was blocked before must not bring that about, so the version before is asked about some of what was
// blocked since.

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/daemon.h"
#include "app/sentences.h"
#include "app/test_request.h"
#include "enforce/action.h"

namespace telefence {
namespace {

void log(Language language, const std::string& line) { std::fprintf(stderr, "telefenced: %s\n", translated(language, line).c_str()); }

std::vector<TestRequest> questions_of(const Record& record) {
  std::vector<TestRequest> out;
  const auto ask = [&](const char* kind, std::string value) {
    if (!value.empty()) out.push_back({kind, std::move(value), ""});
  };
  const std::string name(record.get(RecordText::kName));
  switch (record.signature_kind) {
    case SignatureKind::kDomain:
      ask("domain", name.empty() ? std::string(record.get(RecordText::kSignatureValue)) : name);
      break;
    case SignatureKind::kUrl:
      if (!name.empty()) ask("url", "http://" + name + std::string(record.get(RecordText::kUri)));
      break;
    case SignatureKind::kNumber:
      for (const RecordText end : {RecordText::kCalling, RecordText::kCalled})
        if (const std::string number(record.get(end)); number.find(',') == std::string::npos) ask("number", number);
      break;
    case SignatureKind::kPattern:
      ask("sms", std::string(record.get(RecordText::kText)));
      break;
  }
  return out;
}

}  // namespace

// Thread of the record writer.
void Daemon::sample_blocked(const Record& record) {
  if (record.kind == Record::Kind::kEvasion || !record.verdict.enforced() || samples_wanted_.load(std::memory_order_relaxed) == 0) return;
  samples_wanted_.fetch_sub(1, std::memory_order_relaxed);
  std::vector<TestRequest> questions = questions_of(record);
  if (questions.empty()) return;
  samples_.with([&](std::deque<BlockedSample>& kept) {
    kept.push_back({record.policy_version, std::move(questions)});
    if (kept.size() > kMostSamples) kept.pop_front();
  });
}

// Whether most of what was blocked since would not have been by the version before. What can't be asked (texts, unless records have
// them) does not count; when nothing can, the share alone does.
bool Daemon::is_new_blocking(const BlockGuard::Jump& jump) {
  const std::unique_ptr<const MatchSet> set = feed_->set_of(jump.before);
  if (set == nullptr) return true;
  std::uint64_t sequence = 0;
  for (const VersionInfo& info : feed_->versions())
    if (info.number == jump.version) sequence = info.sequence;
  auto samples = samples_.with([](const std::deque<BlockedSample>& kept) { return kept; });
  std::erase_if(samples, [&](const BlockedSample& sample) { return sample.sequence < sequence; });
  const auto was_blocked = [&](const TestRequest& question) {
    const Result<Json> answer = answer_test(question, {*set, filter_->policy().read().policy, filter_->normaliser()});
    return answer.ok() && answer.value().value("would_block", false);
  };
  filter_->readers().online(kGuardReader);
  std::size_t fresh = 0;
  for (const BlockedSample& sample : samples) if (std::none_of(sample.questions.begin(), sample.questions.end(), was_blocked)) ++fresh;
  filter_->readers().offline(kGuardReader);
  return samples.empty() || 2 * fresh > samples.size();
}

void Daemon::watch_guard() {
  if (!has_signatures_) return;
  const GuardOptions options = guard_options_.with([](const GuardOptions& in_force) { return in_force; });
  if (is_version_chosen_.exchange(false)) guard_.forget();
  samples_wanted_.store(options.action == GuardOptions::Action::kOff ? 0 : kSamplesASecond, std::memory_order_relaxed);
  const FeedState state = feed_->state();
  BlockGuard::Look look{BlockGuard::Clock::now(), state.version, {}};
  const Json channels = channels_status();
  for (const auto& [name, counts] : channels.items())
    look.channels.push_back({name, counts["inspected"].get<std::uint64_t>(), counts["blocked"].get<std::uint64_t>()});
  const std::optional<BlockGuard::Jump> jump = guard_.look(options, std::move(look));
  if (!jump) return;
  if (!is_new_blocking(*jump)) {  // asked again at the next look: what came since may tell more
    if (std::exchange(guard_told_, jump->version) == jump->version) return;
    ++guard_counts_.old_entries;
    return log(language(), "guard: " + to_text(*jump) + "; but most of it was blocked before, too: more of it comes, nothing is done");
  }
  guard_.settle();
  if (options.action == GuardOptions::Action::kRollBack && state.version == state.newest_version && roll_back_for_guard(*jump)) return;
  ++guard_counts_.warned;
  tell_of_guard(jump->version, to_text(*jump) + "; if that is wrong: telefence policy rollback " + std::to_string(jump->before) +
                                   ". If it is meant: telefence policy rollback newest");
}

// False: no version of before is kept.
bool Daemon::roll_back_for_guard(const BlockGuard::Jump& jump) {
  for (const VersionInfo& info : feed_->versions()) {  // the newest first
    if (info.number > jump.before) continue;
    if (const Result<void> done = feed_->roll_back(info.number, "guard", to_text(jump)); !done) {
      log(language(), "guard: " + done.error().message);
      return false;
    }
    ++guard_counts_.rolled_back;
    const std::uint64_t newest = feed_->state().newest_version;
    tell_of_guard(newest, "the guard put version " + std::to_string(info.number) + " of the signatures in force again: " + to_text(jump) +
                              ". What is newer waits until: telefence policy rollback newest");
    return true;
  }
  return false;
}

void Daemon::tell_of_guard(std::uint64_t version, const std::string& what) {
  guard_said_.with([&](GuardSaid& said) { said = {version, what, BlockGuard::Clock::now()}; });
  log(language(), what);
}

// What the guard said, as long as it matters: while its version waits, else for an hour.
std::string Daemon::guard_reason() const {
  const GuardSaid said = guard_said_.with([](const GuardSaid& kept) { return kept; });
  const FeedState state = feed_->state();
  const bool is_held = state.version != state.newest_version;
  return said.what.empty() || (!is_held && BlockGuard::Clock::now() - said.at > std::chrono::hours(1)) ? std::string() : said.what;
}

void Daemon::add_guard_families() {
  catalog_.add({"telefence_guard_jumps_total",
                "Times that what is blocked jumped after a new version of the signatures: warned, rolled_back, or old_entries (most of it was blocked "
                "by the version before, too: nothing was done).",
                Family::Type::kCounter, [this](std::vector<Sample>& out) {
                  out.push_back({{{"outcome", "warned"}}, static_cast<double>(guard_counts_.warned.load())});
                  out.push_back({{{"outcome", "rolled_back"}}, static_cast<double>(guard_counts_.rolled_back.load())});
                  out.push_back({{{"outcome", "old_entries"}}, static_cast<double>(guard_counts_.old_entries.load())});
                }});
}

}  // namespace telefence
