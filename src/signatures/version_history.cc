// SPDX-License-Identifier: Apache-2.0
#include "signatures/version_history.h"

#include <algorithm>
#include <set>
#include <utility>

namespace telefence {
namespace {

// visit(address, bytes) for each part.
template <typename Visit>
void for_each_part(const MatchSetParts& parts, Visit visit) {
  for (const auto& layer : parts.log) visit(static_cast<const void*>(layer.get()), layer->bytes());
  if (parts.files != nullptr) visit(static_cast<const void*>(parts.files.get()), parts.files->bytes());
  for (const PatternLayer* layer : {parts.patterns.get(), parts.pattern_delta.get()})
    if (layer != nullptr) visit(static_cast<const void*>(layer), layer->bytes());
}

}  // namespace

void VersionHistory::add(VersionInfo info, const MatchSetParts& parts) {
  kept_.push_back({std::move(info), parts});
  thin_out();
}

void VersionHistory::replace_newest(const MatchSetParts& parts) {
  if (!kept_.empty()) kept_.back().parts = parts;
  thin_out();
}

const VersionHistory::Kept* VersionHistory::kept(std::uint64_t number) const {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [number](const Kept& one) { return one.info.number == number; });
  return found == kept_.end() ? nullptr : &*found;
}

const MatchSetParts* VersionHistory::find(std::uint64_t number) const {
  const Kept* one = kept(number);
  return one == nullptr ? nullptr : &one->parts;
}

const VersionInfo* VersionHistory::info(std::uint64_t number) const {
  const Kept* one = kept(number);
  return one == nullptr ? nullptr : &one->info;
}

std::vector<VersionInfo> VersionHistory::list() const {
  std::vector<VersionInfo> out;
  for (auto one = kept_.rbegin(); one != kept_.rend(); ++one) out.push_back(one->info);
  return out;
}

// What would be given back without this version.
std::size_t VersionHistory::bytes_alone(std::size_t index) const {
  std::set<const void*> others;
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (i != index) for_each_part(kept_[i].parts, [&](const void* part, std::size_t) { others.insert(part); });
  std::size_t total = 0;
  for_each_part(kept_[index].parts, [&](const void* part, std::size_t bytes) { total += others.contains(part) ? 0 : bytes; });
  return total;
}

std::size_t VersionHistory::extra_bytes() const {
  std::set<const void*> counted;
  std::size_t total = 0;
  for (auto one = kept_.rbegin(); one != kept_.rend(); ++one)
    for_each_part(one->parts, [&](const void* part, std::size_t bytes) {
      if (counted.insert(part).second && one != kept_.rbegin()) total += bytes;
    });
  return total;
}

void VersionHistory::thin_out() {
  while (kept_.size() > 1 && extra_bytes() > most_bytes_) {
    // The oldest of those that cost most: a version that others share everything with gives nothing back.
    std::size_t costliest = 0;
    for (std::size_t i = 1; i + 1 < kept_.size(); ++i)
      if (bytes_alone(i) > bytes_alone(costliest)) costliest = i;
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(costliest));
  }
  while (kept_.size() > kMost) {
    // Whose neighbours are nearest to each other, in relation to their age: that keeps versions at growing distances.
    const std::int64_t now_s = kept_.back().info.published_s;
    std::size_t closest = 1;
    double least = 0;
    for (std::size_t i = 1; i + 1 < kept_.size(); ++i) {
      const auto gap = static_cast<double>(kept_[i + 1].info.published_s - kept_[i - 1].info.published_s + 1);
      const double weight = gap / static_cast<double>(now_s - kept_[i].info.published_s + 1);
      if (i == 1 || weight < least) {
        least = weight;
        closest = i;
      }
    }
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(closest));
  }
}

}  // namespace telefence
