// SPDX-License-Identifier: Apache-2.0
#include "signatures/receipts.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "redis/log_in.h"
#include "redis/refusal.h"
#include "signatures/receipt_proof.h"
#include "signatures/snapshot.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kLookMs = 25;
constexpr std::uint32_t kTimeoutMs = 3000;
// A thousand edges and a thousand pushes a second: five thousand lines, not a million.
constexpr std::chrono::milliseconds kBetweenAcks{200};
constexpr std::chrono::seconds kBetweenBeats{10}, kBetweenChanges{1}, kBetweenLooks{5};  // what comes and goes is told once a second
constexpr const char* kLife_s = "60";
constexpr std::string_view kAcks = "tf:1:ack";
constexpr const char* kMostAcks = "200000";
constexpr std::uint32_t kFirstPauseMs = 500, kLongestPauseMs = 30'000;
constexpr std::size_t kMostWhy = 300;  // bytes: a thousand edges say it for each of 32 batches

// A line for each: sequence, hash, reason and, `with_why`, the text for people.
std::string refused_text(const EdgeReport& report, std::uint64_t from, bool with_why) {
  std::string out;
  for (const RefusedHere& one : report.refused_here) {
    if (one.sequence < from) continue;
    if (!out.empty()) out += '\n';
    out += std::to_string(one.sequence) + ' ' + one.hash.substr(0, 16) + ' ' + std::string(refusal_name(one.reason));
    if (!with_why) continue;
    std::string why = one.why.substr(0, kMostWhy);
    std::replace(why.begin(), why.end(), '\n', ' ');
    out += ' ' + why;
  }
  return out;
}

// The same of batches that are in force in part: their number of changes left out in place of the reason.
std::string left_out_text(const EdgeReport& report) {
  std::string out;
  for (const LeftOutHere& one : report.left_out_here) {
    std::string why = one.why.substr(0, kMostWhy);
    std::replace(why.begin(), why.end(), '\n', ' ');
    if (!out.empty()) out += '\n';
    out += std::to_string(one.sequence) + ' ' + one.hash.substr(0, 16) + ' ' + std::to_string(one.count) + ' ' + why;
  }
  return out;
}

}  // namespace

Receipts::Receipts(ReceiptOptions options, RedisTls tls, std::function<EdgeReport()> report)
    : options_(std::move(options)), tls_(std::move(tls)), report_(std::move(report)) {}

