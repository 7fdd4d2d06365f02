// SPDX-License-Identifier: Apache-2.0
#include "match/prefix_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "base/check.h"
#include "base/fetch_ahead.h"
#include "base/uncleared.h"
#include "match/number_code.h"

namespace telefence {
namespace {

constexpr unsigned kMostDigits = 20;
constexpr std::uint64_t kBelowRoot = kPowersOfTen[14];  // 18 digits without the first four
constexpr std::uint64_t kBelowPair = kPowersOfTen[12];

// The first 18 digits, with zeros behind a number that is shorter. Requires: 1 to 20 digits.
std::uint64_t aligned(const PhoneDigits& digits) {
  if (digits.length <= PrefixIndex::kLongest) [[likely]]
    return digits.value * kPowersOfTen[PrefixIndex::kLongest - digits.length];
  return digits.value / kPowersOfTen[digits.length - PrefixIndex::kLongest];
}

void set_bit(std::uint64_t (&bits)[2], unsigned pair) { bits[pair >> 6] |= std::uint64_t{1} << (pair & 63); }

}  // namespace

struct PrefixIndex::Entry {
  std::uint64_t digits = 0;  // aligned
  unsigned length = 0;
};

// Nodes level by level, so that the children of each stand side by side.
class PrefixIndex::Builder {
 public:
  // Entries of one cell that go beyond it, sorted. Returns the node.
  std::size_t add(std::span<const Entry> entries) {
    const std::size_t root = nodes_.size();
    nodes_.emplace_back();
    waiting_.push_back({entries, root, kRootDigits});
    for (std::size_t next = 0; next < waiting_.size(); ++next) fill(Task(waiting_[next]));
    waiting_.clear();
    return root;
  }
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  struct Task {
    std::span<const Entry> entries;
    std::size_t node = 0;
    unsigned depth = 0;
  };
  static unsigned pair_of(const Entry& entry, unsigned depth) {
    return static_cast<unsigned>(entry.digits / kPowersOfTen[kLongest - depth - 2] % 100);
  }

  void fill(const Task& task) {
    Node node{};
    if (task.entries.size() == 1) {
      node.ends[1] = std::uint64_t{1} << (kTailShift + task.entries[0].length - kRootDigits - 1);
      nodes_[task.node] = node;
      return;
    }
    const std::size_t first_child = nodes_.size();
    node.children[1] = first_child << kPairBits;
    std::size_t i = 0;
    while (i < task.entries.size()) {
      const unsigned pair = pair_of(task.entries[i], task.depth);
      // Of one pair, those that end here come first.
      for (; is_of(task, i, pair) && task.entries[i].length <= task.depth + 2; ++i) {
        if (task.entries[i].length == task.depth + 1)
          node.ends[1] |= std::uint64_t{1} << (kPairBits + pair / 10);
        else
          set_bit(node.ends, pair);
      }
      const std::size_t begin = i;
      while (is_of(task, i, pair)) ++i;
      if (begin == i) continue;
      set_bit(node.children, pair);
      waiting_.push_back({task.entries.subspan(begin, i - begin), nodes_.size(), task.depth + 2});
      nodes_.emplace_back();
    }
    nodes_[task.node] = node;
  }
  static bool is_of(const Task& task, std::size_t i, unsigned pair) {
    return i < task.entries.size() && pair_of(task.entries[i], task.depth) == pair;
  }

