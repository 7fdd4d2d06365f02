// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/name.h"

#include <bit>
#include <cstring>

namespace telefence::dns {
namespace {

constexpr std::uint8_t kLabelTypeMask = 0xc0;  // RFC 1035, 4.1.4: 00 a label, 11 a pointer, the rest is reserved
constexpr std::uint8_t kPointer = 0xc0;
// Strictly backwards pointers end by themselves, but a chain through a jumbo frame could be thousands long.
constexpr unsigned kMostPointers = 16;

// A dot or backslash among the first `count` octets. Looks at eight at a time where so many are there to be read. At the packet's own
// octets: those of the text were stored a moment ago in other pieces.
bool has_odd_octet(const std::uint8_t* octets, std::size_t count, std::size_t readable) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto holds = [](std::uint64_t eight, std::uint64_t octet) {
    const std::uint64_t zero_where_equal = eight ^ (kEach * octet);
    return ((zero_where_equal - kEach) & ~zero_where_equal & kHigh) != 0;
  };
  std::size_t at = 0;
  for (; at < count && at + 8 <= readable; at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, octets + at, 8);
    static_assert(std::endian::native == std::endian::little);
    if (count - at < 8) eight &= (std::uint64_t{1} << (8 * (count - at))) - 1;
    if (holds(eight, '.') || holds(eight, '\\')) return true;
  }
  for (; at < count; ++at)
    if (octets[at] == '.' || octets[at] == '\\') return true;
  return false;
}

}  // namespace

bool NameText::read(Bytes message, Reader& reader) {
  length_ = 0;
  Reader cursor = reader;
  std::size_t lowest = cursor.position();  // a pointer leads to a prior occurrence, so below where this stretch began
  std::size_t wire = 1;                    // the root label
  unsigned pointers = 0;
  for (;;) {
    const std::uint8_t length = cursor.u8();
    if ((length & kLabelTypeMask) == kPointer) {
      const std::size_t target = static_cast<std::size_t>(length & ~kLabelTypeMask) << 8 | cursor.u8();
      if (!cursor.ok() || target >= lowest || pointers == kMostPointers) return false;
      if (pointers++ == 0) reader = cursor;
      lowest = target;
      cursor = Reader(message);
      cursor.skip(target);
      continue;
    }
    if ((length & kLabelTypeMask) != 0) return false;
    if (length == 0) break;
    wire += std::size_t{1} + length;
    const Bytes label = cursor.bytes(length);
    if (!cursor.ok() || wire > kLongestWire) return false;
    append(label, length + cursor.remaining());
  }
  if (!cursor.ok()) return false;  // the zero was no root label but the end
  if (pointers == 0) reader = cursor;
  return true;
}

// readable: so many octets lie there from the label's first one on.
void NameText::append(Bytes label, std::size_t readable) {
  if (length_ != 0) text_[length_++] = '.';
  std::memcpy(text_.data() + length_, label.data(), label.size());
  if (!has_odd_octet(label.data(), label.size(), readable)) [[likely]] {
    length_ += label.size();
    return;
  }
  for (std::uint8_t octet : label) {
    if (octet == '.' || octet == '\\') {
      text_[length_++] = '\\';
      text_[length_++] = '0';
      text_[length_++] = static_cast<char>('0' + octet / 10);
      text_[length_++] = static_cast<char>('0' + octet % 10);
    } else {
      text_[length_++] = static_cast<char>(octet);
    }
  }
}

void skip_name(Reader& reader) {
  while (reader.ok()) {
    const std::uint8_t length = reader.u8();
    if ((length & kLabelTypeMask) == kPointer) {
      reader.skip(1);
      return;
    }
    if ((length & kLabelTypeMask) != 0) reader.fail();
    if (length == 0) return;
    reader.skip(length);
  }
}

}  // namespace telefence::dns
