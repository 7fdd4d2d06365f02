// SPDX-License-Identifier: Apache-2.0
#include "track/fragment_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace telefence {
namespace {

constexpr std::uint32_t kPage = PagePool::kPageBytes;
constexpr std::uint32_t kUnit = PagePool::kUnit;
constexpr std::uint32_t kWord = PagePool::kWordBytes;

// A stretch of bytes within one word of units.
struct Stretch {
  std::uint32_t from = 0, to = 0;
  std::uint64_t mask = 0;  // their units

  std::size_t page() const { return from / kPage; }
  std::size_t word() const { return from % kPage / kWord; }
};

std::uint64_t lowest(std::uint32_t bits) { return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1; }

Stretch stretch_at(std::uint32_t from, std::uint32_t end) {
  const std::uint32_t to = std::min(end, (from / kWord + 1) * kWord);
  const std::uint32_t first = from % kWord / kUnit;
  const std::uint32_t behind = (to - from / kWord * kWord + kUnit - 1) / kUnit;
  return {from, to, lowest(behind) & ~lowest(first)};
}

// Of the lowest of these units, in bytes from the stretch's beginning.
std::uint32_t place_of(std::uint64_t units, const Stretch& stretch) {
  return (static_cast<std::uint32_t>(std::countr_zero(units)) - stretch.from % kWord / kUnit) * kUnit;
}

}  // namespace

PagePool::PagePool(std::size_t bytes)
    : count_(static_cast<std::uint32_t>(std::max<std::size_t>((bytes + kPageBytes - 1) / kPageBytes, 1))),
      memory_(std::make_unique_for_overwrite<std::uint8_t[]>(total())),
      units_(std::make_unique_for_overwrite<Units[]>(count_)),
      free_(std::make_unique_for_overwrite<Page[]>(count_)) {}

PagePool::Page PagePool::take() {
  if (free_count_ == 0 && used_first_ == count_) return kNone;
  const Page page = free_count_ != 0 ? free_[--free_count_] : used_first_++;
  units_[page].there.fill(0);
  return page;
}

void PagePool::give_back(Page page) {
  DCHECK(free_count_ < count_);
  free_[free_count_++] = page;
}

void FragmentBuffer::release(PagePool& pool) {
  for (std::uint32_t at = 0; at < page_end_; ++at) {
    if (pages_[at] != PagePool::kNone) pool.give_back(pages_[at]);
    pages_[at] = PagePool::kNone;
  }
  page_end_ = units_ = end_ = 0;
}

bool FragmentBuffer::reserve(std::uint32_t from, std::uint32_t to, PagePool& pool) {
  DCHECK(from < to && to <= kLongest);
  for (std::uint32_t at = from / kPage; at <= (to - 1) / kPage; ++at) {
    if (pages_[at] != PagePool::kNone) continue;
    pages_[at] = pool.take();
    if (pages_[at] == PagePool::kNone) return false;
    page_end_ = std::max(page_end_, at + 1);
  }
  return true;
}

FragmentBuffer::Put FragmentBuffer::put(std::uint32_t offset, Bytes bytes, std::uint8_t hops, Keep keep, PagePool& pool) {
  Put done;
  const auto end = static_cast<std::uint32_t>(offset + bytes.size());
  for (Stretch part = stretch_at(offset, end); part.from < end; part = stretch_at(part.to, end)) {
    const PagePool::Page page = pages_[part.page()];
    PagePool::Units& units = pool.units(page);
    std::uint64_t& here = units.there[part.word()];
    std::uint8_t* const there = pool.bytes(page) + part.from % kPage;
    const std::uint8_t* const given = bytes.data() + (part.from - offset);
    const std::uint64_t known = here & part.mask;
    if (known == 0) {
      std::memcpy(there, given, part.to - part.from);
      std::fill_n(units.hops.begin() + part.from % kPage / kUnit, std::popcount(part.mask), hops);
    }
    for (std::uint64_t left = known == 0 ? 0 : part.mask; left != 0; left &= left - 1) {
      const std::uint32_t at = place_of(left, part), size = std::min(kUnit, part.to - part.from - at);
      std::uint8_t& hops_there = units.hops[(part.from % kPage + at) / kUnit];
      if ((left & -left & known) != 0) {
        const bool is_other = std::memcmp(there + at, given + at, size) != 0;
        if (!is_other) hops_there = std::max(hops_there, hops);
        if (!is_other || keep == Keep::kFirst || hops < hops_there) continue;
        done.displaces = true;
      }
      std::memcpy(there + at, given + at, size);
      hops_there = hops;
    }
    done.repeats |= known != 0;
    done.adds |= known != part.mask;
    units_ += static_cast<std::uint32_t>(std::popcount(part.mask & ~here));
    here |= part.mask;
  }
  end_ = std::max(end_, end);
  return done;
}

