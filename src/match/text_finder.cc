// SPDX-License-Identifier: Apache-2.0
#include "match/text_finder.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <unordered_map>

#include "base/check.h"
#include "base/cycles.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace telefence {
namespace {

// Bits per gram, of which it has two in one word: one place in 700 of a text is then looked at in vain (with one, it was one in hundred, both of 10,000 texts; and each
// is a branch foretold wrongly and a line that is seldom at hand). Not beyond what the second-level cache holds.
constexpr std::size_t kBitsPerGram = 96;
constexpr unsigned kBitInWord = 5;  // so many bits of a hash say which bit of a word
constexpr std::size_t kLeastBits = std::size_t{1} << 13;
constexpr std::size_t kMostBits = std::size_t{1} << 23;

// Costs in nanoseconds of one place of a text: of looking for four-unit grams as well, and of comparing one text in vain.
constexpr double kSecondLook = 0.35;
constexpr double kCompare = 5;

std::uint64_t key_of(std::u16string_view gram) {
  std::uint64_t key = 0;
  for (const char16_t unit : gram) key = key << 16 | unit;
  return key;
}

// What is known of the grams of one size while they are chosen: how many texts each has got.
class GramChoice {
 public:
  GramChoice(std::size_t units, const TextRarity& rarity) : units_(units), rarity_(rarity) {}

  struct Choice {
    std::size_t at = 0;
    double cost = 0;  // texts that will be compared in vain at one place
  };
  // The cheapest gram of the text: rare, and not shared with many.
  Choice of(std::u16string_view text) const {
    Choice best{0, 2e9};
    for (std::size_t i = 0; i + units_ <= text.size(); ++i) {
      const std::u16string_view gram = text.substr(i, units_);
      const auto shared = shared_.find(key_of(gram));
      const double cost = rarity_.chance(gram) * (shared == shared_.end() ? 1 : shared->second + 1);
      if (cost < best.cost) best = {i, cost};
    }
    return best;
  }
  void take(std::u16string_view text, std::size_t at) { ++shared_[key_of(text.substr(at, units_))]; }

 private:
  std::size_t units_;
  const TextRarity& rarity_;
  std::unordered_map<std::uint64_t, std::uint32_t> shared_;
};

}  // namespace

class TextFinder::Maker {
 public:
  Maker(TextFinder& finder, std::span<const std::u16string> texts, const TextRarity& rarity)
      : finder_(finder), texts_(texts), pairs_(2, rarity), fours_(4, rarity) {}

  void run() {
    choose();
    constexpr std::array<unsigned, 3> kUnits = {1, 2, 4};
    for (std::size_t tier = 0; tier < kUnits.size(); ++tier) fill(finder_.tiers_[tier], kUnits[tier], places_[tier]);
  }

 private:
  struct Place {
    std::uint32_t text = 0;
    std::uint16_t gram = 0;
    std::uint32_t hash = 0;
  };

  void choose() {
    // Those that four units would tell better; whether that is worth a second look at every text shows at the end.
    std::vector<std::pair<std::uint32_t, std::size_t>> doubtful;
    double saved = 0;
    for (std::uint32_t i = 0; i < texts_.size(); ++i) {
      const std::u16string& text = texts_[i];
      if (text.size() == 1) {
        place(0, i, 0);
        continue;
      }
      const GramChoice::Choice pair = pairs_.of(text);
      if (text.size() >= 4 && pair.cost > kDoubtful) {
        const GramChoice::Choice four = fours_.of(text);
        saved += (pair.cost - four.cost) * kCompare;
        fours_.take(text, four.at);
        doubtful.emplace_back(i, four.at);
        continue;
      }
      pairs_.take(text, pair.at);
      place(1, i, pair.at);
    }
    for (const auto& [text, four_at] : doubtful) {
      if (saved > kSecondLook) {
        place(2, text, four_at);
        continue;
      }
      const std::size_t at = pairs_.of(texts_[text]).at;
      pairs_.take(texts_[text], at);
      place(1, text, at);
    }
  }

  void place(std::size_t tier, std::uint32_t text, std::size_t gram) {
    const unsigned units = tier == 0 ? 1 : tier == 1 ? 2 : 4;
    places_[tier].push_back({text, static_cast<std::uint16_t>(gram), hash(units, texts_[text].data() + gram)});
  }

