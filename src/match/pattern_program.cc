// SPDX-License-Identifier: Apache-2.0
#include "match/pattern_program.h"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace telefence {
namespace {

using Kind = PatternNode::Kind;

// Word operations. An expression of forty words over a message of 70 characters takes some 500; two hundred of those fit.
constexpr std::int64_t kBudget = 100'000;
constexpr std::int64_t kBudgetPerUnit = 256;

// Sets that running this node takes at once, besides the one it is given.
std::size_t sets_needed(const PatternNode& node) {
  std::size_t deepest = 0;
  for (const PatternNode& child : node.children) deepest = std::max(deepest, sets_needed(child));
  switch (node.kind) {
    case Kind::kChoice:
      return deepest + 2;
    case Kind::kRepeat:
      return std::max<std::size_t>(deepest + 1, 3);
    default:
      return deepest;
  }
}

// The bits of 16 units that equal `unit`, from units[0] on.
std::uint64_t equal_16(const char16_t* units, char16_t unit) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(unit));
  const __m128i low = _mm_cmpeq_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(units)), wanted);
  const __m128i high = _mm_cmpeq_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(units + 8)), wanted);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
#else
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 16; ++i) bits |= std::uint64_t{units[i] == unit} << i;
  return bits;
#endif
}

// Which of the units of one word of positions equal `unit`.
std::uint64_t equal_word(std::u16string_view text, std::size_t word, char16_t unit) {
  const std::size_t start = word * 64;
  const std::size_t end = std::min(start + 64, text.size());
  std::uint64_t bits = 0;
  std::size_t i = start;
  for (; i + 16 <= end; i += 16) bits |= equal_16(text.data() + i, unit) << (i - start);
  for (; i < end; ++i) bits |= std::uint64_t{text[i] == unit} << (i - start);
  return bits;
}

}  // namespace

// One run of one program over one text.
class PatternRun {
 public:
  PatternRun(const PatternPrograms& programs, std::u16string_view text, PatternWorkspace& workspace)
      : programs_(programs), text_(text), workspace_(workspace), words_(PositionSet::words_for(text.size())) {}

  bool found(std::uint32_t start) {
    workspace_.used_ = 0;
    PositionSet at = take();
    at.fill(text_.size());
    run(start, at);
    return !at.is_empty();
  }

 private:
  using Step = PatternPrograms::Step;

  PositionSet take() {
    DCHECK(workspace_.used_ < PatternWorkspace::kSets);
    return {workspace_.words_.get() + workspace_.used_++ * workspace_.words_per_set_, words_};
  }
  void give_back(std::size_t sets) { workspace_.used_ -= sets; }

  // Where the expression may be before the step becomes where it may be after it.
  void run(std::uint32_t index, PositionSet& at) {
    workspace_.budget_ -= static_cast<std::int64_t>(words_) + 1;
    if (workspace_.budget_ < 0) [[unlikely]]
      return at.clear();
    const Step& step = programs_.steps_[index];
    switch (step.kind) {
      case Kind::kText:
        return after_text({programs_.units_.data() + step.first, step.count}, at);
      case Kind::kClass:
        return after_class(programs_.classes_[step.first], at);
      case Kind::kAny:
        keep_if(at, [](char16_t) { return true; });
        return at.move_up(1);
      case Kind::kSequence:
        return after_sequence(index, at);
      case Kind::kChoice:
        return after_choice(index, at);
      case Kind::kRepeat:
        return after_repeat(index, at);
      case Kind::kStart:
        return keep_edges(at, [](std::size_t position) { return position == 0; });
      case Kind::kEnd:
        // Before a line end that ends the text, too.
        return keep_edges(at, [this](std::size_t position) {
          return position == text_.size() || (position + 1 == text_.size() && text_.back() == u'\n');
        });
      case Kind::kWordEdge:
        return keep_edges(at, [this](std::size_t position) { return is_word_edge(position); });
      case Kind::kNoWordEdge:
        return keep_edges(at, [this](std::size_t position) { return !is_word_edge(position); });
    }
  }

