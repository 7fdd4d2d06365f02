// SPDX-License-Identifier: Apache-2.0
// Fuzzes what an edge reads of a snapshot, from Redis or from its disk: manifests, chunks, packed and unpacked, and the file. The first
// byte chooses which; the rest is the text. Whatever it is: no size that is told is believed, what is refused is refused with a word, and
// what is taken comes to the same when it is written down again.

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "centre/log_image.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/signers.h"
#include "signatures/snapshot.h"
#include "signatures/snapshot_file.h"
#include "signatures/snapshot_load.h"
#include "support/guarded_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence {
namespace {

constexpr std::size_t kLongest = 65535;

void promise(bool kept, const char* what, std::string_view about = "") {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s: %.*s\n", what, static_cast<int>(about.size()), about.data());
  std::abort();
}

const CompileTerms& terms() {
  static const CompileTerms terms = [] {
    CompileTerms made;
    made.action_id = [](std::string_view name) -> ActionId { return name == "drop" ? 0 : name == "tag" ? 4 : kNoAction; };
    made.action_name = [](ActionId id) -> std::string { return id == 0 ? "drop" : id == 4 ? "tag" : ""; };
    made.action_refused = [](ActionId, SignatureKind) -> std::string { return ""; };
    return made;
  }();
  return terms;
}

TrustOptions trust(bool accept_unsigned) {
  TrustOptions out;
  out.accept_unsigned = accept_unsigned;
  return out;
}
const Signers& lax() {
  static const Signers signers = Signers::load(trust(true)).value();
  return signers;
}
const Signers& strict() {
  static const Signers signers = Signers::load(trust(false)).value();
  return signers;
}

Result<SnapshotManifest> check_manifest(std::string_view value) {
  Result<SnapshotManifest> read = read_manifest(value);
  if (!read.ok()) {
    promise(!read.error().message.empty(), "a manifest is refused without a word");
    return read;
  }
  const SnapshotManifest& manifest = read.value();
  promise(manifest.sequence != 0 && manifest.chunks.size() <= kMaxSnapshotChunks, "a manifest that names no batch, or too many chunks");
  for (const SnapshotChunk& chunk : manifest.chunks) promise(chunk.bytes > 0 && chunk.bytes <= kMaxChunkBytes, "a chunk of a wrong length");
  const LogTrail::Place* last = manifest.before.at_or_before(manifest.sequence);
  promise(last == nullptr || last->sequence < manifest.sequence, "a batch before it that is not");
  (void)lax().refuse(manifest);
  promise(strict().refuse(manifest).has_value(), "a manifest is taken that nobody signed who may");
  const std::string text = manifest_text(manifest);
  const Result<SnapshotManifest> again = read_manifest(manifest_value(text, manifest.signatures));
  promise(again.ok() && manifest_text(again.value()) == text, "a manifest that was written is read as another one", text);
  return read;
}

void check_taken(SnapshotLoad& load, const Signers& signers) {
  for (const Change& change : load.changes()) {
    promise(change.op == Change::Op::kAdd && change.unenforced == UnenforcedKind::kNone, "what is to be in force is no entry", change.signature.value);
    promise(signers.takes_unsigned() || change.signature.allow || !signers.is_wide(change.signature), "a wide entry that two did not sign", change.signature.value);
  }
  for (const Change& change : load.removed()) promise(change.op == Change::Op::kRemove && change.unenforced == UnenforcedKind::kNone, "a removal is none");
  for (const Change& change : load.unenforced()) promise(change.op == Change::Op::kAdd && change.unenforced != UnenforcedKind::kNone, "such an entry is none");
  for (const Complaint& complaint : load.complaints()) promise(!complaint.reason.empty(), "a row is left out without a word", complaint.value);
}

struct Written {
  SnapshotManifest manifest;
  std::vector<std::string> texts;
};
// What it comes to, written down.
Written written(const SnapshotManifest& manifest, SnapshotLoad& load) {
  LogImage image = std::move(LogImage::with(terms(), trust(true)).value());
  image.begin_with(manifest, load);
  Written out;
  SnapshotWriter writer;
  image.write(0, writer, out.manifest);
  std::vector<std::string> packed;
  promise(writer.finish(out.manifest, [&](std::size_t, std::string chunk) -> Result<void> {
                packed.push_back(std::move(chunk));
                return {};
              }).ok(), "a snapshot can't be written");
  for (std::size_t i = 0; i < packed.size(); ++i) {
    Result<std::string> text = unpack_chunk(out.manifest, i, packed[i]);
    promise(text.ok(), "a chunk that was written is not taken");
    out.texts.push_back(std::move(text.value()));
  }
  return out;
}

// The counts that it must have are not known beforehand.
void fuzz_lines(std::string_view text, const Signers& signers) {
  SnapshotManifest manifest;
  manifest.sequence = 7;
  SnapshotLoad load(manifest, terms(), signers);
  if (const Result<void> taken = load.take(0, text); !taken.ok()) return promise(!taken.error().message.empty(), "a chunk is refused without a word");
  if (const Result<void> finished = load.finish(); !finished.ok()) promise(!finished.error().message.empty(), "a snapshot is refused without a word");
  check_taken(load, signers);
  if (!signers.takes_unsigned()) return;
  const Written once = written(manifest, load);
  SnapshotLoad again(once.manifest, terms(), signers);
  for (const std::string& one : once.texts) {
    const Result<void> taken = again.take(0, one);
    promise(taken.ok(), "what was written is not read", taken.ok() ? "" : taken.error().message);
  }
  promise(again.finish().ok(), "what was written is not what its manifest tells");
  check_taken(again, signers);
  const Written twice = written(once.manifest, again);
  const SnapshotManifest &a = once.manifest, &b = twice.manifest;
  promise(a.domains == b.domains && a.numbers == b.numbers && a.others == b.others && a.removed == b.removed, "it comes to something else when it is written again",
          text);
}

void fuzz_packed(std::string_view bytes) {
  SnapshotManifest manifest;
  manifest.sequence = 7;
  manifest.chunks.push_back({bytes.size(), hex_of(sha256(bytes))});
  const Result<std::string> text = unpack_chunk(manifest, 0, bytes);
  if (!text.ok()) return promise(!text.error().message.empty(), "a chunk is refused without a word");
  promise(text.value().size() <= kMaxChunkUnpacked, "a chunk unpacks to too much");
  fuzz_lines(text.value(), lax());
  manifest.chunks[0].sha256[0] = manifest.chunks[0].sha256[0] == '0' ? '1' : '0';
  promise(!unpack_chunk(manifest, 0, bytes).ok(), "a chunk of another digest is taken");
}

// A manifest, a record separator, and the text of its chunks.
void fuzz_told(std::string_view text) {
  const std::size_t end = std::min(text.find('\x1e'), text.size());
  const Result<SnapshotManifest> manifest = check_manifest(text.substr(0, end));
  if (!manifest.ok()) return;
  // What is told of millions takes room for millions, and a second with a sanitizer: a few of these are enough.
  static int large = 0;
  const std::uint64_t told = std::min(manifest.value().bytes(), manifest.value().domains | manifest.value().numbers);
  if (told > 1'000'000 && ++large > 8) return;
  SnapshotLoad load(manifest.value(), terms(), lax());
  if (!load.take(0, text.substr(std::min(end + 1, text.size()))).ok()) return;
  if (const Result<void> finished = load.finish(); !finished.ok()) return promise(!finished.error().message.empty(), "a snapshot is refused without a word");
  check_taken(load, lax());
}

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/telefence-fuzz-XXXXXX";
    CHECK(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() {
    unlink((path + "/snapshot").c_str());
    rmdir(path.c_str());
  }
};

void fuzz_file(std::string_view bytes) {
  static const Folder folder;
  static const int file = open((folder.path + "/snapshot").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK(file >= 0 && ftruncate(file, 0) == 0);
  CHECK(pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  Result<std::optional<SnapshotFile>> opened = SnapshotFile::open(folder.path);
  if (!opened.ok()) return promise(!opened.error().message.empty(), "a file is refused without a word");
  promise(opened.value().has_value(), "a file that is there is not found");
  const Result<SnapshotManifest> manifest = check_manifest(opened.value()->manifest());
  if (!manifest.ok()) return;
  std::uint64_t read = opened.value()->manifest().size();
  const bool is_whole = opened.value()->refuse_cut_off(manifest.value()).ok();
  for (std::size_t i = 0; i < manifest.value().chunks.size(); ++i) {
    const Result<std::string> chunk = opened.value()->chunk(manifest.value(), i);
    promise(chunk.ok() || !is_whole, "a file that is whole lacks a chunk");
    if (!chunk.ok()) return promise(!chunk.error().message.empty(), "a chunk of a file is refused without a word");
    read += chunk.value().size();
    promise(read <= bytes.size(), "more is read than there is");
    (void)unpack_chunk(manifest.value(), i, chunk.value());
  }
}

}  // namespace
}  // namespace telefence

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  if (size == 0 || size > kLongest) return 0;
  static testing::GuardedBytes memory(128 * 1024);
  const std::string_view text = as_text(memory.copy({data + 1, size - 1}));
  switch (data[0] & 7) {
    case 0:
    case 1: (void)check_manifest(text); break;
    case 2:
    case 3: fuzz_lines(text, lax()); break;
    case 4: fuzz_lines(text, strict()); break;
    case 5: fuzz_packed(text); break;
    case 6: fuzz_told(text); break;
    default: fuzz_file(text); break;
  }
  return 0;
}
