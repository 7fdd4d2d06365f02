// SPDX-License-Identifier: Apache-2.0
// The store against a plain model: maps of what files and log say, asked name by name. Words come and go, end, are reloaded and
// merged in the background in between. STORE_ROUNDS and STORE_SEED ask for more.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "match/layer.h"
#include "signatures/match_helpers.h"

namespace telefence {
namespace {

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Said {
  bool allow = false;
  bool subdomains = true;
  std::int64_t expires_s = 0;
};

// What blocks or allows a value, by the rules that docs/signatures.md tells.
class Model {
 public:
  std::map<std::string, Said> blocks, allows;  // files
  struct Words {
    bool removed = false;
    std::map<std::string, Said> entries;  // by source
  };
  std::map<std::string, Words> log;

  void add(const std::string& value, const std::string& source, const Said& said) { log[value].entries[source] = said; }
  void remove(const std::string& value, const std::string& source) {
    Words& words = log[value];
    if (source.empty()) {
      words.entries.clear();
      words.removed |= blocks.contains(value);
    } else {
      words.entries.erase(source);
    }
    forget_empty();
  }
  void end_list(const std::string& source) {
    for (auto& [value, words] : log) words.entries.erase(source);
    forget_empty();
  }
  std::size_t of_source(const std::string& source) const {
    return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const auto& one) { return one.second.entries.contains(source); }));
  }
  void sweep(std::int64_t now_s) {
    for (auto& [value, words] : log) std::erase_if(words.entries, [&](const auto& one) { return is_over(one.second, now_s); });
    forget_empty();
  }
  void forget_empty() {
    std::erase_if(log, [](const auto& one) { return !one.second.removed && one.second.entries.empty(); });
  }
  static bool is_over(const Said& said, std::int64_t now_s) { return said.expires_s != 0 && now_s >= said.expires_s; }

  // Each as "+" (allows) or "-" and depth, sorted.
  std::vector<std::string> hits(const std::string& name, std::int64_t now_s) const {
    std::vector<std::string> out;
    std::string suffix = name;
    for (bool whole = true; !suffix.empty(); whole = false) {
      add_hits(suffix, whole, now_s, out);
      const std::size_t dot = suffix.find('.');
      suffix = dot == std::string::npos ? "" : suffix.substr(dot + 1);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::size_t blocked() const {
    std::size_t count = 0;
    for (const auto& [value, words] : log)
      for (const auto& [source, said] : words.entries) count += said.allow ? 0U : 1U;
    for (const auto& [value, said] : blocks) count += log.contains(value) ? 0U : 1U;
    return count;
  }

 private:
  void add_hits(const std::string& suffix, bool whole, std::int64_t now_s, std::vector<std::string>& out) const {
    const auto push = [&](const Said& said) {
      if (whole || said.subdomains) out.push_back((said.allow ? "+" : "-") + suffix + (said.subdomains ? "" : "!"));
    };
    const auto words = log.find(suffix);
    bool hides = words != log.end() && words->second.removed;
    if (words != log.end()) {
      for (const auto& [source, one] : words->second.entries) {
        if (is_over(one, now_s)) continue;
        push(one);
        hides = true;
      }
    }
    if (const auto found = blocks.find(suffix); found != blocks.end() && !hides) push(found->second);
    if (const auto found = allows.find(suffix); found != allows.end()) push(found->second);
  }
};

class StoreModel : public testing::Test {
 protected:
  explicit StoreModel(std::uint64_t seed = environment("STORE_SEED", 1)) : random_(seed) {}

  std::string value() {
    const auto number = random_() % 400;
    std::string name = "n" + std::to_string(number % 40) + ".example";
    if (number >= 40) name = "s" + std::to_string(number / 40) + "." + name;
    return name;
  }
  std::string source() { return random_() % 2 == 0 ? "city" : "vendor"; }
  void reload() {
    model_.blocks.clear();
    model_.allows.clear();
    std::string blocks, allows;
    for (int i = 0; i < 60; ++i) {
      const std::string name = value();
      if (random_() % 5 == 0) {
        model_.allows[name] = {.allow = true};
        allows += name + "\n";
      } else {
        model_.blocks[name] = {};
        blocks += name + "\n";
      }
    }
    SignatureOptions options;
    options.lists.push_back({.file = files_.write("blocks", blocks)});
    options.lists.push_back({.file = files_.write("allows", allows), .allow = true});
    ASSERT_TRUE(store_.load(options, complaints_).ok());
    store_.keep_load();
  }
  Change change(const std::string& name) {
    Change out;
    out.signature.value = name;
    out.signature.source = source();
    if (random_() % 50 == 0) {
      out.op = Change::Op::kReplaceList;
      model_.end_list(out.signature.source);
      return out;
    }
    if (random_() % 3 == 0) {
      out.op = Change::Op::kRemove;
      if (random_() % 2 == 0) out.signature.source.clear();
      model_.remove(name, out.signature.source);
      return out;
    }
    Said said{.allow = random_() % 4 == 0, .subdomains = random_() % 2 == 0};
    if (random_() % 3 == 0) said.expires_s = now_s_ + 1 + static_cast<std::int64_t>(random_() % 20);
    out.signature.allow = said.allow;
    out.signature.subdomains = said.subdomains;
    out.signature.expires_s = said.expires_s;
    model_.add(name, out.signature.source, said);
    return out;
  }
  // Entries that nobody asks for, so that layers get large enough to be closed and merged.
  void add_filling(std::vector<Change>& changes) {
    for (int i = 0; i < 700; ++i) {
      Change filling;
      filling.op = random_() % 2 == 0 ? Change::Op::kAdd : Change::Op::kRemove;
      filling.signature.source = "filler";
      filling.signature.value = "f" + std::to_string(random_() % 9000) + ".filling";
      filling.signature.allow = true;
      changes.push_back(std::move(filling));
    }
  }
  void compare(const MatchSet& set) {
    KeyList keys;
    HitList hits;
    std::vector<std::string> names;
    for (int i = 0; i < 120; ++i) names.push_back((random_() % 2 == 0 ? "w." : "") + value());
    for (const std::string& name : names) keys.push(DomainKey{static_cast<std::uint16_t>(&name - names.data()), false, name});
    MatchScratch scratch;
    ASSERT_TRUE(scratch.prepare(set).ok());
    set.match(keys, scratch, hits, now_s_);
    std::vector<std::vector<std::string>> found(names.size());
    for (const Hit& hit : std::as_const(hits).hits()) {
      const std::int64_t expires_s = set.expires_s(hit.rule);
      if (expires_s != 0 && now_s_ >= expires_s) continue;  // the policy passes over it
      const Rule rule = set.rule(hit.rule);
      found[hit.event].push_back((rule.allow ? "+" : "-") + rule.value + (hit.depth % 2 != 0 ? "!" : ""));
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::sort(found[i].begin(), found[i].end());
      ASSERT_EQ(found[i], model_.hits(names[i], now_s_)) << names[i] << " at " << now_s_;
    }
  }

  TestFiles files_;
  std::mt19937_64 random_;
  Model model_;
  SignatureStore store_{test_terms()};
  std::vector<Complaint> complaints_;
  std::int64_t now_s_ = 1000;
};

TEST_F(StoreModel, AgreesWhateverHappensInBetween) {
  reload();
  const std::uint64_t rounds = environment("STORE_ROUNDS", 400);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    std::vector<Change> changes;
    for (std::uint64_t i = random_() % 30; i > 0; --i) changes.push_back(change(value()));
    if (random_() % 2 == 0) add_filling(changes);
    store_.apply(changes, complaints_);
    now_s_ += static_cast<std::int64_t>(random_() % 3);
    if (random_() % 3 == 0) {
      store_.sweep(now_s_, 1'000'000);
      model_.sweep(now_s_);
      EXPECT_EQ(store_.counts().domains, model_.blocked()) << "round " << round;
      for (const char* one : {"city", "vendor"}) EXPECT_EQ(store_.entries_after(one, {}), model_.of_source(one)) << "round " << round;
    }
    if (random_() % 20 == 0) reload();
    if (random_() % 10 == 0) store_.tidy();
    if (random_() % 7 == 0) store_.settle();
    const auto set = store_.build(round, complaints_);
    ASSERT_LE(set->parts().log.size() + 1, kMostLayers);
    ASSERT_NO_FATAL_FAILURE(compare(*set)) << "round " << round;
  }
  EXPECT_TRUE(complaints_.empty()) << complaints_[0].reason;
}

}  // namespace
}  // namespace telefence
