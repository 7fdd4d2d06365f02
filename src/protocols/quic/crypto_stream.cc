// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/crypto_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

namespace telefence::quic {
namespace {

// In the saved length of a piece.
constexpr unsigned kDoubtful = 0x8000;
static_assert(CryptoStream::kLongest < kDoubtful);

}  // namespace

void CryptoStream::clear() {
  std::fill_n(has_.begin(), words(), 0);
  std::fill_n(doubtful_.begin(), words(), 0);
  end_ = 0;
}

// Bytes of one word of bits, from its place `first` on.
void CryptoStream::put_in_word(std::size_t word, std::size_t first, Bytes bytes, bool is_doubtful, Put& result) {
  std::uint8_t* const place = bytes_.data() + word * kWordBits + first;
  const std::uint64_t ones = bytes.size() == kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << bytes.size()) - 1;
  const std::uint64_t known = has_[word] >> first & ones;
  const std::uint64_t yields = is_doubtful ? 0 : doubtful_[word] >> first & known;
  if (known == 0) {
    std::memcpy(place, bytes.data(), bytes.size());
  } else {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const bool differs = (known >> i & 1) != 0 && place[i] != bytes[i];
      const bool gives_way = (yields >> i & 1) != 0;
      result.conflicts = result.conflicts || differs;
      result.replaces = result.replaces || (differs && gives_way);
      if ((known >> i & 1) == 0 || gives_way) place[i] = bytes[i];
    }
  }
  has_[word] |= ones << first;
  if (is_doubtful)
    doubtful_[word] |= (ones & ~known) << first;
  else
    doubtful_[word] &= ~(ones << first);
  result.is_new = result.is_new || known != ones || yields != 0;
}

CryptoStream::Put CryptoStream::put(std::uint64_t offset, Bytes bytes, bool is_doubtful) {
  Put result;
  const auto start = static_cast<std::size_t>(std::min<std::uint64_t>(offset, kLongest));
  bytes = bytes.first(std::min(bytes.size(), kLongest - start));
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t at = start + done;
    const std::size_t bit = at % kWordBits;
    const std::size_t count = std::min(kWordBits - bit, bytes.size() - done);
    put_in_word(at / kWordBits, bit, bytes.subspan(done, count), is_doubtful, result);
    done += count;
  }
  if (!bytes.empty()) end_ = std::max(end_, start + bytes.size());
  return result;
}

void CryptoStream::doubt_all() { std::copy_n(has_.begin(), words(), doubtful_.begin()); }

bool CryptoStream::has_doubtful() const {
  const auto seen = std::span(doubtful_).first(words());
  return std::any_of(seen.begin(), seen.end(), [](std::uint64_t word) { return word != 0; });
}

// How many bytes from `start` on have this bit.
std::size_t CryptoStream::run_of(const Bits& bits, std::size_t start, bool value) const {
  std::size_t at = start;
  while (at < end_) {
    const std::size_t bit = at % kWordBits;
    const std::uint64_t word = (value ? bits[at / kWordBits] : ~bits[at / kWordBits]) >> bit;
    const auto run = static_cast<std::size_t>(std::countr_one(word));
    at += run;
    if (run < kWordBits - bit) break;
  }
  return std::min(at, end_) - start;
}

Bytes CryptoStream::beginning() const { return Bytes(bytes_).first(run_from(0, true)); }

bool CryptoStream::save(Writer& out) const {
  for (std::size_t at = run_from(0, false); at < end_; at += run_from(at, false)) {
    for (std::size_t left = run_from(at, true); left > 0;) {
      const bool is_doubtful = (doubtful_[at / kWordBits] >> at % kWordBits & 1) != 0;
      const std::size_t length = std::min(left, run_of(doubtful_, at, is_doubtful));
      out.u16(static_cast<std::uint16_t>(at));
      out.u16(static_cast<std::uint16_t>(length | (is_doubtful ? kDoubtful : 0)));
      out.bytes(Bytes(bytes_).subspan(at, length));
      at += length;
      left -= length;
    }
  }
  return out.ok();
}

bool CryptoStream::load(Reader& in) {
  clear();
  while (in.ok() && !in.at_end()) {
    const std::uint16_t offset = in.u16();
    const std::uint16_t length = in.u16();
    const Bytes bytes = in.bytes(length & ~kDoubtful);
    if (in.ok()) (void)put(offset, bytes, (length & kDoubtful) != 0);
  }
  return in.ok();
}

}  // namespace telefence::quic