  void fill(Tier& tier, unsigned units, std::vector<Place>& places) {
    tier.units = units;
    if (places.empty()) return;
    std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.hash < b.hash; });
    const std::size_t bits = std::bit_ceil(std::clamp(places.size() * kBitsPerGram, kLeastBits, kMostBits));
    tier.word_shift = 32 + kBitInWord - static_cast<unsigned>(std::countr_zero(bits));
    tier.bits.assign(bits / 32, 0);
    const std::size_t slots = std::bit_ceil(places.size() * 2);
    tier.slot_shift = 32 - static_cast<unsigned>(std::countr_zero(slots));
    tier.slots.assign(slots, {});
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Place& place = places[i];
      if (i == 0 || places[i - 1].hash != place.hash) open_slot(tier, place.hash);
      const std::u16string& text = texts_[place.text];
      finder_.found_.push_back({.units = static_cast<std::uint32_t>(finder_.units_.size()),
                                .length = static_cast<std::uint16_t>(text.size()),
                                .gram = place.gram,
                                .index = place.text & 0x7fffffff,
                                .is_last = i + 1 == places.size() || places[i + 1].hash != place.hash});
      std::copy_n(text.begin(), std::min(text.size(), finder_.found_.back().head.size()), finder_.found_.back().head.begin());
      finder_.units_ += text;
    }
  }

  void open_slot(Tier& tier, std::uint32_t hash) {
    tier.bits[hash >> tier.word_shift] |= marks_of(tier, hash);
    std::size_t slot = hash >> tier.slot_shift;
    while (tier.slots[slot].first != kNone) slot = (slot + 1) & (tier.slots.size() - 1);
    tier.slots[slot] = {static_cast<std::uint32_t>(finder_.found_.size()), hash};
  }

  // A pair that costs more than this is one that everyday messages have, or that many texts share.
  static constexpr double kDoubtful = 1e-5;

  TextFinder& finder_;
  std::span<const std::u16string> texts_;
  GramChoice pairs_;
  GramChoice fours_;
  std::array<std::vector<Place>, 3> places_;
};

TextFinder::TextFinder(std::span<const std::u16string> texts, const TextRarity& rarity) {
  choose_way();
  Maker(*this, texts, rarity).run();
}

std::size_t TextFinder::bytes() const {
  std::size_t total = found_.capacity() * sizeof(Found) + units_.capacity() * sizeof(char16_t);
  for (const Tier& tier : tiers_)
    total += tier.bits.capacity() * sizeof(std::uint32_t) + tier.slots.capacity() * sizeof(Tier::Slot);
  return total;
}

bool TextFinder::look(std::u16string_view text, Places& places, std::span<Candidate> out, std::size_t& count) const {
  std::size_t end = count;
  for (std::size_t i = 0; i < tiers_.size(); ++i) {
    const Tier& tier = tiers_[i];
    if (tier.slots.empty()) continue;
    const std::size_t found = find_places(tier, text, places.at.data());
    if (found > out.size() - end) return false;
    for (std::size_t n = 0; n < found; ++n) {
      const std::uint16_t place = places.at[n];
      out[end] = {hash(tier.units, text.data() + place), place, static_cast<std::uint8_t>(i)};
      fetch_slot(out[end++]);
    }
  }
  count = end;
  return true;
}

std::uint32_t TextFinder::marks_of(const Tier& tier, std::uint32_t hash) {
  const unsigned first = hash >> (tier.word_shift - kBitInWord), second = hash >> (tier.word_shift - 2 * kBitInWord);
  return 1U << first % 32 | 1U << second % 32;
}

std::size_t TextFinder::find_places_plain(const Tier& tier, std::u16string_view text, std::size_t from, std::uint16_t* places) {
  std::size_t count = 0;
  for (std::size_t i = from; i + tier.units <= text.size(); ++i) {
    const std::uint32_t of_gram = hash(tier.units, text.data() + i);
    const std::uint32_t marks = marks_of(tier, of_gram);
    places[count] = static_cast<std::uint16_t>(i);
    count += static_cast<std::size_t>((tier.bits[of_gram >> tier.word_shift] & marks) == marks);
  }
  return count;
}

#if defined(__x86_64__)

// gcc 12 warns falsely about its own intrinsics.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace {

std::size_t push_places(std::uint64_t bits, std::size_t start, std::size_t step, std::uint16_t* places) {
  std::size_t count = 0;
  for (; bits != 0; bits &= bits - 1)
    places[count++] = static_cast<std::uint16_t>(start + static_cast<std::size_t>(std::countr_zero(bits)) * step);
  return count;
}

