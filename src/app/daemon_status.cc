// SPDX-License-Identifier: Apache-2.0

// Where the daemon stands, as JSON: for `telefence status`, /readyz and the start summary. Only reads.

#include <algorithm>
#include <ctime>
#include <map>
#include <string>

#include "app/daemon.h"
#include "enforce/action.h"
#include "signatures/words.h"
#include "stats/exporter.h"

namespace telefence {
namespace {

std::vector<const WorkerStats*> stats_of(const std::vector<std::unique_ptr<Worker>>& workers) {
  std::vector<const WorkerStats*> stats;
  for (const auto& worker : workers) stats.push_back(&worker->stats());
  return stats;
}

struct ChannelSums {
  std::uint64_t inspected = 0, blocked = 0, tagged = 0, would_be = 0;
};

void add_to(std::map<std::string, ChannelSums>& channels, const WorkerStats& stats) {
  const ActionId tag = action_id("tag");
  const auto protocols = registered_protocols();
  for (std::size_t p = 0; p < protocols.size(); ++p) {
    ChannelSums& sums = channels[std::string(protocols[p]->channel)];
    const auto verdicts = [&](Reason reason) { return stats.verdicts[p][static_cast<std::size_t>(reason)].read(); };
    sums.inspected += stats.messages[p].read();
    sums.would_be += verdicts(Reason::kMonitor) + verdicts(Reason::kShadow);
    for (std::size_t a = 0; a < registered_actions().size(); ++a)
      (a == tag ? sums.tagged : sums.blocked) += stats.actions[p][a].read();
  }
}

Json gaps_json(const FeedState& state) {
  Json out = Json::object();
  for (std::size_t i = 0; i < kLogBreaks; ++i)
    out[std::string(log_break_name(static_cast<LogBreak>(i)))] = state.log_breaks[i];
  return out;
}

Json refusals_json(const FeedState& state) {
  Json out = Json::object();
  for (std::size_t i = 0; i < kBatchRefusals; ++i) out[std::string(refusal_name(static_cast<BatchRefusal>(i)))] = state.refusals[i];
  return out;
}

Json not_enforced_json(const FeedState& state) {
  Json out = Json::object();
  for (const UnenforcedKind kind : {UnenforcedKind::kIp, UnenforcedKind::kAccount, UnenforcedKind::kApp})
    out[std::string(unenforced_name(kind))] = state.not_enforced[static_cast<std::size_t>(kind)];
  return out;
}

std::string mode_name(Mode mode) { return mode == Mode::kEnforce ? "enforce" : "monitor"; }

}  // namespace

std::string reason_of(const WorkerWatch::Still& still) {
  return "worker w" + std::to_string(still.worker) + " stands still for " + std::to_string(still.seconds) + " s: its packets wait";
}

Json Daemon::ports_status() const {
  Json ports = Json::array();
  for (std::size_t i = 0; i < config_.nic.ports.size(); ++i) {
    const PortCounts counts = nic_->counts(i);
    ports.push_back({{"name", config_.nic.ports[i].name},
                     {"device", config_.nic.ports[i].device},
                     {"link_up", counts.link_up},
                     {"received", counts.received},
                     {"sent", counts.transmitted},
                     {"lost", counts.missed + counts.no_buffer},
                     {"errors", counts.receive_errors + counts.transmit_errors + counts.too_long}});
  }
  return ports;
}

Json Daemon::channels_status() const {
  std::map<std::string, ChannelSums> channels;
  for (const WorkerStats* stats : stats_of(workers_)) add_to(channels, *stats);
  Json out = Json::object();
  for (const auto& [name, sums] : channels)
    out[name] = {{"inspected", sums.inspected}, {"blocked", sums.blocked}, {"tagged", sums.tagged}, {"would_be", sums.would_be}};
  return out;
}

Json Daemon::packets_status() const {
  const FateSums sums = sum_fates(stats_of(workers_));
  Json fates = Json::object();
  for (std::size_t i = 0; i < kFateCount; ++i)
    if (sums.fates[i] != 0) fates[std::string(fate_name(static_cast<Fate>(i)))] = sums.fates[i];
  return {{"received", sums.received}, {"fates", fates}};
}

Json Daemon::evasions_status() const {
  Json out = Json::object();  // those that were seen
  for (std::size_t kind = 0; kind < kEvasionKindCount; ++kind) {
    std::uint64_t sum = 0;
    for (const WorkerStats* stats : stats_of(workers_)) sum += stats->evasions[kind].read();
    if (sum != 0) out[std::string(evasion_name(static_cast<EvasionKind>(kind)))] = sum;
  }
  return out;
}

Json Daemon::feed_status() const {
  const FeedState state = feed_->state();
  Json out = {{"configured", state.configured},
              {"connected", state.connected},
              {"problem", state.problem},
              {"log_problem", state.log_problem},
              {"state_problem", state.state_problem},
              {"note", state.note},
              {"server", state.server},
              {"sequence", state.sequence},
              {"newest_sequence", state.newest_sequence},
              {"version", state.version},
              {"newest_version", state.newest_version},
              {"last_contact", state.last_contact_s},
              {"last_applied", state.last_applied_s},
              {"snapshot", state.snapshot},
              {"snapshots", {{"loaded", state.snapshots_loaded}, {"refused", state.snapshots_refused}}},
              {"batches_applied", state.batches_applied},
              {"batches_refused", state.batches_refused},
              {"refusals", refusals_json(state)},
              {"last_refusal", state.last_refusal},
              {"not_enforced", not_enforced_json(state)},
              {"waiting", state.waiting},
              {"stored_bytes", state.stored_bytes},
              {"operations_refused", state.operations_refused},
              {"gaps", gaps_json(state)},
              {"last_apply_us", state.last_apply_us},
              {"last_propagation_us", state.last_propagation_us},
              {"complaints", Json::array()}};
  for (const Complaint& complaint : state.recent_complaints) out["complaints"].push_back(to_json(complaint));
  return out;
}

EdgeReport Daemon::edge_report() const {
  const FeedState state = feed_->state();
  EdgeReport report;
  report.node = config_.node;
  report.version = TELEFENCE_VERSION;
  report.mode = mode_name(mode_.load());
  report.sequence = state.sequence;
  report.applied_at_ms = state.last_applied_ms;
  if (state.propagated_sequence == state.sequence) report.took_ms = static_cast<std::int64_t>(state.last_propagation_us / 1000);
  report.cores = state.all_use_it ? workers_.size() : 0;
  report.rules = state.counts.in_force();
  report.hash = state.hash;
  report.refused = state.batches_refused;
  report.refused_here = state.refused_here;
  report.left_out_here = state.left_out_here;
  report.newest_read = state.newest_sequence;
  for (const RefusedHere& one : state.refused_here) report.newest_read = std::max(report.newest_read, one.sequence);
  report.tells_from = state.tells_from;
  report.problem = state.problem;
  report.log = config_.signatures.redis.log;
  if (state.version != state.newest_version) {
    // What came is kept and not in force: a receipt for it would be a lie.
    report.sequence = report.cores = 0;
    report.problem = held_reason();
  }
  return report;
}

std::string Daemon::held_reason() const {
  const FeedState state = feed_->state();
  if (state.version == state.newest_version) return "";
  if (const std::string said = guard_reason(); !said.empty()) return said;
  return "version " + std::to_string(state.version) + " of the signatures was put in force by hand; " + std::to_string(state.newest_version) +
         " is the newest, and waits until: telefence policy rollback newest";
}

bool Daemon::is_ready(std::vector<std::string>& reasons) const {
  bool ready = launched_;
  if (!launched_) reasons.push_back("the workers are not running");
  for (std::size_t i = 0; i < config_.nic.ports.size(); ++i) {
    if (nic_->counts(i).link_up) continue;
    reasons.push_back("port " + config_.nic.ports[i].name + " has no link");
    ready = false;
  }
  for (const WorkerWatch::Still& still : launched_ ? watch_->look(WorkerWatch::Clock::now()) : std::vector<WorkerWatch::Still>()) {
    reasons.push_back(reason_of(still));
    ready = false;
  }
  add_reasons_of_passage(reasons, ready);
  add_reasons_of_feed(reasons, ready);
  add_reasons_of_load(reasons);
  if (const std::string problem = writer_->problem(); !problem.empty()) reasons.push_back(problem);
  if (const std::string problem = reload_problem_.with([](const std::string& kept) { return kept; }); !problem.empty()) reasons.push_back(problem);
  return ready;
}

void Daemon::add_reasons_of_feed(std::vector<std::string>& reasons, bool& ready) const {
  const FeedState state = feed_->state();
  if (state.configured && !state.connected) {
    // The filter works with what it has; after a while that is too old to be called ready.
    const std::int64_t up_s =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_).count();
    // A clock that was set back must not give a negative time.
    const std::int64_t silent_s =
        state.last_contact_s == 0 ? up_s : std::max<std::int64_t>(std::time(nullptr) - state.last_contact_s, 0);
    reasons.push_back("Redis is away for " + std::to_string(silent_s) + " s: " + state.problem);
    if (silent_s > config_.signatures.redis.stale_after_s) ready = false;
  } else if (!state.problem.empty() && state.problem != state.log_problem) {
    reasons.push_back(state.problem);
  }
  if (!state.log_problem.empty()) reasons.push_back(state.log_problem);
  if (const std::string said = guard_reason(); !said.empty())
    reasons.push_back(said);
  else if (const std::string held = held_reason(); !held.empty())
    reasons.push_back(held);
  if (!state.state_problem.empty()) reasons.push_back(state.state_problem);
  if (const std::string problem = receipts_->problem(); !problem.empty()) reasons.push_back(problem);
  if (!trial_desk_) return;
  if (const std::string problem = trial_desk_->problem(); !problem.empty()) reasons.push_back(problem);
}

