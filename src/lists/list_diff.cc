// SPDX-License-Identifier: Apache-2.0
#include "lists/list_diff.h"

#include <optional>
#include <utility>

#include "signatures/words.h"

namespace telefence {
namespace {

// The same value with another reach, or allowed instead of blocked, that is in `other` and not in `own`.
std::optional<Signature> there_otherwise(const Signature& signature, const Intake& own, const Intake& other) {
  for (const bool flips_allow : {false, true}) {
    for (const bool flips_reach : {false, true}) {
      if (!flips_allow && !flips_reach) continue;
      if (flips_reach && signature.kind != SignatureKind::kDomain) continue;
      Signature changed = signature;
      changed.allow = signature.allow != flips_allow;
      changed.subdomains = signature.subdomains != flips_reach;
      if (other.meaning_here(changed) != 0 && own.meaning_here(changed) == 0) return changed;
    }
  }
  return std::nullopt;
}

std::string moment(std::int64_t unix_s) { return unix_s == 0 ? std::string() : instant_text(unix_s * 1000); }

// Of the same value.
std::vector<FieldChange> changes_between(const Signature& before, const Signature& after) {
  std::vector<FieldChange> changes;
  const auto compare = [&](std::string_view field, std::string then, std::string now) {
    if (then != now) changes.push_back({field, std::move(then), std::move(now)});
  };
  const auto both = [&](std::string_view field, auto text_of) { compare(field, text_of(before), text_of(after)); };
  both("op", [](const Signature& one) { return std::string(one.allow ? "allow" : "block"); });
  both("match", [](const Signature& one) { return std::string(one.subdomains ? "suffix" : "exact"); });
  both("category", [](const Signature& one) { return std::string(category_name(one.category)); });
  both("level", [](const Signature& one) { return std::to_string(one.tier); });
  both("action", [](const Signature& one) { return one.action; });
  both("expires", [](const Signature& one) { return moment(one.expires_s); });
  both("shadow", [](const Signature& one) { return std::string(one.shadow ? "true" : "false"); });
  both("valid_from", [](const Signature& one) { return moment(one.valid_from_s); });
  both("shadow_until", [](const Signature& one) { return moment(one.shadow_until_s); });
  both("canary", [](const Signature& one) { return std::to_string(one.canary); });
  return changes;
}

class Comparison {
 public:
  Comparison(Intake& before, Intake& after, const std::function<void(const EntryDifference&)>& tell) : before_(before), after_(after), tell_(tell) {}

  Result<DiffCounts> run() {
    Result<void> gone = after_.each([&](const StoredEntry& entry) -> Result<void> {
      is_after(entry);
      return {};
    });
    if (!gone) return gone.error();
    gone = before_.each([&](const StoredEntry& entry) -> Result<void> {
      was_before(entry);
      return {};
    });
    if (!gone) return gone.error();
    return counts_;
  }

 private:
  void is_after(const StoredEntry& entry) {
    const std::uint16_t then = before_.meaning_here(entry.signature), now = after_.meaning_here(entry.signature);
    if (then != 0 && then == now && then != Meanings::kOther) {
      ++counts_.same;
    } else if (then != 0) {
      changed(entry, entry.signature, then);
    } else if (!is_nothing_new(entry.signature, now)) {
      if (const auto other = there_otherwise(entry.signature, after_, before_))
        changed(entry, *other, before_.meaning_here(*other));
      else
        added(entry);
    }
  }

  void was_before(const StoredEntry& entry) {
    const std::uint16_t then = before_.meaning_here(entry.signature);
    if (after_.meaning_here(entry.signature) != 0 || is_nothing_new(entry.signature, then)) return;
    if (there_otherwise(entry.signature, before_, after_)) return;  // told as changed
    ++counts_.removed;
    tell_({Difference::kRemoved, entry.signature, before_.where(entry), {}});
  }

  void added(const StoredEntry& entry) {
    ++counts_.added;
    tell_({Difference::kAdded, entry.signature, after_.where(entry), {}});
  }

  // as_before: the value with its reach then, of which `then` says all else.
  void changed(const StoredEntry& entry, const Signature& as_before, std::uint16_t then) {
    ++counts_.changed;
    std::vector<FieldChange> changes;
    auto meant = before_.meanings().meaning(then);
    auto means = after_.meanings().meaning(after_.meaning_here(entry.signature));
    if (meant && means) {
      meant->subdomains = as_before.subdomains;
      means->subdomains = entry.signature.subdomains;
      changes = changes_between(*meant, *means);
    }
    tell_({Difference::kChanged, entry.signature, after_.where(entry), std::move(changes)});
  }

  // Lists of some formats name what a wider entry of theirs takes in anyway.
  bool is_nothing_new(const Signature& signature, std::uint16_t meaning) const {
    return before_.is_covered(signature, meaning) && after_.is_covered(signature, meaning);
  }

  Intake& before_;
  Intake& after_;
  const std::function<void(const EntryDifference&)>& tell_;
  DiffCounts counts_;
};

}  // namespace

Result<DiffCounts> diff_lists(Intake& before, Intake& after, const std::function<void(const EntryDifference&)>& tell) {
  return Comparison(before, after, tell).run();
}

}  // namespace telefence
