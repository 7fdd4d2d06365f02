// SPDX-License-Identifier: Apache-2.0
#include "centre/batch_stream.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "redis/refusal.h"
#include "signatures/batch.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 30'000;  // a server that writes each transaction to a slow disk takes its time
// Half of what may be unpacked: a batch of long lines that does not fit when packed is cut in two.
constexpr std::size_t kMostPlain = kMaxUnpackedBytes / 2;
constexpr std::uint32_t kMostOvertaken = 1000;

// The first lines as a JSON array.
std::string first_lines(std::string_view plain) {
  std::string out = "[";
  for (std::size_t i = 0; i < BatchStream::kMostShown && !plain.empty(); ++i) {
    const std::size_t end = plain.find('\n');
    if (i > 0) out += ',';
    out += plain.substr(0, end);
    plain.remove_prefix(end + 1);
  }
  return out += ']';
}

bool is_overtaken(const RedisReply& reply) { return reply.is_error() && reply.text.find("equal or smaller") != std::string::npos; }

}  // namespace

BatchStream::BatchStream(RedisConnection& connection, std::string log, BatchAuthor author, std::function<void(const Done&)> done)
    : connection_(connection), log_(std::move(log)), author_(std::move(author)), done_(std::move(done)) {}

// What a header, wherever it will stand, and the signatures leave.
std::size_t BatchStream::body_room() const {
  const std::string header = batch_header(std::numeric_limits<std::uint64_t>::max(), now_ms(), author_.name, std::string(64, '0'), kMaxBatchLines, log_);
  return kMaxBatchBytes - std::min(kMaxBatchBytes, kSignatureRoom + header.size());
}

Result<void> BatchStream::begin() {
  if (author_.keys.size() > kMaxSignatures) return Error{ErrorCode::kUsage, "more than 4 signatures on one batch"};
  Result<LogPlace> place = watch_log(connection_, log_, kTimeoutMs);
  if (!place.ok()) return place.error();
  head_ = std::move(place.value().head);
  has_transactions_ = place.value().has_transactions;
  progress_.note = head_.note;
  if (!has_transactions_)
    progress_.note = joined_notes(head_.note, "this user of Redis may not use transactions: one batch at a time, which is slower, and tf:1:head does not tell of "
                                              "it; for both it needs +multi +exec +watch +hset");
  return {};
}

Result<void> BatchStream::add(std::string_view line) {
  if (lines_ == kMaxBatchLines || (lines_ > 0 && plain_.size() + line.size() >= kMostPlain))
    if (Result<void> closed = close_batch(); !closed.ok()) return closed;
  (plain_ += line) += '\n';
  ++lines_;
  ++progress_.added;
  return {};
}

Result<void> BatchStream::close_batch() {
  if (lines_ == 0) return {};
  if (Result<void> packed = pack(plain_, std::exchange(lines_, 0)); !packed.ok()) return packed;
  plain_.clear();
  return pump(at_once_);
}

// In two halves when it does not fit.
Result<void> BatchStream::pack(std::string_view plain, std::size_t lines) {
  Result<std::string> packed = pack_body(plain);
  if (packed.ok() && packed.value().size() <= body_room()) {
    bodies_.push_back({std::move(packed.value()), lines, first_lines(plain), ""});
    return {};
  }
  if (lines == 1) return Error{ErrorCode::kInvalid, "a change that is too large for a batch: " + std::string(plain.substr(0, 100)) + "..."};
  std::size_t cut = 0;
  for (std::size_t i = 0; i < lines / 2; ++i) cut = plain.find('\n', cut) + 1;
  if (Result<void> first = pack(plain.substr(0, cut), lines / 2); !first.ok()) return first;
  return pack(plain.substr(cut), lines - lines / 2);
}

// Sends as long as so many wait.
Result<void> BatchStream::pump(std::size_t least) {
  while (bodies_.size() - under_way_ >= std::max<std::size_t>(least, 1)) {
    if (Result<void> settled = settle(); !settled.ok()) return settled;
    if (bodies_.empty()) return {};
    if (Result<void> sent = has_transactions_ ? send_many() : send_one(); !sent.ok()) return sent;
    least = std::min(least, at_once_);
  }
  return {};
}

Result<void> BatchStream::finish() {
  if (Result<void> closed = close_batch(); !closed.ok()) return closed;
  while (!bodies_.empty()) {
    if (Result<void> pumped = pump(1); !pumped.ok()) return pumped;
    if (Result<void> settled = settle(); !settled.ok()) return settled;
  }
  return {};
}

// Puts the header around it, signs it, and sends it as one XADD.
Result<void> BatchStream::send_add(Body& body, std::uint64_t sequence, const std::string& previous) {
  body.timestamp_ms = now_ms();
  const std::string header = batch_header(sequence, body.timestamp_ms, author_.name, previous, body.changes, log_);
  body.hash = batch_hash(header, body.packed);
  const std::string signatures = signatures_of(author_, body.hash);
  const std::string id = std::to_string(sequence) + "-0";
  std::vector<std::string_view> words = {"XADD", log_, id, "h", header, "b", body.packed};
  if (!signatures.empty()) words.insert(words.end(), {"s", signatures});
  return connection_.send(words, kTimeoutMs);
}

