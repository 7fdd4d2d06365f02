// SPDX-License-Identifier: Apache-2.0

// The versions of the signatures, for the tool: which there are, and back to one of them.

#include <cstdio>

#include "app/daemon.h"
#include "app/language.h"
#include "app/sentences.h"

namespace telefence {
namespace {

void log(Language language, const std::string& line) { std::fprintf(stderr, "telefenced: %s\n", translated(language, line).c_str()); }

Json version_json(const VersionInfo& info) {
  return {{"version", info.number},          {"published", local_time(info.published_s)}, {"published_s", info.published_s},
          {"cause", info.cause},             {"sequence", info.sequence},                 {"domains", info.counts.domains},
          {"urls", info.counts.urls},        {"numbers", info.counts.numbers},            {"patterns", info.counts.patterns},
          {"allowed", info.counts.allowed}};
}

std::string refused(ErrorCode code, const std::string& why) {
  return to_line({{"ok", false}, {"code", static_cast<int>(code)}, {"error", why}});
}

}  // namespace

std::string Daemon::policy_versions_command() const {
  const FeedState state = feed_->state();
  Json reply = {{"ok", true}, {"in_force", state.version}, {"newest", state.newest_version}, {"versions", Json::array()}};
  for (const VersionInfo& info : feed_->versions()) reply["versions"].push_back(version_json(info));
  return to_line(reply);
}

std::string Daemon::policy_rollback_command(std::string_view line, const Requester& who) {
  const Json request = Json::parse(line, nullptr, false);
  const auto wanted = request.is_object() ? request.find("version") : request.end();
  if (wanted == request.end() || !wanted->is_number_unsigned())
    return refused(ErrorCode::kUsage, "version is the number of a version, or 0 for the newest");
  if (!has_signatures_) return refused(ErrorCode::kFailed, "the daemon is starting: try again in a moment. Nothing was changed");
  if (const Result<void> done = feed_->roll_back(wanted->get<std::uint64_t>()); !done)
    return refused(done.error().code, done.error().message);
  is_version_chosen_ = true;
  guard_said_.with([](GuardSaid& said) { said = {}; });
  const FeedState state = feed_->state();
  log(language(), "version " + std::to_string(state.version) + " of the signatures put in force by " + who.name() +
                                 (state.version == state.newest_version ? ": the newest" : ": newer ones wait"));
  return to_line({{"ok", true}, {"in_force", state.version}, {"newest", state.newest_version}});
}

}  // namespace telefence
