// SPDX-License-Identifier: Apache-2.0
#pragma once

// A bounded cursor over bytes in network order. Failure is sticky: a read past the end yields zero or an empty view and
// marks the reader failed, so a parser reads on and asks ok() once, before it pushes its first event. Views handed out live
// as long as the bytes that were given to the constructor.

#include <cstddef>
#include <cstdint>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/chunk.h"

namespace telefence {

class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return !failed_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return position_ == bytes_.size(); }
  void fail() {
    failed_ = true;
    position_ = bytes_.size();
  }

  std::uint8_t u8() { return take<std::uint8_t, 1>(); }
  std::uint16_t u16() { return take<std::uint16_t, 2>(); }
  std::uint32_t u24() { return take<std::uint32_t, 3>(); }
  std::uint32_t u32() { return take<std::uint32_t, 4>(); }
  std::uint64_t u64() { return take<std::uint64_t, 8>(); }

  // The next byte without moving; 0 at the end, which is no failure.
  std::uint8_t peek() const { return position_ < bytes_.size() ? bytes_[position_] : std::uint8_t{0}; }

  Bytes bytes(std::size_t length) {
    if (length > remaining()) [[unlikely]] {
      fail();
      return {};
    }
    Bytes view = bytes_.subspan(position_, length);
    position_ += length;
    return view;
  }

  void skip(std::size_t length) { (void)bytes(length); }
  Bytes rest() { return bytes(remaining()); }

  // A reader over the next `length` bytes; it has failed from the start when they are not all there.
  Reader child(std::size_t length) {
    const bool enough = length <= remaining();
    Reader part(bytes(length));
    if (!enough) part.fail();
    return part;
  }

  // The bytes up to `end`, which is consumed but not returned. At most `limit` bytes are searched; fails when absent.
  Bytes until(std::uint8_t end, std::size_t limit) {
    const std::size_t most = limit < remaining() ? limit : remaining();
    const std::size_t length = find_octet(as_text(bytes_.subspan(position_, most)), static_cast<char>(end));
    if (length == std::string_view::npos) [[unlikely]] {
      fail();
      return {};
    }
    const Bytes view = bytes_.subspan(position_, length);
    position_ += length + 1;
    return view;
  }

 private:
  template <typename Value, std::size_t kWidth>
  Value take() {
    if (kWidth > remaining()) [[unlikely]] {
      fail();
      return 0;
    }
    const Value value = big_endian<Value, kWidth>(bytes_.data() + position_);
    position_ += kWidth;
    return value;
  }

  Bytes bytes_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace telefence
