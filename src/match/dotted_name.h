// SPDX-License-Identifier: Apache-2.0
#pragma once

// A canonical name as the search for it reads it: where its labels begin, and the hashes of what stands from there on. Worker thread; views
// the name.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/chunk.h"
#include "event/plain_name.h"
#include "match/keyed_hash.h"

namespace telefence {

// A name of 1 to 63 octets, read in pieces of 16 that may overlap: nothing beside it is read, and no loop or branch depends on how long its
// labels are.
class ShortName {
 public:
  static constexpr std::size_t kMost = 63;

  explicit ShortName(std::string_view name) : name_(name) {
    if (name.size() < Chunk::kSize) {
      const FewOctets few(name);
      whole_ = wide(few.low, few.high);
      dots_ = Chunk::of_few(name).equal('.');
      return;
    }
    const std::size_t last = name.size() - Chunk::kSize;
    for (std::size_t at = 0; at < last; at += Chunk::kSize) mark(at);
    mark(last);
  }

  std::string_view text() const { return name_; }
  // Where the label begins that ends before `end`.
  std::size_t label_start(std::size_t end) const {
    return static_cast<std::size_t>(64 - std::countl_zero(dots_ & ((std::uint64_t{1} << end) - 1)));
  }
  void begin(SuffixHasher& hasher, std::size_t start) const {
    const std::size_t size = name_.size() - start;
    for (; name_.size() - start > SuffixHasher::kWhole; start += SuffixHasher::kWhole) hasher.absorb_part(name_.data() + start);
    const Wide rest = from(start);
    hasher.begin(static_cast<std::uint64_t>(rest), static_cast<std::uint64_t>(rest >> 64), size);
  }
  void absorb(SuffixHasher& hasher, std::size_t start, std::size_t end) const {
    const std::size_t size = end - start;
    if (size > SuffixHasher::kWhole) [[unlikely]] return hasher.absorb(name_.substr(start, size));
    const Wide label = from(start);
    const auto [low, high] = SuffixHasher::counted(size);
    hasher.absorb(static_cast<std::uint64_t>(label) & low, static_cast<std::uint64_t>(label >> 64) & high, size);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static Wide wide(std::uint64_t low, std::uint64_t high) { return static_cast<Wide>(high) << 64 | low; }

  void mark(std::size_t at) { dots_ |= std::uint64_t{Chunk::at(name_.data() + at).equal('.')} << at; }
  // The first octets from there on.
  Wide from(std::size_t start) const {
    if (name_.size() < Chunk::kSize) return whole_ >> 8 * start;
    const std::size_t at = std::min(start, name_.size() - Chunk::kSize);
    std::uint64_t low, high;
    std::memcpy(&low, name_.data() + at, 8);
    std::memcpy(&high, name_.data() + at + 8, 8);
    return wide(low, high) >> 8 * (start - at);
  }

  std::string_view name_;
  std::uint64_t dots_ = 0;  // bit 0: the first octet is one
  Wide whole_ = 0;          // of a name of fewer than 16
};

// The same of a name of any length.
class LongName {
 public:
  explicit LongName(std::string_view name) : name_(name) {}

  std::string_view text() const { return name_; }
  std::size_t label_start(std::size_t end) const { return name_.substr(0, end).rfind('.') + 1; }  // npos + 1 is 0
  void begin(SuffixHasher& hasher, std::size_t start) const { hasher.begin(name_.substr(start)); }
  void absorb(SuffixHasher& hasher, std::size_t start, std::size_t end) const { hasher.absorb(name_.substr(start, end - start)); }

 private:
  std::string_view name_;
};

// use(name): with one of the two ways to read it. Of an empty one, and of one that is too long to be listed, nothing.
template <typename Use>
[[gnu::always_inline]] inline void read_name(std::string_view name, Use use) {
  constexpr std::size_t kLongest = 253;
  if (name.empty()) [[unlikely]] return;
  if (name.size() <= ShortName::kMost) [[likely]] return use(ShortName(name));
  if (name.size() <= kLongest) use(LongName(name));
}
// Of how many labels the home is; of a name that has fewer it is the whole.
inline std::size_t home_labels(const PlainName& name) {
  return is_short_end(name.ends[0], std::size_t{name.ends[1]} - name.ends[0]) ? 3 : 2;
}
template <typename Name>
[[gnu::always_inline]] inline NameHome home_of_name(const Name& name) {
  return home_of(name.text().size(), [&](std::size_t end) { return name.label_start(end); });
}
// visit(start, labels) for the suffixes above the home that have at least so many labels: com, com.cn.
template <typename Name, typename Visit>
[[gnu::always_inline]] inline void visit_above(const Name& name, const NameHome& home, std::uint16_t min_labels, Visit visit) {
  std::size_t end = name.text().size();
  for (std::uint16_t labels = 1; labels < home.labels; ++labels) {
    const std::size_t start = name.label_start(end);
    if (start == end) return;  // an empty label: no name that could be listed
    if (labels >= min_labels) visit(start, labels);
    end = start - 1;
  }
}

}  // namespace telefence
