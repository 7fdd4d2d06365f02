// SPDX-License-Identifier: Apache-2.0
#include "signatures/snapshot_fetch.h"

#include <charconv>
#include <future>
#include <utility>

namespace telefence {
namespace {

constexpr std::size_t kMostNamed = 16;  // of more, the oldest are not looked at

// The text of a key; kInvalid: there is none, or Redis refuses.
Result<std::string> text_of(const Result<RedisReply>& reply, const std::string& what) {
  if (!reply.ok()) return reply.error();
  if (reply.value().is_error()) return Error{ErrorCode::kInvalid, what + ": Redis refuses: " + reply.value().text};
  if (reply.value().text.empty()) return Error{ErrorCode::kInvalid, what + " is not there any more"};
  return reply.value().text;
}

}  // namespace

Result<std::vector<std::uint64_t>> snapshots_at(const AskRedis& ask, std::string_view log) {
  const Result<RedisReply> reply = ask({"HGET", head_key(log), "snapshots"});
  if (!reply.ok()) return reply.error();
  if (reply.value().is_error())
    return Error{ErrorCode::kInvalid, "can't ask for snapshots: " + reply.value().text + "; the user needs +hget +get on " + head_key(log)};
  std::vector<std::uint64_t> out;
  const std::string& text = reply.value().text;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::uint64_t sequence = 0;
    const auto [next, error] = std::from_chars(at, end, sequence);
    if (error != std::errc{}) return Error{ErrorCode::kInvalid, head_key(log) + " names no snapshots: " + text.substr(0, 100)};
    if (out.size() < kMostNamed) out.push_back(sequence);
    at = next + 1;
  }
  return out;
}

Result<ManifestThere> manifest_at(const AskRedis& ask, std::string_view log, std::uint64_t sequence) {
  const std::string what = "the manifest of snapshot " + std::to_string(sequence);
  Result<std::string> value = text_of(ask({"GET", manifest_key(log, sequence)}), what);
  if (!value.ok()) return value.error();
  Result<SnapshotManifest> manifest = read_manifest(value.value());
  if (!manifest.ok()) return manifest.error();
  if (manifest.value().sequence != sequence) return Error{ErrorCode::kInvalid, what + " is of another one"};
  return ManifestThere{std::move(manifest.value()), std::move(value.value())};
}

Result<std::string> chunk_at(const AskRedis& ask, std::string_view log, const SnapshotManifest& manifest, std::size_t index) {
  return text_of(ask({"GET", chunk_key(log, manifest.sequence, index)}),
                 "chunk " + std::to_string(index) + " of snapshot " + std::to_string(manifest.sequence));
}

Result<LoadedSnapshot> load_snapshot(const SnapshotManifest& manifest, const CompileTerms& terms, const Signers& signers, bool keeps_chunks,
                                     const std::function<Result<std::string>(std::size_t)>& chunk, std::optional<CompiledSnapshot> before) {
  LoadedSnapshot out{std::make_unique<SnapshotLoad>(manifest, terms, signers, std::move(before)), {}};
  std::future<Result<std::string>> unpacking;
  std::size_t unpacked = 0;  // which one
  const auto take = [&](std::future<Result<std::string>> done) -> Result<void> {
    if (!done.valid()) return {};
    const Result<std::string> text = done.get();
    return text.ok() ? out.load->take(unpacked, text.value()) : Result<void>(text.error());
  };
  for (std::size_t i = 0; i < manifest.chunks.size(); ++i) {
    if (!out.load->needs(i)) continue;
    Result<std::string> packed = chunk(i);
    if (!packed.ok()) return packed.error();
    if (keeps_chunks) out.chunks.push_back(packed.value());
    std::future<Result<std::string>> before_it = std::exchange(
        unpacking, std::async(std::launch::async, [&manifest, i, bytes = std::move(packed.value())] { return unpack_chunk(manifest, i, bytes); }));
    if (Result<void> taken = take(std::move(before_it)); !taken.ok()) return taken.error();
    unpacked = i;
  }
  if (Result<void> taken = take(std::move(unpacking)); !taken.ok()) return taken.error();
  if (Result<void> finished = out.load->finish(); !finished.ok()) return finished.error();
  return out;
}

}  // namespace telefence