Result<void> BatchStream::send_many() {
  under_way_ = std::min(at_once_, bodies_.size());
  progress_.unknown = 0;
  const std::string_view multi[] = {"MULTI"}, exec[] = {"EXEC"}, watch[] = {"WATCH", log_};
  if (Result<void> prepared = connection_.prepare(multi); !prepared.ok()) return prepared;
  for (std::size_t i = 0; i < under_way_; ++i)  // without EXEC Redis does nothing of it
    if (Result<void> sent = send_add(bodies_[i], head_.sequence + 1 + i, i == 0 ? head_.hash : bodies_[i - 1].hash); !sent.ok()) return sent;
  if (tells_head_) {
    const Body& last = bodies_[under_way_ - 1];
    if (Result<void> prepared = prepare_mark(connection_, log_, {head_.sequence + under_way_, last.hash, last.timestamp_ms}); !prepared.ok()) return prepared;
  }
  for (std::size_t i = 0; i < under_way_; ++i) progress_.unknown += bodies_[i].changes;
  if (Result<void> prepared = connection_.prepare(exec); !prepared.ok()) return prepared;
  // For the next ones.
  if (Result<void> prepared = connection_.prepare(watch); !prepared.ok()) return prepared;
  return ask_head(connection_, log_, kTimeoutMs);
}

void BatchStream::confirm(Body& body) {
  ++head_.sequence;
  head_.hash = body.hash;
  ++progress_.batches;
  progress_.published += body.changes;
  if (progress_.first_sequence == 0) progress_.first_sequence = head_.sequence;
  progress_.last_sequence = head_.sequence;
  progress_.last_hash = body.hash;
  done_({head_.sequence, body.hash, body.changes, body.first});
}

void BatchStream::leave_head() {
  if (std::exchange(tells_head_, false)) progress_.note = joined_notes(progress_.note, kHeadUntold);
}

// The answer to EXEC; null: it was not carried out. A user who may not set tf:1:head publishes without.
Result<RedisReply> BatchStream::take_outcome() {
  std::string mistake;
  RedisReply outcome;
  // To MULTI, each XADD and HSET, to EXEC.
  const std::size_t commands = under_way_ + (tells_head_ ? 3 : 2);
  for (std::size_t i = 0; i < commands; ++i) {
    Result<RedisReply> next = next_reply(connection_, kTimeoutMs);
    if (!next.ok()) return next.error();
    outcome = std::move(next.value());
    if (!outcome.is_error() || !mistake.empty()) continue;
    mistake = outcome.text;
    if (i == under_way_ + 1 && refusal_in(mistake) == Refusal::kNoRight) leave_head();
  }
  progress_.unknown = 0;
  const bool is_without_head = commands == under_way_ + 3 && !tells_head_;
  if (outcome.is_list() && outcome.items.size() > under_way_ && outcome.items.back().is_error()) leave_head();
  if (!mistake.empty() && !is_without_head) return refused_by_redis(mistake);
  return is_without_head ? RedisReply{} : outcome;
}

// Takes the answers to what is under way.
Result<void> BatchStream::settle() {
  if (under_way_ == 0) return {};
  const bool told_head = tells_head_;
  const Result<RedisReply> taken = take_outcome();
  const std::size_t sent = std::exchange(under_way_, 0);
  if (!taken.ok()) return taken.error();
  const RedisReply& outcome = taken.value();
  const bool is_done = outcome.is_list() && outcome.items.size() >= sent;
  for (std::size_t i = 0; is_done && i < sent; ++i) {
    if (outcome.items[i].is_error()) return refused_by_redis(outcome.items[i].text);
    confirm(bodies_.front());
    bodies_.pop_front();
  }
  // Else Redis refused tf:1:head alone, and the same goes out once more without it.
  const bool was_overtaken = !is_done && told_head == tells_head_;
  overtaken_in_a_row_ = was_overtaken ? overtaken_in_a_row_ + 1 : 0;
  progress_.overtaken += was_overtaken ? 1 : 0;
  if (was_overtaken) at_once_ = std::max<std::size_t>(sent / 2, 1);
  if (is_done) at_once_ = std::min(at_once_ * 2, kMostAtOnce);
  if (overtaken_in_a_row_ > kMostOvertaken) return Error{ErrorCode::kFailed, "other publishers were faster 1000 times in a row"};
  const Result<RedisReply> watched = next_reply(connection_, kTimeoutMs);
  if (!watched.ok()) return watched.error();
  if (watched.value().is_error()) return refused_by_redis(watched.value().text);
  const Result<RedisReply> newest = next_reply(connection_, kTimeoutMs);
  if (!newest.ok()) return newest.error();
  Result<LogHead> head = take_head(log_, newest.value());
  if (!head.ok()) return head.error();
  head_ = std::move(head.value());
  return {};
}

Result<void> BatchStream::send_one() {
  for (std::uint32_t attempt = 0; attempt < kMostOvertaken; ++attempt) {
    Body& body = bodies_.front();
    progress_.unknown = body.changes;
    if (Result<void> sent = send_add(body, head_.sequence + 1, head_.hash); !sent.ok()) return sent;
    const Result<RedisReply> answer = next_reply(connection_, kTimeoutMs);
    if (!answer.ok()) return answer.error();
    progress_.unknown = 0;
    if (!answer.value().is_error()) {
      if (answer.value().text != std::to_string(head_.sequence + 1) + "-0") return refused_by_redis("it answers XADD with " + answer.value().text.substr(0, 100));
      confirm(body);
      bodies_.pop_front();
      return {};
    }
    if (!is_overtaken(answer.value())) return refused_by_redis(answer.value().text);
    ++progress_.overtaken;
    Result<LogHead> head = read_head(connection_, log_, kTimeoutMs);
    if (!head.ok()) return head.error();
    head_ = std::move(head.value());
  }
  return Error{ErrorCode::kFailed, "other publishers were faster 1000 times in a row"};
}

}  // namespace telefence
