// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether the change log is whole: sequences without a gap, and every batch naming the hash of the one before. Redis tells
// a reader nothing of entries that were trimmed, deleted or replaced. Pure; one thread (the feed's).

#include <cstdint>
#include <string>

#include "signatures/batch.h"
#include "signatures/log_trail.h"

namespace telefence {

class LogOrder {
 public:
  enum class Finding : std::uint8_t {
    kFollows,
    kBeginsLater,  // the first batch of all is not number 1: what was before was trimmed
    kGap,
    kFork,  // names another batch as the one before it
  };

  Finding judge(const Batch& batch) const;
  // The newest entry from now on. `id`: of its stream entry.
  void take(const std::string& id, const Batch& batch);
  // An entry that can't be read: what follows it can't be held against it.
  void take_unreadable(const std::string& id);
  // To an entry of before, which is the newest again.
  void go_back(const std::string& id, const std::string& hash);
  void begin_anew() { *this = LogOrder(); }

  std::uint64_t last() const { return last_; }  // sequence of the newest entry; 0 = none
  const std::string& last_id() const { return last_id_; }
  const std::string& last_hash() const { return last_hash_; }  // "" = not known
  const LogTrail& trail() const { return trail_; }  // entries that were taken one after the other

 private:
  std::uint64_t last_ = 0;
  std::string last_id_ = "0-0";
  std::string last_hash_;
  LogTrail trail_;
};

}  // namespace telefence
