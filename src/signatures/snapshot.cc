// SPDX-License-Identifier: Apache-2.0
#include "signatures/snapshot.h"

#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "base/json_text.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/op_line.h"
#include "signatures/words.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

constexpr int kZstdLevel = 3;
constexpr std::size_t kMostDepth = 16;  // JSON is written by a function that calls itself
constexpr std::size_t kPiece = 8 << 20;  // of text in a chunk, about: a third of it when packed

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

std::string key_with(std::string_view log, const std::string& rest) {
  std::string key(log.ends_with("log") ? log.substr(0, log.size() - 3) : log);
  return key + (key.ends_with(':') || key.empty() ? "" : ":") + rest;
}

std::uint64_t number_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_number_unsigned() ? 0 : found->get<std::uint64_t>();
}

std::string text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  const auto* text = found == object.end() ? nullptr : found->get_ptr<const std::string*>();
  return text == nullptr ? std::string() : *text;
}

bool is_digest(std::string_view text) { return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

// Octets as JSON text and back.
std::string hex_text(std::string_view bytes) {
  return hex_of(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}
std::optional<std::string> from_hex_text(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes(text.size() / 2, '\0');
  if (!from_hex(text, std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()))) return std::nullopt;
  return bytes;
}

// Where batches before it stood: pairs of sequence and hash, in order.
Result<void> take_before(const Json& manifest, SnapshotManifest& out) {
  const auto before = manifest.find("before");
  if (before == manifest.end()) return {};
  if (!before->is_array() || before->size() > LogTrail::kMost) return invalid("the manifest names batches before it in a form that is not known, or too many");
  std::uint64_t last = 0;
  for (const Json& place : *before) {
    const bool is_pair = place.is_array() && place.size() == 2 && place[0].is_number_unsigned() && place[1].is_string();
    const std::uint64_t sequence = is_pair ? place[0].get<std::uint64_t>() : 0;
    if (sequence <= last || sequence >= out.sequence || !is_digest(place[1].get_ref<const std::string&>()))
      return invalid("the manifest names a batch before it without number and hash, or not in order");
    out.before.add(sequence, place[1].get<std::string>());
    last = sequence;
  }
  return {};
}

template <typename Number>
bool take_number(std::string_view& rest, Number& out) {
  if (!rest.starts_with('\t')) return false;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), out);
  if (error != std::errc{}) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

Result<std::string> packed(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) return invalid(std::string("can't pack the snapshot: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace

std::uint64_t SnapshotManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const SnapshotChunk& chunk : chunks) sum += chunk.bytes;
  return sum;
}

