// SPDX-License-Identifier: Apache-2.0
#include "signatures/signature_store.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "signatures/list_files.h"
#include "signatures/pattern_files.h"

namespace telefence {
namespace {

// More complaints than this of one call say nothing new.
constexpr std::size_t kMaxComplaints = 1000;
// A delta above a floor and an eighth of the base is folded into a new base; patterns earlier, since Hyperscan compiles
// the whole delta anew for each batch.
constexpr std::size_t kSmallDelta = 4096;
constexpr std::size_t kSmallPatternDelta = 64;

bool is_pattern(const Entry& entry) {
  return entry.rule.kind == SignatureKind::kPattern || entry.rule.kind == SignatureKind::kUrl;
}

// Collects complaints up to the bound, then only counts them.
class Complaints {
 public:
  explicit Complaints(std::vector<Complaint>& out) : out_(out) {}
  ~Complaints() {
    if (left_out_ > 0)
      out_.push_back({"", "", std::to_string(left_out_) + " more complaints are not shown: mend these first"});
  }
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;
  void add(std::string where, std::string value, std::string reason) {
    ++count_;
    if (count_ <= kMaxComplaints)
      out_.push_back({std::move(where), std::move(value), std::move(reason)});
    else
      ++left_out_;
  }
  void add(Complaint complaint) {
    add(std::move(complaint.where), std::move(complaint.value), std::move(complaint.reason));
  }
  std::size_t count() const { return count_; }

 private:
  std::vector<Complaint>& out_;
  std::size_t count_ = 0;
  std::size_t left_out_ = 0;
};

// What the files say.
struct FileEntries {
  std::vector<Entry> entries;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_key;  // index in entries

  void add(Entry entry) {
    by_key.emplace(entry.key, static_cast<std::uint32_t>(entries.size()));
    entries.push_back(std::move(entry));
  }
};

void read_list(const ListOptions& list, const CompileTerms& terms, FileEntries& to, Complaints& complaints,
               std::string& failures) {
  std::unordered_set<std::uint64_t> seen;  // a value twice in one file is no mistake, and needs one entry only
  const Result<void> read = read_list_file(list, [&](Signature signature) {
    Result<Entry> entry = compile_signature(signature, terms);
    if (!entry.ok())
      complaints.add(signature.where, signature.value, entry.error().message);
    else if (seen.insert(entry.value().key).second)
      to.add(std::move(entry.value()));
  });
  if (!read.ok()) failures += (failures.empty() ? "" : "; ") + read.error().message;
}

void read_patterns(const std::string& name, const CompileTerms& terms, FileEntries& to, Complaints& complaints,
                   std::string& failures) {
  const auto fail = [&](const Error& error) { failures += (failures.empty() ? "" : "; ") + error.message; };
  const Result<std::vector<std::string>> files = expand_file_name(name);
  if (!files.ok()) return fail(files.error());
  for (const std::string& file : files.value()) {
    Result<PatternFile> read = read_pattern_file(file);
    if (!read.ok()) {
      fail(read.error());
      continue;
    }
    for (Complaint& complaint : read.value().complaints) complaints.add(std::move(complaint));
    for (const Pattern& pattern : read.value().patterns) {
      Result<Entry> entry = compile_signature(pattern.signature, terms);
      if (!entry.ok())
        complaints.add(pattern.signature.where, pattern.signature.name, entry.error().message);
      else if (to.by_key.contains(entry.value().key))
        complaints.add(pattern.signature.where, pattern.signature.name,
                       "this id is used by another pattern: ids are unique");
      else
        to.add(std::move(entry.value()));
    }
  }
}

}  // namespace

struct SignatureStore::State {
  // The log's last word about one value: it replaces what files block under the same key.
  struct Word {
    bool removed = false;
    bool in_base = false;
    Entry entry;  // when not removed
  };
  // A pattern given to the builder, to find it again when Hyperscan refuses it.
  struct PatternRule {
    std::uint32_t rule = 0;
    std::uint64_t key = 0;
    std::uint32_t file_index = 0;
    bool of_file = false;
  };