  bool is_word_edge(std::size_t position) const {
    const bool before = position > 0 && is_word_unit(text_[position - 1]);
    const bool after = position < text_.size() && is_word_unit(text_[position]);
    return before != after;
  }

  template <typename Test>
  void keep_edges(PositionSet& at, Test test) {
    for (std::size_t i = 0; i < words_; ++i) {
      std::uint64_t kept = at.word(i);
      for (std::uint64_t word = kept; word != 0; word &= word - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(word));
        if (!test(i * 64 + bit)) kept &= ~(std::uint64_t{1} << bit);
      }
      at.set_word(i, kept);
    }
  }

  // Keeps the positions before a unit that passes.
  template <typename Test>
  void keep_if(PositionSet& at, Test test) {
    keep_edges(at, [&](std::size_t position) { return position < text_.size() && test(text_[position]); });
  }

  void after_text(std::u16string_view wanted, PositionSet& at) {
    for (std::size_t i = 0; i < words_; ++i) {
      std::uint64_t kept = at.word(i);
      if (kept == 0) continue;
      // Many places: compare the first unit with all of them at once.
      if (std::popcount(kept) > 4) kept &= equal_word(text_, i, wanted.front());
      for (std::uint64_t word = kept; word != 0; word &= word - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(word));
        if (text_.compare(i * 64 + bit, wanted.size(), wanted) != 0) kept &= ~(std::uint64_t{1} << bit);
      }
      at.set_word(i, kept);
    }
    at.move_up(wanted.size());
  }

  void after_class(const UnitClass& members, PositionSet& at) {
    keep_if(at, [&](char16_t unit) { return members.has(unit); });
    at.move_up(1);
  }

  void after_sequence(std::uint32_t index, PositionSet& at) {
    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < programs_.steps_[index].count && !at.is_empty(); ++i) {
      run(child, at);
      child += programs_.steps_[child].size;
    }
  }

  void after_choice(std::uint32_t index, PositionSet& at) {
    PositionSet one = take();
    PositionSet all = take();
    all.clear();
    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < programs_.steps_[index].count; ++i) {
      one.copy(at);
      run(child, one);
      all.unite(one);
      child += programs_.steps_[child].size;
    }
    at.copy(all);
    give_back(2);
  }

  void after_repeat(std::uint32_t index, PositionSet& at) {
    const Step& step = programs_.steps_[index];
    const Kind child = programs_.steps_[index + 1].kind;
    if (child == Kind::kAny || child == Kind::kClass) return after_run(index, at);
    PositionSet now = take();
    now.copy(at);
    for (std::uint32_t i = 0; i < step.first && !now.is_empty(); ++i) run(index + 1, now);
    at.copy(now);
    for (std::uint32_t i = step.first; i < step.count; ++i) {
      run(index + 1, now);
      // Who was there with fewer repetitions can do all that a later comer can.
      bool any = false;
      for (std::size_t word = 0; word < words_; ++word) {
        now.set_word(word, now.word(word) & ~at.word(word));
        any = any || now.word(word) != 0;
      }
      if (!any) break;
      at.unite(now);
    }
    give_back(1);
  }

  // A repetition of single units: runs are doubled instead of walked.
  void after_run(std::uint32_t index, PositionSet& at) {
    const Step& step = programs_.steps_[index];
    const std::size_t least = step.first;
    const std::size_t most = std::min<std::size_t>(step.count, text_.size());
    if (least > most) return at.clear();
    PositionSet members = take();
    fill_members(programs_.steps_[index + 1], members);
    PositionSet reach = take();
    PositionSet more = take();
    if (least > 0) {
      run_mask(members, least, reach, more);
      at.move_up(least);
      at.intersect(reach);
    }
    // `at` holds what 0 to covered - 1 further units reach.
    for (std::size_t covered = 1; covered < most - least + 1;) {
      const std::size_t step_up = std::min(covered, most - least + 1 - covered);
      run_mask(members, step_up, reach, more);
      more.copy(at);
      more.move_up(step_up);
      more.intersect(reach);
      at.unite(more);
      covered += step_up;
    }
    give_back(3);
  }

  void fill_members(const Step& child, PositionSet& members) {
    members.fill(text_.size());
    if (child.kind == Kind::kAny) {
      keep_if(members, [](char16_t) { return true; });
      return;
    }
    const UnitClass& wanted = programs_.classes_[child.first];
    workspace_.budget_ -= static_cast<std::int64_t>(text_.size());
    keep_if(members, [&](char16_t unit) { return wanted.has(unit); });
  }

  // The positions that end a run of at least `length` members.
  void run_mask(const PositionSet& members, std::size_t length, PositionSet& out, PositionSet& scratch) {
    out.copy(members);
    out.move_up(1);
    for (std::size_t done = 1; done < length;) {
      const std::size_t further = std::min(done, length - done);
      scratch.copy(out);
      scratch.move_up(further);
      out.intersect(scratch);
      done += further;
      workspace_.budget_ -= static_cast<std::int64_t>(words_);
    }
  }

  const PatternPrograms& programs_;
  std::u16string_view text_;
  PatternWorkspace& workspace_;
  std::size_t words_;
};

