// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/crypto_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace telefence::quic {

void CryptoStream::clear() {
  std::fill_n(has_.begin(), (end_ + kWordBits - 1) / kWordBits, 0);
  end_ = 0;
}

// Bytes of one word of bits, from its place `first` on.
void CryptoStream::put_in_word(std::size_t word, std::size_t first, Bytes bytes, Put& result) {
  std::uint8_t* const place = bytes_.data() + word * kWordBits + first;
  const std::uint64_t ones = bytes.size() == kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << bytes.size()) - 1;
  const std::uint64_t known = has_[word] >> first & ones;
  if (known == 0) {
    std::memcpy(place, bytes.data(), bytes.size());
  } else {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if ((known >> i & 1) == 0)
        place[i] = bytes[i];
      else if (place[i] != bytes[i])
        result.conflicts = true;
    }
  }
  has_[word] |= ones << first;
  result.is_new = result.is_new || known != ones;
}

CryptoStream::Put CryptoStream::put(std::uint64_t offset, Bytes bytes) {
  Put result;
  const auto start = static_cast<std::size_t>(std::min<std::uint64_t>(offset, kLongest));
  bytes = bytes.first(std::min(bytes.size(), kLongest - start));
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t at = start + done;
    const std::size_t bit = at % kWordBits;
    const std::size_t count = std::min(kWordBits - bit, bytes.size() - done);
    put_in_word(at / kWordBits, bit, bytes.subspan(done, count), result);
    done += count;
  }
  if (!bytes.empty()) end_ = std::max(end_, start + bytes.size());
  return result;
}

// How many bytes from `start` on are all there, or all not.
std::size_t CryptoStream::run_from(std::size_t start, bool present) const {
  std::size_t at = start;
  while (at < end_) {
    const std::size_t bit = at % kWordBits;
    const std::uint64_t word = (present ? has_[at / kWordBits] : ~has_[at / kWordBits]) >> bit;
    const auto run = static_cast<std::size_t>(std::countr_one(word));
    at += run;
    if (run < kWordBits - bit) break;
  }
  return std::min(at, end_) - start;
}

Bytes CryptoStream::beginning() const { return Bytes(bytes_).first(run_from(0, true)); }

bool CryptoStream::save(Writer& out) const {
  for (std::size_t at = run_from(0, false); at < end_;) {
    const std::size_t length = run_from(at, true);
    out.u16(static_cast<std::uint16_t>(at));
    out.u16(static_cast<std::uint16_t>(length));
    out.bytes(Bytes(bytes_).subspan(at, length));
    at += length;
    at += run_from(at, false);
  }
  return out.ok();
}

bool CryptoStream::load(Reader& in) {
  clear();
  while (in.ok() && !in.at_end()) {
    const std::uint16_t offset = in.u16();
    const Bytes bytes = in.bytes(in.u16());
    if (in.ok()) (void)put(offset, bytes);
  }
  return in.ok();
}

}  // namespace telefence::quic