  CompileTerms terms;
  FileEntries files;
  std::vector<bool> masked;  // by index of files.entries: taken out by the log, or refused by Hyperscan
  std::unordered_map<std::uint64_t, Word> log;
  std::unordered_set<std::uint64_t> delta;       // keys of log words that are in force and not in the base
  std::unordered_set<std::uint64_t> removed;     // ids of rules of the base that are in force no more
  std::unordered_set<std::uint64_t> shared_ids;  // ids that several rules of the base have: they can't be removed by id
  std::unique_ptr<const MatchSet> base;
  std::size_t base_size = 0;
  bool needs_fold = true;
  Counts counts;

  void count(const Entry& entry, bool more) {
    std::uint64_t* number = &counts.allowed;
    if (!entry.rule.allow) {
      switch (entry.rule.kind) {
        case SignatureKind::kDomain:
          number = &counts.domains;
          break;
        case SignatureKind::kUrl:
          number = &counts.urls;
          break;
        case SignatureKind::kNumber:
          number = &counts.numbers;
          break;
        case SignatureKind::kPattern:
          number = &counts.patterns;
          break;
      }
    }
    *number = more ? *number + 1 : *number - 1;
  }

  void take_out_of_base(const Entry& entry) {
    removed.insert(entry.rule.id);
    if (shared_ids.contains(entry.rule.id)) needs_fold = true;
  }

  void mask_file_entries(std::uint64_t key) {
    const auto [first, last] = files.by_key.equal_range(key);
    for (auto found = first; found != last; ++found) {
      const Entry& entry = files.entries[found->second];
      // What this site's own people allow is not for the centre to take away.
      if (entry.rule.allow || masked[found->second]) continue;
      masked[found->second] = true;
      count(entry, false);
      take_out_of_base(entry);
    }
  }

  void end_word(Word& word, std::uint64_t key) {
    if (word.removed) return;
    count(word.entry, false);
    if (word.in_base) take_out_of_base(word.entry);
    delta.erase(key);
    word.removed = true;
    word.in_base = false;
    word.entry = {};
  }

  bool is_fold_due() const {
    if (base == nullptr || needs_fold) return true;
    const std::size_t limit = std::max(kSmallDelta, base_size / 8);
    if (delta.size() > limit || removed.size() > limit) return true;
    if (delta.size() <= kSmallPatternDelta) return false;
    const auto patterns =
        std::count_if(delta.begin(), delta.end(), [this](std::uint64_t key) { return is_pattern(log.at(key).entry); });
    return static_cast<std::size_t>(patterns) > kSmallPatternDelta;
  }

  void note_rule(std::unordered_set<std::uint64_t>& ids, const Entry& entry) {
    if (!ids.insert(entry.rule.id).second) shared_ids.insert(entry.rule.id);
    ++base_size;
  }

  void fold(Complaints& complaints) {
    MatchSetBuilder builder;
    std::vector<PatternRule> patterns;
    std::unordered_set<std::uint64_t> ids;
    shared_ids.clear();
    base_size = 0;
    for (std::uint32_t i = 0; i < files.entries.size(); ++i) {
      if (masked[i]) continue;
      const std::uint32_t rule = add_to(builder, files.entries[i]);
      if (is_pattern(files.entries[i])) patterns.push_back({rule, files.entries[i].key, i, true});
      note_rule(ids, files.entries[i]);
    }
    for (auto& [key, word] : log) {
      if (word.removed) continue;
      const std::uint32_t rule = add_to(builder, word.entry);
      if (is_pattern(word.entry)) patterns.push_back({rule, key, 0, false});
      note_rule(ids, word.entry);
      word.in_base = true;
    }
    delta.clear();
    removed.clear();
    needs_fold = false;
    MatchSetBuilder::Built built = builder.build_base(0);
    base = std::move(built.set);
    leave_out(built.rejected, patterns, complaints);
  }

