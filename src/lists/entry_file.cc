// SPDX-License-Identifier: Apache-2.0
#include "lists/entry_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

constexpr std::size_t kBufferBytes = 1u << 20;
constexpr std::size_t kLongestOpLine = kBufferBytes / 2;  // of a line of 64 KiB, each octet escaped

// In front of the texts. Only read by the process that wrote it.
struct Head {
  std::uint64_t line;
  std::uint64_t id;
  std::int64_t expires_s;
  std::uint32_t file;
  std::uint16_t value, name, source;
  std::uint8_t action;
  std::uint8_t kind, sides, category, tier, flags;
};
// Most entries have none of these: then the head ends before.
struct ShortHead {
  std::uint32_t line;
  std::uint32_t file;
  std::uint16_t value;
  std::uint8_t kind_and_sides, category, tier, flags;
};

enum : std::uint8_t { kSubdomains = 1, kPrefix = 2, kLiteral = 4, kAllow = 8, kShadow = 16, kIsLong = 32, kIsLine = 64 };

struct LineHead {
  std::uint64_t line;
  std::uint32_t file, size;
};

std::uint8_t flags_of(const Signature& signature) {
  return static_cast<std::uint8_t>((signature.subdomains ? kSubdomains : 0) | (signature.prefix ? kPrefix : 0) | (signature.literal ? kLiteral : 0) |
                                   (signature.allow ? kAllow : 0) | (signature.shadow ? kShadow : 0));
}

void set_flags(std::uint8_t flags, Signature& signature) {
  signature.subdomains = (flags & kSubdomains) != 0;
  signature.prefix = (flags & kPrefix) != 0;
  signature.literal = (flags & kLiteral) != 0;
  signature.allow = (flags & kAllow) != 0;
  signature.shadow = (flags & kShadow) != 0;
}

Error failed(const char* what) {
  const std::string why = std::strerror(errno);
  return Error{ErrorCode::kFailed, "the temporary file " + std::string(what) + ": " + why + "; TMPDIR names another folder"};
}

}  // namespace

bool needs_op_line(const Signature& signature) {
  return signature.fold != TextFold::kAll || !signature.words.is_empty() || signature.valid_from_s != 0 || signature.shadow_until_s != 0 ||
         signature.canary != 0 || !signature.campaign.empty() || !signature.note.empty();
}

EntryFile::~EntryFile() {
  if (file_ >= 0) ::close(file_);
}

Result<void> EntryFile::open() {
  const char* wanted = std::getenv("TMPDIR");
  std::string name = std::string(wanted == nullptr || *wanted == '\0' ? "/var/tmp" : wanted) + "/telefence-XXXXXX";
  file_ = mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) return failed("can't be made");
  ::unlink(name.c_str());
  buffer_.resize(kBufferBytes);
  return {};
}

