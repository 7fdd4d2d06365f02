// SPDX-License-Identifier: Apache-2.0
#include "signatures/signature_store.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "signatures/complaint_list.h"
#include "signatures/expiry_queue.h"
#include "signatures/log_layers.h"
#include "signatures/pattern_store.h"
#include "signatures/shrink_guard.h"
#include "signatures/signature_files.h"

namespace telefence {
namespace {

using Word = EntryNote::Word;

// So many entries that are over or hidden are worth a merge of all layers.
constexpr std::size_t kWorthFolding = 4096;
// Values in a newest layer that nobody waits for.
constexpr std::size_t kWorthClosing = 100'000;
// Sources that speak of one value: a look-up that hits it reads them all.
constexpr std::size_t kMostWords = 16;

bool is_pattern(SignatureKind kind) { return kind == SignatureKind::kPattern || kind == SignatureKind::kUrl; }

// What is loaded from files.
struct LoadedFiles : CountedLayer {
  LoadedFiles() = default;
  LoadedFiles(CountedLayer counted, FileSizes by_file, std::uint64_t refused)
      : CountedLayer(std::move(counted)), sizes(std::move(by_file)), lines_refused(refused) {}
  FileSizes sizes;
  std::uint64_t lines_refused = 0;
};

WordValue value_of(const Entry& entry) {
  return entry.rule.kind == SignatureKind::kNumber ? WordValue::of_number({entry.digits, entry.prefix})
                                                   : WordValue::of_domain(entry.rule.value);
}

// A source's entries of one kind.
std::string list_of(const Terms& terms) { return (terms.kind == SignatureKind::kNumber ? "n" : "d") + terms.source; }

ExpiryItem item_of(const NumberValue& number) {
  return {.kind = ExpiryItem::Kind::kNumber,
          .length = number.digits.length,
          .flags = static_cast<std::uint8_t>((number.digits.international ? 1 : 0) | (number.prefix ? 2 : 0)),
          .value = number.digits.value};
}
ExpiryItem item_of(const NameHash& hash) { return {.value = hash.place, .tag = hash.tag}; }

// False: it never ends while this program runs.
bool set_end(ExpiryItem& item, std::int64_t expires_s) {
  if (expires_s == 0 || expires_s > std::numeric_limits<std::uint32_t>::max()) return false;
  item.expires_s = static_cast<std::uint32_t>(std::max<std::int64_t>(expires_s, 0));
  return true;
}

bool is_entry(const LogWord& word) { return word.note.word == Word::kEntry; }

// Whether a change of this source is about this word: each source has one word about a value. "": a removal of what all say.
bool is_meant(const LogWord& word, const Change& change) {
  const std::string& source = change.signature.source;
  return is_entry(word) && (word.terms.source == source || (change.op == Change::Op::kRemove && source.empty()));
}

// A change with what is known of it before its turn comes.
struct Judged {
  const Change* change;
  std::optional<Result<Entry>> made;  // nothing of a replace-list
  std::optional<WordValue> value;     // of a domain or number that is fine
};
// So many are judged, and the memory that they need is asked for, before the first is applied.
constexpr std::size_t kJudgedAtOnce = 16;

}  // namespace

struct SignatureStore::State {
  explicit State(CompileTerms terms_) : terms(std::move(terms_)), patterns(terms.home_country) {}

