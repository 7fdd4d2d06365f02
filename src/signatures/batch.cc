// SPDX-License-Identifier: Apache-2.0
#include "signatures/batch.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "signatures/op_line.h"
#include "signatures/words.h"

namespace telefence {
namespace {

using Json = nlohmann::json;

// RFC 8878, 3.1.1.
constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr int kZstdLevel = 3;
// 8 MiB, which level 19 asks for: twice the largest body. A frame may ask for 2 GiB, and this is before anybody looks at signatures.
constexpr int kMaxWindowLog = 23;

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

struct PackerDeleter {
  void operator()(ZSTD_CCtx* packer) const { ZSTD_freeCCtx(packer); }
};

struct StreamDeleter {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

ZSTD_DStream* new_unpacker() {
  ZSTD_DStream* stream = ZSTD_createDStream();
  if (stream != nullptr) ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, kMaxWindowLog);
  return stream;
}

Error unpacking_error(std::size_t code) {
  if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
    return invalid("the body asks for more than 8 MiB of memory to unpack: pack it with a smaller window (zstd level 19 or less, without --long)");
  return invalid(std::string("the body does not unpack: ") + ZSTD_getErrorName(code));
}

constexpr std::int64_t kLastDate_ms = 7'258'118'400'000;  // 2200-01-01

Result<void> read_timestamp(const Json& header, Batch& batch) {
  const auto found = header.find("ts");
  if (found == header.end()) return {};
  const auto* text = found->get_ptr<const std::string*>();
  const auto instant = found->is_number_integer() ? std::optional(found->get<std::int64_t>()) : text == nullptr ? std::nullopt : parse_instant_ms(*text);
  if (!instant) return invalid("header: 'ts' must be Unix milliseconds or ISO 8601 with a zone");
  if (*instant < 0 || *instant > kLastDate_ms) return invalid("header: 'ts' is no date between 1970 and 2200");
  batch.timestamp_ms = *instant;
  return {};
}

Result<std::string> text_of(const Json& header, const char* name) {
  const auto found = header.find(name);
  if (found == header.end() || found->is_null()) return std::string();
  if (const auto* text = found->get_ptr<const std::string*>()) return *text;
  return invalid(std::string("header: '") + name + "' must be a text");
}

// Fills all of the batch but its changes; returns the number of lines told.
Result<std::uint64_t> read_header(std::string_view text, Batch& batch) {
  const Json header = Json::parse(text, nullptr, false);
  if (!header.is_object()) return invalid("the header is not a JSON object");
  if (const auto version = header.find("v"); version != header.end() && *version != kBatchVersion) {
    batch.newer = "header: 'v' is another than 1, which this version reads";
    return std::uint64_t{0};
  }
  const auto sequence = header.find("seq");
  if (sequence == header.end() || !sequence->is_number_unsigned())
    return invalid("header: 'seq' is missing or no number");
  if (sequence->get<std::uint64_t>() != batch.sequence)
    return invalid("header: 'seq' is " + sequence->dump() + ", the entry's id says " + std::to_string(batch.sequence));
  const auto count = header.find("n");
  if (count == header.end() || !count->is_number_unsigned()) return invalid("header: 'n' is missing or no number");
  if (auto read = read_timestamp(header, batch); !read.ok()) return read.error();
  Result<std::string> publisher = text_of(header, "publisher");
  if (!publisher.ok()) return publisher.error();
  Result<std::string> previous = text_of(header, "prev");
  if (!previous.ok()) return previous.error();
  Result<std::string> log = text_of(header, "log");
  if (!log.ok()) return log.error();
  batch.log = std::move(log.value());
  batch.publisher = std::move(publisher.value());
  batch.previous = std::move(previous.value());
  return count->get<std::uint64_t>();
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void read_lines(const std::vector<std::string_view>& lines, Batch& batch) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string where = "log:" + std::to_string(batch.sequence) + ":" + std::to_string(i + 1);
    Result<Change> change = parse_op_line(lines[i]);
    if (!change.ok()) {
      if (batch.newer.empty()) batch.newer = unknown_operation(lines[i]);
      batch.complaints.push_back({where, std::string(lines[i].substr(0, 200)), change.error().message});
      continue;
    }
    Signature& signature = change.value().signature;
    signature.where = where;
    // A removal without a source is of all.
    if (signature.source.empty() && change.value().op != Change::Op::kRemove) signature.source = batch.publisher;
    auto& kept = change.value().unenforced == UnenforcedKind::kNone ? batch.changes : batch.unenforced;
    kept.push_back(std::move(change.value()));
  }
  if (batch.newer.empty()) return;
  batch.changes.clear();
  batch.unenforced.clear();
  batch.complaints.clear();
}

}  // namespace

Result<std::uint64_t> sequence_of(std::string_view id) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), sequence);
  const std::string_view rest = id.substr(static_cast<std::size_t>(end - id.data()));
  if (error != std::errc{} || rest != "-0" || sequence == 0)
    return invalid("the id " + std::string(id) + " is no sequence: ids of this log are <seq>-0");
  return sequence;
}

