// SPDX-License-Identifier: Apache-2.0
// Texts longer than one window: what stands in them is found wherever it stands, and nothing else is.
#include "normalise/text_windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>

#include "normalise/normalise.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

std::string times(std::string_view text, std::size_t count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

std::string packed(std::string_view septets) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char septet : septets) {
    bits |= static_cast<std::uint32_t>(septet) << count;
    count += 7;
    if (count < 8) continue;
    out += static_cast<char>(bits & 0xff);
    bits >>= 8;
    count -= 8;
  }
  if (count != 0) out += static_cast<char>(bits);
  return out;
}

std::string ucs2(std::string_view ascii, bool is_little = false) {
  std::string out;
  for (const char c : ascii) out += is_little ? std::string{c, '\0'} : std::string{'\0', c};
  return out;
}

struct Script {
  const char* name;
  TextCoding coding;
  std::string start, filler, marker;  // as octets
  std::u16string folded;
  std::size_t units_of_filler;
};

const Script kScripts[] = {
    {"ASCII", TextCoding::kAscii, "", "x", "WIN a prize", u"win a prize", 1},
    {"GSM 7-bit with escapes", TextCoding::kGsm7, "", "\x1b\x65", "WIN a prize", u"win a prize", 1},
    {"UCS-2", TextCoding::kUcs2, "", std::string("\0y", 2), ucs2("WIN a prize"), u"win a prize", 1},
    {"UCS-2, little-endian", TextCoding::kUcs2, "\xff\xfe", std::string("y\0", 2), ucs2("WIN a prize", true), u"win a prize", 1},
    {"UTF-8", TextCoding::kUtf8, "", "好", "刷单返利", u"刷单返利", 1},
    {"GB 18030, odd", TextCoding::kGb18030, "a", "\xba\xc3", "\xcb\xa2\xb5\xa5\xb7\xb5\xc0\xfb", u"刷单返利", 1},
    {"GB 18030, four octets", TextCoding::kGb18030, "ab", "\x81\x39\xee\x39", "\xcb\xa2\xb5\xa5\xb7\xb5\xc0\xfb", u"刷单返利", 1},
};

bool is_found(const std::string& body, TextCoding coding, std::u16string_view wanted) {
  KeyList keys;
  Event event;
  event.what = Sms{.body = as_bytes(body), .coding = coding};
  Normaliser({}).normalise(std::span(&event, 1), keys);
  EXPECT_EQ(keys.dropped(), 0u);
  return std::any_of(keys.texts().begin(), keys.texts().end(),
                     [&](const TextKey& key) { return key.text.find(wanted) != std::u16string_view::npos; });
}

TEST(TextWindows, APatternIsFoundWhereverItStands) {
  for (const Script& script : kScripts)
    for (const std::size_t before : std::initializer_list<std::size_t>{0, 3000, 3570, 3580, 3583, 3584, 3590, 4080, 4090, 4095, 4096, 4100, 7160, 7170, 7679, 7680, 12000}) {
      const std::string body = script.start + times(script.filler, before) + script.marker + times(script.filler, 5000);
      EXPECT_TRUE(is_found(body, script.coding, script.folded)) << script.name << " behind " << before;
    }
}

TEST(TextWindows, PackedSeptetsAreFoundWhereverTheyStand) {
  for (const std::size_t before : std::initializer_list<std::size_t>{0, 3000, 3576, 3583, 3584, 4090, 4096, 7170, 12000}) {
    const std::string body = packed(times("x", before) + "WIN a prize" + times("y", 5000));
    EXPECT_TRUE(is_found(body, TextCoding::kGsm7Packed, u"win a prize")) << before;
  }
}

TEST(TextWindows, TheLongestBodyThereCanBeIsReadToItsEnd) {
  EXPECT_TRUE(is_found(times("x", 65535 - 11) + "WIN a prize", TextCoding::kAscii, u"win a prize"));
}

// Half a domain is another one.
TEST(TextWindows, NoDomainIsMadeOfTheEndOfAnother) {
  for (std::size_t before = 3500; before < 3600; ++before) {
    const std::string body = times("y ", before / 2) + times(" ", before % 2) + "www.very-good.example.com " + times("z ", 3000);
    KeyList keys;
    Event event;
    event.what = Sms{.body = as_bytes(body), .coding = TextCoding::kAscii};
    Normaliser({}).normalise(std::span(&event, 1), keys);
    ASSERT_FALSE(keys.domains().empty());
    for (const DomainKey& key : keys.domains()) EXPECT_EQ(key.name, "www.very-good.example.com") << before;
  }
}

TEST(TextWindows, AnOrdinaryTextIsOneWindow) {
  EXPECT_EQ(next_text_window(as_bytes(std::string(4096, 'x')), TextCoding::kAscii), 0u);
  EXPECT_EQ(next_text_window(as_bytes(std::string(8192, 'x')), TextCoding::kUcs2), 0u);
  EXPECT_EQ(next_text_window(as_bytes(std::string(3584, 'x')), TextCoding::kGsm7Packed), 0u);
  EXPECT_EQ(next_text_window(as_bytes(std::string(60000, 'x')), TextCoding::kBinary), 0u);
}

}  // namespace
}  // namespace telefence
