// SPDX-License-Identifier: Apache-2.0
#include "signatures/size_estimate.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "match/slot_table.h"
#include "normalise/public_suffixes.h"
#include "signatures/layer_filler.h"
#include "signatures/line_reader.h"
#include "signatures/list_files.h"
#include "signatures/pattern_files.h"
#include "signatures/signature_store.h"
#include "signatures/snapshot_file.h"

namespace telefence {
namespace {

// For each entry: the slot at its load, the filter, the name's length and its notes (match/domain_table.h, number_table.h).
constexpr double kDomainBytes = SlotTable::kOctetsPerEntry + 2 + 1 + 1;
constexpr double kNumberBytes = SlotTable::kOctetsPerEntry + 1.5;
// More for one that ends, or has an id: what a domain takes, or a number in whose table all do, and its place in the queue of moments
// (signatures/expiry_queue.h).
constexpr double kEndBytes = 10 + 16;
constexpr double kIdBytes = 10;
constexpr double kUrlBytes = 900;  // with its part of the compiled expressions
constexpr double kKeptNameBytes = 17;  // a manifest tells no lengths: as of the names that docs/performance.md measures with
// In force, for each octet of a pattern file: 2 with plain texts, 4.5 with rules with gaps (files of 1,000 to 100,000, 150 to 190 octets for
// each). Some hundred expressions without a plain text take 70, but no file has many of those: they are slow.
constexpr double kPatternFileBytes = 5;
constexpr double kCompiledBytesPerSecond = 1e9;
constexpr std::size_t kSample = 200'000;
// The table of the sample lies in the cache, that of a long list does not: each line takes so much longer for each doubling. Measured
// with random numbers (1 to 40 M lines: 1.1 to 1.6 times as long as the sample says) and domains (5 and 20 M: 1.3 and 1.7).
constexpr double kLongerByDoubling = 0.09;

// How much longer a line of so many takes than one of the sample.
double slowdown(std::uint64_t lines) {
  return lines <= kSample ? 1 : 1 + kLongerByDoubling * std::log2(static_cast<double>(lines) / static_cast<double>(kSample));
}

// What a part of a list tells of the whole.
struct ListSample {
  double seconds_per_line = 0;
  double entries_per_line = 1;
  std::uint64_t left_out = 0;
};

Result<ListSample> sample_of(const ListOptions& list, const CompileTerms& terms, std::uint64_t lines) {
  if (lines == 0 || list.kind == SignatureKind::kUrl) return ListSample();
  (void)PublicSuffixes::of_system();  // read once, not for each list
  Layer layer;
  std::vector<Complaint> complaints;
  ComplaintList collected(complaints);
  const auto begin = std::chrono::steady_clock::now();
  const Result<void> loaded = load_list_file(list, terms, layer, collected, kSample);
  if (!loaded.ok()) return loaded.error();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  const auto looked_at = static_cast<double>(std::min<std::uint64_t>(lines, kSample));
  return ListSample{passed.count() / looked_at * slowdown(lines), static_cast<double>(layer.size()) / looked_at, collected.count()};
}

// Compiles the patterns of all files: what a pattern takes depends on what it says.
Result<void> add_patterns(const SignatureOptions& options, const CompileTerms& terms, SizeEstimate& out, double& bytes) {
  if (options.patterns.empty()) return {};
  SignatureOptions only;
  only.patterns = options.patterns;
  only.pattern_options = options.pattern_options;
  SignatureStore store(terms);
  std::vector<Complaint> complaints;
  const auto begin = std::chrono::steady_clock::now();
  if (Result<void> loaded = store.load(only, complaints); !loaded) return loaded;
  const std::uint64_t taken = store.build(1, complaints)->size().bytes;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  out.patterns = store.counts().patterns;
  out.left_out += static_cast<std::uint64_t>(
      std::count_if(complaints.begin(), complaints.end(), [](const Complaint& one) { return one.is_left_out && !one.is_of_same; }));
  out.load_seconds += passed.count();
  bytes += static_cast<double>(taken);
  return {};
}

// What a start takes from the disk before it asks Redis. One that can't be read is told by the start, which takes another from Redis.
void add_kept(const SignatureOptions& options, SizeEstimate& out) {
  if (options.state_dir.empty() || options.redis.server.empty()) return;
  const Result<std::optional<SnapshotFile>> file = SnapshotFile::open(options.state_dir);
  if (!file || !file.value()) return;
  const Result<SnapshotManifest> manifest = read_manifest(file.value()->manifest());
  if (!manifest) return;
  const SnapshotManifest& kept = manifest.value();
  out.kept_entries = kept.domains + kept.numbers + kept.others;
  out.kept_bytes = bytes_in_force(kept);
}

// "Name:   1234 kB" of /proc/meminfo.
std::uint64_t memory_line(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == name && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// What the container may still take (cgroup v2); without a limit: no limit.
std::uint64_t left_in_container() {
  std::ifstream limit_file("/sys/fs/cgroup/memory.max"), used_file("/sys/fs/cgroup/memory.current");
  std::uint64_t limit = 0, used = 0;
  if (!(limit_file >> limit) || !(used_file >> used)) return std::numeric_limits<std::uint64_t>::max();
  return limit > used ? limit - used : 0;
}

double size_of(const std::string& file) {
  struct stat found{};
  return stat(file.c_str(), &found) == 0 ? static_cast<double>(found.st_size) : 0;
}

void add_bytes(double bytes, SizeEstimate& out) {
  out.bytes += static_cast<std::uint64_t>(bytes);
  out.peak_bytes = 2 * out.bytes;
  out.compiled_seconds = static_cast<double>(out.bytes) / kCompiledBytesPerSecond;
}

double pattern_bytes(const SignatureOptions& options) {
  double bytes = 0;
  for (const std::string& name : options.patterns) {
    const Result<std::vector<std::string>> files = expand_file_name(name);
    if (!files) continue;  // told by who reads them
    for (const std::string& file : files.value()) bytes += kPatternFileBytes * size_of(file);
  }
  return bytes;
}

}  // namespace

Result<SizeEstimate> estimate_size(const SignatureOptions& options, const CompileTerms& terms, bool measures_speed) {
  SizeEstimate out;
  double bytes = 0;
  for (const ListOptions& list : options.lists) {
    Result<LineReader> lines = LineReader::open(list.file);
    if (!lines.ok()) return Error{ErrorCode::kInvalid, "can't read the list " + list.file + ": " + lines.error().message};
    const std::uint64_t line_count = lines.value().count_lines();
    const Result<ListSample> sample = measures_speed ? sample_of(list, terms, line_count) : Result<ListSample>(ListSample());
    if (!sample.ok()) return sample.error();
    out.left_out += sample.value().left_out;
    out.load_seconds += sample.value().seconds_per_line * static_cast<double>(line_count);
    const auto count = static_cast<std::uint64_t>(std::llround(sample.value().entries_per_line * static_cast<double>(line_count)));
    const double octets = size_of(list.file) - static_cast<double>(line_count);  // without the line ends
    switch (list.kind) {
      case SignatureKind::kDomain:
        out.domains += count;
        bytes += kDomainBytes * static_cast<double>(count) + octets;
        break;
      case SignatureKind::kNumber:
        out.numbers += count;
        bytes += kNumberBytes * static_cast<double>(count);
        break;
      case SignatureKind::kUrl:
      case SignatureKind::kPattern:
        out.urls += count;
        bytes += kUrlBytes * static_cast<double>(count);
        break;
    }
  }
  if (measures_speed) {
    const Result<void> added = add_patterns(options, terms, out, bytes);
    if (!added) return added.error();
  } else {
    bytes += pattern_bytes(options);
  }
  add_kept(options, out);
  add_bytes(bytes, out);
  return out;
}

// Domains and numbers are put into a layer as those of a list or a snapshot are, as many as of a list's sample.
struct EntriesEstimate::State {
  explicit State(const CompileTerms& terms_) : terms(terms_) {}

