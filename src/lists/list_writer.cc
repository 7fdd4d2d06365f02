// SPDX-License-Identifier: Apache-2.0
#include "lists/list_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace telefence {
namespace {

constexpr std::size_t kFlushAt = 1u << 20;

// Writes beside the file, and takes its place at the end.
class Output {
 public:
  explicit Output(std::string file) : file_(std::move(file)) {}
  ~Output() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!beside_.empty()) ::unlink(beside_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Result<void> open() {
    struct stat there {};
    const bool is_there = ::stat(file_.c_str(), &there) == 0;
    if (file_ == "-") {
      descriptor_ = ::dup(STDOUT_FILENO);
    } else if (is_there && !S_ISREG(there.st_mode)) {
      descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);  // a pipe, a terminal
    } else {
      // A link stays one: the file that it leads to is replaced.
      std::error_code lost;
      if (std::string whole = std::filesystem::canonical(file_, lost).string(); !lost) file_ = std::move(whole);
      beside_ = file_ + ".XXXXXX";
      descriptor_ = mkostemp(beside_.data(), O_CLOEXEC);
      if (descriptor_ < 0) beside_.clear();
      const mode_t mask = ::umask(0);
      ::umask(mask);
      if (descriptor_ >= 0) (void)fchmod(descriptor_, is_there ? there.st_mode & 07777 : 0666 & ~mask);
    }
    return descriptor_ < 0 ? Result<void>(failed()) : Result<void>();
  }
  Result<void> write(std::string& text) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed();
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    text.clear();
    return {};
  }
  Result<void> finish() {
    if (beside_.empty()) return {};
    if (fsync(descriptor_) != 0 || ::rename(beside_.c_str(), file_.c_str()) != 0) return failed();
    beside_.clear();
    return {};
  }

 private:
  Error failed() const { return Error{ErrorCode::kFailed, file_ + ": can't be written: " + std::strerror(errno)}; }

  std::string file_;
  std::string beside_;
  int descriptor_ = -1;
};

// False for what would block when it is read as a plain entry, and is none: shadows, and what is over or has not begun.
bool is_in_force(const Signature& signature, std::int64_t now_s) {
  const bool is_over = signature.expires_s != 0 && signature.expires_s <= now_s;
  return !is_over && !signature.shadow && signature.shadow_until_s <= now_s && signature.valid_from_s <= now_s;
}

Said write_own(const ListFormat& format, const Signature& signature, const WriteTerms& terms, std::string& out) {
  const Signature& common = terms.common;
  const bool means_otherwise = signature.allow != common.allow || signature.action != common.action ||
                               (signature.kind == SignatureKind::kNumber && signature.sides != common.sides);
  if (signature.kind != terms.kind || means_otherwise || (!common.shadow && !is_in_force(signature, terms.now_s))) return Said::kNot;
  Signature alone = signature;
  alone.allow = false;
  return format.write(alone, out);
}

std::string key_of(const Signature& signature) { return static_cast<char>(signature.kind) + signature.value; }

// An entry that lets a value through, and whether the format can say so.
struct Allowed {
  Signature signature;
  bool is_said = false;
};
using AllowedValues = std::unordered_multimap<std::string, Allowed>;

// Those in force: they count, whatever blocks the value (docs/signatures.md).
Result<AllowedValues> allowed_values(Intake& intake, const ListFormat& format, const WriteTerms& terms) {
  AllowedValues values;
  std::string unused;
  const Result<void> gone = intake.each([&](const StoredEntry& entry) -> Result<void> {
    const Signature& signature = entry.signature;
    if (!signature.allow || !is_in_force(signature, terms.now_s)) return {};
    values.emplace(key_of(signature), Allowed{signature, !terms.is_own_list && format.write(signature, unused) != Said::kNot});
    unused.clear();
    return {};
  });
  if (!gone) return gone.error();
  return values;
}

// True when the block would take what another entry of its value lets through.
bool is_allowed(const Signature& block, const AllowedValues& allowed) {
  const auto [begin, end] = allowed.equal_range(key_of(block));
  return std::any_of(begin, end, [&](const auto& one) {
    const Signature& allow = one.second.signature;
    constexpr auto kEither = Signature::Sides::kEither;
    if (allow.sides != kEither && block.sides != kEither && allow.sides != block.sides) return false;
    const bool takes_all = allow.subdomains || !block.subdomains || block.kind != SignatureKind::kDomain;
    return takes_all || !one.second.is_said;
  });
}

}  // namespace

Result<Written> write_list(Intake& intake, const ListFormat& format, const WriteTerms& terms) {
  CHECK(format.write != nullptr && format.head != nullptr);
  AllowedValues allowed;
  if (!format.says_state && intake.summary().meanings > 1) {
    Result<AllowedValues> found = allowed_values(intake, format, terms);
    if (!found) return found.error();
    allowed = std::move(found.value());
  }
  Output output(terms.file);
  if (const Result<void> opened = output.open(); !opened) return opened.error();
  Written written;
  std::string text;
  format.head(text);
  const Result<void> gone = intake.each([&](const StoredEntry& entry) -> Result<void> {
    const Signature& signature = entry.signature;
    Said said = Said::kNot;
    if (!signature.allow && !allowed.empty() && is_allowed(signature, allowed))
      ++written.allowed;
    else if (terms.is_own_list)
      said = write_own(format, signature, terms, text);
    else if (format.says_state || (is_in_force(signature, terms.now_s) && signature.sides == Signature::Sides::kEither))
      said = format.write(signature, text);
    ++(said == Said::kWhole ? written.whole : said == Said::kLess ? written.less : written.left_out);
    if (said == Said::kNot && signature.allow && !terms.common.allow) ++written.unsaid_allows;
    if (said != Said::kNot && terms.is_own_list)
      written.otherwise += signature.category != terms.common.category || signature.tier != terms.common.tier ? 1 : 0;
    if (said != Said::kNot && !format.says_state) written.endless += signature.expires_s != (terms.is_own_list ? terms.common.expires_s : 0) ? 1 : 0;
    return text.size() < kFlushAt ? Result<void>() : output.write(text);
  });
  if (!gone) return gone.error();
  if (written.whole + written.less == 0) return written;  // the file stays as it was
  if (const Result<void> last = output.write(text); !last) return last.error();
  if (const Result<void> done = output.finish(); !done) return done.error();
  return written;
}

}  // namespace telefence
