// SPDX-License-Identifier: Apache-2.0
#pragma once

// One immutable version of all signatures: domains, numbers, text and URL patterns, and what is to happen where they hit. A
// version is made of parts that are shared between versions (layer.h), so that one added entry costs what the newest part costs, and
// that earlier versions can be kept. Built on a control thread, published through Published<MatchSet>, read by workers for a whole
// burst at a time.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/keys.h"
#include "event/plain_name.h"
#include "match/hit.h"
#include "match/pattern_source.h"
#include "match/rule.h"
#include "match/terms.h"

namespace telefence {

// What a worker needs beside the immutable set: Hyperscan scratch and work arrays. One per worker, made on a control thread;
// it fits every set published so far and is enlarged by prepare() before a set that needs more is published.
class MatchScratch;

struct MatchSetParts;

// An entry that was hit, as much as a record tells of it. Views live as long as the set; `value` of a number stands in `room`.
struct RuleText {
  std::uint64_t id = 0;
  SignatureKind kind = SignatureKind::kDomain;
  std::string_view value;
  std::string_view source;
  std::array<char, 32> room;
};

class MatchSet {
 public:
  explicit MatchSet(MatchSetParts parts);
  ~MatchSet();
  MatchSet(const MatchSet&) = delete;
  MatchSet& operator=(const MatchSet&) = delete;

  // An empty set of version 0.
  static std::unique_ptr<const MatchSet> empty();

  // Looks up all keys of a burst. Appends to `hits` every entry that covers a key (all suffixes, all prefixes, all
  // patterns), sorted by event, then part, key and falling depth. now_s: Unix time; an entry of the log whose time is over hides
  // what files say no longer. Worker thread; no allocation.
  void match(const KeyList& keys, MatchScratch& scratch, HitList& hits, std::int64_t now_s = 0) const;

  // Of which of these names, at most kMostAsked, something may be listed: their indexes, rising. A quick question, to which
  // the answer is yes for one innocent name in 500, too (measured, 7.5 M names); of the others match() finds nothing. Worker thread; no
  // allocation.
  static constexpr std::size_t kMostAsked = 64;
  std::size_t may_be_listed(std::span<const PlainName> names, std::span<std::uint16_t> indexes) const;

  // True when an allow entry stands for a name below `name`: who refuses `name` must not deny those. Worker thread.
  bool has_allowed_below(std::string_view name) const;

  // What a hit leads to. Worker thread; no allocation.
  const Terms& terms(RuleRef rule) const;
  std::int64_t expires_s(RuleRef rule) const;
  // A pattern that hit what is there of a text, and yet may not once all of it is: a word of its own, its end, or an allowed text may
  // still come. Worker thread.
  bool may_be_lifted(RuleRef rule) const;
  std::uint64_t id(RuleRef rule) const;
  void tell(RuleRef rule, RuleText& out) const;
  // All of it. Control thread.
  Rule rule(RuleRef rule) const;

  std::uint64_t version() const;  // the caller's number, e.g. the log's seq
  const MatchSetParts& parts() const { return *parts_; }

  // What was loaded; entries that a newer layer hides are still counted.
  struct Size {
    std::uint64_t domains = 0, numbers = 0, urls = 0, patterns = 0, bytes = 0;
  };
  Size size() const;

 private:
  friend class MatchScratch;
  struct Tables;
  std::unique_ptr<const MatchSetParts> parts_;
  std::unique_ptr<const Tables> tables_;
};

// Collects the entries of a set that is made in one go: for tests, benchmarks and single questions.
class MatchSetBuilder {
 public:
  MatchSetBuilder();
  ~MatchSetBuilder();

  std::uint32_t add_rule(Rule rule);
  // `name` canonical (normalise/domain). `subdomains`: the name and everything below it.
  void add_domain(std::string_view name, bool subdomains, std::uint32_t rule);
  // `prefix`: all numbers that start with these digits. side: calling, called, or both.
  enum class Sides : std::uint8_t { kCalling = 1, kCalled = 2, kEither = 3 };
  void add_number(const PhoneDigits& digits, bool prefix, Sides sides, std::uint32_t rule);
  void add_pattern(PatternSource pattern, std::uint32_t rule);
  // How patterns are judged and kept, from here on.
  void set_pattern_options(PatternOptions options);

  struct Built {
    std::unique_ptr<const MatchSet> set;
    std::vector<PatternError> rejected;  // patterns left out, or told of; everything else is in the set
  };
  // A set of its own. Takes what was added; the builder is empty afterwards.
  Built build_base(std::uint64_t version);

 private:
  struct Entries;
  std::unique_ptr<Entries> entries_;
};

class MatchScratch {
 public:
  MatchScratch();
  ~MatchScratch();
  // Makes the scratch fit for this set. Control thread, before the worker sees the set; safe while the worker uses the
  // scratch with an earlier set (a larger one is made beside it and taken over by the worker at its next burst).
  Result<void> prepare(const MatchSet& set);

  struct State;

 private:
  friend class MatchSet;
  std::unique_ptr<State> state_;
};

}  // namespace telefence
