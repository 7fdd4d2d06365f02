// SPDX-License-Identifier: Apache-2.0
#include "app/push_standing.h"

#include <algorithm>
#include <charconv>

namespace telefence {
namespace {

const ToldRefusal* find(const std::vector<ToldRefusal>& refusals, std::uint64_t batch) {
  for (const ToldRefusal& one : refusals)
    if (one.sequence == batch) return &one;
  return nullptr;
}

// What follows up to the space, which is taken away with it.
std::string_view take_word(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

Standing refused(const ToldRefusal& by) { return {Standing::Is::kRefused, by.reason, by.why.empty() ? by.reason : by.why}; }

// `told`: what its receipts say; none: nothing of this batch.
Standing standing_of(std::uint64_t batch, const LogPlaces& places, const Heartbeat& node, const Standing* told) {
  using Is = Standing::Is;
  if (!node.unproved.empty()) return {Is::kUnproved, "", node.unproved};
  if (!node.other_log.empty()) return {Is::kBehind, "", "it follows the log " + node.other_log};
  const ToldRefusal* const refusal = find(node.refusals, batch);
  if (refusal != nullptr && places.may_have(batch, refusal->hash)) return refused(*refusal);
  if (node.sequence != 0 && !places.may_have(node.sequence, node.hash))
    return {Is::kBehind, "", "the batch " + std::to_string(node.sequence) + " that it has is of another log: Redis lost data or was restored"};
  if (told != nullptr && told->is == Is::kRefused) return *told;
  if (node.sequence < batch) return {Is::kBehind, "", node.problem};
  // It names the last of those that it refused: of the batches before these its receipts of an earlier start say nothing any more, since
  // keys may have been taken away.
  const bool has_forgotten = node.refused > node.refusals.size() && batch < node.from &&
                             std::all_of(node.refusals.begin(), node.refusals.end(), [&](const ToldRefusal& one) { return one.sequence > batch; });
  if (batch >= node.from || (told != nullptr && !has_forgotten)) return {Is::kApplied, "", ""};
  return {Is::kUnknown, "", ""};
}

}  // namespace

std::vector<ToldRefusal> read_refusals(std::string_view text) {
  std::vector<ToldRefusal> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ToldRefusal one;
    const std::string_view number = take_word(line);
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), one.sequence);
    if (error != std::errc{} || stop != number.data() + number.size()) continue;
    one.hash = take_word(line);
    one.reason = take_word(line);
    one.why = line;
    if (!one.reason.empty()) out.push_back(std::move(one));
  }
  return out;
}

const ToldRefusal* Heartbeat::left_out_of(std::uint64_t batch) const { return find(left_out, batch); }

const ToldRefusal* Receipt::refusal_of(std::uint64_t batch) const { return find(refusals, batch); }

bool LogPlaces::may_have(std::uint64_t sequence, std::string_view hash) const {
  const auto place = hashes.find(sequence);
  if (place == hashes.end()) return sequence < first;
  return place->second.starts_with(hash);
}

std::set<std::uint64_t> places_needed(std::uint64_t batch, const std::map<std::string, Heartbeat>& nodes, const std::vector<Receipt>& receipts) {
  std::set<std::uint64_t> out{batch};
  for (const auto& [name, node] : nodes) out.insert(node.sequence);
  for (const Receipt& receipt : receipts) out.insert(receipt.sequence);
  out.erase(0);
  return out;
}

std::map<std::string, std::int64_t> judge(std::uint64_t batch, const LogPlaces& places, const std::map<std::string, Heartbeat>& nodes,
                                          const std::vector<Receipt>& receipts, std::map<std::string, Standing>& standings) {
  std::map<std::string, Standing> told;
  std::map<std::string, std::int64_t> took_ms;
  for (const Receipt& receipt : receipts) {
    if (const ToldRefusal* const refusal = receipt.refusal_of(batch)) {
      if (places.may_have(batch, refusal->hash)) told.try_emplace(receipt.node, refused(*refusal));
      continue;
    }
    if (!places.may_have(receipt.sequence, receipt.hash)) continue;
    const auto [place, is_first] = told.try_emplace(receipt.node, Standing{Standing::Is::kApplied, "", ""});
    // A receipt of a later batch that covers this one as well says when both were there; the earliest one is the nearest.
    if (place->second.is == Standing::Is::kApplied && receipt.took_ms) took_ms[receipt.node] = *receipt.took_ms;
  }
  for (const auto& [name, node] : nodes) {
    const auto place = told.find(name);
    standings[name] = standing_of(batch, places, node, place == told.end() ? nullptr : &place->second);
    if (standings[name].is != Standing::Is::kApplied) took_ms.erase(name);
  }
  return took_ms;
}

}  // namespace telefence