// Eight grams that begin at every second unit from `units` on; which of them the bitmap has.
__attribute__((target("avx2"))) inline unsigned look_up_8(const std::uint32_t* bits, unsigned word_shift, __m256i hash) {
  const auto shifted = [&](unsigned by) __attribute__((target("avx2"), always_inline)) {
    return _mm256_srl_epi32(hash, _mm_cvtsi32_si128(static_cast<int>(by)));
  };
  const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(bits), shifted(word_shift), 4);
  // The wanted bit becomes the sign.
  const __m256i last = _mm256_set1_epi32(31);
  const __m256i first = _mm256_sllv_epi32(words, _mm256_andnot_si256(shifted(word_shift - kBitInWord), last));
  const __m256i second = _mm256_sllv_epi32(words, _mm256_andnot_si256(shifted(word_shift - 2 * kBitInWord), last));
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_and_si256(first, second))));
}

__attribute__((target("avx2"))) inline __m256i hash_8(unsigned units, const char16_t* text, std::uint32_t mix, std::uint32_t mix_second) {
  const __m256i by = _mm256_set1_epi32(static_cast<int>(mix));
  const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  if (units == 1) return _mm256_mullo_epi32(_mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)), by);
  const __m256i first = _mm256_mullo_epi32(pairs, by);
  if (units == 2) return first;
  const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 2));
  return _mm256_add_epi32(first, _mm256_mullo_epi32(second, _mm256_set1_epi32(static_cast<int>(mix_second))));
}

// Sixteen grams at every second unit; what lies beyond `left` units is read as 0.
__attribute__((target("avx512f,avx512bw,bmi2"))) inline __m512i load_32(const char16_t* at, std::size_t left) {
  const __mmask32 mask = left >= 32 ? ~__mmask32{0} : static_cast<__mmask32>((std::uint32_t{1} << left) - 1);
  return _mm512_maskz_loadu_epi16(mask, at);
}

__attribute__((target("avx512f,avx512bw,bmi2"))) inline __mmask16 look_up_16(const std::uint32_t* bits, unsigned word_shift, __mmask16 wanted,
                                                                                __m512i hash) {
  const auto shifted = [&](unsigned by) __attribute__((target("avx512f,avx512bw,bmi2"), always_inline)) {
    return _mm512_srl_epi32(hash, _mm_cvtsi32_si128(static_cast<int>(by)));
  };
  const __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), wanted, shifted(word_shift), bits, 4);
  const __m512i one = _mm512_set1_epi32(1), last = _mm512_set1_epi32(31);
  const __m512i first = _mm512_sllv_epi32(one, _mm512_and_si512(shifted(word_shift - kBitInWord), last));
  const __m512i marks = _mm512_or_si512(first, _mm512_sllv_epi32(one, _mm512_and_si512(shifted(word_shift - 2 * kBitInWord), last)));
  return _mm512_mask_cmpeq_epi32_mask(wanted, _mm512_and_si512(words, marks), marks);
}

}  // namespace

__attribute__((target("avx2"))) std::size_t TextFinder::find_places_avx2(const Tier& tier, std::u16string_view text,
                                                                           std::uint16_t* places) {
  constexpr std::size_t kStride = 16;  // grams at once
  const std::size_t read = kStride - 1 + std::max(tier.units, 2u);  // units for these
  if (text.size() < read) return find_places_plain(tier, text, 0, places);
  std::size_t count = 0;
  const auto look = [&](std::size_t start, unsigned evens, unsigned odds) __attribute__((target("avx2"), always_inline)) {
    const char16_t* const at = text.data() + start;
    const unsigned even = look_up_8(tier.bits.data(), tier.word_shift, hash_8(tier.units, at, kMix, kMixSecond));
    const unsigned odd = look_up_8(tier.bits.data(), tier.word_shift, hash_8(tier.units, at + 1, kMix, kMixSecond));
    count += push_places(even & evens, start, 2, places + count);
    count += push_places(odd & odds, start + 1, 2, places + count);
  };
  std::size_t i = 0;
  for (; i + read <= text.size(); i += kStride) look(i, ~0u, ~0u);
  // The last ones once more with some before them, which do not count again.
  const std::size_t last = text.size() - read;
  const std::size_t again = i - last;
  if (again < kStride) look(last, ~0u << (again + 1) / 2, ~0u << again / 2);
  return count + find_places_plain(tier, text, last + kStride, places + count);
}

