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

inline std::size_t count_left_out(const std::vector<Complaint>& complaints) {
  return static_cast<std::size_t>(std::count_if(complaints.begin(), complaints.end(), [](const Complaint& one) { return one.is_left_out; }));
}

class ComplaintList {
 public:
  static constexpr std::size_t kMost = 1000;

  // Appends to `out`; at its end also how many were not shown.
  explicit ComplaintList(std::vector<Complaint>& out) : out_(out) {}
  ~ComplaintList() {
    if (count_ > kMost)
      out_.push_back({"", "", std::to_string(count_ - kMost) + " more complaints are not shown: mend these first", left_out_ != 0});
  }
  ComplaintList(const ComplaintList&) = delete;
  ComplaintList& operator=(const ComplaintList&) = delete;

  void add(Complaint complaint) {
    left_out_ += complaint.is_left_out ? 1 : 0;
    if (++count_ <= kMost) out_.push_back(std::move(complaint));
  }
  void add(std::string where, std::string value, std::string reason) {
    add({std::move(where), std::move(value), std::move(reason)});
  }
  // Those of another list, of which `count` were counted, so many of them left out, and the first kMost kept.
  void add_all(const std::vector<Complaint>& complaints, std::size_t count, std::size_t left_out) {
    const std::size_t before = left_out_;
    for (std::size_t i = 0; i < complaints.size() && i < count && i < kMost; ++i) add(complaints[i]);
    count_ += count - std::min({complaints.size(), count, kMost});
    left_out_ = before + left_out;
  }
  std::size_t count() const { return count_; }
  std::size_t left_out() const { return left_out_; }  // of those

 private:
  std::vector<Complaint>& out_;
  std::size_t count_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace telefence
