// SPDX-License-Identifier: Apache-2.0
#include "match/database_cache.h"

#include <hs/hs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace telefence {
namespace {

constexpr std::array<char, 8> kMagic = {'T', 'F', 'H', 'S', 'D', 'B', '\r', '\n'};
constexpr std::uint32_t kFormat = 1;
constexpr std::string_view kEnding = ".hsdb";
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 32;

struct Head {
  std::array<char, 8> magic = kMagic;
  std::uint32_t format = kFormat;
  std::uint32_t notes_size = 0;
  std::uint64_t database_size = 0;
  std::array<char, 32> key{};
  std::array<std::uint64_t, 2> checksum{};  // of key, notes and database
};
static_assert(std::is_trivially_copyable_v<Head> && sizeof(Head) == 72);

std::array<std::uint64_t, 2> checksum_of(std::string_view key, std::string_view body) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, key.data(), key.size());
  XXH3_128bits_update(&state, body.data(), body.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return {hash.low64, hash.high64};
}

bool is_ours_alone(const std::string& directory) {
  struct stat status{};
  return stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
         status.st_uid == geteuid() && access(directory.c_str(), W_OK | X_OK) == 0;
}

std::optional<std::string> content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

DatabaseCache::DatabaseCache(std::string directory) : directory_(std::move(directory)) {
  if (directory_.empty()) return;
  if (!is_ours_alone(directory_)) directory_.clear();
}

std::string DatabaseCache::key_of(std::string_view content) {
  hs_platform_info_t platform{};
  (void)hs_populate_platform(&platform);
  std::string all = std::string(hs_version()) + '\n' + std::to_string(platform.tune) + '\n' + std::to_string(platform.cpu_features) + '\n';
  all += content;
  const XXH128_hash_t hash = XXH3_128bits(all.data(), all.size());
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return std::string(text.data(), 32);
}

std::string DatabaseCache::path_of(const std::string& key) const { return directory_ + "/" + key + std::string(kEnding); }

std::optional<DatabaseCache::Kept> DatabaseCache::find(const std::string& key) const {
  if (!is_in_use()) return std::nullopt;
  const std::optional<std::string> content = content_of(path_of(key));
  if (!content || content->size() < sizeof(Head)) return std::nullopt;
  Head head;
  std::memcpy(&head, content->data(), sizeof head);
  if (head.magic != kMagic || head.format != kFormat || std::string_view(head.key.data(), head.key.size()) != key) return std::nullopt;
  if (head.database_size > kMostBytes || content->size() != sizeof head + head.notes_size + head.database_size) return std::nullopt;
  const std::string_view body = std::string_view(*content).substr(sizeof head);
  if (head.checksum != checksum_of(key, body)) return std::nullopt;
  Kept kept{.notes = std::string(body.substr(0, head.notes_size))};
  if (head.database_size != 0) {
    hs_database_t* database = nullptr;
    if (hs_deserialize_database(body.data() + head.notes_size, head.database_size, &database) != HS_SUCCESS) return std::nullopt;
    kept.database.reset(database);
  }
  std::error_code ignored;  // in use: it stays
  std::filesystem::last_write_time(path_of(key), std::filesystem::file_time_type::clock::now(), ignored);
  return kept;
}

void DatabaseCache::keep(const std::string& key, const hs_database* database, std::string_view notes) const {
  if (!is_in_use()) return;
  char* bytes = nullptr;
  std::size_t size = 0;
  if (database != nullptr && hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) return;
  std::string body(notes);
  body.append(bytes == nullptr ? "" : bytes, size);
  std::free(bytes);  // Hyperscan's default allocator
  Head head;
  head.notes_size = static_cast<std::uint32_t>(notes.size());
  head.database_size = size;
  std::copy_n(key.begin(), std::min(key.size(), head.key.size()), head.key.begin());
  head.checksum = checksum_of(key, body);
  // A reader never sees half a file; a file that a crash left half written is told by its checksum.
  const std::string unfinished = path_of(key) + "." + std::to_string(getpid());
  bool is_written = false;
  {
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&head), sizeof head);
    file.write(body.data(), static_cast<std::streamsize>(body.size()));
    file.flush();
    is_written = file.good();
  }
  if (!is_written || std::rename(unfinished.c_str(), path_of(key).c_str()) != 0) std::remove(unfinished.c_str());
  drop_oldest();
}

void DatabaseCache::drop_oldest() const {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator entry(directory_, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code gone;
    const fs::file_time_type time = entry->last_write_time(gone);
    if (!gone && entry->path().filename().string().find(kEnding) == 32) files.emplace_back(time, entry->path());
  }
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + kMostFiles < files.size(); ++i) fs::remove(files[i].second, failed);
}

}  // namespace telefence