std::uint64_t first_part(std::string_view id) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(id.data(), id.data() + id.size(), number);
  return parsed.ec == std::errc{} ? number : 0;
}

std::string batch_hash(std::string_view header, std::string_view body) {
  // The length keeps "ab"+"c" and "a"+"bc" apart.
  std::string joined = std::to_string(header.size()) + ":";
  joined += header;
  joined += body;
  return hex_of(sha256(joined));
}

Result<Batch> read_batch(std::string_view id, const BatchFields& fields) {
  const Result<std::uint64_t> sequence = sequence_of(id);
  if (!sequence.ok()) return sequence.error();
  if (fields.header.size() + fields.body.size() + fields.signature.size() > kMaxBatchBytes)
    return invalid("the batch is larger than 64 KiB");
  Batch batch;
  batch.sequence = sequence.value();
  batch.hash = batch_hash(fields.header, fields.body);
  const Result<std::uint64_t> count = read_header(fields.header, batch);
  if (!count.ok()) return count.error();
  if (!batch.newer.empty()) return batch;
  Result<std::vector<BatchSignature>> signatures = parse_signatures(fields.signature);
  if (!signatures.ok()) return signatures.error();
  batch.signatures = std::move(signatures.value());
  Result<std::string> body = unpack_body(fields.body);
  if (!body.ok()) return body.error();
  const std::vector<std::string_view> lines = lines_of(body.value());
  if (lines.size() > kMaxBatchLines) return invalid("more than 1000 changes in one batch");
  if (lines.size() != count.value())
    return invalid("the header tells " + std::to_string(count.value()) + " changes, the body has " +
                   std::to_string(lines.size()));
  read_lines(lines, batch);
  batch.plain = std::move(body.value());
  return batch;
}

std::string plain_body(std::span<const std::string> lines) {
  std::string plain;
  for (const std::string& line : lines) (plain += line) += '\n';
  return plain;
}

Result<std::string> unpack_body(std::string_view body) {
  if (!body.starts_with(kZstdMagic)) {
    if (body.size() > kMaxUnpackedBytes) return invalid("the body is too large");
    return std::string(body);
  }
  // Kept for the next batch: making one costs more than a small batch does.
  thread_local const std::unique_ptr<ZSTD_DStream, StreamDeleter> stream(new_unpacker());
  thread_local std::string piece(ZSTD_DStreamOutSize(), '\0');
  if (stream == nullptr) return invalid("no memory to unpack the body");
  ZSTD_DCtx_reset(stream.get(), ZSTD_reset_session_only);
  // Never believes the frame's own size: the output grows with what really comes out, up to the bound.
  std::string out;
  ZSTD_inBuffer input{body.data(), body.size(), 0};
  std::size_t left = 1;
  for (;;) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &output, &input);
    if (ZSTD_isError(left) != 0) return unpacking_error(left);
    out.append(piece, 0, output.pos);
    if (out.size() > kMaxUnpackedBytes) return invalid("the body is larger than 4 MiB unpacked");
    // All is out when the frame has ended, also where the last piece is full: asked once more, zstd waits for another frame.
    if (input.pos == input.size && (left == 0 || output.pos < output.size)) break;
  }
  if (left != 0) return invalid("the body ends in the middle of its zstd frame");
  return out;
}

Result<std::string> pack_body(std::string_view plain) {
  if (plain.size() > kMaxUnpackedBytes) return invalid("the changes are larger than 4 MiB: send fewer at once");
  thread_local const std::unique_ptr<ZSTD_CCtx, PackerDeleter> packer(ZSTD_createCCtx());
  if (packer == nullptr) return invalid("no memory to pack the batch");
  std::string body(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(packer.get(), body.data(), body.size(), plain.data(), plain.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) return invalid(std::string("can't pack the batch: ") + ZSTD_getErrorName(size));
  body.resize(size);
  return body;
}

Result<Batch> of_log(Result<Batch> read, std::string_view log) {
  if (!read.ok() || read.value().log.empty() || read.value().log == log) return read;
  return invalid("it was published to the log " + read.value().log + ", and somebody has put it here");
}

std::string batch_header(std::uint64_t sequence, std::int64_t timestamp_ms, std::string_view publisher, std::string_view previous,
                         std::size_t lines, std::string_view log) {
  nlohmann::ordered_json header;
  header["seq"] = sequence;
  header["ts"] = timestamp_ms;
  header["publisher"] = publisher;
  header["n"] = lines;
  header["prev"] = previous;
  if (!log.empty()) header["log"] = log;
  return header.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<PackedBatch> pack_batch(std::uint64_t sequence, std::int64_t timestamp_ms, std::string_view publisher,
                               std::string_view previous, std::span<const std::string> lines, std::string_view log) {
  Result<std::string> body = pack_body(plain_body(lines));
  if (!body.ok()) return body.error();
  PackedBatch packed{batch_header(sequence, timestamp_ms, publisher, previous, lines.size(), log), std::move(body.value())};
  if (packed.header.size() + packed.body.size() + kSignatureRoom > kMaxBatchBytes)
    return invalid("the batch is larger than 64 KiB packed: send fewer changes at once");
  return packed;
}

}  // namespace telefence
