// SPDX-License-Identifier: Apache-2.0
#pragma once

// One immutable value, replaced while it is read (read-copy-update). Workers call read() and may use the reference until
// their next Readers::quiesce(). One thread publishes; a version is destroyed on that thread once no worker can hold it.

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "publish/readers.h"

namespace telefence {

template <typename T>
class Published {
 public:
  Published(Readers& readers, std::unique_ptr<const T> first)
      : readers_(readers), owner_(std::move(first)), current_(owner_.get()) {}

  const T& read() const { return *current_.load(std::memory_order_seq_cst); }

  // Publisher's thread only. Returns the mark of the grace period: when Readers::is_over(mark), every worker uses `next`.
  std::uint64_t publish(std::unique_ptr<const T> next) {
    current_.store(next.get(), std::memory_order_seq_cst);
    const std::uint64_t mark = readers_.begin_grace();
    retired_.push_back({mark, std::move(owner_)});
    owner_ = std::move(next);
    reclaim();
    return mark;
  }

  // Publisher's thread only: destroys versions that nobody can hold. Returns how many still wait.
  std::size_t reclaim() {
    std::erase_if(retired_, [this](const Retired& old) { return readers_.is_over(old.mark); });
    return retired_.size();
  }

 private:
  struct Retired {
    std::uint64_t mark;
    std::unique_ptr<const T> value;
  };
  Readers& readers_;
  std::unique_ptr<const T> owner_;
  std::atomic<const T*> current_;
  std::vector<Retired> retired_;
};

}  // namespace telefence