  std::vector<Node> nodes_;
  std::vector<Task> waiting_;
};

struct PrefixIndex::Walk {
  std::uint64_t rest = 0;  // 14 digits: those that come next, zeros behind
  const Node* node = nullptr;
  std::uint32_t key = 0;
};

void PrefixIndex::add_short(std::vector<std::uint32_t>& cells, const Entry& entry) {
  const auto from = static_cast<std::ptrdiff_t>(entry.digits / kBelowRoot);
  const auto until = from + static_cast<std::ptrdiff_t>(kPowersOfTen[kRootDigits - entry.length]);
  std::for_each(cells.begin() + from, cells.begin() + until, [&](std::uint32_t& cell) { cell |= 1U << (entry.length - 1); });
}

void PrefixIndex::build(std::span<const PhoneDigits> prefixes) {
  clear();
  Builder builder;
  for (const bool international : {false, true}) {
    std::vector<Entry> entries;
    for (const PhoneDigits& prefix : prefixes) {
      const bool is_sound = prefix.length != 0 && prefix.length <= kLongest && prefix.value < kPowersOfTen[prefix.length];
      if (is_sound && prefix.international == international) entries.push_back({aligned(prefix), prefix.length});
    }
    if (entries.empty()) continue;
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return std::tie(a.digits, a.length) < std::tie(b.digits, b.length); });
    std::vector<std::uint32_t>& cells = cells_[international ? 1 : 0];
    cells.resize(kCells);
    for (std::size_t i = 0; i < entries.size();) {
      if (entries[i].length <= kRootDigits) {
        add_short(cells, entries[i++]);
        continue;
      }
      const std::uint64_t cell = entries[i].digits / kBelowRoot;
      const std::size_t begin = i;
      while (i < entries.size() && entries[i].digits / kBelowRoot == cell) ++i;
      cells[cell] |= static_cast<std::uint32_t>(builder.add(std::span(entries).subspan(begin, i - begin)) + 1) << kCellBits;
    }
  }
  CHECK(builder.nodes().size() < kMostNodes);
  count_ = builder.nodes().size();
  nodes_ = make_large<Node>(count_);
  if (count_ != 0) std::memcpy(nodes_.get(), builder.nodes().data(), count_ * sizeof(Node));
}

std::size_t PrefixIndex::bytes() const {
  return count_ * sizeof(Node) + (cells_[0].capacity() + cells_[1].capacity()) * sizeof(std::uint32_t);
}

inline std::uint32_t PrefixIndex::lengths_at(const Node& node, unsigned pair, unsigned depth) {
  const std::uint32_t one = node.ends[1] >> (kPairBits + pair / 10) & 1, both = has(node.ends, pair) ? 2 : 0;
  return (one | both) << (depth + 1) | static_cast<std::uint32_t>(node.ends[1] >> kTailShift) << (kRootDigits + 1);
}

inline std::size_t PrefixIndex::child(const Node& node, unsigned pair) {
  const std::uint64_t before = (std::uint64_t{1} << (pair & 63)) - 1;
  const int rank = pair < 64 ? std::popcount(node.children[0] & before)
                             : std::popcount(node.children[0]) + std::popcount(node.children[1] & before);
  return (node.children[1] >> kPairBits) + static_cast<std::size_t>(rank);
}

void PrefixIndex::find(std::span<const NumberKey> keys, std::span<std::uint32_t> lengths) const {
  DCHECK(keys.size() <= kMostKeys && lengths.size() >= keys.size());
  Uncleared<Walk, kMostKeys> walks;
  std::size_t count = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const PhoneDigits& digits = keys[i].digits;
    const std::vector<std::uint32_t>& cells = cells_[digits.international ? 1 : 0];
    if (cells.empty() || digits.length == 0 || digits.length > kMostDigits) continue;
    const std::uint64_t all = aligned(digits);
    const std::uint64_t at = all / kBelowRoot;
    if (at >= kCells) [[unlikely]]
      continue;
    const std::uint32_t cell = cells[at];
    lengths[i] |= (cell & ((1U << kCellBits) - 1)) << 1;
    if (cell >> kCellBits == 0) continue;
    const Node* const node = &nodes_[(cell >> kCellBits) - 1];
    fetch_ahead(node);
    walks[count++] = {all - at * kBelowRoot, node, static_cast<std::uint32_t>(i)};
  }
  // One level at a time for all of them: each waits for memory together with the others.
  for (unsigned depth = kRootDigits; count != 0; depth += 2) {
    std::size_t kept = 0;
    for (const Walk& walk : walks.first(count)) {
      const auto pair = static_cast<unsigned>(walk.rest / kBelowPair);
      lengths[walk.key] |= lengths_at(*walk.node, pair, depth);
      if (!has(walk.node->children, pair)) continue;
      const Node* const node = &nodes_[child(*walk.node, pair)];
      fetch_ahead(node);
      walks[kept++] = {(walk.rest - pair * kBelowPair) * 100, node, walk.key};
    }
    count = kept;
  }
}

}  // namespace telefence