  CompileTerms terms;
  LoadedFiles loaded;
  LogLayers log;
  PatternStore patterns;
  // Until the load is kept or undone.
  std::unique_ptr<LoadedFiles> before;
  std::unique_ptr<PatternStore::Loaded> patterns_before;
  std::function<Result<void>()> keep;  // on disk what was loaded; when it is kept
  std::future<Result<void>> keeping;
  ExpiryQueue expiries;      // of the log's words
  std::size_t kept = 0;      // values of domains and numbers that the log's words are kept for
  std::size_t expiring = 0;  // of its entries in force, how many have an end
  std::size_t leftover = 0;  // entries of closed layers that are over or hidden, about
  bool keeps_removals = false;
  Counts counts;             // of domains and numbers
  std::unordered_map<std::string, std::uint64_t> of_source;  // the log's entries of domains and numbers, by list_of()
  Terms last_list;
  std::uint64_t* last_count = nullptr;  // in of_source
  std::uint64_t entries_of(SignatureKind kind, const std::string& source) const {
    if (is_pattern(kind)) return patterns.words_of_source(kind, source);
    const auto found = of_source.find(list_of({.kind = kind, .source = source}));
    return found == of_source.end() ? 0 : found->second;
  }
  // As of_source[list_of()]. The one of before most times; what stands in a map stays where it is.
  std::uint64_t& count_of_list(const Terms& of) {
    if (last_count == nullptr || last_list.kind != of.kind || last_list.source != of.source) {
      last_list = of;
      last_count = &of_source[list_of(of)];
    }
    return *last_count;
  }