  const CompileTerms terms;
  std::uint64_t domains = 0, numbers = 0, urls = 0, patterns = 0;
  double bytes = 0;
  std::vector<Change> compiled;  // patterns and URLs

  std::vector<Signature> waiting;  // of the sample
  std::size_t sampled = 0;
  std::chrono::duration<double> passed{0};
  Layer layer;
  std::vector<Complaint> complaints;
  ComplaintList collected{complaints};
  LayerFiller filler{terms, layer, collected};
  Signature common;  // of the row before

  void fill();
};

void EntriesEstimate::State::fill() {
  (void)PublicSuffixes::of_system();  // read once
  const auto begin = std::chrono::steady_clock::now();
  for (const Signature& one : waiting) {
    const auto said = [](const Signature& of) {
      return std::tie(of.kind, of.subdomains, of.prefix, of.sides, of.allow, of.shadow, of.action, of.category, of.tier, of.source);
    };
    if (sampled == 0 || said(one) != said(common)) filler.begin(common = one);
    ++sampled;
    const LayerFiller::Row row{one.value, one.expires_s, one.id};
    if (!filler.take_plain(row)) filler.take(row, "");
  }
  filler.finish();
  passed += std::chrono::steady_clock::now() - begin;
  waiting.clear();
}

EntriesEstimate::EntriesEstimate(const CompileTerms& terms) : state_(std::make_unique<State>(terms)) {}
EntriesEstimate::~EntriesEstimate() = default;

void EntriesEstimate::add(const Signature& signature) {
  constexpr std::size_t kAtOnce = 1000;
  State& state = *state_;
  if (signature.kind == SignatureKind::kPattern || signature.kind == SignatureKind::kUrl) {
    ++(signature.kind == SignatureKind::kUrl ? state.urls : state.patterns);
    state.compiled.push_back({.op = Change::Op::kAdd, .signature = signature});
    return;
  }
  const bool is_domain = signature.kind == SignatureKind::kDomain;
  ++(is_domain ? state.domains : state.numbers);
  state.bytes += is_domain ? kDomainBytes + static_cast<double>(signature.value.size()) : kNumberBytes;
  state.bytes += (signature.expires_s != 0 ? kEndBytes : 0) + (signature.id != 0 ? kIdBytes : 0);
  if (state.sampled + state.waiting.size() >= kSample) return;
  state.waiting.push_back(signature);
  if (state.waiting.size() == kAtOnce) state.fill();
}

void EntriesEstimate::finish(SizeEstimate& out) {
  State& state = *state_;
  state.fill();
  const std::uint64_t entries = state.domains + state.numbers;
  double bytes = state.bytes;
  if (state.sampled != 0) out.load_seconds += state.passed.count() / static_cast<double>(state.sampled) * slowdown(entries) * static_cast<double>(entries);
  if (!state.compiled.empty()) {
    SignatureStore store(state.terms);
    const auto begin = std::chrono::steady_clock::now();
    store.apply(state.compiled, state.complaints);
    bytes += static_cast<double>(store.build(1, state.complaints)->size().bytes);
    out.load_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  out.domains += state.domains;
  out.numbers += state.numbers;
  out.urls += state.urls;
  out.patterns += state.patterns;
  add_bytes(bytes, out);
}

std::uint64_t bytes_in_force(const SnapshotManifest& manifest) {
  return static_cast<std::uint64_t>((kDomainBytes + kKeptNameBytes) * static_cast<double>(manifest.domains) +
                                    kNumberBytes * static_cast<double>(manifest.numbers) + kEndBytes * static_cast<double>(manifest.ends) +
                                    kIdBytes * static_cast<double>(manifest.ids) + kUrlBytes * static_cast<double>(manifest.others));
}

std::uint64_t available_memory() { return std::min(memory_line("MemAvailable:"), left_in_container()); }

}  // namespace telefence
