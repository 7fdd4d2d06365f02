// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_reader.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "redis/refusal.h"

namespace telefence {
namespace {

// One server: there is nobody else to ask, so patience costs nothing. Several: the next one is to be reached within 2 s of the
// moment when this one fell silent, its BLOCK included.
struct Times {
  std::uint32_t connect_ms;
  std::uint32_t block_ms;  // longer blocks than a second are not sure to be woken: by a replica's first full sync they are not
  std::chrono::milliseconds silence;
};
constexpr Times kAlone{3000, 1000, std::chrono::milliseconds(6000)};
constexpr Times kOfSeveral{500, 700, std::chrono::milliseconds(1300)};
const Times& times_of(std::size_t servers) { return servers == 1 ? kAlone : kOfSeveral; }

// Before the next server is asked: a thousand edges lose the same one at the same moment.
constexpr std::uint32_t kSpreadMs = 200;
constexpr std::uint32_t kLookMs = 1500;  // patience with another server that is looked for
constexpr std::uint32_t kFoundMs = 300;  // with one that was found
constexpr std::uint32_t kFoundTries = 5;
// While a server lacks something: a short lag is over soon, and after a long one a thousand edges must not keep asking.
constexpr std::uint32_t kFirstLookMs = 3000;
// A log without news is looked at: its length each time (a few bytes), and the whole of what Redis tells about it when the
// length is not what it should be, else more seldom, since that carries the first and the last entry of up to 64 KiB.
constexpr std::chrono::milliseconds kBetweenLooks{1000};
constexpr std::chrono::milliseconds kBetweenInfos{10'000};
constexpr std::uint32_t kCommandMs = 10'000;  // a chunk of a snapshot over a slow line
// Between two questions that were both answered with news: where much is pushed, hundreds of readers would else have each batch by
// itself, and Redis would do little but answer them. The first after a quiet moment is not kept waiting.
constexpr std::chrono::milliseconds kBetweenNews{5};
// Longer where each question brings several batches: then it is many questions that cost, not the time that one of them waits.
constexpr std::size_t kManyNews = 4;
constexpr std::chrono::milliseconds kBetweenManyNews{20};
constexpr std::uint32_t kFirstPauseMs = 100;
constexpr std::uint32_t kLongestPauseMs = 10'000;

// Order of stream ids "<a>-<b>".
std::pair<std::uint64_t, std::uint64_t> parts_of(std::string_view id) {
  std::pair<std::uint64_t, std::uint64_t> parts{0, 0};
  const char* end = id.data() + id.size();
  const auto first = std::from_chars(id.data(), end, parts.first);
  if (first.ptr != end) std::from_chars(first.ptr + 1, end, parts.second);
  return parts;
}

bool is_no_such_key(const RedisReply& reply) {
  return reply.is_error() && reply.text.find("no such key") != std::string::npos;
}

}  // namespace

LogReader::LogReader(RedisOptions options, const Interrupt& interrupt)
    : options_(std::move(options)), interrupt_(interrupt), servers_{options_.server}, random_(std::random_device{}()) {
  servers_.insert(servers_.end(), options_.others.begin(), options_.others.end());
}

LogReader::~LogReader() {
  stop_looking_.raise();
  if (looking_.joinable()) looking_.join();
}

std::uint32_t LogReader::spread(std::uint32_t least, std::uint32_t most) {
  return std::uniform_int_distribution<std::uint32_t>(least, most)(random_);
}

Error LogReader::failed(Error error) {
  connection_.close();
  asked_ = Question::kNone;
  error.message += what_to_do(error.message);
  ++failures_;
  current_ = (current_ + 1) % servers_.size();
  if (failures_ % servers_.size() != 0) {
    next_try_ = Clock::now() + std::chrono::milliseconds(failures_ == 1 ? spread(0, kSpreadMs) : 0);
    return error;
  }
  // Hundreds of edges lose the same servers at the same moment: without chance they would all come back together.
  current_ = 0;
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  next_try_ = Clock::now() + std::chrono::milliseconds(spread(pause_ms_ / 2, pause_ms_));
  return error;
}

bool LogReader::pass_over() {
  if ((failures_ + 1) % servers_.size() == 0) return false;
  connection_.close();
  asked_ = Question::kNone;
  ++failures_;
  current_ = (current_ + 1) % servers_.size();
  next_try_ = Clock::now();
  return true;
}

void LogReader::go_to(std::string id) {
  position_ = std::move(id);
  lacking_.clear();
  // When reading begins anew, entries count as they are read.
  if (position_ == "0-0") length_ = 0;
}

Error LogReader::refused(const RedisReply& reply) {
  return failed({ErrorCode::kUnreachable, "Redis at " + server() + ": " + reply.text});
}

std::string LogReader::what_to_do(const std::string& error) const {
  switch (refusal_in(error)) {
    case Refusal::kNoLogin:
    case Refusal::kWrongLogin:
      return what_to_do_about_login(refusal_in(error), "redis");
    case Refusal::kNoRight:
      return "; the user needs +xread +xrange +xlen +xinfo|stream on " + options_.log;
    case Refusal::kLoading:
      return "; it reads its data from the disk and will answer later";
    case Refusal::kMasterDown:
      return "; this replica has lost its primary and serves nothing old: set replica-serve-stale-data yes there";
    case Refusal::kRoleChanged:
      return "; it became a replica or a primary: asked again at once";
    case Refusal::kReadOnly:
    case Refusal::kNone:
      break;
  }
  return {};
}

Result<RedisLogin> LogReader::login_to(const std::string& server) const {
  RedisLogin login{server, options_.user, "", options_.tls};
  if (options_.password_file.empty()) return login;
  Result<std::string> password = read_password_file(options_.password_file);
  if (!password.ok()) return password.error();
  login.password = std::move(password.value());
  return login;
}

// Connects, and asks what the log ends with.
Result<RedisReply> LogReader::open(RedisConnection& connection, const std::string& server, std::uint32_t timeout_ms,
                                   const Interrupt& interrupt) const {
  const Result<RedisLogin> login = login_to(server);
  if (!login.ok()) return login.error();
  if (auto connected = connection.connect(login.value(), timeout_ms, &interrupt); !connected.ok()) return connected.error();
  return connection.command({"XINFO", "STREAM", options_.log}, timeout_ms);
}

void LogReader::begin(const RedisReply& info) {
  next_ = Question::kEntries;
  take_info(info);
  plan_look();
  // An empty log is nothing wrong, but of several servers this one may only not be filled yet.
  if (position_ == "0-0" && last_id_ == "0-0" && servers_.size() > 1) lacks("0-1");
}

// By chance, so that edges which lost the same server at the same moment do not come back to it all at once.
void LogReader::plan_look() {
  if (lacking_.empty()) {
    const std::uint32_t half_ms = options_.look_nearer_ms / 2;
    look_at_ = Clock::now() + std::chrono::milliseconds(spread(half_ms, 3 * half_ms));
    return;
  }
  look_at_ = Clock::now() + std::chrono::milliseconds(spread(look_pause_ms_ / 2, look_pause_ms_));
  look_pause_ms_ = std::min(look_pause_ms_ * 2, std::max(options_.look_nearer_ms, kFirstLookMs));
}

void LogReader::lacks(const std::string& id) {
  // The pauses go on growing when one server after the other lacks the same.
  if (id != last_lacking_) look_pause_ms_ = kFirstLookMs;
  lacking_ = last_lacking_ = id;
  plan_look();
}

Result<bool> LogReader::connect() {
  const Result<RedisReply> info = open(connection_, server(), times_of(servers_.size()).connect_ms, interrupt_);
  if (!info.ok()) return failed(info.error());
  if (info.value().is_error() && !is_no_such_key(info.value())) return refused(info.value());
  begin(info.value());
  return parts_of(last_id_) < parts_of(position_);
}

// What another server must have to be better than this one.
std::string LogReader::needed() const { return parts_of(lacking_) < parts_of(position_) ? position_ : lacking_; }

bool LogReader::reaches(const RedisReply& info) const {
  const RedisReply* last = info.field("last-generated-id");
  return last != nullptr && parts_of(needed()) <= parts_of(last->text);
}

// Tries the servers that would be better, the nearest first, in a thread: names may be slow to look up, and servers to answer.
void LogReader::look() {
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < (lacking_.empty() ? current_ : servers_.size()); ++i)
    if (i != current_) others.push_back(i);
  found_.reset();
  has_looked_ = false;
  tries_left_ = kFoundTries;
  try {
    looking_ = std::thread([this, others = std::move(others), least = needed()] {
      pthread_setname_np(pthread_self(), "telefence:look");
      for (const std::size_t i : others) {
        Found found{i, {}};
        Result<RedisReply> info = open(found.connection, servers_[i], kLookMs, stop_looking_);
        const RedisReply* last = info.ok() ? info.value().field("last-generated-id") : nullptr;
        if (last == nullptr || parts_of(last->text) < parts_of(least)) continue;
        found_ = std::move(found);
        break;
      }
      has_looked_ = true;
    });
  } catch (const std::system_error&) {
    plan_look();  // no thread can be had now
  }
}

bool LogReader::go_over() {
  if (!is_free()) return false;
  if (!looking_.joinable() && !found_) {
    if ((current_ != 0 || !lacking_.empty()) && Clock::now() >= look_at_) look();
    return false;
  }
  if (looking_.joinable()) {
    if (!has_looked_) return false;
    looking_.join();
    plan_look();
  }
  if (!found_ || found_->server == current_ || (lacking_.empty() && found_->server > current_)) {
    found_.reset();
    return false;
  }
  // Again: more was read here in the meantime, which may not have reached it yet.
  const Result<RedisReply> info = found_->connection.command({"XINFO", "STREAM", options_.log}, kFoundMs);
  const bool has_it = info.ok() && reaches(info.value());
  if (!info.ok() || (!has_it && --tries_left_ == 0)) found_.reset();
  if (!has_it) return false;
  found_->connection.interrupt_by(&interrupt_);
  connection_ = std::move(found_->connection);
  current_ = found_->server;
  found_.reset();
  begin(info.value());
  return true;
}

Result<RedisReply> LogReader::command(std::initializer_list<std::string_view> words) {
  Result<RedisReply> reply = connection_.command(words, kCommandMs);
  if (!reply.ok()) return failed(reply.error());
  return reply;
}

Result<RedisReply> LogReader::entry(const std::string& id) {
  const Result<RedisReply> reply = connection_.command({"XRANGE", options_.log, id, id}, times_of(servers_.size()).connect_ms);
  if (!reply.ok()) return failed(reply.error());
  // A user who may not ask (ACL without xrange) learns nothing; that is no reason to lose the connection.
  if (reply.value().is_error() && refusal_in(reply.value().text) != Refusal::kNoRight) return refused(reply.value());
  if (reply.value().items.empty() || reply.value().items[0].items.size() != 2) return RedisReply{};
  return reply.value().items[0].items[1];
}

// 0 would block for ever.
std::uint32_t LogReader::block_ms() const {
  const std::uint32_t most = times_of(servers_.size()).block_ms;
  if (!free_at_) return most;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*free_at_ - Clock::now()).count();
  return static_cast<std::uint32_t>(std::clamp<long long>(left, 1, most));
}

