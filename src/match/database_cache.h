// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compiled Hyperscan databases on disk: compiling a thousand expressions takes seconds, reading them milliseconds. A file is known
// by a key of all that its content depends on; it is believed only when its head, length and checksum are right and Hyperscan
// takes it, else it is as good as not there, and replaced. Nothing is read from or written to a directory that others than its
// owner may write to. Control thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/pattern_compiler.h"

namespace telefence {

class DatabaseCache {
 public:
  static constexpr std::size_t kMostFiles = 32;  // the longest unused go

  // "", or a directory that is not there or can't be used: nothing is kept.
  explicit DatabaseCache(std::string directory);
  bool is_in_use() const { return !directory_.empty(); }

  // `content`: all that the database is made of. The key adds Hyperscan's version and the kind of this processor.
  static std::string key_of(std::string_view content);

  struct Kept {
    HsDatabase database;  // may be null: nothing compiled
    std::string notes;    // as given to keep()
  };
  std::optional<Kept> find(const std::string& key) const;
  void keep(const std::string& key, const hs_database* database, std::string_view notes) const;

 private:
  std::string path_of(const std::string& key) const;
  void drop_oldest() const;
  std::string directory_;
};

}  // namespace telefence
