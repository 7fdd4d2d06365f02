// SPDX-License-Identifier: Apache-2.0
#include "signatures/log_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace telefence {
namespace {

constexpr std::uint32_t kConnectMs = 3000;
// Longer blocks are not sure to be woken: a client blocked on a replica through its first full sync is not.
constexpr std::string_view kBlockMs = "1000";
// A server that does not answer this long after the block is over is gone.
constexpr std::chrono::milliseconds kSilence{6000};
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

}  // namespace

LogReader::LogReader(RedisOptions options, const Interrupt& interrupt)
    : options_(std::move(options)), interrupt_(interrupt), random_(std::random_device{}()) {}

Error LogReader::failed(Error error) {
  connection_.close();
  is_waiting_ = false;
  // Hundreds of edges lose the same server at the same moment: without chance they would all come back together.
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  std::uniform_int_distribution<std::uint32_t> spread(pause_ms_ / 2, pause_ms_);
  next_try_ = Clock::now() + std::chrono::milliseconds(spread(random_));
  return error;
}

Result<std::string> LogReader::last_id() {
  const Result<RedisReply> reply = connection_.command({"XINFO", "STREAM", options_.log}, kConnectMs);
  if (!reply.ok()) return reply.error();
  if (reply.value().is_error()) {
    if (reply.value().text.find("no such key") != std::string::npos) return std::string("0-0");
    return Error{ErrorCode::kUnreachable, "Redis at " + options_.server + ": " + reply.value().text};
  }
  const RedisReply* last = reply.value().field("last-generated-id");
  return last == nullptr ? std::string("0-0") : last->text;
}

Result<void> LogReader::connect() {
  RedisLogin login{options_.server, options_.user, ""};
  if (!options_.password_file.empty()) {
    Result<std::string> password = read_password_file(options_.password_file);
    if (!password.ok()) return failed(password.error());
    login.password = std::move(password.value());
  }
  if (auto connected = connection_.connect(login, kConnectMs, &interrupt_); !connected.ok())
    return failed(connected.error());
  const Result<std::string> last = last_id();
  if (!last.ok()) return failed(last.error());
  if (parts_of(last.value()) < parts_of(position_)) {
    was_reset_ = true;
    position_ = "0-0";
  }
  pause_ms_ = 0;
  return {};
}

bool LogReader::take_was_reset() { return std::exchange(was_reset_, false); }

Result<LogReader::Read> LogReader::read(std::uint32_t timeout_ms) {
  if (!is_waiting_) {
    const std::string count = std::to_string(kEntriesAtOnce);
    const std::string_view words[] = {"XREAD", "COUNT", count, "BLOCK", kBlockMs, "STREAMS", options_.log, position_};
    if (auto sent = connection_.send(words, kConnectMs); !sent.ok()) return failed(sent.error());
    is_waiting_ = true;
    asked_at_ = Clock::now();
  }
  Result<std::optional<RedisReply>> reply = connection_.receive(timeout_ms);
  if (!reply.ok()) return failed(reply.error());
  if (!reply.value().has_value()) {
    if (Clock::now() - asked_at_ > kSilence)
      return failed({ErrorCode::kUnreachable, "Redis at " + options_.server + ": no answer for 6 s"});
    return Read{};
  }
  is_waiting_ = false;
  return take(*reply.value());
}

Result<LogReader::Read> LogReader::take(const RedisReply& reply) {
  if (reply.is_error()) return failed({ErrorCode::kUnreachable, "Redis at " + options_.server + ": " + reply.text});
  Read read;
  read.has_answered = true;
  if (reply.is_list() && !reply.items.empty() && reply.items[0].items.size() == 2) {
    for (const RedisReply& entry : reply.items[0].items[1].items) {
      if (entry.items.size() != 2) continue;
      read.entries.push_back({entry.items[0].text, entry.items[1]});
    }
  }
  if (!read.entries.empty()) position_ = read.entries.back().id;
  read.is_caught_up = read.entries.size() < kEntriesAtOnce;
  return read;
}

}  // namespace telefence
