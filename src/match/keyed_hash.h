// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hashes under a secret of this installation, so that nobody outside can make keys that crowd together. They only say where to look: what is
// found is compared whole, so a hit never rests on a hash.
//
// Names are hashed label by label from their end, so that one pass gives the hashes of all suffixes: a multiplication of 64 x 64 to
// 128 bits for each 16 octets of a label in each of two halves. Portable, and 12 ns for a name of three labels (perf/match).

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

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
  friend bool operator==(const NameHash&, const NameHash&) = default;
};

class SuffixHasher {
 public:
  explicit SuffixHasher(const TableSecret& secret) : secret_(secret), a_(secret.words[6]), b_(secret.words[7]) {}

  // From the last label to the first.
  void absorb(std::string_view label) {
    const char* at = label.data();
    std::size_t left = label.size();
    for (; left > 16; left -= 16, at += 16) mix(eight(at), eight(at + 8), 0);
    if (left >= 8) return mix(eight(at), eight(at + left - 8), label.size());
    if (left == 0) return mix(0, 0, 0);
    if (left >= 4) return mix(four(at), four(at + left - 4), label.size());
    const std::uint64_t few = static_cast<std::uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
                              static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
                              static_cast<unsigned char>(at[left - 1]);
    mix(few, 0, label.size());
  }

  // Of all labels so far.
  NameHash value() const { return {a_ ^ (b_ << 32 | b_ >> 32), static_cast<std::uint32_t>(b_ >> 16)}; }

 private:
  static std::uint64_t eight(const char* at) {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  static std::uint64_t four(const char* at) {
    std::uint32_t value;
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

  const TableSecret& secret_;
  std::uint64_t a_;
  std::uint64_t b_;
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