  std::uint64_t& number_of(const Terms& terms_of_it) {
    if (terms_of_it.allow) return counts.allowed;
    return terms_of_it.kind == SignatureKind::kNumber ? counts.numbers : counts.domains;
  }
  EntryNotes file_notes(const WordValue& value) const {
    return value.is_number() ? loaded.layer->numbers().notes_of(value.number()) : loaded.layer->domains().notes_of(value.name(), value.hash());
  }
  std::size_t blocks_of_files(const WordValue& value) const;
  bool is_removal_kept(const WordValue& value) const { return keeps_removals || blocks_of_files(value) != 0; }
  void count_files(bool more);
  void speak(const WordValue& value, const LogWords& before_it, const LogWords& after_it);
  void note_end(const Entry& entry);
  void add_end(ExpiryItem item, std::int64_t expires_s);
  void count_layer(const Layer& layer);
  void note_removed(const Change& change);
  std::optional<WordValue> value_of_item(const ExpiryItem& item) const;
  bool is_end_of_word(const ExpiryItem& item) const;
  Judged judge(const Change& change) const;
  void apply(Judged& judged, ComplaintList& complaints);
  void end_list(SignatureKind kind, const std::string& source);
  bool end(const ExpiryItem& item);
};

std::size_t SignatureStore::State::blocks_of_files(const WordValue& value) const {
  const EntryNotes notes = file_notes(value);
  return static_cast<std::size_t>(
      std::count_if(notes.begin(), notes.end(), [&](const EntryNote& note) { return !loaded.layer->terms()[note.terms].allow; }));
}

// Of the layer of the files, without what the log hides.
void SignatureStore::State::count_files(bool more) {
  for (std::size_t i = 0; i < loaded.by_terms.size(); ++i) {
    std::uint64_t& number = number_of(loaded.layer->terms().all()[i]);
    number = more ? number + loaded.by_terms[i] : number - loaded.by_terms[i];
  }
  if (loaded.layer->is_empty()) return;
  const auto hide = [&](const WordValue& value) {
    if (log.words_of(value).empty()) return;
    std::uint64_t& number = value.is_number() ? counts.numbers : counts.domains;
    number = more ? number - blocks_of_files(value) : number + blocks_of_files(value);
  };
  if (log.size() <= loaded.layer->size()) return log.for_each(hide);
  loaded.layer->domains().for_each([&](std::string_view name, std::span<const EntryNote>) { hide(WordValue::of_domain(name)); });
  loaded.layer->numbers().for_each([&](const NumberValue& number, std::span<const EntryNote>) { hide(WordValue::of_number(number)); });
}

// What the log says about a value changes: the counts follow.
void SignatureStore::State::speak(const WordValue& value, const LogWords& before_it, const LogWords& after_it) {
  for (const LogWord& word : before_it) {
    if (!is_entry(word)) continue;
    --number_of(word.terms);
    if (--count_of_list(word.terms) == 0) {
      of_source.erase(list_of(word.terms));
      last_count = nullptr;
    }
    if (word.note.expires_s != 0) --expiring;
  }
  for (const LogWord& word : after_it) {
    if (!is_entry(word)) continue;
    ++number_of(word.terms);
    ++count_of_list(word.terms);
    if (word.note.expires_s != 0) ++expiring;
  }
  if (before_it.empty() != after_it.empty()) {
    std::uint64_t& number = value.is_number() ? counts.numbers : counts.domains;
    const std::size_t blocks = blocks_of_files(value);
    number = after_it.empty() ? number + blocks : number - blocks;
    kept = after_it.empty() ? kept - 1 : kept + 1;
  }
  if (!before_it.empty()) ++leftover;
  log.set(value, after_it);
}

std::optional<WordValue> SignatureStore::State::value_of_item(const ExpiryItem& item) const {
  if (item.kind == ExpiryItem::Kind::kNumber)
    return WordValue::of_number({{item.value, item.length, (item.flags & 1) != 0}, (item.flags & 2) != 0});
  return log.domain_of({.place = item.value, .tag = item.tag});
}

// Whether something that the log says still ends at this moment.
bool SignatureStore::State::is_end_of_word(const ExpiryItem& item) const {
  if (item.kind == ExpiryItem::Kind::kPattern) return patterns.has_end(item.value, item.expires_s);
  const std::optional<WordValue> value = value_of_item(item);
  if (!value) return false;
  const LogWords words = log.words_of(*value);
  return std::any_of(words.begin(), words.end(), [&](const LogWord& word) { return word.note.expires_s == item.expires_s; });
}

void SignatureStore::State::note_end(const Entry& entry) {
  ExpiryItem item;
  if (is_pattern(entry.rule.kind)) {
    item.kind = ExpiryItem::Kind::kPattern;
    item.value = entry.key;
  } else {
    const WordValue value = value_of(entry);
    item = value.is_number() ? item_of(value.number()) : item_of(value.hash());
  }
  add_end(item, entry.rule.expires_s);
}

void SignatureStore::State::add_end(ExpiryItem item, std::int64_t expires_s) {
  if (!set_end(item, expires_s)) return;
  expiries.add(item);
  // What was pushed again and again has left its old moments behind.
  if (expiries.size() <= 2 * (expiring + patterns.words_kept()) + 1024) return;
  std::unordered_set<std::uint64_t> kept_moments;
  expiries.keep_if([&](const ExpiryItem& one) {
    const std::uint64_t kind = static_cast<std::uint64_t>(one.kind) << 62;
    return is_end_of_word(one) && kept_moments.insert(one.value ^ kind ^ (std::uint64_t{one.expires_s} << 24)).second;
  });
}

Judged SignatureStore::State::judge(const Change& change) const {
  Judged judged{&change, {}, {}};
  if (change.op == Change::Op::kReplaceList) return judged;
  const Signature& signature = change.signature;
  // Only patterns are known by their key: hashing it would be half of what a domain costs here.
  const auto compile = is_pattern(signature.kind) ? compile_signature : judge_signature;
  judged.made.emplace(change.op == Change::Op::kRemove ? canonical_entry(signature, terms) : compile(signature, terms));
  if (!judged.made->ok() || is_pattern(signature.kind)) return judged;
  judged.value = value_of(judged.made->value());
  log.prefetch(*judged.value);
  if (!judged.value->is_number() && loaded.layer->domains().names() != 0) loaded.layer->domains().prefetch_filter(judged.value->hash().home);
  return judged;
}

void SignatureStore::State::apply(Judged& judged, ComplaintList& complaints) {
  const Change& change = *judged.change;
  const Signature& signature = change.signature;
  if (change.op == Change::Op::kReplaceList) return end_list(signature.kind, signature.source);
  const bool is_removal = change.op == Change::Op::kRemove;
  if (!judged.made->ok()) return complaints.add(signature.where, signature.value, judged.made->error().message);
  Entry& entry = judged.made->value();
  if (is_pattern(entry.rule.kind)) {
    if (is_removal) return patterns.remove(entry.key, signature.source);
    note_end(entry);
    return patterns.add(std::move(entry));
  }
  const WordValue& value = *judged.value;
  const LogWords before_it = log.words_of(value);
  LogWords after_it;
  for (const LogWord& word : before_it)
    if (!is_meant(word, change)) after_it.push_back(word);
  if (is_removal) {
    // Of all: also what files block, and it goes on doing so behind an entry that ends.
    if (signature.source.empty() && after_it.empty() && is_removal_kept(value)) after_it.push_back({{}, {.word = Word::kRemoved}});
  } else {
    if (after_it.size() >= kMostWords)
      return complaints.add(signature.where, signature.value, "16 sources speak of it already: no more are kept");
    after_it.push_back({terms_of(entry.rule),
                        {.subdomains = entry.subdomains, .id = entry.rule.id, .expires_s = entry.rule.expires_s}});
    after_it.back().terms.sides = entry.rule.kind == SignatureKind::kNumber ? entry.rule.sides : std::uint8_t{3};
  }
  speak(value, before_it, after_it);
  if (!is_removal) note_end(entry);
}

// All that a source has said of a kind ends; what it took away from files stays away. Looks at every value that the log speaks of.
void SignatureStore::State::end_list(SignatureKind kind, const std::string& source) {
  if (is_pattern(kind)) return patterns.end_list(kind, source);
  const auto is_of_list = [&](const LogWord& word) { return is_entry(word) && word.terms.kind == kind && word.terms.source == source; };
  std::vector<WordValue> values;
  log.for_each([&](const WordValue& value) {
    if (value.is_number() != (kind == SignatureKind::kNumber)) return;
    const LogWords words = log.words_of(value);
    if (std::any_of(words.begin(), words.end(), is_of_list)) values.push_back(value);
  });
  for (const WordValue& value : values) {
    const LogWords before_it = log.words_of(value);
    LogWords after_it;
    std::copy_if(before_it.begin(), before_it.end(), std::back_inserter(after_it), [&](const LogWord& word) { return !is_of_list(word); });
    speak(value, before_it, after_it);
  }
}

// False: it was replaced or removed meanwhile.
bool SignatureStore::State::end(const ExpiryItem& item) {
  if (item.kind == ExpiryItem::Kind::kPattern) return patterns.end(item.value, item.expires_s);
  const std::optional<WordValue> value = value_of_item(item);
  if (!value) return false;
  const LogWords before_it = log.words_of(*value);
  LogWords after_it;
  for (const LogWord& word : before_it)
    if (word.note.expires_s != item.expires_s) after_it.push_back(word);
  if (after_it.size() == before_it.size()) return false;
  speak(*value, before_it, after_it);
  return true;
}

SignatureStore::SignatureStore(CompileTerms terms) : state_(std::make_unique<State>(std::move(terms))) {}
SignatureStore::~SignatureStore() = default;

Result<void> SignatureStore::load(const SignatureOptions& options, std::vector<Complaint>& complaints) {
  State& state = *state_;
  ComplaintList collected(complaints);
  Result<SignatureFiles> read = read_signature_files(options, state.terms, collected);
  if (!read.ok()) return read.error();
  CountedLayer fresh(std::move(read.value().layer));
  FileSizes sizes = sizes_of(fresh, read.value().patterns);
  if (const Result<void> fine = refuse_shrunk(state.loaded.sizes, sizes, read.value().names, options.most_shrink); !fine.ok()) return fine.error();
  state.count_files(false);
  state.before = std::make_unique<LoadedFiles>(
      std::exchange(state.loaded, LoadedFiles(std::move(fresh), std::move(sizes), collected.left_out())));
  state.count_files(true);
  state.patterns.set_options(options.pattern_options);
  state.patterns_before = state.patterns.adopt_files(std::move(read.value().patterns));
  state.keep = std::move(read.value().keep);
  return {};
}

void SignatureStore::undo_load() {
  State& state = *state_;
  if (state.before == nullptr) return;
  state.count_files(false);
  state.loaded = std::move(*std::exchange(state.before, nullptr));
  state.count_files(true);
  state.patterns.take_back(std::exchange(state.patterns_before, nullptr));
}

void SignatureStore::keep_load() {
  state_->before.reset();
  state_->patterns_before.reset();
  const auto keep = std::exchange(state_->keep, nullptr);
  if (!keep) return;
  if (state_->keeping.valid()) state_->keeping.wait();
  state_->keeping = std::async(std::launch::async, [keep] {
    pthread_setname_np(pthread_self(), "telefence:keep");
    return keep();
  });
}

std::optional<Error> SignatureStore::take_keep_failure() {
  auto& keeping = state_->keeping;
  if (!keeping.valid() || keeping.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return std::nullopt;
  const Result<void> kept = keeping.get();
  return kept.ok() ? std::nullopt : std::optional<Error>(kept.error());
}

void SignatureStore::apply(std::span<const Change> changes, std::vector<Complaint>& complaints) {
  ComplaintList collected(complaints);
  std::vector<Judged> judged;
  judged.reserve(kJudgedAtOnce);
  for (std::size_t first = 0; first < changes.size(); first += kJudgedAtOnce) {
    judged.clear();
    for (const Change& change : changes.subspan(first, std::min(kJudgedAtOnce, changes.size() - first))) judged.push_back(state_->judge(change));
    for (Judged& one : judged) state_->apply(one, collected);
  }
}

// The log's entries of a layer that is adopted, counted, and their ends noted. Requires: no ends are noted yet.
void SignatureStore::State::count_layer(const Layer& layer) {
  std::vector<std::uint64_t> by_terms(layer.terms().size());
  const auto count = [&](const auto& item_of_it, std::size_t most, std::span<const EntryNote> notes) {
    ++kept;
    for (const EntryNote& note : notes) {
      ++by_terms[note.terms];
      if (note.expires_s == 0) continue;
      ++expiring;
      ExpiryItem item = item_of_it();
      if (set_end(item, note.expires_s)) expiries.append(item, most);
    }
  };
  const std::size_t domains = layer.domains().size(), numbers = layer.numbers().size();
  layer.domains().for_each([&](std::string_view name, std::span<const EntryNote> notes) { count([&] { return item_of(hash_name(name)); }, domains, notes); });
  layer.numbers().for_each([&](const NumberValue& number, std::span<const EntryNote> notes) { count([&] { return item_of(number); }, numbers, notes); });
  expiries.order();
  for (std::size_t i = 0; i < by_terms.size(); ++i) {
    if (by_terms[i] == 0) continue;
    const Terms& terms_of_it = layer.terms().all()[i];
    number_of(terms_of_it) += by_terms[i];
    count_of_list(terms_of_it) += by_terms[i];
  }
}

void SignatureStore::State::note_removed(const Change& change) {
  const Result<Entry> entry = canonical_entry(change.signature, terms);
  if (!entry.ok()) return;
  if (is_pattern(entry.value().rule.kind)) return patterns.remove(entry.value().key, "");
  const WordValue value = value_of(entry.value());
  if (!is_removal_kept(value)) return;
  const LogWords before_it = log.words_of(value);
  LogWords after_it = before_it;
  after_it.push_back({{}, {.word = Word::kRemoved}});
  speak(value, before_it, after_it);
}

void SignatureStore::adopt_log(std::shared_ptr<const Layer> layer, std::span<const Change> removed, std::span<const Change> changes,
                               std::vector<Complaint>& complaints) {
  State& state = *state_;
  state.counts = {};
  state.of_source.clear();
  state.last_count = nullptr;
  state.expiries = {};
  state.kept = state.expiring = state.leftover = 0;
  state.patterns.forget_log();
  state.log.adopt(layer);
  state.count_layer(*layer);
  state.count_files(true);
  for (const Change& change : removed) state.note_removed(change);
  apply(changes, complaints);
}

void SignatureStore::for_each_word(const std::function<void(const WordValue&, const LogWords&)>& visit) const {
  state_->log.for_each([&](const WordValue& value) {
    if (const LogWords words = state_->log.words_of(value); !words.empty()) visit(value, words);
  });
}

void SignatureStore::gather() { state_->log.close_above(kWorthClosing); }

void SignatureStore::keep_removals() { state_->keeps_removals = true; }

const CompileTerms& SignatureStore::terms() const { return state_->terms; }

SignatureStore::Swept SignatureStore::sweep(std::int64_t now_s, std::size_t at_most) {
  State& state = *state_;
  Swept swept;
  while (swept.ended < at_most) {
    const auto due = state.expiries.take_due(now_s);
    if (!due) {
      if (swept.ended > 0) state.expiries.shrink();
      return swept;
    }
    if (state.end(*due)) ++swept.ended;
  }
  swept.has_more = state.expiries.has_due(now_s);
  return swept;
}

bool SignatureStore::tidy() {
  State& state = *state_;
  if (state.leftover > std::max(kWorthFolding, state.kept / 8)) {
    state.leftover = 0;
    state.log.fold();
  }
  return state.log.has_news() || state.patterns.has_news();
}

void SignatureStore::settle() {
  if (state_->keeping.valid()) state_->keeping.wait();
  state_->log.settle();
  state_->patterns.settle();
}

std::unique_ptr<const MatchSet> SignatureStore::build(std::uint64_t version, std::vector<Complaint>& complaints) {
  State& state = *state_;
  ComplaintList collected(complaints);
  MatchSetParts parts;
  parts.version = version;
  parts.log = state.log.layers();
  if (!state.loaded.layer->is_empty()) parts.files = state.loaded.layer;
  state.patterns.build(parts, collected);
  return std::make_unique<const MatchSet>(std::move(parts));
}

SignatureStore::Counts SignatureStore::counts() const {
  Counts counts = state_->counts;
  const PatternStore::Counts& patterns = state_->patterns.counts();
  counts.patterns = patterns.patterns;
  counts.urls = patterns.urls;
  counts.allowed += patterns.allowed;
  counts.complaints = state_->loaded.lines_refused + patterns.of_files_refused;
  counts.log_patterns_refused = patterns.of_log_refused;
  return counts;
}

std::uint64_t SignatureStore::entries_after(const std::string& source, std::span<const Change> changes) const {
  const State& state = *state_;
  constexpr std::array kKinds = {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber, SignatureKind::kPattern};
  std::array<bool, kKinds.size()> is_replaced{};
  for (const Change& change : changes)
    if (change.op == Change::Op::kReplaceList && change.signature.source == source) is_replaced[static_cast<std::size_t>(change.signature.kind)] = true;
  std::uint64_t count = 0;
  for (const SignatureKind kind : kKinds)
    if (!is_replaced[static_cast<std::size_t>(kind)]) count += state.entries_of(kind, source);
  std::unordered_set<std::uint64_t> added;
  for (const Change& change : changes) {
    if (change.op != Change::Op::kAdd || change.signature.source != source) continue;
    const Result<Entry> entry = canonical_entry(change.signature, state.terms);
    if (!entry.ok() || !added.insert(entry.value().key).second) continue;
    if (is_replaced[static_cast<std::size_t>(change.signature.kind)]) {
      ++count;
      continue;
    }
    if (is_pattern(entry.value().rule.kind)) {
      if (!state.patterns.has_word(entry.value().key, source)) ++count;
      continue;
    }
    const LogWords words = state.log.words_of(value_of(entry.value()));
    if (std::none_of(words.begin(), words.end(), [&](const LogWord& word) { return is_meant(word, change); })) ++count;
  }
  return count;
}

std::size_t SignatureStore::words_kept() const { return state_->kept + state_->patterns.words_kept(); }

}  // namespace telefence
