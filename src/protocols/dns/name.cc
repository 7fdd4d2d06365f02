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
    append(label);
  }
  if (!cursor.ok()) return false;  // the zero was no root label but the end
  if (pointers == 0) reader = cursor;
  return true;
}

void NameText::append(Bytes label) {
  if (length_ != 0) text_[length_++] = '.';
  std::memcpy(text_.data() + length_, label.data(), label.size());
  if (!has_odd_octet(label.size())) [[likely]] {
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

// A dot or backslash among the octets behind length_. Looks at eight at a time, into the buffer's slack behind the label.
bool NameText::has_odd_octet(std::size_t count) const {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto holds = [](std::uint64_t octets, std::uint64_t octet) {
    const std::uint64_t zero_where_equal = octets ^ (kEach * octet);
    return ((zero_where_equal - kEach) & ~zero_where_equal & kHigh) != 0;
  };
  for (std::size_t at = 0; at < count; at += 8) {
    std::uint64_t octets = 0;
    std::memcpy(&octets, text_.data() + length_ + at, 8);
    static_assert(std::endian::native == std::endian::little);
    if (count - at < 8) octets &= (std::uint64_t{1} << (8 * (count - at))) - 1;
    if (holds(octets, '.') || holds(octets, '\\')) return true;
  }
  return false;
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
