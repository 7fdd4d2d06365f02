// SPDX-License-Identifier: Apache-2.0
#include "app/push_report.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>
#include <vector>

#include "signatures/batch.h"
#include "signatures/snapshot.h"
#include "signatures/wall_clock.h"

namespace telefence {
namespace {

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr std::size_t kMostAcks = 100'000;  // that are looked through
constexpr const char* kAcksAtOnce = "2000";
constexpr std::string_view kNodes = "tf:1:node:", kAcks = "tf:1:ack";

// A heartbeat is sent every 10 s. One that is dated further from here was put back by somebody, or the clocks disagree.
constexpr std::int64_t kMostApart_ms = 90'000;

std::string text_in(const RedisReply& fields, std::string_view name) {
  const RedisReply* value = fields.field(name);
  return value == nullptr ? "" : value->text;
}

ReceiptFields fields_of(const RedisReply& reply) {
  ReceiptFields out;
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) out.emplace_back(reply.items[i].text, reply.items[i + 1].text);
  return out;
}

std::string text_in(const ReceiptFields& fields, std::string_view name) {
  for (const auto& [other, value] : fields)
    if (other == name) return value;
  return "";
}

std::int64_t number_in(const ReceiptFields& fields, std::string_view name) {
  const std::string text = text_in(fields, name);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t count_in(const ReceiptFields& fields, std::string_view name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number_in(fields, name), 0));
}

Result<RedisReply> ask(RedisConnection& connection, std::initializer_list<std::string_view> words) {
  Result<RedisReply> reply = connection.command(words, kTimeoutMs);
  if (reply && reply.value().is_error()) return Error{ErrorCode::kUnreachable, "Redis refuses: " + reply.value().text};
  return reply;
}

// `is_proof_wanted`: an old one that somebody put back is signed, too.
Heartbeat heartbeat_of(const std::string& name, const std::string& log, const Result<ReceiptFields>& proved, bool is_proof_wanted) {
  Heartbeat node;
  node.name = name;
  if (!proved) {
    node.unproved = proved.error().message;
    return node;
  }
  const ReceiptFields& fields = proved.value();
  node.mode = text_in(fields, "mode");
  node.problem = text_in(fields, "problem");
  node.hash = text_in(fields, "hash");
  if (const std::string other = text_in(fields, "log"); !other.empty() && other != log) node.other_log = other;
  node.sequence = count_in(fields, "seq");
  node.from = count_in(fields, "from");
  node.refused = count_in(fields, "refused");
  node.refusals = read_refusals(text_in(fields, "refusals"));
  node.left_out = read_refusals(text_in(fields, "left_out"));
  const std::int64_t ago_ms = now_ms() - number_in(fields, "told_at");
  if (is_proof_wanted && std::abs(ago_ms) > kMostApart_ms)
    node.unproved = "its heartbeat is dated " + std::to_string(std::abs(ago_ms) / 1000) + " s " + (ago_ms < 0 ? "ahead" : "ago") +
                    ": somebody put an old one back, or the clocks disagree";
  return node;
}

// All questions go out together: the way to the primary may be long.
Result<std::vector<RedisReply>> hashes_of(RedisConnection& connection, const std::vector<RedisReply>& keys) {
  std::vector<RedisReply> out;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string_view words[] = {"HGETALL", keys[i].text};
    const Result<void> asked = i + 1 < keys.size() ? connection.prepare(words) : connection.send(words, kTimeoutMs);
    if (!asked) return asked.error();
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Result<RedisReply> reply = next_reply(connection, kTimeoutMs);
    if (!reply) return reply.error();
    // Who may write heartbeats may write something else under such a name: that must not hide all others.
    const bool is_none = reply.value().is_error() && reply.value().text.starts_with("WRONGTYPE");
    if (reply.value().is_error() && !is_none) return Error{ErrorCode::kUnreachable, "Redis refuses: " + reply.value().text};
    out.push_back(std::move(reply.value()));
  }
  return out;
}

