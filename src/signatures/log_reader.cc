// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "redis/refusal.h"

namespace telefence {
namespace {

constexpr std::uint32_t kConnectMs = 3000;
// Longer blocks are not sure to be woken: a client blocked on a replica through its first full sync is not.
constexpr std::string_view kBlockMs = "1000";
// A server that does not answer this long after the block is over is gone.
constexpr std::chrono::milliseconds kSilence{6000};
// A log without news is looked at: its length each time (a few bytes), and the whole of what Redis tells about it when the
// length is not what it should be, else more seldom, since that carries the first and the last entry of up to 64 KiB.
constexpr std::chrono::milliseconds kBetweenLooks{1000};
constexpr std::chrono::milliseconds kBetweenInfos{10'000};
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
    : options_(std::move(options)), interrupt_(interrupt), random_(std::random_device{}()) {}

Error LogReader::failed(Error error) {
  connection_.close();
  asked_ = Question::kNone;
  error.message += what_to_do(error.message);
  // Hundreds of edges lose the same server at the same moment: without chance they would all come back together.
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  std::uniform_int_distribution<std::uint32_t> spread(pause_ms_ / 2, pause_ms_);
  next_try_ = Clock::now() + std::chrono::milliseconds(spread(random_));
  return error;
}

Error LogReader::refused(const RedisReply& reply) {
  return failed({ErrorCode::kUnreachable, "Redis at " + options_.server + ": " + reply.text});
}

std::string LogReader::what_to_do(const std::string& error) const {
  switch (refusal_in(error)) {
    case Refusal::kNoLogin:
      return "; set redis.password_file, and redis.user when it is not the default one";
    case Refusal::kWrongLogin:
      return "; look at redis.user and at the first line of redis.password_file";
    case Refusal::kNoRight:
      return "; the user needs +xread +xrange +xlen +xinfo|stream on " + options_.log;
    case Refusal::kReadOnly:
    case Refusal::kNone:
      break;
  }
  return {};
}

Result<bool> LogReader::connect() {
  RedisLogin login{options_.server, options_.user, ""};
  if (!options_.password_file.empty()) {
    Result<std::string> password = read_password_file(options_.password_file);
    if (!password.ok()) return failed(password.error());
    login.password = std::move(password.value());
  }
  if (auto connected = connection_.connect(login, kConnectMs, &interrupt_); !connected.ok())
    return failed(connected.error());
  const Result<RedisReply> info = connection_.command({"XINFO", "STREAM", options_.log}, kConnectMs);
  if (!info.ok()) return failed(info.error());
  if (info.value().is_error() && !is_no_such_key(info.value())) return refused(info.value());
  pause_ms_ = 0;
  next_ = Question::kEntries;
  return take_info(info.value());
}

Result<RedisReply> LogReader::entry(const std::string& id) {
  const Result<RedisReply> reply = connection_.command({"XRANGE", options_.log, id, id}, kConnectMs);
  if (!reply.ok()) return failed(reply.error());
  // A user who may not ask (ACL without xrange) learns nothing; that is no reason to lose the connection.
  if (reply.value().is_error() && refusal_in(reply.value().text) != Refusal::kNoRight) return refused(reply.value());
  if (reply.value().items.empty() || reply.value().items[0].items.size() != 2) return RedisReply{};
  return reply.value().items[0].items[1];
}

Result<void> LogReader::ask(Question question) {
  const std::string count = std::to_string(kEntriesAtOnce);
  std::vector<std::string_view> words;
  if (question == Question::kEntries)
    words = {"XREAD", "COUNT", count, "BLOCK", kBlockMs, "STREAMS", options_.log, position_};
  else if (question == Question::kLength)
    words = {"XLEN", options_.log};
  else
    words = {"XINFO", "STREAM", options_.log};
  if (auto sent = connection_.send(words, kConnectMs); !sent.ok()) return failed(sent.error());
  asked_ = question;
  asked_at_ = Clock::now();
  return {};
}

Result<LogReader::Read> LogReader::read(std::uint32_t timeout_ms) {
  if (asked_ == Question::kNone) {
    if (auto sent = ask(std::exchange(next_, Question::kEntries)); !sent.ok()) return sent.error();
  }
  Result<std::optional<RedisReply>> reply = connection_.receive(timeout_ms);
  if (!reply.ok()) return failed(reply.error());
  if (!reply.value().has_value()) {
    if (Clock::now() - asked_at_ > kSilence)
      return failed({ErrorCode::kUnreachable, "Redis at " + options_.server + ": no answer for 6 s"});
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
    read.was_reset = take_info(reply);
  }
  read.has_answered = true;
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
  length_ += static_cast<std::int64_t>(read.entries.size());
  read.is_caught_up = read.entries.size() < kEntriesAtOnce;
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
  const bool was_reset = parts_of(last == nullptr ? "0-0" : std::string_view(last->text)) < parts_of(position_);
  if (was_reset) position_ = "0-0";
  // When reading begins anew, entries count as they are read.
  length_ = position_ == "0-0" || length == nullptr ? 0 : length->integer;
  return was_reset;
}

}  // namespace telefence
