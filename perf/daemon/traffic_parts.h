// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kinds of traffic are made of: names, numbers, texts and frames. For traffic*.cc alone.

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "normalise/sms_text.h"
#include "traffic.h"

namespace telefence::perf {

inline constexpr std::uint32_t kSeed = 20261123;
using Random = std::mt19937_64;

// A name that somebody registered: in half of all under .com, a quarter under .com.cn, and a quarter the host of somebody under .top.
// Each is of somebody else, so that no two have a line of a table in common but by chance: the worst case, since real traffic comes back to
// what is in the caches.
inline std::string name_of(std::string_view kind, std::uint64_t number) {
  const std::string owner = std::string(kind) + std::to_string(number);
  switch (number % 4) {
    case 0: return owner + ".com.cn";
    case 1: return "m." + owner + "-vip.top";
    default: return owner + "-online.com";
  }
}
// The i-th listed name, and an innocent one of the same shape.
inline std::string listed_name(std::size_t i) { return name_of("fraud", i * 7919 % 99'999'989); }
inline std::string innocent_name(Random& random) { return "www." + name_of("shop", random() % 100'000'000); }
inline std::string listed_number(std::size_t i) { return "17" + std::to_string(100'000'000 + i * 13 % 899'999'999); }
// The i-th of 100,000 prefixes.
inline std::string listed_prefix(std::size_t i) { return "+8618" + std::to_string(100'000 + i * 7 % 100'000).substr(1); }
inline std::string innocent_number(Random& random) { return "13" + std::to_string(100'000'000 + random() % 899'999'999); }

inline std::string random_case(std::string name, Random& random) {
  for (char& c : name)
    if (c >= 'a' && c <= 'z' && (random() & 1) != 0) c = static_cast<char>(c - 32);
  return name;
}

inline std::string in_labels(std::string_view name) {
  std::string out;
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t dot = std::min(name.find('.', start), name.size());
    out += static_cast<char>(dot - start);
    out += name.substr(start, dot - start);
    start = dot + 1;
  }
  return out + '\0';
}

struct Build {
  std::string out;
  Build& u8(unsigned v) { return out += static_cast<char>(v), *this; }
  Build& u16(unsigned v) { return u8(v >> 8 & 0xff).u8(v & 0xff); }
  Build& u32(std::uint64_t v) { return u16(static_cast<unsigned>(v >> 16 & 0xffff)).u16(static_cast<unsigned>(v & 0xffff)); }
  Build& text(std::string_view v) { return out += v, *this; }
  Build& zeros(std::size_t n) { return out.append(n, '\0'), *this; }
};

// The ends of a packet and its place in the stream.
struct Ends {
  explicit Ends(Random& random)
      : source(0x0a000000 | static_cast<std::uint32_t>(random() & 0xffffff)),
        destination(0xc0000000 | static_cast<std::uint32_t>(random() & 0xffff)),
        port(static_cast<std::uint16_t>(1024 + random() % 60000)),
        sequence(static_cast<std::uint32_t>(random())),
        acknowledgement(static_cast<std::uint32_t>(random())) {}
  std::uint32_t source, destination;
  std::uint16_t port;
  std::uint32_t sequence, acknowledgement;
  bool is_back = false;  // from the server, whose ends these are all the same
};

// A frame with one message. Ends in IPv6 are those of IPv4 behind 2001:db8::.
void add_frame(Traffic& traffic, bool tcp, unsigned port, std::string_view payload, const Ends& ends);

inline void add_frame(Traffic& traffic, bool tcp, unsigned port, std::string_view payload, Random& random) {
  add_frame(traffic, tcp, port, payload, Ends(random));
}

// Calls `one(blocked, i, random)` for each packet.
inline Traffic make(const Sizes& sizes, const std::function<void(Traffic&, bool, std::size_t, Random&)>& one) {
  Random random(kSeed);
  Traffic traffic{.carrier = sizes.carrier};
  traffic.bytes.reserve(sizes.packets * 300);
  for (std::size_t i = 0; i < sizes.packets; ++i) {
    const bool blocked = static_cast<double>(random() % 1'000'000) < sizes.blocked * 1'000'000;
    one(traffic, blocked, random(), random);
    traffic.blocked.push_back(blocked);
  }
  return traffic;
}

inline std::string any_name(const Sizes& sizes, bool blocked, std::size_t i, Random& random) {
  return blocked ? "www." + listed_name(i % sizes.domains) : innocent_name(random);
}

// The 3,755 characters of GB 2312's first level, those of everyday Chinese. A pattern is four of a range of rarer ones, so innocent
// texts never hit.
inline const std::u16string& everyday_characters() {
  static const std::u16string all = [] {
    std::vector<std::uint8_t> octets;
    for (unsigned lead = 0xb0; lead <= 0xd7; ++lead)
      for (unsigned trail = 0xa1; trail <= (lead == 0xd7 ? 0xf9u : 0xfeu); ++trail)
        octets.push_back(static_cast<std::uint8_t>(lead)), octets.push_back(static_cast<std::uint8_t>(trail));
    std::u16string units(octets.size() / 2, u'\0');
    CHECK(decode_sms(octets, TextCoding::kGb18030, units) == 3755);
    return units;
  }();
  return all;
}
inline constexpr unsigned kListedFirst = 0x6e00, kListedCount = 1000;

inline std::u16string listed_text(std::size_t i) {
  Random random(i * 977 + 5);
  std::u16string text;
  for (int n = 0; n < 4; ++n) text += static_cast<char16_t>(kListedFirst + random() % kListedCount);
  return text;
}

// As a rule with gaps it is the first two characters, the other two in either order, five digits; and what it finds.
inline std::u16string text_in_gaps(std::u16string_view listed) {
  std::u16string text(listed.substr(0, 2));
  text.append(3, everyday_characters()[0]).append(listed.substr(2)).append(2, everyday_characters()[0]).append(u"86753");
  return text;
}

inline std::string utf8(std::u16string_view text) {
  std::string out;
  for (const char16_t c : text) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
  return out;
}

}  // namespace telefence::perf