Result<void> LogReader::ask(Question question) {
  const std::string count = std::to_string(kEntriesAtOnce), block = std::to_string(block_ms());
  std::vector<std::string_view> words;
  if (question == Question::kEntries)
    words = {"XREAD", "COUNT", count, "BLOCK", block, "STREAMS", options_.log, position_};
  else if (question == Question::kLength)
    words = {"XLEN", options_.log};
  else
    words = {"XINFO", "STREAM", options_.log};
  if (auto sent = connection_.send(words, times_of(servers_.size()).connect_ms); !sent.ok()) return failed(sent.error());
  asked_ = question;
  asked_at_ = Clock::now();
  return {};
}

Result<LogReader::Read> LogReader::read(std::uint32_t timeout_ms) {
  if (asked_ == Question::kNone) {
    if (const auto early = ask_news_at_ - Clock::now(); early > Clock::duration::zero() && next_ == Question::kEntries) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(early).count();
      if (interrupt_.wait(static_cast<std::uint32_t>(std::min<long long>(wait, timeout_ms))) || wait > timeout_ms) return Read{};
    }
    if (auto sent = ask(std::exchange(next_, Question::kEntries)); !sent.ok()) return sent.error();
  }
  // A server that does not answer this long is gone.
  const std::chrono::milliseconds silence = times_of(servers_.size()).silence;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(asked_at_ + silence - Clock::now()).count();
  Result<std::optional<RedisReply>> reply =
      connection_.receive(static_cast<std::uint32_t>(std::clamp<long long>(left + 1, 0, timeout_ms)));
  if (!reply.ok()) return failed(reply.error());
  if (!reply.value().has_value()) {
    if (Clock::now() - asked_at_ > silence)
      return failed({ErrorCode::kUnreachable,
                     "Redis at " + server() + ": no answer for " + std::to_string(silence.count()) + " ms"});
    return Read{};
  }
  return take(std::exchange(asked_, Question::kNone), *reply.value());
}

