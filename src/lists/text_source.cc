// SPDX-License-Identifier: Apache-2.0
#include "lists/text_source.h"

#include <iconv.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/json_text.h"

namespace telefence {
namespace {

constexpr std::size_t kBufferBytes = 1u << 20;
// Feeds of the whole Internet have some gigabytes. Real lists shrink to a tenth; a run of one letter shrinks to a thousandth.
constexpr UnpackLimits kLimits{64ull << 30, 200};

// In a file that is GB18030 elsewhere. Two octets of such a text may well be UTF-8 by chance; three of each character are not.
bool is_surely_utf8(std::string_view text) {
  bool has_long = false;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    if (!step.valid || step.length == 2) return false;
    has_long = has_long || step.length > 2;
    at += step.length;
  }
  return has_long;
}

// What packs files and is not unpacked here, by the octets that its files begin with.
struct OtherPacking {
  std::string_view name;
  std::string_view magic;
};
constexpr OtherPacking kOtherPackings[] = {
    {"bzip2", "BZh"}, {"xz", {"\xFD" "7zXZ\0", 6}}, {"zip", {"PK\x03\x04", 4}}, {"zip", {"PK\x05\x06", 4}}, {"7z", "7z\xBC\xAF\x27\x1C"},
    {"rar", "Rar!\x1A\x07"},
};

// Empty: it is no such file. "BZh" alone may as well be a text: its first block, or the end of an empty file, follows the size.
std::string_view other_packing(std::string_view text) {
  for (const OtherPacking& known : kOtherPackings) {
    if (!text.starts_with(known.magic)) continue;
    const std::string_view rest = text.substr(known.magic.size());
    if (known.name != "bzip2" || (rest.size() > 7 && (rest.substr(1, 6) == "1AY&SY" || rest.substr(1, 6) == "\x17rE8P\x90"))) return known.name;
  }
  return {};
}

std::string why_not_unpacked(std::string_view packing) {
  if (packing == "zip")
    return "the file is a zip archive, as .xlsx is too, and only gzip and zstd are unpacked: unpack it, or save the table as CSV (UTF-8)";
  return "the file is packed as " + std::string(packing) + ", and only gzip and zstd are unpacked: unpack it first";
}

}  // namespace

Gb18030::Gb18030() : converter_(iconv_open("UTF-8", "GB18030")) {}
Gb18030::~Gb18030() {
  if (converter_ != reinterpret_cast<void*>(-1)) iconv_close(converter_);
}

bool Gb18030::convert(std::string_view text, std::string& utf8) {
  if (converter_ == reinterpret_cast<void*>(-1)) return false;
  (void)iconv(converter_, nullptr, nullptr, nullptr, nullptr);
  utf8.resize(text.size() * 3 + 8);  // two octets become at most three, and one stays one
  std::string copy(text);            // iconv wants to be able to write
  char* from = copy.data();
  std::size_t left = copy.size();
  char* to = utf8.data();
  std::size_t room = utf8.size();
  const std::size_t status = iconv(converter_, &from, &left, &to, &room);
  utf8.resize(utf8.size() - room);
  return status != static_cast<std::size_t>(-1) && left == 0;
}

bool is_ascii(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080) != 0) return false;
  }
  for (; at < text.size(); ++at)
    if (static_cast<unsigned char>(text[at]) >= 0x80) return false;
  return true;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    if (!step.valid) return false;
    at += step.length;
  }
  return true;
}

Result<std::unique_ptr<TextSource>> TextSource::open(const std::string& file) {
  Result<std::unique_ptr<ByteSource>> bytes = open_file(file);
  if (!bytes) return Error{bytes.error().code, file + ": " + bytes.error().message};
  return std::make_unique<TextSource>(file == "-" ? "stdin" : file, std::move(bytes.value()));
}

TextSource::TextSource(std::string name, std::unique_ptr<ByteSource> bytes)
    : name_(std::move(name)), unpacker_(std::move(bytes), kLimits), buffer_(kBufferBytes) {}

// Moves what is left to the front and reads behind it.
void TextSource::fill() {
  if (is_at_end_ || error_) return;
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const Result<std::size_t> count = unpacker_.read(std::span(buffer_).subspan(end_));
  if (!count) {
    error_ = Error{count.error().code, name_ + ": " + count.error().message};
    return;
  }
  end_ += count.value();
  is_at_end_ = count.value() == 0;
}

