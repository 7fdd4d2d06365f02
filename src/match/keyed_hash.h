// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hashes under a secret of this installation, so that nobody outside can make keys that crowd together. They only say where to look: what is
// found is compared whole, so a hit never rests on a hash.
//
// Names are hashed from their end: first the part that somebody registers, as a whole, then label by label, so that one pass gives the hashes
// of all suffixes from there on. One or two multiplications of 64 x 64 to 128 bits for each 16 octets. Portable.

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

// The part of a name that somebody registers, evil.com or evil.com.cn: the same for all names below it. Without a list of public suffixes: two
// labels, and three where the last two are as short as those of com.cn and co.uk. Of a shorter name all of it.
struct NameHome {
  std::size_t start = 0;
  std::uint16_t labels = 0;
};

inline bool is_short_end(std::size_t last_label, std::size_t second_with_dot) { return last_label == 2 && second_with_dot <= 4; }

// label_start(end): where the label begins that ends before `end`. Requires: size > 0.
template <typename LabelStart>
[[gnu::always_inline]] inline NameHome home_of(std::size_t size, LabelStart label_start) {
  const std::size_t last = label_start(size);
  if (last == 0) return {0, 1};
  const std::size_t second = label_start(last - 1);
  if (second == 0) return {0, 2};
  if (!is_short_end(size - last, last - second)) return {second, 2};
  return {label_start(second - 1), 3};
}

struct NameHash {
  std::uint64_t place = 0;  // where to look
  std::uint32_t tag = 0;    // what tells most others there apart
  std::uint64_t home = 0;   // `place` of its home
  // Without `home`, which nobody keeps: who looks for a name by the hash that he kept finds it.
  friend bool operator==(const NameHash& a, const NameHash& b) { return a.place == b.place && a.tag == b.tag; }
};

class SuffixHasher {
 public:
  static constexpr std::size_t kWhole = 16;  // octets that are hashed at once

  // Of a home alone, to go on from there.
  struct State {
    std::uint64_t a = 0, b = 0;
  };

  explicit SuffixHasher(const TableSecret& secret) : secret_(secret), a_(secret.words[6]), b_(secret.words[7]) {}
  SuffixHasher(const TableSecret& secret, const State& home) : secret_(secret), a_(home.a), b_(home.b), home_(home.a) {}

  // The home, with its dots; then the labels before it, from the last to the first.
  void begin(std::string_view home) {
    absorb(home);
    home_ = a_;
  }
  // The same of a home in whose place, from any of its octets on, kWhole can be read.
  void begin_where_all_is_readable(std::string_view home) {
    const char* at = home.data();
    std::size_t left = home.size();
    if (left > kWhole) {  // apart from the loop, which few need: gcc 12 keeps its products in memory
      mix(eight(at), eight(at + 8), 0);
      at += kWhole;
      left -= kWhole;
      for (; left > kWhole; left -= kWhole, at += kWhole) [[unlikely]] mix(eight(at), eight(at + 8), 0);
    }
    const auto [low, high] = counted(left);
    begin(eight(at) & low, eight(at + 8) & high, home.size());
  }
  // Ones for the first `size` of kWhole octets, as absorb() takes them.
  static std::array<std::uint64_t, 2> counted(std::size_t size) {
    static constexpr std::array<std::uint8_t, 2 * kWhole> kCounted = [] {
      std::array<std::uint8_t, 2 * kWhole> counted{};
      for (std::size_t i = 0; i < kWhole; ++i) counted[i] = 0xff;
      return counted;
    }();
    const auto* const mask = reinterpret_cast<const char*>(kCounted.data()) + kWhole - size;
    return {eight(mask), eight(mask + 8)};
  }
  // kWhole octets of a longer piece, more of which follow.
  void absorb_part(const char* octets) { mix(eight(octets), eight(octets + 8), 0); }
  void absorb(std::string_view label) {
    std::string_view left = label;
    for (; left.size() > kWhole; left.remove_prefix(kWhole)) mix(eight(left.data()), eight(left.data() + 8), 0);
    if (left.size() == kWhole) return mix(eight(left.data()), eight(left.data() + 8), label.size());
    const FewOctets few(left);
    mix(few.low, few.high, label.size());
  }
  // The same of at most kWhole octets, as two numbers, the first octet the lowest, zeros behind the last.
  void begin(std::uint64_t low, std::uint64_t high, std::size_t size) {
    mix(low, high, size);
    home_ = a_;
  }
  void absorb(std::uint64_t low, std::uint64_t high, std::size_t size) { mix(low, high, size); }

  // Of all so far.
  NameHash value() const { return {.place = a_, .tag = static_cast<std::uint32_t>(b_ >> 16), .home = home_}; }
  std::uint64_t home() const { return home_; }
  // Requires: nothing stands before the home.
  State state() const { return {a_, b_}; }

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
  // Two hashes that know nothing of each other, so that who wants only one pays for one.
  void mix(std::uint64_t first, std::uint64_t second, std::uint64_t size) {
    a_ = folded(a_ ^ first ^ secret_.words[0], second ^ secret_.words[1] ^ size);
    b_ = folded(b_ ^ second ^ secret_.words[2], first ^ secret_.words[3] ^ size << 32);
  }

  const TableSecret& secret_;
  std::uint64_t a_;
  std::uint64_t b_;
  std::uint64_t home_ = 0;
};

// Of a whole name. Requires: not empty.
inline NameHash hash_name(std::string_view name) {
  // npos + 1 is 0.
  const auto label_start = [name](std::size_t end) { return name.substr(0, end).rfind('.') + 1; };
  SuffixHasher hasher(table_secret());
  std::size_t start = home_of(name.size(), label_start).start;
  hasher.begin(name.substr(start));
  while (start != 0) {
    const std::size_t end = start - 1;
    start = label_start(end);
    hasher.absorb(name.substr(start, end - start));
  }
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
