// SPDX-License-Identifier: Apache-2.0
#include "signatures/trial_desk.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "redis/log_in.h"
#include "redis/refusal.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTurnMs = 50;
constexpr std::uint32_t kTimeoutMs = 3000;
constexpr const char* kBlockMs = "5000";
constexpr std::chrono::milliseconds kLongestSilence{5000 + kTimeoutMs};
constexpr const char* kAtOnce = "16";
constexpr const char* kLife_s = "60";
constexpr std::chrono::seconds kBetweenAnnouncements{10};
constexpr std::uint32_t kFirstPauseMs = 500, kLongestPauseMs = 30'000;
// What has to wait longer than those who ask do is ignored.
constexpr std::size_t kMostWaiting = 8;
constexpr std::chrono::milliseconds kPatience{1000};

std::string unix_ms() {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace

TrialDesk::TrialDesk(Terms terms, std::function<void()> tend, std::function<std::string(const Trial&)> answer)
    : terms_(std::move(terms)), tend_(std::move(tend)), answer_(std::move(answer)), trust_(trust_of(terms_.trust)) {}

// A key that can't be read is told of by the feed.
TrialDesk::Trust TrialDesk::trust_of(const TrustOptions& options) {
  Trust out{.needs_signature = !options.signers.empty() && !options.accept_unsigned, .keys = {}};
  for (const SignerOptions& signer : options.signers)
    if (Result<PublicKey> key = read_public_key(signer.key); key) out.keys.push_back(std::move(key.value()));
  return out;
}

void TrialDesk::trust(const TrustOptions& options) {
  trust_.with([&](Trust& trust) { trust = trust_of(options); });
}

std::string TrialDesk::problem() const {
  return problem_.with([](const std::string& problem) { return problem; });
}

void TrialDesk::start() {
  is_stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void TrialDesk::stop() {
  if (!thread_.joinable()) return;
  is_stopping_ = true;
  wake_.raise();
  thread_.join();
}

void TrialDesk::run() {
  pthread_setname_np(pthread_self(), "telefence:try");
  while (!is_stopping_.load()) {
    tend_();
    if (Clock::now() < next_try_) {
      wake_.wait(kTurnMs);
      continue;
    }
    const Result<void> served = serve();
    problem_.with([&](std::string& problem) { problem = served.ok() ? "" : "live sample: " + served.error().message; });
    if (served.ok()) {
      pause_ms_ = 0;
      continue;
    }
    connection_.close();
    pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
    next_try_ = Clock::now() + std::chrono::milliseconds(std::uniform_int_distribution<std::uint32_t>(pause_ms_ / 2, pause_ms_)(random_));
  }
}

Result<RedisReply> TrialDesk::ask(std::initializer_list<std::string_view> words) {
  Result<RedisReply> reply = connection_.command(words, kTimeoutMs);
  if (!reply.ok() || !reply.value().is_error()) return reply;
  return refused(reply.value().text);
}

Error TrialDesk::refused(const std::string& text) const {
  std::string why = "Redis at " + terms_.server.server + ": " + text;
  if (refusal_in(why) == Refusal::kReadOnly) why += "; this is a replica: redis.receipts.server must name the primary";
  if (refusal_in(why) == Refusal::kNoRight)
    why += "; the user of redis.receipts needs +xread +xinfo|stream +hset +expire on tf:1:trial and tf:1:trial:*";
  return Error{ErrorCode::kUnreachable, std::move(why)};
}

Result<void> TrialDesk::connect() {
  RedisLogin login{terms_.server.server, terms_.server.user, "", terms_.tls};
  if (!terms_.server.password_file.empty()) {
    Result<std::string> password = read_password_file(terms_.server.password_file);
    if (!password.ok()) return password.error();
    login.password = std::move(password.value());
  }
  is_asked_ = false;
  waiting_.clear();
  next_announcement_ = {};
  if (Result<void> connected = log_in(connection_, login, kTimeoutMs, wake_, "redis.receipts"); !connected) return connected;
  return begin();
}

// Behind what is there already: nobody waits for an answer to it any more.
Result<void> TrialDesk::begin() {
  const Result<RedisReply> about = ask({"XINFO", "STREAM", kTrialStream});
  last_id_ = "0-0";
  if (!about.ok()) {
    const bool is_new = about.error().message.find("no such key") != std::string::npos;
    return is_new ? Result<void>() : about.error();
  }
  if (const RedisReply* last = about.value().field("last-generated-id")) last_id_ = last->text;
  return {};
}

Result<void> TrialDesk::announce() {
  if (Clock::now() < next_announcement_) return {};
  const std::string said = unix_ms() + " " + terms_.kinds;
  Result<RedisReply> told = ask({"HSET", kTrialNodes, terms_.node, said});
  if (told.ok()) told = ask({"EXPIRE", kTrialNodes, kLife_s});
  if (!told.ok()) return told.error();
  next_announcement_ = Clock::now() + kBetweenAnnouncements;
  return {};
}

// One turn: waits no longer than the next tend_() may.
Result<void> TrialDesk::serve() {
  if (!connection_.is_open())
    if (Result<void> connected = connect(); !connected) return connected;
  if (!is_asked_) {
    if (Result<void> answered = answer_waiting(); !answered) return answered;
    if (Result<void> announced = announce(); !announced) return announced;
    if (!waiting_.empty()) {
      wake_.wait(kTurnMs);
      return {};
    }
    const std::array<std::string_view, 8> words{"XREAD", "COUNT", kAtOnce, "BLOCK", kBlockMs, "STREAMS", kTrialStream, last_id_};
    if (Result<void> sent = connection_.send(words, kTimeoutMs); !sent) return sent;
    is_asked_ = true;
    asked_at_ = Clock::now();
  }
  return read();
}

Result<void> TrialDesk::read() {
  Result<std::optional<RedisReply>> reply = connection_.receive(kTurnMs);
  if (!reply.ok()) return reply.error();
  if (!reply.value()) {
    if (Clock::now() - asked_at_ < kLongestSilence) return {};
    return Error{ErrorCode::kUnreachable, "Redis at " + terms_.server.server + ": no reply in time"};
  }
  is_asked_ = false;
  RedisReply& streams = *reply.value();
  if (streams.is_error()) return refused(streams.text);
  if (streams.items.empty() || streams.items[0].items.size() != 2) return {};
  for (RedisReply& entry : streams.items[0].items[1].items) {
    if (entry.items.size() != 2) continue;
    last_id_ = entry.items[0].text;
    if (waiting_.size() < kMostWaiting)
      waiting_.emplace_back(Clock::now(), std::move(entry.items[1]));
    else
      count_one(End::kTooMany);
  }
  return answer_waiting();
}

Result<void> TrialDesk::answer_waiting() {
  while (!waiting_.empty()) {
    if (Clock::now() - waiting_.front().first > kPatience) {
      count_one(End::kTooMany);
      waiting_.pop_front();
      continue;
    }
    if (!pace_.takes(Clock::now())) return {};
    const RedisReply fields = std::move(waiting_.front().second);
    waiting_.pop_front();
    if (Result<void> answered = answer(fields); !answered) return answered;
  }
  return {};
}

Result<void> TrialDesk::answer(const RedisReply& fields) {
  const auto text = [&](std::string_view name) {
    const RedisReply* const field = fields.field(name);
    return field == nullptr ? std::string_view() : std::string_view(field->text);
  };
  const auto ignored = [this](End end) {
    count_one(end);
    return Result<void>();
  };
  const std::chrono::nanoseconds begin = thread_time();
  const std::string_view id = text("id"), packed = text("z"), body = packed.empty() ? text("b") : packed;
  if (!is_trial_id(id) || body.size() > kMostTrialBytes) return ignored(End::kMalformed);
  const bool is_trusted = trust_.with([&](const Trust& trust) { return !trust.needs_signature || is_signed_by(trust.keys, id, body, text("s")); });
  if (!is_trusted) return ignored(End::kUnsigned);
  const Result<Trial> trial = packed.empty() ? read_trial(id, body) : read_portion(id, packed);
  if (!trial) return ignored(End::kMalformed);
  const std::string said = answer_(trial.value()), key = trial_key(id);
  pace_.made(Clock::now(), thread_time() - begin);
  Result<RedisReply> told = ask({"HSET", key, terms_.node, said});
  if (told.ok()) told = ask({"EXPIRE", key, kLife_s});
  if (!told.ok()) return told.error();
  count_one(End::kAnswered);
  return {};
}

void TrialDesk::add_families(Catalog& catalog) const {
  catalog.add({"telefence_trial_requests_total", "Questions of the centre how often entries would have hit here: answered, or ignored as malformed, unsigned (or by no known key), or too many.",
               Family::Type::kCounter, [this](std::vector<Sample>& out) {
                 constexpr std::array<std::pair<const char*, End>, kEnds> kAll{
                     {{"answered", End::kAnswered}, {"malformed", End::kMalformed}, {"unsigned", End::kUnsigned}, {"too_many", End::kTooMany}}};
                 for (const auto& [name, end] : kAll) out.push_back({{{"result", name}}, static_cast<double>(count(end))});
               }});
}

}  // namespace telefence