std::string_view TextSource::beginning() {
  CHECK(line_ == 0);
  while (!is_begun_ && !is_at_end_ && !error_ && end_ < kBeginning) fill();
  is_begun_ = true;
  std::string_view text(buffer_.data(), std::min(end_, kBeginning));
  if (text.starts_with("\xEF\xBB\xBF")) {
    begin_ = 3;
    text.remove_prefix(3);
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    error_ = Error{ErrorCode::kInvalid, name_ + ": the file is UTF-16: save it as UTF-8"};
    return {};
  }
  // A packed file in a packed one would go round the limits.
  if (unpacker_.packing() != Packing::kNone && (text.starts_with("\x1f\x8b") || text.starts_with("\x28\xb5\x2f\xfd"))) {
    error_ = Error{ErrorCode::kInvalid, name_ + ": the file is packed twice: unpack it once"};
    return {};
  }
  if (const std::string_view packing = other_packing(text); !packing.empty()) {
    error_ = Error{ErrorCode::kInvalid, name_ + ": " + why_not_unpacked(packing)};
    return {};
  }
  // Whole lines only: a character may be cut at the end. A document may well be a single line.
  const bool is_whole = is_at_end_ && end_ <= kBeginning;
  if (const std::size_t last = text.rfind('\n'); !is_whole && last != std::string_view::npos) text = text.substr(0, last + 1);
  if (is_ascii(text) || is_utf8(text)) return text;
  if (gb18030_ == nullptr) gb18030_ = std::make_unique<Gb18030>();
  if (!gb18030_->convert(text, converted_)) return text;
  is_gb18030_ = true;
  return converted_;
}

// The next line of the buffer, as it is. What is too long is cut.
std::string_view TextSource::take_line() {
  for (std::size_t seen = 0;;) {
    const char* start = buffer_.data() + begin_;
    const void* found = std::memchr(start + seen, '\n', end_ - begin_ - seen);
    if (found != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - start);
      begin_ += length + 1;
      is_cut_ = length > kLongestLine;
      return {start, std::min(length, kLongestLine)};
    }
    seen = end_ - begin_;
    if (seen > kLongestLine) break;
    fill();
    if (is_at_end_ || error_) {
      if (end_ - begin_ != seen) continue;
      begin_ = end_;
      return {buffer_.data() + end_ - seen, seen};
    }
  }
  // Longer than any line: its begin is kept aside, and what follows is passed over.
  converted_.assign(buffer_.data() + begin_, kLongestLine);
  is_cut_ = true;
  for (;;) {
    const char* start = buffer_.data() + begin_;
    const void* found = std::memchr(start, '\n', end_ - begin_);
    begin_ = found == nullptr ? end_ : begin_ + static_cast<std::size_t>(static_cast<const char*>(found) - start) + 1;
    if (found != nullptr || is_at_end_ || error_) return converted_;
    fill();
  }
}

std::string_view TextSource::decoded(std::string_view line) {
  is_readable_ = true;
  if (is_ascii(line) || (is_gb18030_ ? is_surely_utf8(line) : is_utf8(line))) return line;
  if (gb18030_ == nullptr) gb18030_ = std::make_unique<Gb18030>();
  std::string utf8;
  if (!is_cut_ && gb18030_->convert(line, utf8)) {
    is_gb18030_ = true;
    converted_ = std::move(utf8);
    return converted_;
  }
  is_readable_ = is_utf8(line);
  return line;
}

bool TextSource::next(std::string_view& line) {
  if (!is_begun_) (void)beginning();
  if (error_) return false;
  if (begin_ == end_) fill();
  if (begin_ == end_ || error_) return false;
  is_cut_ = false;
  ++line_;
  std::string_view raw = take_line();
  if (error_) return false;
  if (raw.ends_with('\r')) raw.remove_suffix(1);
  line = decoded(raw);
  return true;
}

std::size_t TextSource::read(char* to, std::size_t room) {
  if (!is_begun_) (void)beginning();
  if (begin_ == end_) fill();
  if (error_) return 0;
  const std::size_t count = std::min(room, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  // A last line without an end counts as well.
  if (count == 0) line_ += is_inside_line_ ? 1 : 0;
  line_ += static_cast<std::uint64_t>(std::count(to, to + count, '\n'));
  is_inside_line_ = count != 0 && to[count - 1] != '\n';
  return count;
}

}  // namespace telefence
