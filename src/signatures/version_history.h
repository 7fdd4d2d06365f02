// SPDX-License-Identifier: Apache-2.0
#pragma once

// The versions that were in force, to go back to. A version shares its parts with its neighbours, so most cost next to nothing; those
// that alone keep large parts alive are dropped first when the memory for it is used up. Of older ones fewer are kept: some of the last
// minutes, of the last hours and of the last days. Thread of the feed.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "match/layer.h"
#include "match/match_set.h"
#include "signatures/signature_store.h"

namespace telefence {

struct VersionInfo {
  std::uint64_t number = 0;       // counts from 1 since the start
  std::uint64_t sequence = 0;     // of the newest batch of the log in it
  std::int64_t published_s = 0;   // Unix time
  std::string cause;              // "start", "reload", "batch"
  SignatureStore::Counts counts;
};

class VersionHistory {
 public:
  static constexpr std::size_t kMost = 24;

  // bytes: for parts that the newest version does not have.
  explicit VersionHistory(std::size_t bytes) : most_bytes_(bytes) {}

  void add(VersionInfo info, const MatchSetParts& parts);
  // The newest version in other parts, which say the same.
  void replace_newest(const MatchSetParts& parts);
  // nullptr: it was not kept, or never was.
  const MatchSetParts* find(std::uint64_t number) const;
  // The same of what is told of it.
  const VersionInfo* info(std::uint64_t number) const;
  // The newest first.
  std::vector<VersionInfo> list() const;
  // Of parts that the newest version does not have.
  std::size_t extra_bytes() const;

 private:
  struct Kept {
    VersionInfo info;
    MatchSetParts parts;
  };
  const Kept* kept(std::uint64_t number) const;
  void thin_out();
  std::size_t bytes_alone(std::size_t index) const;

  std::size_t most_bytes_;
  std::vector<Kept> kept_;  // the oldest first
};

}  // namespace telefence
