// SPDX-License-Identifier: Apache-2.0
#pragma once

// The twin of Reader: writes in network order into bytes it does not own, and refuses to overflow. Failure is sticky: what
// does not fit is not written at all, and ok() says so at the end.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/big_endian.h"
#include "base/bytes.h"

namespace telefence {

class Writer {
 public:
  explicit Writer(MutableBytes bytes) : bytes_(bytes) {}

  bool ok() const { return !failed_; }
  std::size_t size() const { return position_; }
  // 0 once it has failed.
  std::size_t room() const { return bytes_.size() - position_; }
  Bytes written() const { return bytes_.first(position_); }

  void u8(std::uint8_t value) { put(value); }
  void u16(std::uint16_t value) { put(value); }
  void u32(std::uint32_t value) { put(value); }

  // Several numbers one behind the other, of the widths of their types: what costs, the place in the bytes, is kept once for all.
  template <typename... Values>
  void all(Values... values) {
    static_assert((std::is_unsigned_v<Values> && ...));
    constexpr std::size_t kSize = (sizeof(Values) + ...);
    if (kSize > room()) [[unlikely]] return fail();
    std::uint8_t* at = bytes_.data() + position_;
    ((put_big_endian(values, at), at += sizeof(Values)), ...);
    position_ += kSize;
  }

  // What stands there already stays: who writes over what it reads keeps a part of it so.
  void bytes(Bytes view) {
    if (view.size() > room()) [[unlikely]] return fail();
    std::uint8_t* const to = bytes_.data() + position_;
    if (!view.empty() && to != view.data()) std::memcpy(to, view.data(), view.size());
    position_ += view.size();
  }

  void text(std::string_view view) { bytes(as_bytes(view)); }

  void decimal(std::uint64_t value) {
    char digits[20];
    std::size_t count = 0;
    do {
      digits[19 - count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    text({digits + 20 - count, count});
  }

  // Overwrites two bytes written before, for lengths known only at the end. Requires: offset + 2 <= size() or failed.
  void patch_u16(std::size_t offset, std::uint16_t value) {
    if (failed_ || offset + 2 > position_) return fail();
    bytes_[offset] = static_cast<std::uint8_t>(value >> 8);
    bytes_[offset + 1] = static_cast<std::uint8_t>(value);
  }

 private:
  // From here on there is no room, so that nobody has to ask whether it has failed before.
  void fail() {
    failed_ = true;
    bytes_ = bytes_.first(position_);
  }

  template <typename Value>
  void put(Value value) {
    if (sizeof value > room()) [[unlikely]] return fail();
    put_big_endian(value, bytes_.data() + position_);
    position_ += sizeof value;
  }

  MutableBytes bytes_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace telefence