Result<void> read_nodes(RedisConnection& connection, const std::string& log, const NodeKeys& keys, PushReport& report) {
  const std::string pattern = std::string(kNodes) + "*";
  std::string cursor = "0";
  do {
    const Result<RedisReply> page = ask(connection, {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
    if (!page) return page.error();
    if (page.value().items.size() != 2) return Error{ErrorCode::kFailed, "Redis answers SCAN in a form that is not known"};
    const std::vector<RedisReply>& found = page.value().items[1].items;
    const Result<std::vector<RedisReply>> hashes = hashes_of(connection, found);
    if (!hashes) return hashes.error();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const RedisReply& hash = hashes.value()[i];
      if (hash.items.empty() && !hash.is_error()) continue;  // it has just gone
      const std::string name = found[i].text.substr(kNodes.size());
      const Result<ReceiptFields> proved =
          hash.is_error() ? Result<ReceiptFields>(Error{ErrorCode::kInvalid, "it is no heartbeat, and no edge wrote it: redis-cli DEL " + found[i].text})
                          : keys.proved(name, found[i].text, fields_of(hash));
      report.nodes[name] = heartbeat_of(name, log, proved, !keys.empty());
    }
    cursor = page.value().items[0].text;
  } while (cursor != "0");
  for (const auto& [node, key] : keys.all())
    if (!report.nodes.contains(node)) report.silent.insert(node);
  return {};
}

// The newest first; those that say something of this batch, and prove it when that is wanted.
Result<std::vector<Receipt>> read_acks(RedisConnection& connection, const std::string& log, const NodeKeys& keys, PushReport& report) {
  std::vector<Receipt> out;
  const auto take = [&](const RedisReply& ack) {
    const ReceiptFields fields = fields_of(ack);
    Receipt receipt{text_in(fields, "node"), text_in(fields, "hash"), count_in(fields, "from"), count_in(fields, "seq"), {},
                    read_refusals(text_in(fields, "refused"))};
    if (const std::string other = text_in(fields, "log"); !other.empty() && other != log) return;
    if (keys.empty() && !report.nodes.contains(receipt.node)) report.silent.insert(receipt.node);
    if (!text_in(fields, "ms").empty()) receipt.took_ms = number_in(fields, "ms");
    if (!receipt.speaks_of(report.sequence)) return;
    const Result<ReceiptFields> proved = keys.proved(receipt.node, kAcks, fields);
    if (!proved || (!keys.empty() && proved.value().size() + 1 != fields.size())) return;  // somebody added to what was signed
    out.push_back(std::move(receipt));
  };
  // In portions: Redis answers nobody else while it makes one.
  std::string end = "+";
  for (std::size_t read = 0; read < kMostAcks;) {
    const Result<RedisReply> acks = ask(connection, {"XREVRANGE", kAcks, end, "-", "COUNT", kAcksAtOnce});
    if (!acks) return Error{acks.error().code, acks.error().message + "; that was about the receipts: when somebody wrote something else there, redis-cli DEL tf:1:ack"};
    if (acks.value().items.empty() || acks.value().items.back().items.empty()) break;
    for (const RedisReply& ack : acks.value().items)
      if (ack.items.size() == 2) take(ack.items[1]);
    read += acks.value().items.size();
    end = "(" + acks.value().items.back().items[0].text;
  }
  return out;
}

// What the log has at these places. Requires: the receipts were read before, else one could tell of what is not there yet.
Result<LogPlaces> read_places(RedisConnection& connection, const std::string& log, const std::set<std::uint64_t>& sequences) {
  LogPlaces places;
  for (const std::uint64_t sequence : sequences) {
    const std::string id = std::to_string(sequence) + "-0";
    const Result<RedisReply> found = ask(connection, {"XRANGE", log, id, id});
    if (!found) return found.error();
    if (found.value().items.empty() || found.value().items[0].items.size() != 2) continue;
    const RedisReply& fields = found.value().items[0].items[1];
    places.hashes[sequence] = batch_hash(text_in(fields, "h"), text_in(fields, "b"));
  }
  return places;
}

// Also of a log of which all was trimmed away.
Result<LogHead> newest_of(RedisConnection& connection, const std::string& log) { return telefence::read_head(connection, log, kTimeoutMs); }

// Somebody may publish between two questions: tf:1:head is wrong when it agrees neither with what the log ended with before nor after.
Result<void> read_head(RedisConnection& connection, const PushStatusArguments& arguments, PushReport& report) {
  const Result<LogHead> before = newest_of(connection, arguments.log);
  if (!before) return before.error();
  if (report.sequence == 0) report.sequence = before.value().sequence;
  const Result<RedisReply> fields = ask(connection, {"HGETALL", head_key(arguments.log)});
  if (!fields) return fields.error();
  report.mark = read_mark(fields.value());
  if (!report.mark) return {};
  report.doubt = disagreement(arguments.log, before.value(), *report.mark);
  if (report.doubt.empty() || report.mark->sequence <= before.value().sequence) return {};
  const Result<LogHead> after = newest_of(connection, arguments.log);
  if (!after) return after.error();
  report.doubt = report.mark->sequence < after.value().sequence ? "" : disagreement(arguments.log, after.value(), *report.mark);
  return {};
}

// That the batch under this number is the one that was pushed.
Result<void> check_hash(const PushStatusArguments& arguments, const LogPlaces& places) {
  if (arguments.hash.empty() || arguments.sequence > places.last) return {};  // what is not there yet is said of the whole
  const auto place = places.hashes.find(arguments.sequence);
  if (place != places.hashes.end() && place->second.starts_with(arguments.hash)) return {};
  const std::string which = "batch " + std::to_string(arguments.sequence);
  return Error{ErrorCode::kFailed, place == places.hashes.end() ? "the log does not have " + which + " any more, so nobody can tell whether it was the one of --hash"
                                                                : which + " of the log is another one than that of --hash: it was lost, and must be pushed again"};
}

}  // namespace