Result<void> EntryFile::flush() {
  for (std::size_t done = 0; done < end_;) {
    const ssize_t count = ::write(file_, buffer_.data() + done, end_ - done);
    if (count < 0 && errno != EINTR) return failed("can't be written");
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  end_ = 0;
  return {};
}

Result<void> EntryFile::append(const Signature& signature, std::uint32_t file, std::uint64_t line) {
  std::string op_line;
  if (needs_op_line(signature)) {
    op_line = to_op_line({Change::Op::kAdd, signature});
    CHECK(op_line.size() <= kLongestOpLine);
  }
  if (end_ + sizeof(Head) + 16384 + op_line.size() > buffer_.size())
    if (const Result<void> written = flush(); !written) return written;
  const auto put = [this](const void* bytes, std::size_t count) {
    std::memcpy(buffer_.data() + end_, bytes, count);
    end_ += count;
  };
  const auto put_text = [&put](const std::string& text) { put(text.data(), text.size()); };
  if (!op_line.empty()) {
    const std::uint8_t flags = kIsLine;
    put(&flags, 1);
    const LineHead head{line, file, static_cast<std::uint32_t>(op_line.size())};
    put(&head, sizeof head);
    put_text(op_line);
    ++count_;
    return {};
  }
  const auto kind = static_cast<std::uint8_t>(signature.kind), sides = static_cast<std::uint8_t>(signature.sides);
  const bool is_short = signature.name.empty() && signature.source.empty() && signature.action.empty() && signature.id == 0 &&
                        signature.expires_s == 0 && line <= UINT32_MAX;
  const auto flags = static_cast<std::uint8_t>(flags_of(signature) | (is_short ? 0 : kIsLong));
  put(&flags, 1);
  CHECK(signature.value.size() <= 8192 && signature.name.size() <= 1024 && signature.source.size() <= 1024 && signature.action.size() <= 255);
  const auto value = static_cast<std::uint16_t>(signature.value.size());
  if (is_short) {
    const ShortHead head{static_cast<std::uint32_t>(line), file, value, static_cast<std::uint8_t>(kind << 4 | sides),
                         static_cast<std::uint8_t>(signature.category), signature.tier, 0};
    put(&head, sizeof head);
    put_text(signature.value);
  } else {
    const Head head{line, signature.id, signature.expires_s, file, value, static_cast<std::uint16_t>(signature.name.size()),
                    static_cast<std::uint16_t>(signature.source.size()), static_cast<std::uint8_t>(signature.action.size()), kind, sides,
                    static_cast<std::uint8_t>(signature.category), signature.tier, 0};
    put(&head, sizeof head);
    put_text(signature.value);
    put_text(signature.name);
    put_text(signature.source);
    put_text(signature.action);
  }
  ++count_;
  return {};
}

Result<void> EntryFile::rewind() {
  if (read_ == 0 && offset_ == 0)
    if (const Result<void> written = flush(); !written) return written;
  offset_ = 0;
  read_ = 0;
  begin_ = end_ = 0;
  return {};
}

// So many bytes from begin_ on. False: the file ends before.
Result<bool> EntryFile::need(std::size_t bytes) {
  if (end_ - begin_ >= bytes) return true;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < bytes) {
    const ssize_t count = ::pread(file_, buffer_.data() + end_, buffer_.size() - end_, static_cast<off_t>(offset_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("can't be read");
    if (count == 0) return false;
    end_ += static_cast<std::size_t>(count);
    offset_ += static_cast<std::uint64_t>(count);
  }
  return true;
}

// One that is kept as an op line.
Result<bool> EntryFile::next_line(StoredEntry& entry) {
  LineHead head{};
  Result<bool> there = need(sizeof head);
  if (!there || !there.value()) return there;
  std::memcpy(&head, buffer_.data() + begin_, sizeof head);
  begin_ += sizeof head;
  there = need(head.size);
  if (!there || !there.value()) return there;
  Result<Change> change = parse_op_line(std::string_view(buffer_.data() + begin_, head.size));
  if (!change.ok()) return change.error();
  begin_ += head.size;
  entry.signature = std::move(change.value().signature);
  entry.file = head.file;
  entry.line = head.line;
  entry.ordinal = read_++;
  return true;
}

Result<bool> EntryFile::next(StoredEntry& entry) {
  if (read_ == count_) return false;
  const auto take = [this](void* to, std::size_t count) {
    std::memcpy(to, buffer_.data() + begin_, count);
    begin_ += count;
  };
  const auto take_text = [this](std::string& text, std::size_t count) {
    text.assign(buffer_.data() + begin_, count);
    begin_ += count;
  };
  Result<bool> there = need(1);
  if (!there || !there.value()) return there;
  Signature& signature = entry.signature;
  std::uint8_t flags = 0;
  take(&flags, 1);
  if ((flags & kIsLine) != 0) return next_line(entry);
  if (needs_op_line(signature)) signature = {};  // the one before
  set_flags(flags, signature);
  const bool is_long = (flags & kIsLong) != 0;
  there = need(is_long ? sizeof(Head) : sizeof(ShortHead));
  if (!there || !there.value()) return there;
  Head head{};
  if (is_long) {
    take(&head, sizeof head);
  } else {
    ShortHead brief{};
    take(&brief, sizeof brief);
    head.line = brief.line;
    head.file = brief.file;
    head.value = brief.value;
    head.kind = static_cast<std::uint8_t>(brief.kind_and_sides >> 4);
    head.sides = brief.kind_and_sides & 15;
    head.category = brief.category;
    head.tier = brief.tier;
  }
  there = need(std::size_t{head.value} + head.name + head.source + head.action);
  if (!there || !there.value()) return there;
  take_text(signature.value, head.value);
  take_text(signature.name, head.name);
  take_text(signature.source, head.source);
  take_text(signature.action, head.action);
  signature.kind = static_cast<SignatureKind>(head.kind);
  signature.sides = static_cast<Signature::Sides>(head.sides);
  signature.category = static_cast<Category>(head.category);
  signature.tier = head.tier;
  signature.id = head.id;
  signature.expires_s = head.expires_s;
  entry.file = head.file;
  entry.line = head.line;
  entry.ordinal = read_++;
  return true;
}

}  // namespace telefence
