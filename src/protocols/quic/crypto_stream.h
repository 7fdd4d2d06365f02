// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of CRYPTO frames at their offsets, in whatever order and pieces they come; of each byte the first copy stays. Which
// bytes are there is a bit each, so the number of holes costs nothing. As large as servers take before a hello is whole.
//
// Doubtful bytes are of packets that may not have arrived: they stand where no others came, and give way to any that contradict them.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/reader.h"
#include "base/writer.h"

namespace telefence::quic {

class CryptoStream {
 public:
  static constexpr std::size_t kLongest = 16 * 1024;

  void clear();

  struct Put {
    bool conflicts = false;  // a byte that is there already is another one
    bool is_new = false;     // a byte came that was not there, or was doubtful
    bool replaces = false;   // doubtful bytes were other ones
  };
  // What lies beyond kLongest is left out: whoever takes more may still have a hello that ends before it.
  Put put(std::uint64_t offset, Bytes bytes, bool is_doubtful = false);
  // All that are there become doubtful.
  void doubt_all();
  bool has_doubtful() const;

  // From offset 0 to the first hole. Lives until the next put() or clear().
  Bytes beginning() const;

  // Writes the pieces that are there, and reads them back. False: they don't fit, or are none.
  bool save(Writer& out) const;
  bool load(Reader& in);

 private:
  static constexpr std::size_t kWordBits = 64;

  static constexpr std::size_t kWords = kLongest / kWordBits;
  using Bits = std::array<std::uint64_t, kWords>;

  void put_in_word(std::size_t word, std::size_t first, Bytes bytes, bool is_doubtful, Put& result);
  std::size_t run_from(std::size_t start, bool present) const { return run_of(has_, start, present); }
  std::size_t run_of(const Bits& bits, std::size_t start, bool value) const;
  std::size_t words() const { return (end_ + kWordBits - 1) / kWordBits; }

  std::array<std::uint8_t, kLongest> bytes_;
  Bits has_{};
  Bits doubtful_{};  // of those that are there
  std::size_t end_ = 0;  // behind the last byte that is there
};

}  // namespace telefence::quic
