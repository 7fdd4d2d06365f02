// SPDX-License-Identifier: Apache-2.0
#include "enforce/checksum.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/reader.h"
#include "base/writer.h"
#include "decode/decode.h"

namespace telefence {

namespace {

// Fewer than eight octets as a number as they lie in memory, with zeros behind them: so they may stand behind the sum's other words.
std::uint64_t last_octets(Bytes bytes) {
  static_assert(std::endian::native == std::endian::little);
  const std::size_t size = bytes.size();
  if (size >= 4) {
    std::uint32_t front = 0, back = 0;
    std::memcpy(&front, bytes.data(), 4);
    std::memcpy(&back, bytes.data() + size - 4, 4);
    return front | std::uint64_t{back} >> (8 * (8 - size)) << 32;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

// Sums of the lower and upper halves of 64-bit words. A packet is far too short for them to overflow.
#if defined(__SSE2__)
class HalvesSum {
 public:
  void add_32(const std::uint8_t* at) {
    add(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), first_low_, first_high_);
    add(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16)), second_low_, second_high_);
  }
  std::uint64_t sum() const {
    const __m128i all = _mm_add_epi64(_mm_add_epi64(first_low_, first_high_), _mm_add_epi64(second_low_, second_high_));
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(all)) + static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(all, all)));
  }

 private:
  void add(__m128i words, __m128i& low, __m128i& high) const {
    low = _mm_add_epi64(low, _mm_and_si128(words, _mm_set1_epi64x(0xffffffff)));
    high = _mm_add_epi64(high, _mm_srli_epi64(words, 32));
  }
  __m128i first_low_ = _mm_setzero_si128(), first_high_ = _mm_setzero_si128();
  __m128i second_low_ = _mm_setzero_si128(), second_high_ = _mm_setzero_si128();
};
#else
class HalvesSum {
 public:
  void add_32(const std::uint8_t* at) {
    for (std::size_t i = 0; i < 32; i += 8) {
      std::uint64_t value = 0;
      std::memcpy(&value, at + i, sizeof value);
      sum_ += (value & 0xffffffff) + (value >> 32);
    }
  }
  std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
};
#endif

// Of a sum of words as they lie in memory.
std::uint64_t swapped(std::uint64_t sum) {
  static_assert(std::endian::native == std::endian::little);
  sum = folded(sum);
  return (sum >> 8 | sum << 8) & 0xffff;
}

}  // namespace

// The sum does not depend on the order of the octets in a word but for the last swap (RFC 1071, 2 B), nor on the width of what is
// added (2 C): 32 bits at a time, in sums of 64 that do not wait for each other.
std::uint64_t word_sum(Bytes bytes, std::uint64_t start) {
  HalvesSum halves;
  std::size_t i = 0;
  for (; i + 32 <= bytes.size(); i += 32) halves.add_32(bytes.data() + i);
  std::uint64_t sum = halves.sum();
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + i, sizeof value);
    sum += (value & 0xffffffff) + (value >> 32);
  }
  const std::uint64_t last = last_octets(bytes.subspan(i));
  return start + swapped(sum + (last & 0xffffffff) + (last >> 32));
}

std::uint16_t corrected_checksum(std::uint16_t checksum, std::uint64_t before, std::uint64_t after) {
  // RFC 1624, equation 3: HC' = ~(~HC + ~m + m')
  const auto not_before = static_cast<std::uint16_t>(~folded(before));
  const auto not_checksum = static_cast<std::uint16_t>(~checksum);
  return checksum_of(std::uint64_t{not_checksum} + not_before + folded(after));
}

namespace {

// Of the IP header that is there: whether its checksum holds, and the sum of its addresses, which transports have in theirs. One reading
// for both: in a burst of segments that are put together this is to be seen.
struct NetworkSum {
  bool holds = true;
  std::uint64_t addresses = 0;
};

constexpr std::size_t kPlainHeader = 20;  // IPv4 without options

NetworkSum network_sum(const Frame& frame, const Layers& layers) {
  const Bytes addresses = addresses_at(frame, layers.network, layers.ip_version);
  if (layers.ip_version != 4) return {true, word_sum(addresses)};
  const std::size_t length = (frame.data[layers.network] & 15u) * 4u;
  const Bytes header = frame.bytes().subspan(layers.network, length);
  const auto holds = [&](std::uint64_t sum) { return folded(sum) == 0xffff || (frame.may_lack_checksum && header[10] == 0 && header[11] == 0); };
  if (length != kPlainHeader) return {holds(word_sum(header)), word_sum(addresses)};
  std::uint64_t first, second;
  std::uint32_t destination;
  std::memcpy(&first, header.data(), 8);
  std::memcpy(&second, header.data() + 8, 8);
  std::memcpy(&destination, header.data() + 16, 4);
  const std::uint64_t both = (second >> 32) + destination;
  const std::uint64_t sum = (first & 0xffffffff) + (first >> 32) + (second & 0xffffffff) + both;
  return {holds(sum), swapped(both)};  // a sum that is all ones is so in either order
}

bool segment_sum_holds(const Frame& frame, const Layers& layers, Bytes segment, std::uint64_t addresses) {
  const std::uint64_t pseudo = addresses + segment.size() + layers.ip_protocol;
  const std::uint32_t field = layers.transport == Transport::kTcp ? 16u : 6u;
  Reader reader(segment.subspan(field, 2));
  const std::uint16_t checksum = reader.u16();
  if (layers.transport == Transport::kUdp && checksum == 0) return true;
  return folded(word_sum(segment, pseudo)) == 0xffff || (frame.may_lack_checksum && checksum == folded(pseudo));
}

// A datagram ends where its own length says, which may be before the packet ends (RFC 768).
std::uint32_t segment_end(const Layers& layers) {
  return layers.transport == Transport::kUdp ? layers.payload + layers.payload_length : layers.network_end;
}

}  // namespace