Json Daemon::needs_restart_status() const {
  return needs_restart_.with([](const std::vector<SealedChange>& changes) {
    Json out = Json::array();
    for (const SealedChange& change : changes) out.push_back(to_json(change));
    return out;
  });
}

Json Daemon::status() const {
  std::vector<std::string> reasons;
  const bool ready = is_ready(reasons);
  const SignatureStore::Counts counts = feed_->state().counts;
  return {{"ok", true},
          {"node", config_.node},
          {"version", TELEFENCE_VERSION},
          {"mode", mode_name(mode_.load())},
          {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_).count()},
          {"ready", ready},
          {"reasons", reasons},
          {"notes", notes_},
          {"needs_restart", needs_restart_status()},
          {"bypass", bypass_status()},
          {"overload", overload_status()},
          {"workers", workers_.size()},
          {"ports", ports_status()},
          {"packets", packets_status()},
          {"evasions", evasions_status()},
          {"channels", channels_status()},
          {"signatures",
           {{"domains", counts.domains},
            {"urls", counts.urls},
            {"numbers", counts.numbers},
            {"patterns", counts.patterns},
            {"allowed", counts.allowed},
            {"complaints", counts.complaints}}},
          {"feed", feed_status()},
          {"records", {{"file", config_.records.file}, {"written", writer_->written()}, {"lost", writer_->lost()}, {"problem", writer_->problem()}}},
          {"web", web_ ? config_.web_listen : ""},
          {"metrics", Json::parse(telefence::to_json(catalog_), nullptr, false)}};
}

