// SPDX-License-Identifier: Apache-2.0
#include "protocols/wire/user_data_header.h"

#include <cstdint>

#include "base/reader.h"

namespace telefence::wire {
namespace {

// 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8.
constexpr std::uint8_t kConcatenated = 0x00;
constexpr std::uint8_t kConcatenatedWideReference = 0x08;

void read_element(std::uint8_t identifier, Reader data, SmsPart& part) {
  SmsPart found;
  if (identifier == kConcatenated && data.remaining() == 3) {
    found.reference = data.u8();
  } else if (identifier == kConcatenatedWideReference && data.remaining() == 4) {
    found.reference = data.u16();
  } else {
    return;
  }
  found.total = data.u8();
  found.number = data.u8();
  part = found;
}

}  // namespace

bool read_user_data_header(Bytes user_data, UserDataHeader& header) {
  Reader reader(user_data);
  const std::size_t length = reader.u8();
  Reader elements = reader.child(length);
  if (!reader.ok() || !elements.ok()) return false;
  header = {.length = length + 1, .part = {}};
  while (elements.remaining() >= 2) {
    const std::uint8_t identifier = elements.u8();
    Reader data = elements.child(elements.u8());
    if (!data.ok()) break;
    read_element(identifier, data, header.part);
  }
  return true;
}

}  // namespace telefence::wire