Result<LogReader::Read> LogReader::take(Question question, const RedisReply& reply) {
  Read read;
  if (question == Question::kEntries) {
    if (reply.is_error()) return refused(reply);
    read = take_entries(reply);
  } else if (question == Question::kLength) {
    take_length(reply);
  } else {
    if (reply.is_error() && !is_no_such_key(reply)) return refused(reply);
    read.ends_before = take_info(reply);
  }
  read.has_answered = true;
  failures_ = 0;
  pause_ms_ = 0;
  return read;
}

LogReader::Read LogReader::take_entries(const RedisReply& reply) {
  Read read;
  if (reply.is_list() && !reply.items.empty() && reply.items[0].items.size() == 2) {
    for (const RedisReply& entry : reply.items[0].items[1].items) {
      if (entry.items.size() != 2) continue;
      read.entries.push_back({entry.items[0].text, entry.items[1]});
    }
  }
  if (!read.entries.empty()) position_ = read.entries.back().id;
  if (!lacking_.empty() && parts_of(lacking_) <= parts_of(position_)) {
    lacking_.clear();
    last_lacking_.clear();
  }
  length_ += static_cast<std::int64_t>(read.entries.size());
  read.is_caught_up = read.entries.size() < kEntriesAtOnce;
  if (!read.entries.empty() && read.is_caught_up) ask_news_at_ = asked_at_ + (read.entries.size() >= kManyNews ? kBetweenManyNews : kBetweenNews);
  const Clock::time_point now = Clock::now();
  if (read.entries.empty() && now - looked_at_ >= kBetweenLooks)
    next_ = now - informed_at_ >= kBetweenInfos ? Question::kInfo : Question::kLength;
  return read;
}

// What is trimmed changes the length too: only the information tells.
void LogReader::take_length(const RedisReply& reply) {
  looked_at_ = Clock::now();
  // An error is a user who may not ask for the length.
  if (reply.is_error() || reply.integer != length_) next_ = Question::kInfo;
}

bool LogReader::take_info(const RedisReply& reply) {
  looked_at_ = informed_at_ = Clock::now();
  const RedisReply* last = reply.field("last-generated-id");
  const RedisReply* length = reply.field("length");
  last_id_ = last == nullptr ? "0-0" : last->text;
  length_ = position_ == "0-0" || length == nullptr ? 0 : length->integer;
  return parts_of(last_id_) < parts_of(position_);
}

}  // namespace telefence
