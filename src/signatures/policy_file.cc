// SPDX-License-Identifier: Apache-2.0
#include "signatures/policy_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/whole_file.h"

namespace telefence {
namespace {

constexpr std::string_view kTitle = "telefence policy 1\n";
constexpr std::string_view kBase = "base";  // in place of an id: the snapshot that the batches lie on
constexpr std::size_t kHashDigits = 32;
constexpr std::size_t kLargestRecord = 128 * 1024;  // a batch has at most 64 KiB

// "batch <length of what follows the line> <hash>\n"; what follows: "<id> <length of h> <length of b>\n", h, b, s.
std::string record_of(const StoredBatch& batch) {
  std::string payload = batch.id + " " + std::to_string(batch.header.size()) + " " + std::to_string(batch.body.size()) + "\n";
  ((payload += batch.header) += batch.body) += batch.signature;
  std::string record = "batch " + std::to_string(payload.size()) + " " + hex_of(sha256(payload)).substr(0, kHashDigits) + "\n";
  return record += payload;
}

// Whole words of a line, parted by single blanks.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

bool number_of(std::string_view word, std::size_t& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc{} && end == word.data() + word.size();
}

bool parse_payload(const std::string& payload, StoredBatch& out) {
  const std::size_t line = payload.find('\n');
  if (line == std::string::npos) return false;
  const auto words = words_of(std::string_view(payload).substr(0, line));
  std::size_t header = 0, body = 0;
  if (words.size() != 3 || !number_of(words[1], header) || !number_of(words[2], body)) return false;
  if (header > payload.size() || body > payload.size() || line + 1 + header + body > payload.size()) return false;
  out.id = words[0];
  out.header = payload.substr(line + 1, header);
  out.body = payload.substr(line + 1 + header, body);
  out.signature = payload.substr(line + 1 + header + body);
  return true;
}

// One record; its size, 0 when there is none that is whole.
std::size_t read_record(std::istream& stream, StoredBatch& out) {
  std::string line;
  if (!std::getline(stream, line) || stream.eof()) return 0;
  const auto words = words_of(line);
  std::size_t length = 0;
  if (words.size() != 3 || words[0] != "batch" || !number_of(words[1], length) || length > kLargestRecord) return 0;
  std::string payload(length, '\0');
  if (!stream.read(payload.data(), static_cast<std::streamsize>(length))) return 0;
  if (hex_of(sha256(payload)).substr(0, kHashDigits) != words[2] || !parse_payload(payload, out)) return 0;
  return line.size() + 1 + length;
}

// All whole records behind the title, and where they end; nullopt: there is no title.
std::optional<PolicyFile::Loaded> read_records(std::istream& stream, const std::function<void(const StoredBatch&, const std::string& base)>& take,
                                               std::uint64_t& end) {
  std::array<char, kTitle.size()> title{};
  const bool has_title = stream && stream.read(title.data(), title.size()) && std::string_view(title.data(), title.size()) == kTitle;
  if (!has_title) return std::nullopt;
  PolicyFile::Loaded loaded;
  end = kTitle.size();
  StoredBatch batch;
  while (const std::size_t size = read_record(stream, batch)) {
    end += size;
    if (batch.id == kBase) {
      loaded.base = batch.header;
      continue;
    }
    ++loaded.batches;
    take(batch, loaded.base);
  }
  return loaded;
}

}  // namespace

Error PolicyFile::failed(const std::string& what) const {
  return Error{ErrorCode::kEnvironment, "can't " + what + ": " + std::strerror(errno)};
}

void PolicyFile::close() {
  if (descriptor_ >= 0) {
    if (is_unsynced_) fdatasync(descriptor_);
    ::close(descriptor_);
  }
  if (lock_ >= 0) ::close(lock_);
  descriptor_ = lock_ = -1;
  is_unsynced_ = false;
}

// Whole or not at all: an empty file of this name would be one that lost its beginning.
Result<void> PolicyFile::make_file(const std::string& base, std::span<const StoredBatch> batches) {
  std::vector<std::string> records;
  if (!base.empty()) records.push_back(record_of({std::string(kBase), base, "", ""}));
  for (const StoredBatch& batch : batches) records.push_back(record_of(batch));
  std::vector<std::string_view> pieces{kTitle};
  pieces.insert(pieces.end(), records.begin(), records.end());
  return write_whole_file(file_, pieces);
}

Result<void> PolicyFile::begin_anew(const std::string& base, std::span<const StoredBatch> batches) {
  if (Result<void> made = make_file(base, batches); !made.ok()) return made;
  const int fresh = ::open(file_.c_str(), O_RDWR | O_CLOEXEC);
  if (fresh < 0) return failed("write " + file_);
  ::close(descriptor_);
  descriptor_ = fresh;
  is_unsynced_ = false;
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) return failed("read " + file_);
  end_ = static_cast<std::uint64_t>(status.st_size);
  return {};
}

