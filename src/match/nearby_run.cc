// SPDX-License-Identifier: Apache-2.0
// Runs a part of an expression beside a place of a text. At most 63 units can matter, so that the set of places where the part may
// be is one word: bit i stands for i units behind the place (or before it, when the run goes backwards).
#include <algorithm>
#include <bit>

#include "match/pattern_program.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence {
namespace {

using Kind = PatternNode::Kind;

std::uint64_t lowest(std::size_t count) { return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1; }

}  // namespace

class NearbyRun {
 public:
  NearbyRun(const PatternPrograms& programs, std::u16string_view text, std::size_t place, bool backwards, PatternWorkspace& workspace)
      : programs_(programs), text_(text), place_(place), backwards_(backwards), workspace_(workspace) {
    const std::size_t units = backwards ? place : text.size() - place;
    places_ = lowest(std::min<std::size_t>(units, 63) + 1);
  }

  bool found(std::uint32_t start) { return run(start, 1) != 0; }

 private:
  using Step = PatternPrograms::Step;
  using Places = std::uint64_t;

  std::size_t place_of(unsigned bit) const { return backwards_ ? place_ - bit : place_ + bit; }
  // The unit that a step takes which goes on from there. Requires: there is one.
  char16_t unit_at(unsigned bit) const { return text_[backwards_ ? place_ - bit - 1 : place_ + bit]; }
  Places up(Places at, std::size_t distance) const { return distance > 63 ? 0 : at << distance & places_; }
  // Places that have a unit to go on to.
  Places with_unit(Places at) const { return at & places_ >> 1; }

  template <typename Test>
  static Places keep(Places at, Test test) {
    Places kept = 0;
    for (; at != 0; at &= at - 1)
      if (test(static_cast<unsigned>(std::countr_zero(at)))) kept |= at & -at;
    return kept;
  }

  Places run(std::uint32_t index, Places at) {
    if (--workspace_.budget_ < 0) [[unlikely]]
      return 0;
    const Step& step = programs_.steps_[index];
    switch (step.kind) {
      case Kind::kText:
        return after_text({programs_.units_.data() + step.first, step.count}, at);
      case Kind::kClass:
        return up(of_class(step, with_unit(at)), 1);
      case Kind::kAny:
        return up(with_unit(at), 1);
      case Kind::kSequence:
        return after_sequence(index, at);
      case Kind::kChoice:
        return after_choice(index, at);
      case Kind::kRepeat:
        return after_repeat(index, at);
      case Kind::kStart:
        return keep(at, [this](unsigned bit) { return place_of(bit) == 0; });
      case Kind::kEnd:
        return keep(at, [this](unsigned bit) {
          const std::size_t place = place_of(bit);
          return place == text_.size() || (place + 1 == text_.size() && text_.back() == u'\n');
        });
      case Kind::kWordEdge:
        return keep(at, [this](unsigned bit) { return is_word_edge(place_of(bit)); });
      case Kind::kNoWordEdge:
        return keep(at, [this](unsigned bit) { return !is_word_edge(place_of(bit)); });
    }
    return 0;
  }

  bool is_word_edge(std::size_t place) const {
    const bool before = place > 0 && is_word_unit(text_[place - 1]);
    const bool after = place < text_.size() && is_word_unit(text_[place]);
    return before != after;
  }

  Places after_text(std::u16string_view wanted, Places at) const {
    if (wanted.size() > 63) return 0;
    at &= places_ >> wanted.size();
    if (backwards_) {
      const char16_t next = wanted.back();
      at = keep(at, [&](unsigned bit) {
        return text_[place_ - bit - 1] == next && text_.substr(place_ - bit - wanted.size(), wanted.size()) == wanted;
      });
    } else {
      const char16_t next = wanted.front();
      at = keep(at, [&](unsigned bit) { return text_[place_ + bit] == next && text_.substr(place_ + bit, wanted.size()) == wanted; });
    }
    return up(at, wanted.size());
  }

  Places of_class(const Step& step, Places at) const {
    if (at == 0) return 0;
    if (step.count != PatternPrograms::kManyRanges) return of_range(static_cast<char16_t>(step.count >> 16), static_cast<char16_t>(step.count), at);
    const UnitClass& members = programs_.classes_[step.first];
    return keep(at, [&](unsigned bit) { return members.has(unit_at(bit)); });
  }

  Places of_range(char16_t first, char16_t last, Places at) const {
#if defined(__SSE2__)
    // Sixteen units in one look, when they lie forwards and the text has so many.
    const auto lowest_place = static_cast<unsigned>(std::countr_zero(at));
    const char16_t* const units = text_.data() + place_ + lowest_place;
    if (!backwards_ && (at >> lowest_place) <= 0xffff && place_ + lowest_place + 16 <= text_.size()) {
      const __m128i least = _mm_set1_epi16(static_cast<short>(first));
      const __m128i most = _mm_set1_epi16(static_cast<short>(last - first));
      const auto inside = [&](const char16_t* eight) {
        const __m128i above = _mm_sub_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(eight)), least);
        return _mm_cmpeq_epi16(_mm_subs_epu16(above, most), _mm_setzero_si128());
      };
      const int mask = _mm_movemask_epi8(_mm_packs_epi16(inside(units), inside(units + 8)));
      return at & static_cast<Places>(static_cast<unsigned>(mask)) << lowest_place;
    }
#endif
    return keep(at, [&](unsigned bit) {
      const char16_t unit = unit_at(bit);
      return unit >= first && unit <= last;
    });
  }

  Places after_sequence(std::uint32_t index, Places at) {
    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < programs_.steps_[index].count && at != 0; ++i) {
      at = run(child, at);
      child += programs_.steps_[child].size;
    }
    return at;
  }

  Places after_choice(std::uint32_t index, Places at) {
    Places all = 0;
    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < programs_.steps_[index].count; ++i) {
      all |= run(child, at);
      child += programs_.steps_[child].size;
    }
    return all;
  }

  Places after_repeat(std::uint32_t index, Places at) {
    const Step& step = programs_.steps_[index];
    if (programs_.steps_[index + 1].kind == Kind::kAny) return after_gap(step, at);
    for (std::uint32_t i = 0; i < step.first && at != 0; ++i) at = run(index + 1, at);
    // Who was there with fewer repetitions can do all that a later comer can.
    Places newcomers = at;
    for (std::uint32_t i = step.first; i < step.count && newcomers != 0; ++i) {
      newcomers = run(index + 1, newcomers) & ~at;
      at |= newcomers;
    }
    return at;
  }

  Places after_gap(const Step& step, Places at) const {
    at = up(at, step.first);
    const std::size_t further = std::min<std::size_t>(step.count - step.first, 63);
    for (std::size_t covered = 0; covered < further;) {
      const std::size_t more = std::min(covered + 1, further - covered);
      at |= up(at, more);
      covered += more;
    }
    return at;
  }

  const PatternPrograms& programs_;
  std::u16string_view text_;
  std::size_t place_;
  bool backwards_;
  Places places_ = 0;  // that exist
  PatternWorkspace& workspace_;
};

bool PatternPrograms::stands_behind(std::uint32_t part, std::u16string_view text, std::size_t place, PatternWorkspace& workspace) const {
  return NearbyRun(*this, text, place, false, workspace).found(part);
}

bool PatternPrograms::stands_before(std::uint32_t part, std::u16string_view text, std::size_t place, PatternWorkspace& workspace) const {
  return NearbyRun(*this, text, place, true, workspace).found(part);
}

}  // namespace telefence