__attribute__((target("avx512f,avx512bw,bmi2"))) std::size_t TextFinder::find_places_avx512(const Tier& tier, std::u16string_view text,
                                                                                               std::uint16_t* places) {
  const __m512i by = _mm512_set1_epi32(static_cast<int>(kMix));
  const __m512i by_second = _mm512_set1_epi32(static_cast<int>(kMixSecond));
  const __m512i low = _mm512_set1_epi32(0xffff);
  const std::uint32_t* const bits = tier.bits.data();
  std::size_t count = 0;
  for (std::size_t i = 0; i + tier.units <= text.size(); i += 32) {
    const char16_t* const at = text.data() + i;
    const std::size_t left = text.size() - i;
    const auto hash_16 = [&](std::size_t from) __attribute__((target("avx512f,avx512bw,bmi2"), always_inline)) {
      const __m512i pairs = load_32(at + from, left - std::min(from, left));
      if (tier.units == 1) return _mm512_mullo_epi32(_mm512_and_si512(pairs, low), by);
      const __m512i first = _mm512_mullo_epi32(pairs, by);
      if (tier.units == 2) return first;
      const std::size_t second = std::min(from + 2, left);
      return _mm512_add_epi32(first, _mm512_mullo_epi32(load_32(at + second, left - second), by_second));
    };
    const std::size_t whole = left - tier.units + 1;  // grams that the text has from here on
    const std::uint32_t wanted = whole >= 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << whole) - 1;
    const auto evens = static_cast<__mmask16>(_pext_u32(wanted, 0x55555555));
    const auto odds = static_cast<__mmask16>(_pext_u32(wanted, 0xaaaaaaaa));
    const __mmask16 even = look_up_16(bits, tier.word_shift, evens, hash_16(0));
    const __mmask16 odd = look_up_16(bits, tier.word_shift, odds, hash_16(1));
    const std::uint32_t hits = _pdep_u32(even, 0x55555555) | _pdep_u32(odd, 0xaaaaaaaa);
    count += push_places(hits, i, 1, places + count);
  }
  return count;
}

namespace {

int most_ways() {
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2")) return 3;
  return __builtin_cpu_supports("avx2") ? 2 : 1;
}

// kUnknown until the first finder is made.
constexpr int kUnknown = -1;
int chosen_way = kUnknown;

}  // namespace

// Sixteen loads at once take longer than twice eight on some processors that have both.
int TextFinder::fastest_way() {
  constexpr std::size_t kUnits = 70, kRounds = 512;  // many: processors take some microseconds to power up what is wide
  std::u16string text;
  for (std::size_t i = 0; i < kUnits; ++i) text += static_cast<char16_t>(0x4e00 + i * i * 37 % 8191);
  Tier tier;
  tier.units = 2;
  tier.word_shift = 32 + kBitInWord - 20;
  tier.bits.assign(std::size_t{1} << (20 - kBitInWord), 0);
  std::array<std::uint16_t, kUnits> places;
  int fastest = 0;
  std::uint64_t least = ~std::uint64_t{0};
  for (int way = 0; way < most_ways(); ++way) {
    for (std::size_t round = 0; round < kRounds; ++round) {
      const std::uint64_t start = cycles();
      const std::size_t found = find_places_by(way, tier, text, places.data());
      asm volatile("" : : "r"(found) : "memory");  // it is wanted
      const std::uint64_t taken = cycles() - start;
      if (taken >= least) continue;
      least = taken;
      fastest = way;
    }
  }
  return fastest;
}

void TextFinder::choose_way() {
  static std::once_flag once;
  std::call_once(once, [] { chosen_way = fastest_way(); });
}

int TextFinder::ways() { return most_ways(); }
void TextFinder::force_way(int way) {
  choose_way();
  chosen_way = std::min(way, most_ways() - 1);
}

std::size_t TextFinder::find_places_by(int way, const Tier& tier, std::u16string_view text, std::uint16_t* places) {
  if (way == 1) return find_places_avx2(tier, text, places);
  return way == 2 ? find_places_avx512(tier, text, places) : find_places_plain(tier, text, 0, places);
}

std::size_t TextFinder::find_places(const Tier& tier, std::u16string_view text, std::uint16_t* places) {
  DCHECK(text.size() <= kLongestScan && chosen_way != kUnknown);
  return find_places_by(chosen_way, tier, text, places);
}

#else

int TextFinder::ways() { return 1; }
void TextFinder::force_way(int) {}
void TextFinder::choose_way() {}

std::size_t TextFinder::find_places(const Tier& tier, std::u16string_view text, std::uint16_t* places) {
  return find_places_plain(tier, text, 0, places);
}

#endif

}  // namespace telefence