std::string manifest_text(const SnapshotManifest& manifest) {
  nlohmann::ordered_json out = {{"v", kSnapshotVersion},       {"seq", manifest.sequence},   {"hash", manifest.hash},
                                {"moment", manifest.moment_ms}, {"created", manifest.created_ms}, {"publisher", manifest.publisher}, {"domains", manifest.domains},
                                {"numbers", manifest.numbers}, {"others", manifest.others},  {"removed", manifest.removed}};
  nlohmann::ordered_json chunks = nlohmann::ordered_json::array();
  for (const SnapshotChunk& chunk : manifest.chunks) chunks.push_back({{"bytes", chunk.bytes}, {"sha256", chunk.sha256}});
  out["chunks"] = std::move(chunks);
  out["ends"] = manifest.ends;
  out["ids"] = manifest.ids;
  if (manifest.has_gaps) out["gaps"] = true;
  nlohmann::ordered_json before = nlohmann::ordered_json::array();
  for (const LogTrail::Place& place : manifest.before.places()) before.push_back({place.sequence, place.hash});
  if (!before.empty()) out["before"] = std::move(before);
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string snapshot_digest(std::string_view text) { return hex_of(sha256(text)); }

std::string snapshot_message(std::string_view digest) { return "telefence-snapshot-1:" + std::string(digest); }

BatchSignature sign_snapshot(const SigningKey& key, std::string_view digest) {
  return {key.id(), key.sign(snapshot_message(digest)), 0};
}

std::string manifest_value(std::string_view text, const std::vector<BatchSignature>& signatures) {
  std::string value(text);
  value += '\n';
  for (const BatchSignature& signature : signatures) value += to_line(signature);
  return value;
}

Result<SnapshotManifest> read_manifest(std::string_view value) {
  if (value.size() > kMaxManifestBytes) return invalid("the manifest is larger than 1 MiB");
  const std::size_t end = value.find('\n');
  if (end == std::string_view::npos) return invalid("the manifest has no end of line");
  const std::string_view text = value.substr(0, end);
  if (is_deeper_than(text, kMostDepth)) return invalid("the manifest's JSON is nested too deep");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return invalid("the manifest is not a JSON object");
  if (number_in(json, "v") != kSnapshotVersion) return invalid("the manifest is of another version than 1: this node needs a newer telefence");
  SnapshotManifest out;
  out.sequence = number_in(json, "seq");
  out.hash = text_in(json, "hash");
  out.created_ms = static_cast<std::int64_t>(number_in(json, "created"));
  out.moment_ms = static_cast<std::int64_t>(number_in(json, "moment"));
  if (out.moment_ms == 0) out.moment_ms = out.created_ms;  // of an earlier version
  out.publisher = text_in(json, "publisher");
  out.has_gaps = json.value("gaps", Json()) == true;
  out.domains = number_in(json, "domains");
  out.numbers = number_in(json, "numbers");
  out.others = number_in(json, "others");
  out.removed = number_in(json, "removed");
  out.ends = number_in(json, "ends");
  out.ids = number_in(json, "ids");
  if (out.sequence == 0 || (!out.hash.empty() && !is_digest(out.hash))) return invalid("the manifest names no batch");
  const auto chunks = json.find("chunks");
  if (chunks == json.end() || !chunks->is_array() || chunks->size() > kMaxSnapshotChunks) return invalid("the manifest names no chunks, or too many");
  for (const Json& chunk : *chunks) {
    SnapshotChunk& one = out.chunks.emplace_back();
    if (!chunk.is_object()) return invalid("the manifest names a chunk without length and digest");
    one.bytes = number_in(chunk, "bytes");
    one.sha256 = text_in(chunk, "sha256");
    if (one.bytes == 0 || one.bytes > kMaxChunkBytes || !is_digest(one.sha256)) return invalid("the manifest names a chunk without length and digest");
  }
  if (Result<void> taken = take_before(json, out); !taken.ok()) return taken.error();
  Result<std::vector<BatchSignature>> signatures = parse_signatures(value.substr(end + 1));
  if (!signatures.ok()) return signatures.error();
  out.signatures = std::move(signatures.value());
  out.digest = snapshot_digest(text);
  return out;
}

Result<std::string> unpack_chunk(const SnapshotManifest& manifest, std::size_t index, std::string_view bytes) {
  const std::string which = "chunk " + std::to_string(index) + " of snapshot " + std::to_string(manifest.sequence);
  const SnapshotChunk& chunk = manifest.chunks[index];
  if (bytes.size() != chunk.bytes || hex_of(sha256(bytes)) != chunk.sha256) return invalid(which + " is not the one that its manifest names");
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMaxChunkUnpacked) return invalid(which + " does not unpack");
  std::string text(static_cast<std::size_t>(size), '\0');
  const std::size_t done = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(done) != 0 || done != text.size()) return invalid(which + " does not unpack");
  return text;
}

std::string manifest_key(std::string_view log, std::uint64_t sequence) {
  return key_with(log, "snap:" + std::to_string(sequence) + ":manifest");
}
std::string chunk_key(std::string_view log, std::uint64_t sequence, std::size_t index) {
  return key_with(log, "snap:" + std::to_string(sequence) + ":" + std::to_string(index));
}
std::string maker_key(std::string_view log, std::uint64_t sequence) { return key_with(log, "snap:" + std::to_string(sequence) + ":maker"); }
std::string head_key(std::string_view log) { return key_with(log, "head"); }

void SnapshotWriter::add(const Change& common, std::string_view value, std::int64_t expires_s, std::uint64_t id) {
  const Signature& a = common.signature;
  const Signature& b = last_.signature;
  const bool is_same = last_rows_ != nullptr && common.op == last_.op && a.kind == b.kind && a.subdomains == b.subdomains && a.prefix == b.prefix &&
                       a.sides == b.sides && a.allow == b.allow && a.shadow == b.shadow && a.action == b.action && a.category == b.category &&
                       a.tier == b.tier && a.source == b.source && last_has_end_ == (expires_s != 0) && last_has_id_ == (id != 0);
  if (!is_same) {
    Json header = Json::parse(to_op_line(common));
    header.erase("value");
    if (expires_s != 0 || id != 0) {
      header["columns"] = Json::array();
      if (expires_s != 0) header["columns"].push_back("expires");
      if (id != 0) header["columns"].push_back("id");
    }
    last_rows_ = &sections_["#" + header.dump() + "\n"];
    last_ = common;
    last_has_end_ = expires_s != 0;
    last_has_id_ = id != 0;
  }
  std::string& rows = *last_rows_;
  rows += value;
  if (expires_s != 0) (rows += '\t') += std::to_string(expires_s);
  if (id != 0) (rows += '\t') += std::to_string(id);
  rows += '\n';
  ends_ += expires_s != 0 ? 1 : 0;
  ids_ += id != 0 ? 1 : 0;
  std::uint64_t& count = common.op == Change::Op::kRemove ? removed_ : a.kind == SignatureKind::kDomain ? domains_ : numbers_;
  ++count;
}

void SnapshotWriter::add_line(const Change& change) {
  ++(change.op == Change::Op::kRemove ? removed_ : others_);
  (lines_ += to_op_line(change)) += '\n';
}

