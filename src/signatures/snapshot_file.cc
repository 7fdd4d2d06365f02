// SPDX-License-Identifier: Apache-2.0
#include "signatures/snapshot_file.h"

#include <charconv>

#include "signatures/whole_file.h"

namespace telefence {
namespace {

constexpr std::string_view kTitle = "telefence snapshot 1\n";
std::string file_in(const std::string& folder) { return folder + "/snapshot"; }

Error cut_off() { return {ErrorCode::kInvalid, "the snapshot on disk is cut off"}; }

}  // namespace

Result<std::optional<SnapshotFile>> SnapshotFile::open(const std::string& folder) {
  SnapshotFile out;
  out.stream_.open(file_in(folder), std::ios::binary);
  if (!out.stream_) return std::optional<SnapshotFile>();
  std::string title, length;
  std::size_t bytes = 0;
  std::getline(out.stream_, title);
  std::getline(out.stream_, length);
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (title + "\n" != kTitle || error != std::errc{} || end != length.data() + length.size() || bytes > kMaxManifestBytes)
    return Error{ErrorCode::kInvalid, file_in(folder) + " is no snapshot: move it away, and the node takes one from Redis"};
  const std::uint64_t head = kTitle.size() + length.size() + 1;
  Result<std::string> manifest = out.at(head, bytes);
  if (!manifest.ok()) return manifest.error();
  out.chunks_at_ = head + bytes;
  out.manifest_ = std::move(manifest.value());
  return std::optional<SnapshotFile>(std::move(out));
}

Result<std::string> SnapshotFile::at(std::uint64_t offset, std::uint64_t bytes) {
  std::string out(bytes, '\0');
  if (!stream_.seekg(static_cast<std::streamoff>(offset)) || !stream_.read(out.data(), static_cast<std::streamsize>(bytes))) return cut_off();
  return out;
}

Result<std::string> SnapshotFile::chunk(const SnapshotManifest& manifest, std::size_t index) {
  std::uint64_t offset = chunks_at_;
  for (std::size_t i = 0; i < index; ++i) offset += manifest.chunks[i].bytes;
  return at(offset, manifest.chunks[index].bytes);
}

Result<void> SnapshotFile::refuse_cut_off(const SnapshotManifest& manifest) {
  if (!stream_.seekg(0, std::ios::end) || static_cast<std::uint64_t>(stream_.tellg()) < chunks_at_ + manifest.bytes()) return cut_off();
  return {};
}

Result<void> SnapshotFile::write(const std::string& folder, std::string_view manifest, const std::vector<std::string>& chunks) {
  const std::string head = std::string(kTitle) + std::to_string(manifest.size()) + "\n" + std::string(manifest);
  std::vector<std::string_view> pieces{head};
  pieces.insert(pieces.end(), chunks.begin(), chunks.end());
  return write_whole_file(file_in(folder), pieces);
}

}  // namespace telefence
