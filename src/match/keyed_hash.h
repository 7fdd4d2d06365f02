// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hashes under a secret of this installation, so that nobody outside can make keys that crowd together. They only say where to look: what is
// found is compared whole, so a hit never rests on a hash.
//
// Names are hashed label by label from their end, so that one pass gives the hashes of all suffixes: two multiplications of 64 x 64 to
// 128 bits for each 16 octets of a label. Portable.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/chunk.h"

namespace telefence {

struct TableSecret {
  std::array<std::uint64_t, 8> words;
  friend bool operator==(const TableSecret&, const TableSecret&) = default;
};

// Drawn at the first call, unless one was given before.
const TableSecret& table_secret();
// A secret that was kept, so that tables which were written to disk can be read again. False: too late, another one is in use.
bool use_table_secret(const TableSecret& secret);

struct NameHash {
  std::uint64_t place = 0;  // where to look
  std::uint32_t tag = 0;    // what tells most others there apart
  // Of the part that somebody registers, evil.com or evil.com.cn: the same for all names below. Without a list of public suffixes: two
  // labels, and three where the last two are as short as those of com.cn and co.uk. Of a shorter name its own.
  std::uint32_t home = 0;
  // Without `home`, which nobody keeps: who looks for a name by the hash that he kept finds it.
  friend bool operator==(const NameHash& a, const NameHash& b) { return a.place == b.place && a.tag == b.tag; }
};

class SuffixHasher {
 public:
  static constexpr std::size_t kWhole = 16;  // octets of a label that are hashed at once

  explicit SuffixHasher(const TableSecret& secret) : secret_(secret), a_(secret.words[6]), b_(secret.words[7]) {}

  // From the last label to the first.
  void absorb(std::string_view label) {
    std::string_view left = label;
    for (; left.size() > kWhole; left.remove_prefix(kWhole)) mix(eight(left.data()), eight(left.data() + 8), 0);
    if (left.size() == kWhole) return absorb_end(eight(left.data()), eight(left.data() + 8), label.size());
    const FewOctets few(left);
    absorb_end(few.low, few.high, label.size());
  }
  // The same of a label of at most kWhole octets, as two numbers, the first octet the lowest, zeros behind the last.
  void absorb(std::uint64_t low, std::uint64_t high, std::size_t size) { absorb_end(low, high, size); }

  // Of all labels so far.
  NameHash value() const { return {place(), static_cast<std::uint32_t>(b_ >> 16), home_}; }

 private:
  static std::uint64_t eight(const char* at) {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  static std::uint64_t folded(std::uint64_t x, std::uint64_t y) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  void mix(std::uint64_t first, std::uint64_t second, std::uint64_t size) {
    const std::uint64_t a = folded(a_ ^ first ^ secret_.words[0], second ^ secret_.words[1] ^ size);
    b_ = folded(b_ ^ second ^ secret_.words[2], first ^ secret_.words[3] ^ size << 32) + a_;
    a_ = a;
  }
  std::uint64_t place() const { return a_ ^ (b_ << 32 | b_ >> 32); }

  void absorb_end(std::uint64_t low, std::uint64_t high, std::size_t size) {
    mix(low, high, size);
    ++labels_;
    if (labels_ <= home_labels_) home_ = static_cast<std::uint32_t>(place());
    if (labels_ == 1) last_size_ = size;
    if (labels_ == 2 && last_size_ == 2 && size <= 3) home_labels_ = 3;
  }

  const TableSecret& secret_;
  std::uint64_t a_;
  std::uint64_t b_;
  std::size_t last_size_ = 0;
  std::uint32_t labels_ = 0;
  std::uint32_t home_labels_ = 2;
  std::uint32_t home_ = 0;
};

// Of a whole name.
inline NameHash hash_name(std::string_view name) {
  SuffixHasher hasher(table_secret());
  while (true) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) break;
    hasher.absorb(name.substr(dot + 1));
    name = name.substr(0, dot);
  }
  hasher.absorb(name);
  return hasher.value();
}

// Of numbers.
inline std::uint64_t hash_number(const TableSecret& secret, std::uint64_t value, std::uint32_t more) {
  std::uint64_t mixed = (value ^ secret.words[4]) * 0x9e3779b97f4a7c15 + (more ^ secret.words[5]);
  mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
  mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
  return mixed ^ mixed >> 32;
}

// The same on every node and at every start: for the ids of entries that the centre gave none. The door to xxhash.
std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed);

}  // namespace telefence
