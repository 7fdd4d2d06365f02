// SPDX-License-Identifier: Apache-2.0
#pragma once

// The snapshot that an edge began with, on its disk as it came from Redis: "telefence snapshot 1", a line with the manifest's length,
// the manifest, the chunks. It comes by another name and is renamed when it is whole. Control thread.

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "signatures/snapshot.h"

namespace telefence {

class SnapshotFile {
 public:
  // nullopt: there is none. kInvalid: it is none of ours, or not whole.
  static Result<std::optional<SnapshotFile>> open(const std::string& folder);
  static Result<void> write(const std::string& folder, std::string_view manifest, const std::vector<std::string>& chunks);

  const std::string& manifest() const { return manifest_; }
  // Whether all chunks of the manifest, which is this one read, are there in their length.
  Result<void> refuse_cut_off(const SnapshotManifest& manifest);
  // A chunk of it, as it came.
  Result<std::string> chunk(const SnapshotManifest& manifest, std::size_t index);

 private:
  Result<std::string> at(std::uint64_t offset, std::uint64_t bytes);

  std::ifstream stream_;
  std::uint64_t chunks_at_ = 0;
  std::string manifest_;
};

}  // namespace telefence