  std::unique_ptr<const MatchSet> build_delta(std::uint64_t version, Complaints& complaints) {
    MatchSetBuilder builder;
    std::vector<PatternRule> patterns;
    for (const std::uint64_t key : delta) {
      const Entry& entry = log.at(key).entry;
      const std::uint32_t rule = add_to(builder, entry);
      if (is_pattern(entry)) patterns.push_back({rule, key, 0, false});
    }
    const std::vector<std::uint64_t> removed_ids(removed.begin(), removed.end());
    MatchSetBuilder::Built built = builder.build_delta(*base, removed_ids, version);
    leave_out(built.rejected, patterns, complaints);
    return std::move(built.set);
  }

  // Patterns that Hyperscan refused are not in the set; they are complained about once and not tried again.
  void leave_out(const std::vector<PatternError>& rejected, const std::vector<PatternRule>& patterns,
                 Complaints& complaints) {
    for (const PatternError& error : rejected) {
      const auto found =
          std::find_if(patterns.begin(), patterns.end(), [&](const PatternRule& p) { return p.rule == error.rule; });
      if (found == patterns.end()) continue;
      const Entry& entry = found->of_file ? files.entries[found->file_index] : log.at(found->key).entry;
      complaints.add(entry.where, entry.rule.value, "this pattern is left out: " + error.reason);
      count(entry, false);
      if (found->of_file) {
        masked[found->file_index] = true;
      } else {
        delta.erase(found->key);
        log.at(found->key) = Word{true, false, {}};
      }
    }
  }
};

SignatureStore::SignatureStore(CompileTerms terms) : state_(std::make_unique<State>()) {
  state_->terms = std::move(terms);
}
SignatureStore::~SignatureStore() = default;

Result<void> SignatureStore::load(const SignatureOptions& options, std::vector<Complaint>& complaints) {
  FileEntries fresh;
  std::string failures;
  Complaints collected(complaints);
  for (const ListOptions& list : options.lists) read_list(list, state_->terms, fresh, collected, failures);
  for (const std::string& name : options.patterns) read_patterns(name, state_->terms, fresh, collected, failures);
  state_->counts.complaints += collected.count();
  if (!failures.empty()) return Error{ErrorCode::kInvalid, failures};

  State& state = *state_;
  for (std::size_t i = 0; i < state.files.entries.size(); ++i)
    if (!state.masked[i]) state.count(state.files.entries[i], false);
  state.files = std::move(fresh);
  state.masked.assign(state.files.entries.size(), false);
  for (const Entry& entry : state.files.entries) state.count(entry, true);
  for (const auto& [key, word] : state.log) state.mask_file_entries(key);
  state.needs_fold = true;
  return {};
}

void SignatureStore::apply(std::span<const Change> changes, std::vector<Complaint>& complaints) {
  State& state = *state_;
  Complaints collected(complaints);
  for (const Change& change : changes) {
    const Signature& signature = change.signature;
    const bool is_removal = change.op == Change::Op::kRemove;
    Result<Entry> entry =
        is_removal ? canonical_entry(signature, state.terms) : compile_signature(signature, state.terms);
    if (!entry.ok()) {
      collected.add(signature.where, signature.value, entry.error().message);
      continue;
    }
    const std::uint64_t key = entry.value().key;
    const auto [found, is_new] = state.log.try_emplace(key, State::Word{true, false, {}});
    State::Word& word = found->second;
    state.end_word(word, key);
    state.mask_file_entries(key);
    if (is_removal) continue;
    word = State::Word{false, false, std::move(entry.value())};
    state.count(word.entry, true);
    state.delta.insert(key);
  }
}

std::unique_ptr<const MatchSet> SignatureStore::build(std::uint64_t version, std::vector<Complaint>& complaints) {
  Complaints collected(complaints);
  if (state_->is_fold_due()) state_->fold(collected);
  auto set = state_->build_delta(version, collected);
  state_->counts.complaints += collected.count();
  return set;
}

SignatureStore::Counts SignatureStore::counts() const { return state_->counts; }

}  // namespace telefence