Result<void> PolicyFile::open(const std::string& folder) {
  close();
  folder_ = folder;
  file_ = folder + "/applied.log";
  if (mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) return failed("make the folder " + folder);
  lock_ = ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) return failed("write into the folder " + folder);
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close();
    return Error{ErrorCode::kUsage, "another telefenced uses the folder " + folder + ": give each its own policy.state_dir"};
  }
  Result<void> made;
  if (access(file_.c_str(), F_OK) != 0) made = make_file("", {});
  if (made.ok()) descriptor_ = ::open(file_.c_str(), O_RDWR | O_CLOEXEC);
  if (made.ok() && descriptor_ < 0) made = failed("write " + file_);
  if (!made.ok()) close();
  return made;
}

Result<PolicyFile::Loaded> PolicyFile::read(const std::string& folder, const std::function<void(const StoredBatch&)>& take) {
  const std::string file = folder + "/applied.log";
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{ErrorCode::kEnvironment, "can't read " + file + ": no such file, or no right to read it"};
  std::uint64_t end = 0;
  const std::optional<Loaded> loaded = read_records(stream, [&](const StoredBatch& batch, const std::string&) { take(batch); }, end);
  if (!loaded) return Error{ErrorCode::kInvalid, file + " is no file of applied batches"};
  return *loaded;
}

Result<PolicyFile::Loaded> PolicyFile::load(const std::function<void(const StoredBatch&, const std::string& base)>& take) {
  std::ifstream stream(file_, std::ios::binary);
  const std::optional<Loaded> whole = read_records(stream, take, end_);
  if (!whole) return Error{ErrorCode::kInvalid, file_ + " is no file of applied batches: move it away, and the node reads the log anew"};
  Loaded loaded = *whole;
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) return failed("read " + file_);
  loaded.bytes_cut = static_cast<std::uint64_t>(status.st_size) - end_;
  if (loaded.bytes_cut > 0 && ftruncate(descriptor_, static_cast<off_t>(end_)) != 0) return failed("write " + file_);
  return loaded;
}

Result<void> PolicyFile::for_each(const std::function<void(const StoredBatch&)>& take) const {
  std::ifstream stream(file_, std::ios::binary);
  if (!stream.seekg(static_cast<std::streamoff>(kTitle.size()))) return failed("read " + file_);
  StoredBatch batch;
  std::uint64_t at = kTitle.size();
  while (at < end_) {
    const std::size_t size = read_record(stream, batch);
    if (size == 0) return failed("read " + file_);
    at += size;
    if (batch.id != kBase) take(batch);
  }
  return {};
}

Result<void> PolicyFile::append(const StoredBatch& batch) {
  const std::string record = record_of(batch);
  std::size_t done = 0;
  while (done < record.size()) {
    const ssize_t written = pwrite(descriptor_, record.data() + done, record.size() - done, static_cast<off_t>(end_ + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int number = written < 0 ? errno : ENOSPC;
      // What is left of it when this fails too is cut off at the next start.
      [[maybe_unused]] const int cut = ftruncate(descriptor_, static_cast<off_t>(end_));
      errno = number;
      return failed("write " + file_);
    }
    done += static_cast<std::size_t>(written);
  }
  end_ += record.size();
  is_unsynced_ = true;
  return {};
}

Result<void> PolicyFile::tick() {
  if (descriptor_ < 0 || !is_unsynced_) return {};
  const auto now = std::chrono::steady_clock::now();
  if (now - synced_at_ < std::chrono::seconds(1)) return {};
  synced_at_ = now;
  is_unsynced_ = false;
  return fdatasync(descriptor_) == 0 ? Result<void>() : failed("write " + file_);
}

}  // namespace telefence
