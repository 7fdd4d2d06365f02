// SPDX-License-Identifier: Apache-2.0
#include "protocols/dns/name.h"

#include <cstring>

#include "protocols/dns/plain_name.h"

namespace telefence::dns {
namespace {

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
  Reader ahead = reader;
  if (const std::size_t wire = wire_length(ahead.rest()); wire != 0) [[likely]] return reader.skip(wire);
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