Result<PushReport> read_report(RedisConnection& connection, const PushStatusArguments& arguments, const NodeKeys& keys) {
  PushReport report;
  report.sequence = arguments.sequence;
  if (Result<void> read = read_head(connection, arguments, report); !read) return read.error();
  if (Result<void> read = read_nodes(connection, arguments.log, keys, report); !read) return read.error();
  const Result<std::vector<Receipt>> receipts = read_acks(connection, arguments.log, keys, report);
  if (!receipts) return receipts.error();
  Result<LogPlaces> places = read_places(connection, arguments.log, places_needed(report.sequence, report.nodes, receipts.value()));
  if (!places) return places.error();
  const Result<LogHead> newest = newest_of(connection, arguments.log);
  if (!newest) return newest.error();
  places.value().last = report.last = newest.value().sequence;
  const Result<RedisReply> first = ask(connection, {"XRANGE", arguments.log, "-", "+", "COUNT", "1"});
  if (!first) return first.error();
  places.value().first = first.value().items.empty() || first.value().items[0].items.empty() ? places.value().last + 1 : first_part(first.value().items[0].items[0].text);
  if (Result<void> same = check_hash(arguments, places.value()); !same) return same.error();
  report.took_ms = judge(report.sequence, places.value(), report.nodes, receipts.value(), report.standings);
  return report;
}

Result<bool> is_told_by_all(RedisConnection& connection, const PushStatusArguments& arguments, const NodeKeys& keys) {
  PushReport report;
  report.sequence = arguments.sequence;
  if (Result<void> read = read_head(connection, arguments, report); !read) return read.error();
  if (Result<void> read = read_nodes(connection, arguments.log, keys, report); !read) return read.error();
  return report.silent.empty() && std::all_of(report.nodes.begin(), report.nodes.end(), [&](const auto& one) {
           return one.second.unproved.empty() && one.second.sequence >= report.sequence;
         });
}

}  // namespace telefence
