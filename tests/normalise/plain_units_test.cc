// SPDX-License-Identifier: Apache-2.0
// The fast ways through a text against the plainest one, which takes unit by unit.
#include "normalise/plain_units.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "normalise/normalise.h"
#include "normalise/sms_text.h"
#include "normalise/tables.h"

namespace telefence {
namespace {

struct AnyWay {
  ~AnyWay() { force_plain_unit_way(plain_unit_ways() - 1); }
};

std::string big_endian_octets(std::u16string_view text) {
  std::string out;
  for (const char16_t unit : text) {
    out += static_cast<char>(unit >> 8);
    out += static_cast<char>(unit & 0xff);
  }
  return out;
}

std::string folded(std::u16string text) {
  text.resize(fold_units(text));
  return big_endian_octets(text);
}

// All that is made of the body, for comparison.
using Made = std::vector<std::tuple<std::string, std::string>>;
Made made_of(std::string_view body) {
  Event event;
  event.what = Sms{.body = as_bytes(body), .coding = TextCoding::kUcs2};
  static KeyList list;  // megabytes
  list.clear();
  Normaliser({}).normalise(std::span(&event, 1), list);
  Made made;
  for (const DomainKey& key : list.domains()) made.emplace_back("domain", std::string(key.name));
  for (const UrlKey& key : list.urls()) made.emplace_back("url", std::string(key.url));
  for (const TextKey& key : list.texts()) {
    made.emplace_back(key.is_swapped ? "swapped text" : "text", big_endian_octets(key.text));
    made.emplace_back("body", std::string(as_text(key.body)));
  }
  EXPECT_EQ(list.dropped(), 0u);
  return made;
}

// A text of units of all kinds: mostly plain ones, so that runs of them come in every length.
std::u16string any_text(std::mt19937& random) {
  constexpr std::u16string_view kSpecial =
      u" ._-*|~^`'\"/\\+=#信vV。．｡，【】：＠@:/?Ａａ臺灣貸\u200b\ufeff\ufffe\xd835\xdc00\xd83d\xde00\xdfff";
  std::u16string text;
  const std::size_t length = random() % 200;
  const std::size_t plain_of_256 = random() % 257;
  while (text.size() < length) {
    if (random() % 256 < plain_of_256)
      text += random() % 4 == 0 ? static_cast<char16_t>(u'a' + random() % 26) : static_cast<char16_t>(0x4e00 + random() % 0x5200);
    else if (random() % 64 == 0)
      text += u"www.evil.cn/a";
    else
      text += random() % 4 == 0 ? static_cast<char16_t>(random()) : kSpecial[random() % kSpecial.size()];
  }
  return text;
}

TEST(PlainUnits, EveryWayKnowsTheSameUnits) {
  const AnyWay afterwards;
  std::u16string all(0x10000, u'\0');
  for (std::size_t unit = 0; unit < all.size(); ++unit) all[unit] = static_cast<char16_t>(unit);
  for (int way = 1; way < plain_unit_ways(); ++way) {
    force_plain_unit_way(way);
    for (std::size_t size = 0; size <= kMostPlainBits; ++size) {
      for (std::size_t start = 0; start + size <= all.size(); start += std::max<std::size_t>(size, 1)) {
        std::uint64_t expected = 0;
        for (std::size_t i = 0; i < size; ++i) expected |= std::uint64_t{folds_to_itself(all[start + i])} << i;
        ASSERT_EQ(plain_bits(std::u16string_view(all).substr(start, size)), expected)
            << "way " << way << ", " << size << " units from " << start;
      }
    }
  }
  force_plain_unit_way(0);
  EXPECT_EQ(plain_bits(std::u16string_view(u"贷款")), 0u);
}

// Each unit by itself, and wherever in a plain text a stride or the rest of it begins and ends.
TEST(PlainUnits, EveryUnitInAPlainTextGivesTheSameKeys) {
  const AnyWay afterwards;
  const std::u16string plain(70, u'贷');
  for (std::uint32_t unit = 0; unit < 0x10000; ++unit) {
    std::u16string text = unit % 2 == 0 ? plain : std::u16string(u"贷款");
    text[unit * 31 % text.size()] = static_cast<char16_t>(unit);
    const std::string body = big_endian_octets(text);
    force_plain_unit_way(0);
    const Made expected = made_of(body);
    for (int way = 1; way < plain_unit_ways(); ++way) {
      force_plain_unit_way(way);
      ASSERT_EQ(made_of(body), expected) << std::hex << unit << " by way " << way;
    }
  }
}

TEST(PlainUnits, RandomTextsGiveTheSameKeysEachWay) {
  const AnyWay afterwards;
  std::mt19937 random(20261127);
  std::size_t decoded_at_once = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::u16string text = any_text(random);
    std::string body = big_endian_octets(text);
    if (random() % 8 == 0) body += 'x';  // half a unit
    if (random() % 64 == 0) body.insert(0, random() % 2 == 0 ? "\xff\xfe" : "\xfe\xff");
    force_plain_unit_way(0);
    const Made expected = made_of(body);
    const std::string expected_fold = folded(text);
    for (int way = 1; way < plain_unit_ways(); ++way) {
      force_plain_unit_way(way);
      ASSERT_EQ(made_of(body), expected) << to_utf8(text) << " by way " << way;
      ASSERT_EQ(folded(text), expected_fold) << to_utf8(text) << " by way " << way;
      std::u16string out(body.size() / 2, u'\0');
      decoded_at_once += decode_plain_ucs2(as_bytes(body), out.data()) ? 1u : 0u;
    }
  }
  EXPECT_GT(decoded_at_once, 100u);
}

TEST(PlainUnits, LongTextsOfOneUnitThatIsNotPlain) {
  const AnyWay afterwards;
  for (std::size_t size : {1u, 15u, 16u, 17u, 63u, 64u, 65u, 80u, 4095u, 4096u, 4097u, 9000u}) {
    std::u16string text(size, u'贷');
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      for (const char16_t unit : {u'貸', u'。', u'款'}) {
        std::u16string other = text;
        other[at] = unit;
        const std::string body = big_endian_octets(other);
        force_plain_unit_way(0);
        const Made expected = made_of(body);
        for (int way = 1; way < plain_unit_ways(); ++way) {
          force_plain_unit_way(way);
          ASSERT_EQ(made_of(body), expected) << size << " units, another at " << at << ", way " << way;
        }
      }
    }
  }
}

}  // namespace
}  // namespace telefence
