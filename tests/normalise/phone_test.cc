// SPDX-License-Identifier: Apache-2.0
#include "normalise/phone.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace telefence {
namespace {

std::string canonical(std::string_view text, std::string_view home = "86") {
  return number_for_people(canonical_number(text, home));
}

TEST(Phone, AllWaysToWriteAMobileFallTogether) {
  for (const char* text : {"+8613812345678", "008613812345678", "8613812345678", "13812345678", "013812345678", "+86 138-1234-5678",
                           "(138) 1234.5678", "+86013812345678", "+008613812345678", "tel:+86-138-1234-5678",
                           "%2B8613812345678", "+8613812345678;phone-context=x", "13812345678@ims.example"})
    EXPECT_EQ(canonical(text), "+8613812345678") << text;
}

// Digits that follow each other are read at once, others one by one: each number in both ways.
TEST(Phone, ReadAtOnceOrDigitByDigitItIsTheSame) {
  std::mt19937 random(31);
  std::size_t mobiles = 0, services = 0, none = 0;
  for (int round = 0; round < 200'000; ++round) {
    constexpr std::string_view kStarts[] = {"", "86", "861", "8613", "13", "1", "86086", "106"};
    std::string text(kStarts[random() % std::size(kStarts)]);
    const std::size_t length = 8 + random() % 10;
    while (text.size() < length) text += static_cast<char>('0' + random() % 10);
    if (random() % 8 == 0) text[random() % text.size()] = static_cast<char>(random() % 256);
    std::string apart = text;
    apart.insert(1 + random() % (text.size() - 1), "-");
    const std::string_view plus = random() % 3 == 0 ? "+" : "";
    for (const NumberForm form : {NumberForm::kAsDialled, NumberForm::kInternational}) {
      const PhoneDigits at_once = canonical_number(std::string(plus) + text, "86", form);
      EXPECT_EQ(at_once, canonical_number(std::string(plus) + apart, "86", form)) << plus << text;
      mobiles += at_once.length == 13 && at_once.value / 10'000'000'000 == 861 ? 1u : 0u;
      services += !at_once.international && at_once.length == text.size() && text.starts_with("106") ? 1u : 0u;
      none += at_once.length == 0 ? 1u : 0u;
    }
  }
  EXPECT_GT(mobiles, 10'000u);
  EXPECT_GT(services, 10'000u);
  EXPECT_GT(none, 10'000u);
}

// A number has one canonical form, whatever was put before it; and that form, read again, stays what it is.
TEST(Phone, ZerosTooManyBeforeANumberDoNotHideIt) {
  for (const char* text : {"00008613812345678", "+860013812345678", "8601381234567800000", "8613812345678", "86013812345678", "+8600013812345678"}) {
    const std::string once = canonical(text);
    EXPECT_EQ(canonical(once), once) << text;
  }
  EXPECT_EQ(canonical("00008613812345678"), "+8613812345678");
  EXPECT_EQ(canonical("+860013812345678"), "+8613812345678");
  EXPECT_EQ(canonical("86013812345678"), "+8613812345678") << "said to be international by its length";
  EXPECT_EQ(canonical("00006000"), "+6000");
  EXPECT_EQ(number_for_people(number_from_text("000086170*", "86").value().digits), "+86170");
}

TEST(Phone, LandlinesWithAreaCodeFallTogether) {
  for (const char* text : {"01065521234", "+861065521234", "861065521234", "00861065521234"})
    EXPECT_EQ(canonical(text), "+861065521234") << text;
  EXPECT_EQ(canonical("057188886666"), "+8657188886666");
  EXPECT_EQ(canonical("8657188886666"), "+8657188886666");
  EXPECT_EQ(canonical("03167654321"), "+863167654321");
}

TEST(Phone, ServiceNumbersStayAsTheyAreDialled) {
  for (const char* text : {"110", "10086", "10010", "95588", "96110", "12381", "12110", "4008001234", "8008101234",
                           "106581234567890", "10690000000000000000", "1065521234", "12306"})
    EXPECT_EQ(canonical(text), text);
  EXPECT_EQ(canonical("+8610086"), "10086");
  EXPECT_EQ(canonical("008695588"), "95588");
  EXPECT_EQ(canonical("86106581234567890"), "106581234567890");
  EXPECT_EQ(canonical("+864008001234"), "4008001234");
}

TEST(Phone, CarrierServiceNumberIsNotAChineseSubscriber) {
  EXPECT_NE(canonical_number("10086", "86"), canonical_number("0086", "86"));
  EXPECT_EQ(canonical("100861381234567").substr(0, 1), "1");
  EXPECT_NE(canonical_number("10086", "86"), canonical_number("0010086", "86"));
  EXPECT_EQ(canonical("8610086"), "8610086");  // may be a local number
}

TEST(Phone, AccessNumbersOfEveryLengthKeepAllTheirDigits) {
  const std::string longest = "10699876543210123456";
  for (std::size_t length = 3; length <= longest.size(); ++length) EXPECT_EQ(canonical(longest.substr(0, length)), longest.substr(0, length));
  EXPECT_EQ(canonical(longest + "7"), "");
}

TEST(Phone, BeijingNumberIsNotA106AccessNumber) {
  EXPECT_NE(canonical_number("+861065521234", "86"), canonical_number("1065521234", "86"));
  EXPECT_NE(canonical_number("010", "86"), canonical_number("10", "86"));
}

TEST(Phone, OtherCountriesNeedPlusOrDoubleZero) {
  EXPECT_EQ(canonical("+85251234567"), "+85251234567");
  EXPECT_EQ(canonical("0085251234567"), "+85251234567");
  EXPECT_EQ(canonical("+14155550100"), "+14155550100");
  EXPECT_EQ(canonical("+447700900123"), "+447700900123");
}

TEST(Phone, WhatIsNoNumberGivesNone) {
  for (const char* text : {"", "alice", "+", "12", "1234567890123456", "+1234567890123456", "138*1234", "106900000000000000001",
                           "999999999999999999999999999999", ";x", "@host"})
    EXPECT_EQ(canonical_number(text, "86").length, 0) << text;
}

TEST(Phone, OtherHomeCountries) {
  EXPECT_EQ(canonical("91234567", "852"), "+85291234567");
  EXPECT_EQ(canonical("85291234567", "852"), "+85291234567");
  EXPECT_EQ(canonical("07700900123", "44"), "+447700900123");
  EXPECT_EQ(canonical("999", "44"), "999");
}

TEST(PhoneText, PrefixesKeepTheirMeaning) {
  const auto prefix = [](std::string_view text) {
    const NumberPattern pattern = number_from_text(text, "86").value();
    EXPECT_TRUE(pattern.prefix) << text;
    return number_for_people(pattern.digits);
  };
  EXPECT_EQ(prefix("+86170*"), "+86170");
  EXPECT_EQ(prefix("86170*"), "+86170");
  EXPECT_EQ(prefix("170*"), "+86170");
  EXPECT_EQ(prefix("0571*"), "+86571");
  EXPECT_EQ(prefix("1069*"), "1069");
  EXPECT_EQ(prefix("95*"), "95");
  EXPECT_EQ(prefix("400*"), "400");
  EXPECT_EQ(prefix("+44*"), "+44");
  EXPECT_EQ(prefix("0044*"), "+44");
}

TEST(PhoneText, MistakesAreErrors) {
  for (const char* text : {"", " ", "*", "1*", "13*8", "abc", "+86+1", "123456789012345678901", "12"})
    EXPECT_FALSE(number_from_text(text, "86").ok()) << text;
}

std::string mistake(std::string_view text) {
  const auto made = number_from_text(text, "86");
  if (!made.ok()) return made.error().message;
  return "taken as " + number_for_people(made.value().digits) + (made.value().prefix ? "*" : "");
}

TEST(PhoneText, RangesAreRefusedWithThePrefixesThatWouldBeRight) {
  EXPECT_EQ(mistake("13800000009-13800000001"), "a range begins with its lower end: 13800000001-13800000009");
  EXPECT_EQ(mistake("+8613800000009 - +8613800000001"), "a range begins with its lower end: +8613800000001-+8613800000009");
  EXPECT_EQ(mistake("13800000000-0999"), "a range needs both ends whole: 13800000000-13800000999");
  EXPECT_EQ(mistake("+8613800000000-9"), "a range needs both ends whole: +8613800000000-+8613800000009");
  EXPECT_EQ(mistake("170-179"), "ranges are not taken: write prefixes, here 17*; one number: write it without the dash");
  EXPECT_EQ(mistake("1700 - 1709"), "ranges are not taken: write prefixes, here 170*; one number: write it without the dash");
  EXPECT_EQ(mistake("170*-175*"), "ranges are not taken: write prefixes, here 170*, 171*, 172*, 173*, 174*, 175*");
  EXPECT_EQ(mistake("+86170-+86171"), "ranges are not taken: write prefixes, here +86170*, +86171*");
  EXPECT_EQ(mistake("13800000000-13800009999"), "ranges are taken in list files only, of two whole numbers and at most 100 million of them: else write prefixes");
  EXPECT_EQ(mistake("4008000000-4008000123"), "ranges are taken in list files only, of two whole numbers and at most 100 million of them: else write prefixes");
}

TEST(PhoneText, DashesInsideANumberAreNoRange) {
  EXPECT_EQ(mistake("138-1234-5678"), "taken as +8613812345678");
  EXPECT_EQ(mistake("400-800-1234"), "taken as 4008001234");
  EXPECT_EQ(mistake("010-65521234"), "taken as +861065521234");
  EXPECT_EQ(mistake("0571-8888-6666"), "taken as +8657188886666");
  EXPECT_EQ(mistake("+86-138-1234-5678"), "taken as +8613812345678");
  EXPECT_EQ(mistake("01065521234-801"), "taken as 01065521234801") << "an extension";
  EXPECT_EQ(mistake("+861065521234-801").substr(0, 8), "taken as");
  EXPECT_EQ(mistake("1069012345678-1").substr(0, 8), "taken as");
  EXPECT_EQ(mistake("8800-1234"), "taken as 88001234") << "falling: no range";
}

TEST(PhoneText, APrefixThatIsTheHomeCountryIsTheWholeCountry) {
  EXPECT_EQ(mistake("86*"), "taken as +86*") << "refused by the compiler, as +86* is";
  EXPECT_EQ(mistake("8610*"), "taken as 8610*") << "may be local numbers";
}

TEST(PhoneText, MaskHidesTheMiddle) {
  EXPECT_EQ(masked_number("+8613812345678"), "+86138****5678");
  EXPECT_EQ(masked_number("13812345678"), "138****5678");
  EXPECT_EQ(masked_number("95588"), "9***8");
  EXPECT_EQ(masked_number("110"), "1*0");
  EXPECT_EQ(masked_number(""), "");
}

TEST(Phone, ANumberSaidToBeInternationalNeedsNoPlus) {
  const auto people = [](std::string_view text) {
    return number_for_people(canonical_number(text, "86", NumberForm::kInternational));
  };
  EXPECT_EQ(people("13105551234"), "+13105551234") << "a number of Los Angeles, not a Chinese mobile";
  EXPECT_EQ(people("13800138000"), "+8613800138000") << "no exchange there begins with 0 or 1";
  EXPECT_EQ(people("85251234567"), "+85251234567");
  EXPECT_EQ(people("6591234567"), "+6591234567");
  EXPECT_EQ(people("8613800138000"), "+8613800138000");
  EXPECT_EQ(people("+8613800138000"), "+8613800138000");
  EXPECT_EQ(people("008613800138000"), "+8613800138000");
  // Gateways mark service numbers so, too.
  for (const char* service : {"10086", "95588", "106901234567", "1065812345678", "4008001234", "12381", "110", "400812345601", "40081234560123"})
    EXPECT_EQ(people(service), service);
  EXPECT_EQ(people("40712345678"), "+40712345678");
  EXPECT_EQ(people("80012345678"), "+80012345678") << "a freephone number of all countries";
}

}  // namespace
}  // namespace telefence