bool header_checksum_holds(const Frame& frame, const Layers& layers) { return network_sum(frame, layers).holds; }

bool checksums_hold(const Frame& frame, const Layers& layers) {
  const NetworkSum network = network_sum(frame, layers);
  if (!network.holds) return false;
  const Bytes segment = frame.bytes().subspan(layers.transport_at, segment_end(layers) - layers.transport_at);
  return segment_sum_holds(frame, layers, segment, network.addresses);
}

bool segment_checksum_holds(const Frame& frame, const Layers& layers, Bytes segment) {
  return segment_sum_holds(frame, layers, segment, word_sum(addresses_at(frame, layers.network, layers.ip_version)));
}

OuterChecksums::OuterChecksums(const Frame& frame, const Layers& layers) {
  if (layers.tunnels == 0) [[likely]] return;
  TunnelPath path;
  (void)decode(frame, path);
  for (const TunnelStep& step : path.all()) {
    // RFC 768: zero says that the sender generated none.
    if (is_over_udp(step.kind) && Reader(frame.bytes().subspan(step.at + 6u, 2)).u16() != 0) note(frame, layers, step.at, step.at + 6u, true);
    constexpr std::uint8_t kGreHasChecksum = 0x80;
    const auto gre = static_cast<std::uint32_t>(gre_at(step.kind, step.at));
    if (has_gre(step.kind) && (frame.bytes()[gre] & kGreHasChecksum) != 0) note(frame, layers, gre, gre + 4, false);
  }
}

void OuterChecksums::note(const Frame& frame, const Layers& layers, std::uint32_t start, std::uint32_t field, bool is_udp) {
  const std::uint64_t before = word_sum(frame.bytes().subspan(start, layers.network_end - start));
  sums_[count_++] = {field, start, layers.network_end, is_udp, before};
}

void OuterChecksums::correct(Frame& frame) const {
  for (std::size_t i = count_; i-- > 0;) {
    const Sum& sum = sums_[i];
    // The field itself is as it was, so it cancels out.
    const std::uint64_t after = word_sum(frame.bytes().subspan(sum.start, sum.end - sum.start));
    Reader reader(frame.bytes().subspan(sum.field, 2));
    std::uint16_t checksum = corrected_checksum(reader.u16(), sum.before, after);
    if (sum.is_udp && checksum == 0) checksum = 0xffff;  // RFC 768: zero is sent as all ones
    Writer writer(frame.mutable_bytes().subspan(sum.field, 2));
    writer.u16(checksum);
  }
}

ChecksumKeeper::ChecksumKeeper(const Frame& frame, const Layers& layers, Place place)
    : layers_(layers), outer_(frame, layers) {
  const std::uint32_t start = layers.payload + place.offset;
  const std::uint32_t odd = (start - layers.transport_at) & 1;
  range_ = {start - odd, place.length + odd};
  before_ = word_sum(frame.bytes().subspan(range_.offset, range_.length));
}

void ChecksumKeeper::correct(Frame& frame) const {
  correct_own(frame);
  outer_.correct(frame);
}

void ChecksumKeeper::correct_own(Frame& frame) const {
  const std::uint32_t field = layers_.transport_at + (layers_.transport == Transport::kTcp ? 16u : 6u);
  Reader reader(frame.bytes().subspan(field, 2));
  const std::uint16_t old_checksum = reader.u16();
  const bool udp = layers_.transport == Transport::kUdp;
  if (udp && old_checksum == 0) return;  // RFC 768: the sender generated none
  const std::uint64_t after = word_sum(frame.bytes().subspan(range_.offset, range_.length));
  std::uint16_t checksum = corrected_checksum(old_checksum, before_, after);
  if (udp && checksum == 0) checksum = 0xffff;  // RFC 768: zero is sent as all ones
  Writer writer(frame.mutable_bytes().subspan(field, 2));
  writer.u16(checksum);
}

}  // namespace telefence
