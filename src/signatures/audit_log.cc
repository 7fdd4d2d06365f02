// SPDX-License-Identifier: Apache-2.0
#include "signatures/audit_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/wall_clock.h"
#include "signatures/words.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

std::string json_text(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The fields of a line that the chain goes by; false when it is no line of an audit file.
struct Links {
  std::string what, prev, before;
};
bool read_links(const std::string& line, Links& out) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  const auto text = [&](const char* name, std::string& to) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return false;
    to = found->get<std::string>();
    return true;
  };
  text("before", out.before);
  return text("what", out.what) && text("prev", out.prev);
}

class Chain {
 public:
  // False: `line` is the first that does not fit.
  bool take(const std::string& line) {
    Links links;
    const bool is_line = read_links(line, links);
    const std::string hash = hex_of(sha256(line));
    const bool explains_half = is_line && links.what == "torn" && !half_.empty() && links.prev == half_ && links.before == last_;
    if (!half_.empty() && !explains_half) return false;
    if (explains_half || (is_line && links.prev == last_)) {
      half_.clear();
      last_ = hash;
      return true;
    }
    // Half a line of a writer that was killed: only the next one can tell.
    half_ = hash;
    half_is_line_ = is_line;
    return true;
  }
  bool is_open() const { return !half_.empty(); }
  std::string why() const {
    return half_is_line_ ? "it does not name the hash of the line before it: one of the two was changed, or lines were taken out or put in"
                         : "it is no line of an audit file";
  }
  const std::string& last() const { return last_; }

 private:
  std::string last_;
  std::string half_;  // hash of a line that waits to be explained
  bool half_is_line_ = false;
};

}  // namespace

AuditEntry::AuditEntry(std::string_view what, std::string_view who)
    : at_ms_(now_ms()), fields_("\"who\":" + json_text(who) + ",\"what\":" + json_text(what)) {}

AuditEntry& AuditEntry::text(std::string_view name, std::string_view value) { return json(name, json_text(value)); }
AuditEntry& AuditEntry::number(std::string_view name, std::uint64_t value) { return json(name, std::to_string(value)); }
AuditEntry& AuditEntry::json(std::string_view name, std::string_view value) {
  ((fields_ += ",") += json_text(name) + ":") += value;
  return *this;
}

Error AuditLog::failed(const char* what) const {
  return Error{ErrorCode::kEnvironment, "can't " + std::string(what) + " the audit file " + file_ + ": " + std::strerror(errno)};
}

Result<void> AuditLog::open(const std::string& file, Sync sync) {
  close();
  file_ = file;
  sync_ = sync;
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (descriptor_ < 0) return failed("write");
  return {};
}

void AuditLog::close() {
  if (descriptor_ < 0) return;
  if (is_unsynced_) fdatasync(descriptor_);
  ::close(descriptor_);
  descriptor_ = -1;
  end_ = -1;
  is_unsynced_ = false;
}

// Reads backwards, piece by piece, until the whole last line is there.
Result<void> AuditLog::find_end() {
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) return failed("read");
  if (status.st_size == end_) return {};
  constexpr std::int64_t kPiece = 64 * 1024;
  std::string tail;
  std::int64_t begin = status.st_size;
  const auto has_enough = [&] {
    // Two line ends: of the last line, and of the one before what may be half a line.
    return std::count(tail.begin(), tail.end(), '\n') >= 2 || begin == 0;
  };
  while (!has_enough()) {
    const std::int64_t size = std::min(kPiece, begin);
    std::string piece(static_cast<std::size_t>(size), '\0');
    if (pread(descriptor_, piece.data(), piece.size(), begin - size) != size) return failed("read");
    tail.insert(0, piece);
    begin -= size;
  }
  const std::size_t last_end = tail.rfind('\n');
  const std::string half = last_end == std::string::npos ? tail : tail.substr(last_end + 1);
  torn_hash_ = half.empty() ? "" : hex_of(sha256(half));
  last_hash_.clear();
  if (last_end != std::string::npos) {
    const std::size_t before = last_end == 0 ? std::string::npos : tail.rfind('\n', last_end - 1);
    const std::size_t first = before == std::string::npos ? 0 : before + 1;
    last_hash_ = hex_of(sha256(std::string_view(tail).substr(first, last_end - first)));
  }
  end_ = status.st_size;
  return {};
}

Result<void> AuditLog::write_line(const std::string& text) {
  const ssize_t written = write(descriptor_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) {
    end_ += written;
    is_unsynced_ = true;
    return {};
  }
  const int number = written < 0 ? errno : ENOSPC;
  // Half a line is no line. When it can't be taken back, the next writer finds it.
  if (written > 0 && ftruncate(descriptor_, end_) != 0) end_ = -1;
  errno = number;
  return failed("write");
}

Result<void> AuditLog::append_locked(const AuditEntry& entry) {
  if (auto found = find_end(); !found.ok()) return found;
  const std::string at = "{\"at\":" + json_text(instant_text(entry.at_ms())) + ",";
  if (!torn_hash_.empty()) {
    const AuditEntry torn = AuditEntry("torn", "telefence").text("before", last_hash_);
    const std::string line = at + torn.fields() + ",\"prev\":\"" + torn_hash_ + "\"}";
    if (auto written = write_line("\n" + line + "\n"); !written.ok()) return written;
    torn_hash_.clear();
    last_hash_ = hex_of(sha256(line));
  }
  const std::string line = at + entry.fields() + ",\"prev\":\"" + last_hash_ + "\"}";
  if (auto written = write_line(line + "\n"); !written.ok()) return written;
  last_hash_ = hex_of(sha256(line));
  if (sync_ == Sync::kEachLine && fdatasync(descriptor_) != 0) return failed("write");
  is_unsynced_ &= sync_ != Sync::kEachLine;
  return {};
}

Result<void> AuditLog::append(const AuditEntry& entry) {
  if (descriptor_ < 0) return {};
  if (flock(descriptor_, LOCK_EX) != 0) return failed("lock");
  Result<void> written = append_locked(entry);
  flock(descriptor_, LOCK_UN);
  return written;
}

Result<void> AuditLog::tick() {
  if (descriptor_ < 0 || !is_unsynced_) return {};
  const auto now = std::chrono::steady_clock::now();
  if (now - synced_at_ < std::chrono::seconds(1)) return {};
  synced_at_ = now;
  is_unsynced_ = false;
  return fdatasync(descriptor_) == 0 ? Result<void>() : failed("write");
}

Result<AuditCheck> verify_audit(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{ErrorCode::kEnvironment, "can't read " + file + ": no such file, or no right to read it"};
  AuditCheck check;
  Chain chain;
  std::string line;
  while (std::getline(stream, line)) {
    check.ends_torn = stream.eof();
    if (check.ends_torn) break;
    ++check.lines;
    if (chain.take(line)) continue;
    check.broken_line = check.lines - 1;
    break;
  }
  if (stream.bad()) return Error{ErrorCode::kEnvironment, "can't read " + file};
  if (check.broken_line == 0 && chain.is_open()) check.broken_line = check.lines;
  if (check.broken_line != 0) check.why = chain.why();
  check.head = chain.last();
  return check;
}

}  // namespace telefence
