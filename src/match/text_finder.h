// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds many texts at once in 16-bit text. Of each text one gram is looked for: the two neighbouring units (four where two are too
// common) that are rarest in everyday messages. A bitmap over hashes of grams says at which places one may stand, for 16 or 32 places
// at a time; at those the whole text is compared. Built on a control thread, immutable, read by workers.
//
// Measured against Hyperscan's literal matcher on the same 16-bit text, on a loaded machine: 10,000 texts 132 instead of 162 ns at 70
// units, the anchors and what stands beside them of 10,000 gap rules 181 instead of 431 ns; made in milliseconds instead of tenths of
// seconds. There is no band of sizes to stay out of (Hyperscan's is three times slower between 1,000 and 5,500 texts).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fetch_ahead.h"
#include "match/text_rarity.h"

namespace telefence {

class TextFinder {
 public:
  static constexpr std::size_t kLongestScan = 32768;  // units of one text that is searched

  // Where a text may stand; one per worker.
  struct Places {
    std::array<std::uint16_t, kLongestScan> at;
  };

  TextFinder() = default;
  // None empty. A text is known by its index.
  TextFinder(std::span<const std::u16string> texts, const TextRarity& rarity);

  bool is_empty() const { return found_.empty(); }
  std::size_t bytes() const;

  // Calls visit(index of the text, where it begins, its length) for each occurrence, overlapping ones too. Requires: text.size() <=
  // kLongestScan. Worker thread.
  template <typename Visit>
  void find(std::u16string_view text, Places& places, Visit visit) const {
    for (const Tier& tier : tiers_) {
      if (tier.slots.empty()) continue;
      const std::size_t count = find_places(tier, text, places.at.data());
      for (std::size_t i = 0; i < count; ++i) visit_place(tier, text, places.at[i], visit);
    }
  }

  // find() in steps, for who has many texts: what a place leads to is seldom at hand, and comes for all of them together.
  struct Candidate {
    std::uint32_t hash = 0;   // of the gram
    std::uint16_t place = 0;  // where it stands
    std::uint8_t tier = 0;
  };
  static constexpr std::uint32_t kNone = 0xffffffff;
  // Where one of the texts may stand: behind the first `count` of `out`, and counted there. False: there is no room for all.
  bool look(std::u16string_view text, Places& places, std::span<Candidate> out, std::size_t& count) const;
  void fetch_slot(const Candidate& one) const { fetch_ahead(&slot_of(one)); }
  // Reads what fetch_slot() asked for.
  void fetch_text(const Candidate& one) const {
    if (leads_on(one)) fetch_ahead(&found_[slot_of(one).first]);
  }
  // Which text most likely stands there; kNone: that can't be told so quickly, mostly none does. Reads what fetch_text() asked for.
  std::uint32_t likely_text(const Candidate& one) const { return leads_on(one) ? std::uint32_t{found_[slot_of(one).first].index} : kNone; }
  // As find(), of one place.
  template <typename Visit>
  void visit(const Candidate& one, std::u16string_view text, Visit visit) const {
    visit_place(tiers_[one.tier], text, one.place, visit);
  }

  // How many places of the text are looked at. For tests of what a set costs.
  std::size_t count_places(std::u16string_view text, Places& places) const {
    std::size_t count = 0;
    for (const Tier& tier : tiers_)
      if (!tier.slots.empty()) count += find_places(tier, text, places.at.data());
    return count;
  }

  // The ways that this machine has to look for places: 0 = plain C++. For tests; else the fastest here, which is measured once, is taken.
  static int ways();
  static void force_way(int way);

 private:
  static constexpr std::uint32_t kMix = 0x9e3779b1;
  static constexpr std::uint32_t kMixSecond = 0x85ebca6b;

  // Texts found by grams of one size.
  struct Tier {
    unsigned units = 0;      // of a gram: 1, 2 or 4
    unsigned word_shift = 0;  // hash -> word of the bitmap; the bits below say which two of its bits
    unsigned slot_shift = 0;
    std::vector<std::uint32_t> bits;
    struct Slot {
      std::uint32_t first = kNone;  // of the texts with this gram
      std::uint32_t hash = 0;       // all 32 bits
    };
    std::vector<Slot> slots;  // open addressing by hash
  };
  // One text that is looked for; those with the same gram are neighbours.
  struct Found {
    std::uint32_t units = 0;  // where its units start
    std::uint16_t length = 0;
    std::uint16_t gram = 0;   // where in it the gram stands
    std::uint32_t index : 31 = 0;
    std::uint32_t is_last : 1 = 0;  // of its gram
    std::array<char16_t, 6> head{};  // its first units: most texts have no more

    bool stands_at(const char16_t* at, const char16_t* all_units) const {
      const std::size_t in_head = length < head.size() ? length : head.size();
      for (std::size_t i = 0; i < in_head; ++i)
        if (head[i] != at[i]) return false;
      return length <= head.size() || std::u16string_view(all_units + units, length) == std::u16string_view(at, length);
    }
  };
  class Maker;

  static std::uint32_t hash(unsigned units, const char16_t* gram) {
    if (units == 1) return std::uint32_t{gram[0]} * kMix;
    const std::uint32_t first = (std::uint32_t{gram[1]} << 16 | gram[0]) * kMix;
    return units == 2 ? first : first + (std::uint32_t{gram[3]} << 16 | gram[2]) * kMixSecond;
  }

  const Tier::Slot& slot_of(const Candidate& one) const {
    const Tier& tier = tiers_[one.tier];
    return tier.slots[one.hash >> tier.slot_shift];
  }
  bool leads_on(const Candidate& one) const {
    const Tier::Slot& slot = slot_of(one);
    return slot.first != kNone && slot.hash == one.hash;
  }

  static std::uint32_t marks_of(const Tier& tier, std::uint32_t hash);
  static void choose_way();
  static int fastest_way();
  static std::size_t find_places(const Tier& tier, std::u16string_view text, std::uint16_t* places);
  static std::size_t find_places_by(int way, const Tier& tier, std::u16string_view text, std::uint16_t* places);
  static std::size_t find_places_plain(const Tier& tier, std::u16string_view text, std::size_t from, std::uint16_t* places);
  static std::size_t find_places_avx2(const Tier& tier, std::u16string_view text, std::uint16_t* places);
  static std::size_t find_places_avx512(const Tier& tier, std::u16string_view text, std::uint16_t* places);

  template <typename Visit>
  void visit_place(const Tier& tier, std::u16string_view text, std::size_t place, Visit& visit) const {
    const std::uint32_t wanted = hash(tier.units, text.data() + place);
    const std::size_t mask = tier.slots.size() - 1;
    for (std::size_t slot = wanted >> tier.slot_shift; tier.slots[slot].first != kNone; slot = (slot + 1) & mask) {
      if (tier.slots[slot].hash != wanted) continue;
      for (const Found* found = &found_[tier.slots[slot].first];; ++found) {
        if (place >= found->gram && text.size() - (place - found->gram) >= found->length &&
            found->stands_at(text.data() + (place - found->gram), units_.data()))
          visit(std::uint32_t{found->index}, place - found->gram, std::size_t{found->length});
        if (found->is_last) return;
      }
    }
  }

  std::array<Tier, 3> tiers_;
  std::vector<Found> found_;
  std::u16string units_;
};

}  // namespace telefence