void SnapshotWriter::add_unenforced(std::string_view line) {
  ++others_;
  (lines_ += line) += '\n';
}

void SnapshotWriter::add_proof(const StoredBatch& batch) {
  const Json proof = {{"proof", {{"id", batch.id}, {"h", hex_text(batch.header)}, {"b", hex_text(batch.body)}, {"s", batch.signature}}}};
  ((proofs_ += "#") += proof.dump()) += '\n';
}

Result<void> SnapshotWriter::finish(SnapshotManifest& manifest,
                                    const std::function<Result<void>(std::size_t, std::string)>& put) {
  manifest.domains = domains_;
  manifest.numbers = numbers_;
  manifest.ends = ends_;
  manifest.ids = ids_;
  manifest.others = others_;
  manifest.removed = removed_;
  std::string piece;
  const auto put_piece = [&]() -> Result<void> {
    if (piece.empty()) return {};
    Result<std::string> chunk = packed(std::exchange(piece, {}));
    if (!chunk.ok()) return chunk.error();
    if (chunk.value().size() > kMaxChunkBytes || manifest.chunks.size() >= kMaxSnapshotChunks) return invalid("the snapshot gets too large");
    manifest.chunks.push_back({chunk.value().size(), hex_of(sha256(chunk.value()))});
    return put(manifest.chunks.size() - 1, std::move(chunk.value()));
  };
  const auto take = [&](const std::string& header, std::string_view rows) -> Result<void> {
    while (!rows.empty()) {
      if (piece.size() >= kPiece)
        if (auto done = put_piece(); !done.ok()) return done;
      std::size_t size = rows.size();
      if (const std::size_t room = kPiece - piece.size(); size > room) size = std::min(rows.find('\n', room), size - 1) + 1;
      (piece += header) += rows.substr(0, size);
      rows.remove_prefix(size);
    }
    return {};
  };
  // Proofs first: a reader must know them when the entries come.
  for (const std::string* lines : {&proofs_, &lines_})
    if (auto done = take("", *lines); !done.ok()) return done;
  for (const auto& [header, rows] : sections_)
    if (auto done = take(header, rows); !done.ok()) return done;
  return put_piece();
}

Result<void> SnapshotReader::take_header(std::string_view json) {
  if (is_deeper_than(json, kMostDepth)) return invalid("a line with # whose JSON is nested too deep");
  Json header = Json::parse(json, nullptr, false);
  if (!header.is_object()) return invalid("a line with # that is no JSON object");
  if (const auto proof = header.find("proof"); proof != header.end() && proof->is_object()) {
    const auto h = from_hex_text(text_in(*proof, "h"));
    const auto b = from_hex_text(text_in(*proof, "b"));
    if (!h || !b) return invalid("a proof that is no batch");
    return this->proof({text_in(*proof, "id"), *h, *b, text_in(*proof, "s")});
  }
  has_end_ = has_id_ = false;
  if (const auto columns = header.find("columns"); columns != header.end() && columns->is_array()) {
    for (const Json& column : *columns) {
      has_end_ |= column == "expires";
      has_id_ |= column == "id";
      if (column != "expires" && column != "id") return invalid("the column " + column.dump() + " is not known: this node needs a newer telefence");
    }
    header.erase(columns);
  }
  header["value"] = "x";
  Result<Change> common = parse_op_line(header.dump());
  if (!common.ok()) return invalid("a line with #: " + common.error().message);
  const SignatureKind kind = common.value().signature.kind;
  const bool is_table = common.value().unenforced == UnenforcedKind::kNone && (kind == SignatureKind::kDomain || kind == SignatureKind::kNumber);
  if (!is_table || common.value().op == Change::Op::kReplaceList) return invalid("rows are for domains and numbers");
  common.value().signature.value.clear();
  is_in_section_ = true;
  return begin(common.value());
}

Result<void> SnapshotReader::take_row(std::string_view line) {
  if (!is_in_section_) return invalid("a row before the first line with #");
  const std::size_t tab = std::min(line.find('\t'), line.size());
  const std::string_view value = line.substr(0, tab);
  std::string_view rest = line.substr(tab);
  std::int64_t expires_s = 0;
  std::uint64_t id = 0;
  if ((has_end_ && !take_number(rest, expires_s)) || (has_id_ && !take_number(rest, id)) || !rest.empty() || value.empty())
    return invalid("a row with other columns than named: " + std::string(line.substr(0, 100)));
  return row(value, expires_s, id);
}

Result<void> SnapshotReader::read(std::string_view text) {
  is_in_section_ = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Result<void> taken;
    if (one.starts_with('#')) {
      taken = take_header(one.substr(1));
    } else if (one.starts_with('{')) {
      Result<Change> change = parse_op_line(one);
      taken = change.ok() ? line(std::move(change.value())) : Result<void>(change.error());
    } else if (!one.empty()) {
      taken = take_row(one);
    }
    if (!taken.ok()) return taken;
  }
  return {};
}

}  // namespace telefence