Json Daemon::start_summary() const {
  const SignatureStore::Counts counts = feed_->state().counts;
  Json ports = Json::array();
  for (const PortOptions& port : config_.nic.ports) ports.push_back({{"name", port.name}, {"device", port.device}});
  Json wires = Json::array();
  for (const auto& [from, to] : config_.nic.wire) wires.push_back(from + " <-> " + to);
  const std::string answered = config_.nic.respond.empty() ? "" : ", answered by " + config_.nic.respond;
  for (const std::string& mirror : config_.nic.mirror) wires.push_back(mirror + " (mirror" + answered + ")");
  std::string metrics;
  if (web_) metrics = "http://" + config_.web_listen.substr(0, config_.web_listen.rfind(':')) + ":" + std::to_string(web_->port()) + "/metrics";
  return {{"node", config_.node},
          {"version", TELEFENCE_VERSION},
          {"mode", mode_name(mode_.load())},
          {"ports", ports},
          {"wire", wires},
          {"workers", workers_.size()},
          {"memory", {{"per_worker_bytes", memory_for(config_.track)}}},
          {"signatures", {{"domains", counts.domains}, {"urls", counts.urls}, {"numbers", counts.numbers}, {"patterns", counts.patterns}}},
          {"complaints", counts.complaints},
          {"records", config_.records.file},
          {"redis", config_.signatures.redis.server},
          {"control", config_.control_socket},
          {"metrics", metrics},
          {"notes", notes_}};
}

void Daemon::add_families() {
  catalog_.add({"telefence_build_info", "Always 1; the labels say which build runs.", Family::Type::kGauge,
                [](std::vector<Sample>& out) { out.push_back({{{"version", TELEFENCE_VERSION}}, 1}); }});
  catalog_.add({"telefence_mode", "1 for the mode in force: monitor touches nothing, enforce acts.", Family::Type::kGauge,
                [this](std::vector<Sample>& out) {
                  for (const Mode mode : {Mode::kMonitor, Mode::kEnforce})
                    out.push_back({{{"mode", mode_name(mode)}}, mode_.load() == mode ? 1.0 : 0.0});
                }});
  catalog_.add({"telefence_workers", "Worker threads.", Family::Type::kGauge,
                [this](std::vector<Sample>& out) { out.push_back({{}, static_cast<double>(workers_.size())}); }});
  catalog_.add({"telefence_ready", "1 when /readyz says ready.", Family::Type::kGauge, [this](std::vector<Sample>& out) {
                  std::vector<std::string> reasons;
                  out.push_back({{}, is_ready(reasons) ? 1.0 : 0.0});
                }});
  add_worker_families(catalog_, stats_of(workers_));
  catalog_.add({"telefence_event_lines_lost_total",
                "Interceptions that did not reach a tool that follows them (telefence events): it, or the control thread, was too slow.",
                Family::Type::kCounter,
                [this](std::vector<Sample>& out) { out.push_back({{}, static_cast<double>(control_->events_lost())}); }});
  add_passage_families();
  add_guard_families();
  nic_->add_metrics(catalog_);
  writer_->add_families(catalog_);
  feed_->add_families(catalog_);
  receipts_->add_families(catalog_);
  add_sample_families();
}

}  // namespace telefence