PatternWorkspace::PatternWorkspace(std::size_t longest)
    : longest_(longest),
      words_per_set_(PositionSet::words_for(longest)),
      words_(std::make_unique<std::uint64_t[]>(words_per_set_ * kSets)) {}

void PatternWorkspace::begin_text(std::size_t length) {
  CHECK(length <= longest_);
  budget_ = kBudget + kBudgetPerUnit * static_cast<std::int64_t>(length);
}

std::optional<std::uint32_t> PatternPrograms::add(const PatternNode& tree) {
  if (sets_needed(tree) + 1 > PatternWorkspace::kSets) return std::nullopt;
  starts_.push_back(add_part(tree));
  return static_cast<std::uint32_t>(starts_.size() - 1);
}

std::uint32_t PatternPrograms::add_part(const PatternNode& tree) {
  const auto start = static_cast<std::uint32_t>(steps_.size());
  append(tree);
  return start;
}

std::uint32_t PatternPrograms::number_of(const UnitClass& unit_class) {
  const auto [known, is_new] = class_numbers_.try_emplace(unit_class, static_cast<std::uint32_t>(classes_.size()));
  if (is_new) classes_.push_back(unit_class);
  return known->second;
}

void PatternPrograms::append(const PatternNode& node) {
  const std::size_t index = steps_.size();
  steps_.push_back({.kind = node.kind});
  Step step{.kind = node.kind};
  switch (node.kind) {
    case Kind::kText:
      step.first = static_cast<std::uint32_t>(units_.size());
      step.count = static_cast<std::uint32_t>(node.text.size());
      units_ += node.text;
      break;
    case Kind::kClass:
      step.first = number_of(node.unit_class);
      step.count = kManyRanges;
      if (const auto range = node.unit_class.only_range()) step.count = std::uint32_t{range->first} << 16 | range->second;
      break;
    case Kind::kRepeat:
      step.first = node.least;
      step.count = node.most;
      break;
    default:
      step.count = static_cast<std::uint32_t>(node.children.size());
      break;
  }
  // An empty text is nothing, which is always there.
  if (node.kind == Kind::kText && node.text.empty()) step = {.kind = Kind::kSequence};
  for (const PatternNode& child : node.children) append(child);
  step.size = static_cast<std::uint32_t>(steps_.size() - index);
  steps_[index] = step;
}

bool PatternPrograms::found_in(std::uint32_t program, std::u16string_view text, PatternWorkspace& workspace) const {
  return PatternRun(*this, text, workspace).found(starts_[program]);
}

std::size_t PatternPrograms::bytes() const {
  return steps_.capacity() * sizeof(Step) + starts_.capacity() * sizeof(std::uint32_t) + units_.capacity() * sizeof(char16_t) +
         classes_.capacity() * sizeof(UnitClass);
}

}  // namespace telefence
