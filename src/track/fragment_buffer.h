// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of one IP packet that comes in fragments, in pages of fixed memory. Their offsets are counted in units of eight octets (RFC 791, 3.2), and
// so is what has come. All pages have one size, so that any packet that gives way makes room for any other, and a part takes a page or
// two wherever in its packet it stands. Small: an empty one holds no page. Worker thread, nothing allocated after construction.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace telefence {

class PagePool {
 public:
  using Page = std::uint32_t;
  static constexpr Page kNone = 0xffffffff;
  static constexpr std::uint32_t kPageBytes = 2048;
  static constexpr std::uint32_t kUnit = 8;
  // Which units of a page have come: one bit each.
  static constexpr std::uint32_t kWordBytes = 64 * kUnit;
  struct Units {
    std::array<std::uint64_t, kPageBytes / kWordBytes> there;
    std::array<std::uint8_t, kPageBytes / kUnit> hops;  // of those that are: left when they came
  };

  // bytes: rounded up to whole pages; at least one. Nothing is touched before it is used.
  explicit PagePool(std::size_t bytes);
  static constexpr std::uint64_t memory_for(std::uint64_t bytes) { return bytes + (bytes + kPageBytes - 1) / kPageBytes * (sizeof(Units) + sizeof(Page)); }

  // kNone when there is none. Of a page nothing has come.
  Page take();
  void give_back(Page page);
  std::uint8_t* bytes(Page page) { return memory_.get() + std::size_t{page} * kPageBytes; }
  Units& units(Page page) { return units_[page]; }
  std::size_t total() const { return std::size_t{count_} * kPageBytes; }

 private:
  std::uint32_t count_;
  std::unique_ptr<std::uint8_t[]> memory_;
  std::unique_ptr<Units[]> units_;
  std::unique_ptr<Page[]> free_;
  std::uint32_t free_count_ = 0;
  std::uint32_t used_first_ = 0;  // pages from here on were never taken
};

class FragmentBuffer {
 public:
  static constexpr std::uint32_t kLongest = 65536;  // of a packet's payload, rounded up to units

  FragmentBuffer() { pages_.fill(PagePool::kNone); }
  FragmentBuffer(const FragmentBuffer&) = delete;
  FragmentBuffer& operator=(const FragmentBuffer&) = delete;

  void release(PagePool& pool);
  // Takes what pages these bytes need. False: there are too few; those that were there are kept. Requires: from < to <= kLongest.
  bool reserve(std::uint32_t from, std::uint32_t to, PagePool& pool);
  // Which copy is kept of octets that come again as other ones: the first, or of those with most hops left the last.
  enum class Keep : std::uint8_t { kFirst, kLast };
  struct Put {
    bool adds = false;       // something was not there
    bool repeats = false;    // something was
    bool displaces = false;  // and was another one, and is kept instead
  };
  // Requires: reserve() of their place, and a whole unit for its offset. What is less than a unit at their end is one.
  Put put(std::uint32_t offset, Bytes bytes, std::uint8_t hops, Keep keep, PagePool& pool);
  // True when some of these bytes have come as other ones. Requires: a whole unit for an offset.
  bool differs(std::uint32_t offset, Bytes bytes, PagePool& pool) const;
  // The most hops that were left of anything between these offsets; 0 when nothing came.
  std::uint8_t most_hops(std::uint32_t from, std::uint32_t to, PagePool& pool) const;
  // What lies behind this offset never came.
  void cut(std::uint32_t end, PagePool& pool);
  // So many units have come, wherever.
  std::uint32_t units() const { return units_; }
  // Where the last one of them ends, as its part said.
  std::uint32_t end() const { return end_; }
  bool has_page(std::uint32_t at) const { return pages_[at / PagePool::kPageBytes] != PagePool::kNone; }
  // Requires: this one has the pages that the other one has, and nothing has come.
  void copy_from(const FragmentBuffer& other, PagePool& pool);
  // Requires: this one has no pages.
  void take_over(FragmentBuffer& other);
  // The bytes from the beginning up to `to`. Requires: all have come.
  void copy(MutableBytes to, PagePool& pool) const;

 private:
  std::array<PagePool::Page, kLongest / PagePool::kPageBytes> pages_;
  std::uint32_t page_end_ = 0;  // behind the last of them
  std::uint32_t units_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace telefence