void Receipts::start() {
  if (!is_wanted()) return;
  is_stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void Receipts::stop() {
  if (!thread_.joinable()) return;
  is_stopping_ = true;
  wake_.raise();
  thread_.join();
}

std::string Receipts::problem() const {
  return problem_.with([](const std::string& problem) { return problem; });
}

void Receipts::run() {
  pthread_setname_np(pthread_self(), "telefence:ack");
  while (!is_stopping_.load()) {
    look();
    wake_.wait(kLookMs);
  }
}

void Receipts::look() {
  const Clock::time_point now = Clock::now();
  if (now < next_try_) return;
  const bool beats = now >= next_beat_, looks = now >= next_head_;
  if (!beats && !looks && now < next_ack_) return;
  const EdgeReport report = report_();
  const bool has_news = (report.sequence != told_ && report.sequence != 0) || report.refused != told_refused_;
  const bool problem_is_another = problem_of(report) != told_problem_ && now >= next_change_;
  if (!has_news && !beats && !looks && !problem_is_another) return;
  Result<void> told = connect();
  const bool is_connected = told.ok();
  if (is_connected && has_news) told = acknowledge(report);
  // The heartbeat says the same sequence: who lists edges must not find one that contradicts its receipt. It is sent whatever Redis said
  // of the receipt: a stream that takes none any more must not make this node look dead.
  if (is_connected && connection_.is_open() && (has_news || beats || problem_is_another))
    if (Result<void> beaten = beat(report); told.ok()) told = beaten;
  if (looks && connection_.is_open()) look_at_head(report);
  problem_.with([&](std::string& problem) { problem = told.ok() ? lacking_ : "receipts: " + told.error().message; });
  if (told.ok()) {
    pause_ms_ = 0;
    return;
  }
  ++failed_;
  connection_.close();
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  next_try_ = now + std::chrono::milliseconds(std::uniform_int_distribution<std::uint32_t>(pause_ms_ / 2, pause_ms_)(random_));
}

// Replicas of replicas that are cut off go on to answer, and have nothing new: what this node reads does not tell it. The primary does.
void Receipts::look_at_head(const EdgeReport& report) {
  next_head_ = Clock::now() + kBetweenLooks;
  lacking_.clear();
  const std::string key = head_key(report.log);
  const Result<RedisReply> reply = connection_.command({"HGET", key, "seq"}, kTimeoutMs);
  std::uint64_t there = 0;
  if (reply.ok() && !reply.value().is_error()) {  // a user of earlier versions may not: then nothing is known
    const std::string& text = reply.value().text;
    std::from_chars(text.data(), text.data() + text.size(), there);
  }
  if (there <= report.newest_read) {
    lacked_ = 0;
    return;
  }
  if (lacked_ > report.newest_read)
    lacking_ = "the primary has batch " + std::to_string(there) + ", and batch " + std::to_string(report.newest_read) +
               " is the newest that came here: what lies between them is cut, or behind";
  else
    lacked_ = there;
}

Result<void> Receipts::connect() {
  if (connection_.is_open()) return {};
  if (!options_.key.empty()) {
    Result<SigningKey> key = read_signing_key(options_.key);
    if (!key.ok()) return key.error();
    key_.emplace(std::move(key.value()));
  }
  RedisLogin login{options_.server, options_.user, "", tls_};
  if (!options_.password_file.empty()) {
    Result<std::string> password = read_password_file(options_.password_file);
    if (!password.ok()) return password.error();
    login.password = std::move(password.value());
  }
  return log_in(connection_, login, kTimeoutMs, wake_, "redis.receipts");
}

// `command`: up to the fields; `redis_key`: what they are written to.
Result<void> Receipts::send(std::vector<std::string_view> command, std::string_view redis_key, ReceiptFields fields) {
  // Also without a key: what another start has signed is not what stands there then.
  fields.emplace_back("sig", key_ ? sign_receipt(*key_, redis_key, fields) : std::string());
  for (const auto& [name, value] : fields) command.insert(command.end(), {name, value});
  return send(command);
}

Result<void> Receipts::send(std::span<const std::string_view> words) {
  const Result<RedisReply> reply = connection_.command(words, kTimeoutMs);
  if (!reply.ok()) return reply.error();
  if (!reply.value().is_error()) return {};
  std::string why = "Redis at " + options_.server + ": " + reply.value().text;
  if (refusal_in(why) == Refusal::kReadOnly) why += "; this is a replica: redis.receipts.server must name the primary";
  if (refusal_in(why) == Refusal::kNoRight) why += "; the user of redis.receipts needs +xadd +hset +expire on tf:1:ack and tf:1:node:*";
  return Error{ErrorCode::kUnreachable, std::move(why)};
}

Result<void> Receipts::acknowledge(const EdgeReport& report) {
  const std::uint64_t begin = std::max(told_ < report.sequence ? told_ + 1 : report.sequence, report.tells_from);
  const bool is_measured = report.took_ms >= 0 && report.sequence != told_;  // else it was told before
  Result<void> sent = send({"XADD", kAcks, "MAXLEN", "~", kMostAcks, "*"}, kAcks,
                           {{"node", report.node},
                            {"seq", std::to_string(report.sequence)},
                            {"from", std::to_string(begin)},
                            {"applied_at", std::to_string(report.applied_at_ms)},
                            {"ms", is_measured ? std::to_string(report.took_ms) : ""},
                            {"cores", std::to_string(report.cores)},
                            {"hash", report.hash},
                            {"log", report.log},
                            {"refused", refused_text(report, begin, false)}});
  if (!sent.ok()) return sent;
  if (report.sequence != 0) told_ = report.sequence;
  told_refused_ = report.refused;
  next_ack_ = Clock::now() + kBetweenAcks;
  ++sent_;
  return {};
}

std::string Receipts::problem_of(const EdgeReport& report) const { return report.problem.empty() ? lacking_ : report.problem; }

Result<void> Receipts::beat(const EdgeReport& report) {
  const std::string problem = problem_of(report);
  const std::string key = "tf:1:node:" + report.node;
  Result<void> sent = send({"HSET", key}, key,
                           {{"version", report.version},
                            {"seq", std::to_string(report.sequence)},
                            {"lag_ms", report.took_ms < 0 ? "" : std::to_string(report.took_ms)},
                            {"applied_at", std::to_string(report.applied_at_ms)},
                            {"rules", std::to_string(report.rules)},
                            {"mode", report.mode},
                            {"cores", std::to_string(report.cores)},
                            {"refused", std::to_string(report.refused)},
                            {"problem", problem},
                            {"log", report.log},
                            {"hash", report.hash},
                            {"from", std::to_string(report.tells_from)},
                            {"refusals", refused_text(report, 0, true)},
                            {"left_out", left_out_text(report)},
                            {"told_at", std::to_string(now_ms())}});
  const std::string_view expire[] = {"EXPIRE", key, kLife_s};
  if (sent.ok()) sent = send(expire);
  if (!sent.ok()) return sent;
  told_problem_ = problem;
  next_beat_ = Clock::now() + kBetweenBeats;
  next_change_ = Clock::now() + kBetweenChanges;
  return sent;
}

void Receipts::add_families(Catalog& catalog) const {
  if (!is_wanted()) return;
  catalog.add({"telefence_receipts_total", "Receipts to the centre of what is in force, by what became of them.", Family::Type::kCounter,
               [this](std::vector<Sample>& out) {
                 const Counts now = counts();
                 out.push_back({{{"result", "sent"}}, static_cast<double>(now.sent)});
                 out.push_back({{{"result", "failed"}}, static_cast<double>(now.failed)});
               }});
}

}  // namespace telefence
