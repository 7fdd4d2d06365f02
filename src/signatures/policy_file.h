// SPDX-License-Identifier: Apache-2.0
#pragma once

// The batches that this edge has applied, in a folder of its own, so that it starts with them when Redis can't be reached, and goes on
// from the last one. Records are only appended; each has its length and its hash, and what does not fit them at the end (a writer that
// was killed, a power cut) is cut off: what is left is what was there a moment before. Made anew, the file comes by a new name, is
// written out and then renamed. One process at a time; one thread (the feed's).

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "signatures/whole_file.h"

namespace telefence {

struct StoredBatch {
  std::string id;  // of its stream entry
  std::string header, body, signature;
};

class PolicyFile {
 public:
  PolicyFile() = default;
  ~PolicyFile() { close(); }
  PolicyFile(const PolicyFile&) = delete;
  PolicyFile& operator=(const PolicyFile&) = delete;

  // Makes the folder (one level) and the file when they are not there. kUsage: another process has it.
  Result<void> open(const std::string& folder);
  bool is_open() const { return descriptor_ >= 0; }
  void close();

  struct Loaded {
    std::uint64_t batches = 0;
    std::uint64_t bytes_cut = 0;  // of records that were not whole
    std::string base;             // digest of the snapshot that they lie on; "" = they begin with nothing
  };
  // Reads all records, in the order in which they were applied. To be called once, before append().
  Result<Loaded> load(const std::function<void(const StoredBatch&, const std::string& base)>& take);
  // The same again, of what is there now.
  Result<void> for_each(const std::function<void(const StoredBatch&)>& take) const;
  // In place of all that is there. After an error the file is as it was before.
  Result<void> begin_anew(const std::string& base, std::span<const StoredBatch> batches);

  // The same for another process, which may do so while the owner writes: what is not whole yet is left out, nothing is changed.
  static Result<Loaded> read(const std::string& folder, const std::function<void(const StoredBatch&)>& take);

  // After an error the file is as it was before; the same batch may be appended again.
  Result<void> append(const StoredBatch& batch);
  // Brings to the disk what was appended, at most once a second.
  Result<void> tick();
  std::uint64_t size() const { return end_; }
  // Whether who opens it by its name now finds this file.
  bool is_in_place() const { return telefence::is_in_place(descriptor_, file_); }

 private:
  Result<void> make_file(const std::string& base, std::span<const StoredBatch> batches);
  Error failed(const std::string& what) const;

  std::string folder_, file_;
  int lock_ = -1;
  int descriptor_ = -1;
  std::uint64_t end_ = 0;
  bool is_unsynced_ = false;
  std::chrono::steady_clock::time_point synced_at_;
};

}  // namespace telefence
