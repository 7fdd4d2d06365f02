// SPDX-License-Identifier: Apache-2.0
#include "packed/unpacker.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telefence {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::uint64_t kFreeBytes = 64u << 20;  // so much may come out whatever went in
constexpr int kGzipWindow = 15 + 16;             // the greatest window; gzip wrapping only
constexpr int kLargestZstdWindowLog = 27;        // 128 MiB: what zstd itself takes without being asked for more
constexpr std::string_view kGzipMagic("\x1f\x8b", 2), kZstdMagic("\x28\xb5\x2f\xfd", 4);

Error failed(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }
Error cut_off() { return failed("the packed file is cut off: fetch it again"); }

struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

}  // namespace

struct Unpacker::State {
  State(std::unique_ptr<ByteSource> from, UnpackLimits may) : source(std::move(from)), limits(may), chunk(kChunk) {}
  ~State() {
    if (is_inflating) inflateEnd(&gzip);
  }

  Result<void> refill() {
    if (is_at_end || begin != end) return {};
    const Result<std::size_t> count = source->read(chunk);
    if (!count) return count.error();
    begin = 0;
    end = count.value();
    packed += end;
    is_at_end = end == 0;
    return {};
  }

  // Enough of the begin to tell what it is.
  Result<void> start() {
    while (end < kZstdMagic.size() && !is_at_end) {
      const Result<std::size_t> count = source->read(std::span(chunk).subspan(end));
      if (!count) return count.error();
      end += count.value();
      packed += count.value();
      is_at_end = count.value() == 0;
    }
    is_at_end = false;  // what was read is still to be handed out
    const std::string_view first(chunk.data(), end);
    packing = first.starts_with(kGzipMagic) ? Packing::kGzip : first.starts_with(kZstdMagic) ? Packing::kZstd : Packing::kNone;
    if (packing == Packing::kGzip) {
      if (inflateInit2(&gzip, kGzipWindow) != Z_OK) return failed("out of memory");
      is_inflating = true;
    }
    if (packing == Packing::kZstd) {
      zstd.reset(ZSTD_createDStream());
      if (zstd == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kLargestZstdWindowLog)) != 0)
        return failed("out of memory");
    }
    return {};
  }

  Result<std::size_t> read_plain(std::span<char> room) {
    if (const Result<void> more = refill(); !more) return more.error();
    const std::size_t count = std::min(room.size(), end - begin);
    std::copy_n(chunk.begin() + static_cast<std::ptrdiff_t>(begin), count, room.begin());
    begin += count;
    return count;
  }

  Result<std::size_t> read_gzip(std::span<char> room) {
    for (;;) {
      if (const Result<void> more = refill(); !more) return more.error();
      if (begin == end) return is_between ? Result<std::size_t>(0) : cut_off();
      // What follows the last member and is no other one is padding, as gzip itself takes it.
      if (is_between && members > 0 && static_cast<std::uint8_t>(chunk[begin]) != 0x1f) return std::size_t{0};
      gzip.next_in = reinterpret_cast<Bytef*>(chunk.data() + begin);
      gzip.avail_in = static_cast<uInt>(end - begin);
      gzip.next_out = reinterpret_cast<Bytef*>(room.data());
      gzip.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size(), 1u << 30));
      const uInt room_before = gzip.avail_out;
      is_between = false;
      const int status = inflate(&gzip, Z_NO_FLUSH);
      begin = end - gzip.avail_in;
      if (status == Z_STREAM_END) {
        is_between = true;
        ++members;
        (void)inflateReset(&gzip);
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return failed("the gzip file is damaged: fetch it again");
      }
      if (const std::size_t count = room_before - gzip.avail_out; count != 0) return count;
    }
  }

  Result<std::size_t> read_zstd(std::span<char> room) {
    for (;;) {
      if (const Result<void> more = refill(); !more) return more.error();
      if (begin == end && is_between) return std::size_t{0};
      ZSTD_inBuffer in{chunk.data(), end, begin};
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      const std::size_t status = ZSTD_decompressStream(zstd.get(), &out, &in);
      if (ZSTD_isError(status) != 0) return failed("the zstd file is damaged, or needs a window of more than 128 MiB: fetch or pack it again");
      const bool has_moved = in.pos != begin || out.pos != 0;
      begin = in.pos;
      is_between = status == 0;
      if (out.pos != 0) return out.pos;
      if (is_at_end && !has_moved) return cut_off();
    }
  }

  Result<std::size_t> read(std::span<char> room) {
    if (!is_started) {
      is_started = true;
      if (const Result<void> started = start(); !started) return started.error();
    }
    Result<std::size_t> count = packing == Packing::kGzip ? read_gzip(room) : packing == Packing::kZstd ? read_zstd(room) : read_plain(room);
    if (!count || packing == Packing::kNone) return count;
    unpacked += count.value();
    const bool is_too_much = limits.most_bytes != 0 && unpacked > limits.most_bytes;
    const bool is_bomb = limits.most_times != 0 && unpacked > kFreeBytes && unpacked / limits.most_times > packed;
    if (is_too_much || is_bomb) return failed("unpacks to far more than a list ever holds: unpack it by hand if it is to be trusted");
    return count;
  }

  const std::unique_ptr<ByteSource> source;
  const UnpackLimits limits;
  std::vector<char> chunk;
  std::size_t begin = 0, end = 0;  // of what is not used yet
  bool is_started = false;
  bool is_at_end = false;
  bool is_between = false;  // members or frames: the input may end here
  std::uint64_t members = 0;
  std::uint64_t packed = 0, unpacked = 0;
  Packing packing = Packing::kNone;
  bool is_inflating = false;
  z_stream gzip{};
  std::unique_ptr<ZSTD_DStream, FreeZstd> zstd;
  std::optional<Error> error;
};

Unpacker::Unpacker(std::unique_ptr<ByteSource> source, UnpackLimits limits)
    : state_(std::make_unique<State>(std::move(source), limits)) {}
Unpacker::~Unpacker() = default;

Result<std::size_t> Unpacker::read(std::span<char> room) {
  if (state_->error) return *state_->error;
  Result<std::size_t> count = state_->read(room);
  if (!count) state_->error = count.error();
  return count;
}

Packing Unpacker::packing() const { return state_->packing; }
std::uint64_t Unpacker::packed_bytes() const { return state_->packed; }
std::uint64_t Unpacker::packed_size() const { return state_->source->size(); }

}  // namespace telefence