std::uint8_t FragmentBuffer::most_hops(std::uint32_t from, std::uint32_t to, PagePool& pool) const {
  std::uint8_t most = 0;
  for (Stretch part = stretch_at(from, to); part.from < to; part = stretch_at(part.to, to)) {
    const PagePool::Page page = pages_[part.page()];
    if (page == PagePool::kNone) continue;
    const PagePool::Units& units = pool.units(page);
    for (std::uint64_t known = units.there[part.word()] & part.mask; known != 0; known &= known - 1)
      most = std::max(most, units.hops[(part.from % kPage + place_of(known, part)) / kUnit]);
  }
  return most;
}

void FragmentBuffer::cut(std::uint32_t end, PagePool& pool) {
  const std::uint32_t first = (end + kUnit - 1) / kUnit * kUnit;
  const std::uint32_t behind = (end_ + kUnit - 1) / kUnit * kUnit;
  for (Stretch part = stretch_at(first, behind); part.from < behind; part = stretch_at(part.to, behind)) {
    const PagePool::Page page = pages_[part.page()];
    if (page == PagePool::kNone) continue;
    std::uint64_t& here = pool.units(page).there[part.word()];
    units_ -= static_cast<std::uint32_t>(std::popcount(here & part.mask));
    here &= ~part.mask;
  }
  end_ = std::min(end_, end);
}

bool FragmentBuffer::differs(std::uint32_t offset, Bytes bytes, PagePool& pool) const {
  const auto end = std::min(static_cast<std::uint32_t>(offset + bytes.size()), end_);
  for (Stretch part = stretch_at(offset, end); part.from < end; part = stretch_at(part.to, end)) {
    const PagePool::Page page = pages_[part.page()];
    if (page == PagePool::kNone) continue;
    const std::uint8_t* const there = pool.bytes(page) + part.from % kPage;
    const std::uint8_t* const given = bytes.data() + (part.from - offset);
    for (std::uint64_t known = pool.units(page).there[part.word()] & part.mask; known != 0; known &= known - 1) {
      const std::uint32_t at = place_of(known, part);
      if (std::memcmp(there + at, given + at, std::min(kUnit, part.to - part.from - at)) != 0) return true;
    }
  }
  return false;
}

void FragmentBuffer::copy_from(const FragmentBuffer& other, PagePool& pool) {
  for (std::uint32_t at = 0; at < other.page_end_; ++at) {
    if (other.pages_[at] == PagePool::kNone || pages_[at] == PagePool::kNone) continue;
    std::memcpy(pool.bytes(pages_[at]), pool.bytes(other.pages_[at]), kPage);
    pool.units(pages_[at]) = pool.units(other.pages_[at]);
  }
  units_ = other.units_;
  end_ = other.end_;
}

void FragmentBuffer::take_over(FragmentBuffer& other) {
  pages_ = other.pages_;
  page_end_ = other.page_end_;
  units_ = other.units_;
  end_ = other.end_;
  other.pages_.fill(PagePool::kNone);
  other.page_end_ = other.units_ = other.end_ = 0;
}

void FragmentBuffer::copy(MutableBytes to, PagePool& pool) const {
  for (std::size_t at = 0; at < to.size(); at += kPage)
    std::memcpy(to.data() + at, pool.bytes(pages_[at / kPage]), std::min<std::size_t>(kPage, to.size() - at));
}

}  // namespace telefence
