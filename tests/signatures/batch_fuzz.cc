// SPDX-License-Identifier: Apache-2.0
// Fuzzes what the anti-fraud centre and operators write: batches of the change log, operation lines, list files, pattern files. The
// first byte chooses which and how; the rest is the text. Whatever it is: a line that is refused leaves the store as it was, and
// what is taken has one canonical form.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "signatures/batch.h"
#include "signatures/compiler.h"
#include "signatures/list_files.h"
#include "signatures/op_line.h"
#include "signatures/pattern_files.h"
#include "signatures/signature_store.h"
#include "support/guarded_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence {
namespace {

constexpr std::size_t kLongest = 65535;
// Hyperscan is not ours, and a long expression keeps it busy for seconds.
constexpr std::size_t kLongestExpression = 24;

void promise(bool kept, const char* what, std::string_view about = "") {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s: %.*s\n", what, static_cast<int>(about.size()), about.data());
  std::abort();
}

CompileTerms terms() {
  CompileTerms terms;
  terms.action_id = [](std::string_view name) -> ActionId { return name == "drop" ? 0 : name == "tag" ? 4 : kNoAction; };
  terms.action_refused = [](ActionId action, SignatureKind kind) -> std::string {
    return action == 0 && kind == SignatureKind::kPattern ? "can't be done to a short message" : "";
  };
  return terms;
}

std::vector<std::uint64_t> what_is_in(const SignatureStore& store) {
  const SignatureStore::Counts counts = store.counts();
  return {counts.domains, counts.urls, counts.numbers, counts.patterns, counts.allowed, store.words_kept()};
}

// The value as it is shown to people names the same entry again: to take it away.
void check_canonical(const Signature& signature) {
  const Result<Entry> entry = canonical_entry(signature, terms());
  if (!entry.ok()) return promise(!entry.error().message.empty(), "a value is refused without a word", signature.value);
  if (!signature.name.empty() || (signature.kind == SignatureKind::kUrl && !signature.literal)) return;
  Signature shown;
  shown.kind = signature.kind;
  shown.value = entry.value().rule.value;
  shown.literal = signature.literal;
  const Result<Entry> again = canonical_entry(shown, terms());
  promise(again.ok() && again.value().key == entry.value().key, "the canonical value names something else", shown.value);
}

void check_same(const Change& one, const Change& other, std::string_view line) {
  const Signature &a = one.signature, &b = other.signature;
  promise(one.op == other.op && a.kind == b.kind && a.value == b.value && a.literal == b.literal && a.prefix == b.prefix &&
              a.subdomains == b.subdomains,
          "a line that was written is read as another one", line);
  promise(one.op == other.op && one.unenforced == other.unenforced, "the same", line);
  promise(a.source == b.source && a.campaign == b.campaign && a.note == b.note, "the same", line);
  if (one.op != Change::Op::kAdd) return;
  promise(a.valid_from_s == b.valid_from_s, "the same", line);
  promise(a.name == b.name && a.action == b.action && a.category == b.category && a.tier == b.tier && a.id == b.id, "the same", line);
  promise(a.expires_s == b.expires_s && a.source == b.source && a.shadow == b.shadow && a.allow == b.allow, "the same", line);
  promise(a.kind != SignatureKind::kNumber || a.sides == b.sides, "the same", line);
}

std::string check_written(const Change& change) {
  const std::string line = to_op_line(change);
  promise(line.find('\n') == std::string::npos, "a written line has a line end inside", line);
  const Result<Change> again = parse_op_line(line);
  promise(again.ok(), "a line that was written is not read", line);
  check_same(change, again.value(), line);
  return line;
}

bool is_heavy(const Change& change) {
  const bool is_expression = change.signature.kind == SignatureKind::kPattern || change.signature.kind == SignatureKind::kUrl;
  return is_expression && change.signature.value.size() > kLongestExpression;
}

// One by one, so that it is known which one is refused.
void check_store(std::vector<Change> changes) {
  // These the follower keeps from the store.
  std::erase_if(changes, [](const Change& change) { return change.unenforced != UnenforcedKind::kNone || change.op == Change::Op::kReplaceList; });
  SignatureStore store(terms());
  std::vector<Complaint> complaints;
  bool is_heavy_one_in = false;
  for (const Change& change : changes) {
    check_canonical(change.signature);
    const auto before = what_is_in(store);
    const std::size_t refused = complaints.size();
    store.apply({&change, 1}, complaints);
    if (complaints.size() != refused) promise(what_is_in(store) == before, "a refused change alters the store", change.signature.value);
    is_heavy_one_in = is_heavy_one_in || is_heavy(change);
  }
  (void)store.sweep(1'700'000'000, 100);
  if (is_heavy_one_in) return;
  const auto set = store.build(1, complaints);
  promise(set != nullptr, "no set is built");
  // All of it once more, and away: nothing remains.
  store.apply(changes, complaints);
  for (Change& change : changes) change.op = Change::Op::kRemove;
  store.apply(changes, complaints);
  promise(store.counts().in_force() == 0, "what was removed is in force");
}

std::vector<std::string_view> parts_of(std::string_view text, char border) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(border, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

void fuzz_lines(std::string_view text) {
  std::vector<Change> changes;
  std::vector<std::string> lines;
  for (const std::string_view line : parts_of(text, '\n')) {
    Result<Change> change = parse_op_line(line);
    if (!change.ok()) {
      promise(!change.error().message.empty(), "a line is refused without a word", line);
      continue;
    }
    lines.push_back(check_written(change.value()));
    changes.push_back(std::move(change.value()));
  }
  const std::size_t count = changes.size();
  check_store(std::move(changes));
  if (count == 0 || count > kMaxBatchLines) return;
  const Result<PackedBatch> packed = pack_batch(3, 1'700'000'000'000, "centre", "", lines);
  if (!packed.ok()) return;
  const Result<Batch> batch = read_batch("3-0", {packed.value().header, packed.value().body, ""});
  promise(batch.ok() && batch.value().complaints.empty() && batch.value().changes.size() + batch.value().unenforced.size() == count,
          "a packed batch is not read back");
}

// Parts divided by a record separator: id, header, body, signature. `frames`: the header is made to fit the body.
void fuzz_batch(std::string_view text, bool is_framed) {
  const auto parts = parts_of(text, '\x1e');
  const auto part = [&](std::size_t index) { return index < parts.size() ? parts[index] : std::string_view{}; };
  std::string header(part(1));
  if (is_framed) {
    std::size_t lines = 0;
    for (const std::string_view line : parts_of(part(2), '\n')) lines += line.empty() || line == "\r" ? 0u : 1u;
    header = "{\"seq\":5,\"n\":" + std::to_string(lines) + "}";
  }
  const std::string_view id = is_framed ? "5-0" : part(0);
  (void)first_part(id);
  const Result<Batch> batch = read_batch(id, {header, part(2), part(3)});
  if (!batch.ok()) return promise(!batch.error().message.empty(), "a batch is refused without a word");
  promise(sequence_of(id).ok() && sequence_of(id).value() == batch.value().sequence, "a batch has another sequence than its id");
  promise(batch.value().changes.size() + batch.value().unenforced.size() + batch.value().complaints.size() <= kMaxBatchLines, "a batch has too many lines");
  promise(batch.value().newer.empty() || batch.value().changes.empty(), "half of a batch of a later version is read");
  for (const Change& change : batch.value().changes) (void)check_written(change);
  for (const Change& change : batch.value().unenforced) (void)check_written(change);
  check_store(batch.value().changes);
}

// A file of this content, by a name that can be opened.
const std::string& file_of(std::string_view text) {
  static const int file = memfd_create("fuzz", 0);
  static const std::string name = "/proc/self/fd/" + std::to_string(file);
  CHECK(file >= 0 && ftruncate(file, 0) == 0);
  CHECK(pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return name;
}

void check_load(SignatureStore& store, const SignatureOptions& options, std::size_t most) {
  std::vector<Complaint> complaints;
  promise(store.load(options, complaints).ok(), "a file that is there can't be loaded");
  const auto loaded = what_is_in(store);
  promise(store.counts().in_force() + store.counts().complaints <= most, "more entries than lines");
  SignatureOptions broken = options;
  broken.lists.push_back({});
  broken.lists.back().file = "/nonexistent/a";
  promise(!store.load(broken, complaints).ok() && what_is_in(store) == loaded, "a load that fails changes what was there");
}

void fuzz_list(std::string_view text, SignatureKind kind, bool allow) {
  ListOptions list;
  list.file = file_of(text);
  list.kind = kind;
  list.allow = allow;
  std::size_t values = 0;
  const Result<void> read = read_list_file(list, [&](const Signature& signature) {
    ++values;
    promise(!signature.value.empty() && signature.value.find('\n') == std::string::npos, "a value is empty or more than a line");
    check_canonical(signature);
  });
  promise(read.ok(), "a list that is there can't be read");
  promise(values <= parts_of(text, '\n').size(), "more values than lines");
  SignatureOptions options;
  options.lists.push_back(list);
  SignatureStore store(terms());
  check_load(store, options, values);
}

void fuzz_patterns(std::string_view text) {
  PatternFile file = read_pattern_text(text, "p.yaml");
  bool is_light = true;
  for (const Pattern& pattern : file.patterns) {
    check_canonical(pattern.signature);
    is_light = is_light && pattern.signature.value.size() <= kLongestExpression;
  }
  for (const Complaint& complaint : file.complaints) promise(!complaint.reason.empty(), "a complaint without a word");
  SignatureOptions options;
  options.patterns.push_back(file_of(text));
  SignatureStore store(terms());
  check_load(store, options, file.patterns.size() + file.complaints.size());
  std::vector<Complaint> complaints;
  if (is_light) promise(store.build(1, complaints) != nullptr, "no set is built");
}

}  // namespace
}  // namespace telefence

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  if (size == 0 || size > kLongest) return 0;
  static testing::GuardedBytes memory(128 * 1024);
  const std::string_view text = as_text(memory.copy({data + 1, size - 1}));
  constexpr SignatureKind kListed[] = {SignatureKind::kDomain, SignatureKind::kUrl, SignatureKind::kNumber};
  switch (data[0] & 7) {
    case 0:
    case 1: fuzz_lines(text); break;
    case 2: fuzz_batch(text, false); break;
    case 3: fuzz_batch(text, true); break;
    case 4:
    case 5: fuzz_list(text, kListed[data[0] / 16 % std::size(kListed)], (data[0] & 8) != 0); break;
    default: fuzz_patterns(text); break;
  }
  return 0;
}
