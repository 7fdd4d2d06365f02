// SPDX-License-Identifier: Apache-2.0
#pragma once

// Collects complaints up to a bound, then only counts them: more of one call say nothing new.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "signatures/signature.h"

namespace telefence {

class ComplaintList {
 public:
  static constexpr std::size_t kMost = 1000;

  // Appends to `out`; at its end also how many were not shown.
  explicit ComplaintList(std::vector<Complaint>& out) : out_(out) {}
  ~ComplaintList() {
    if (count_ > kMost)
      out_.push_back({"", "", std::to_string(count_ - kMost) + " more complaints are not shown: mend these first"});
  }
  ComplaintList(const ComplaintList&) = delete;
  ComplaintList& operator=(const ComplaintList&) = delete;

  void add(Complaint complaint) {
    if (++count_ <= kMost) out_.push_back(std::move(complaint));
  }
  void add(std::string where, std::string value, std::string reason) {
    add({std::move(where), std::move(value), std::move(reason)});
  }
  // Those of another list, of which `count` were counted and the first kMost kept.
  void add_all(const std::vector<Complaint>& complaints, std::size_t count) {
    for (std::size_t i = 0; i < complaints.size() && i < count && i < kMost; ++i) add(complaints[i]);
    count_ += count - std::min({complaints.size(), count, kMost});
  }
  std::size_t count() const { return count_; }

 private:
  std::vector<Complaint>& out_;
  std::size_t count_ = 0;
};

}  // namespace telefence
