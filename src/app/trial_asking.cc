// SPDX-License-Identifier: Apache-2.0
#include "app/trial_asking.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <thread>
#include <utility>

#include "signatures/batch_signature.h"
#include "signatures/trial.h"

namespace telefence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kTimeoutMs = 5000;
constexpr std::chrono::milliseconds kFirstPause{10}, kLongestPause{80};
constexpr const char* kMostRequests = "64";  // in the stream: nobody answers old ones

Result<RedisReply> ask(RedisConnection& connection, std::span<const std::string_view> words) {
  Result<RedisReply> reply = connection.command(words, kTimeoutMs);
  if (reply && reply.value().is_error()) return Error{ErrorCode::kUnreachable, "Redis refuses: " + reply.value().text};
  return reply;
}

// Those that have not said for long that they are there are passed over; long by their own clocks, whatever this one says.
std::vector<std::string> nodes_of(const RedisReply& told, const std::set<std::string>& kinds) {
  struct Node {
    std::string name;
    std::int64_t at_ms = 0;
    bool is_wanted = false;
  };
  std::vector<Node> nodes;
  std::int64_t newest = 0;
  for (std::size_t i = 0; i + 1 < told.items.size(); i += 2) {
    const std::string& said = told.items[i + 1].text;
    Node node{told.items[i].text};
    std::from_chars(said.data(), said.data() + said.size(), node.at_ms);
    const std::string padded = said + " ";
    node.is_wanted = kinds.empty() || std::any_of(kinds.begin(), kinds.end(), [&](const std::string& kind) { return padded.find(" " + kind + " ") != std::string::npos; });
    newest = std::max(newest, node.at_ms);
    nodes.push_back(std::move(node));
  }
  std::vector<std::string> out;
  for (const Node& node : nodes)
    if (node.is_wanted && node.at_ms >= newest - kTrialNodeLife_s * 1000) out.push_back(node.name);
  std::sort(out.begin(), out.end());
  return out;
}

// What nests deeper, or is longer, no edge has said.
Json answer_of(const std::string& text) {
  constexpr std::size_t kLongestAnswer = 1 << 18;
  constexpr int kDeepest = 8;
  if (text.size() > kLongestAnswer) return {};
  bool is_deep = false;
  Json answer = Json::parse(text, [&](int depth, Json::parse_event_t, Json&) { return !(is_deep |= depth > kDeepest); }, false);
  return is_deep ? Json() : answer;
}

bool has_all(const std::map<std::string, Json>& answers, const std::vector<std::string>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [&](const std::string& node) { return answers.contains(node); });
}

Result<std::map<std::string, Json>> gather(RedisConnection& connection, const std::string& key, const std::vector<std::string>& nodes,
                                           std::chrono::milliseconds patience) {
  std::map<std::string, Json> out;
  const Clock::time_point end = Clock::now() + patience;
  for (auto pause = kFirstPause; !has_all(out, nodes) && Clock::now() < end; pause = std::min(pause * 2, kLongestPause)) {
    std::this_thread::sleep_for(pause);
    const std::array<std::string_view, 2> words{"HGETALL", key};
    const Result<RedisReply> told = ask(connection, words);
    if (!told) return told.error();
    for (std::size_t i = 0; i + 1 < told.value().items.size(); i += 2)
      out.try_emplace(told.value().items[i].text, answer_of(told.value().items[i + 1].text));
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> sampling_nodes(RedisConnection& connection, const std::set<std::string>& kinds) {
  const std::array<std::string_view, 2> who{"HGETALL", kTrialNodes};
  const Result<RedisReply> told = ask(connection, who);
  if (!told) return told.error();
  return nodes_of(told.value(), kinds);
}

Result<std::map<std::string, Json>> ask_nodes(RedisConnection& connection, const TrialQuestion& question,
                                              const std::vector<std::string>& nodes) {
  if (nodes.empty()) return std::map<std::string, Json>();
  const std::string id = new_trial_id();
  std::vector<std::string_view> words{"XADD", kTrialStream, "MAXLEN", kMostRequests, "*", "id", id, question.field, question.body};
  std::string signature;
  if (question.key != nullptr) {
    signature = to_line(BatchSignature{question.key->id(), question.key->sign(trial_message(id, question.body)), 0});
    words.insert(words.end(), {"s", signature});
  }
  if (const Result<RedisReply> asked = ask(connection, words); !asked) return asked.error();
  return gather(connection, trial_key(id), nodes, question.patience);
}

}  // namespace telefence
