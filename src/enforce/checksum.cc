// SPDX-License-Identifier: Apache-2.0
#include "enforce/checksum.h"

#include <bit>
#include <cstring>

#include "base/chunk.h"
#include "base/reader.h"
#include "base/writer.h"
#include "decode/decode.h"

namespace telefence {

namespace {

// What is carried out of 64 bits counts as one: 2^64 leaves one by 2^16 - 1 (RFC 1071, 2 B and C).
std::uint64_t added(std::uint64_t sum, std::uint64_t value) {
  sum += value;
  return sum + (sum < value ? 1u : 0u);
}

// Adds so many blocks of 64 octets. A sanitizer sees nothing of what assembly reads, so it gets none.
std::uint64_t with_blocks(std::uint64_t sum, const std::uint8_t* at, std::size_t count) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
  for (; count != 0; --count, at += 64) {
    // Of nothing that can be written in C++ the compiler (gcc 12) makes a chain of carries. A sum that carries is never all ones: what the
    // last one adds is not lost.
    asm("addq (%1), %0\n\tadcq 8(%1), %0\n\tadcq 16(%1), %0\n\tadcq 24(%1), %0\n\tadcq 32(%1), %0\n\t"
        "adcq 40(%1), %0\n\tadcq 48(%1), %0\n\tadcq 56(%1), %0\n\tadcq $0, %0"
        : "+&r"(sum)
        : "r"(at), "m"(*reinterpret_cast<const std::uint8_t(*)[64]>(at))
        : "cc");
  }
#else
  for (const std::uint8_t* const end = at + 64 * count; at != end; at += 8) sum = added(sum, eight_octets(at));
#endif
  return sum;
}

// The last octets of `bytes`, fewer than eight, as a number as they lie in memory, with zeros behind them: so they may stand behind the
// sum's other words.
std::uint64_t last_octets(Bytes bytes, std::size_t count) {
  static_assert(std::endian::native == std::endian::little);
  if (bytes.size() >= 8) [[likely]] return eight_octets(bytes.data() + bytes.size() - 8) >> 1 >> (63 - 8 * count);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

// Of words as they lie in memory: the sum does not depend on the order of the octets in a word but for the last swap (RFC 1071, 2 B), nor
// on the width of what is added (2 C).
std::uint64_t memory_sum(Bytes bytes, std::uint64_t sum = 0) {
  const std::size_t blocks = bytes.size() / 64;
  sum = with_blocks(sum, bytes.data(), blocks);
  for (std::size_t i = 64 * blocks; i + 8 <= bytes.size(); i += 8) sum = added(sum, eight_octets(bytes.data() + i));
  return added(sum, last_octets(bytes, bytes.size() % 8));
}

// Of a sum of words as they lie in memory the sum of words in network order, or the other way round. Folded.
std::uint64_t swapped(std::uint64_t sum) { return __builtin_bswap16(folded(sum)); }

}  // namespace

std::uint64_t word_sum(Bytes bytes, std::uint64_t start) { return start + swapped(memory_sum(bytes)); }

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
  std::uint64_t addresses = 0;  // as they lie in memory
};

constexpr std::size_t kPlainHeader = 20;  // IPv4 without options

NetworkSum network_sum(const Frame& frame, const Layers& layers) {
  const Bytes addresses = addresses_at(frame, layers.network, layers.ip_version);
  if (layers.ip_version != 4) return {true, memory_sum(addresses)};
  const std::size_t length = (frame.data[layers.network] & 15u) * 4u;
  const Bytes header = frame.bytes().subspan(layers.network, length);
  // A sum that is all ones is so in either order.
  const auto holds = [&](std::uint64_t sum) { return folded(sum) == 0xffff || (frame.may_lack_checksum && header[10] == 0 && header[11] == 0); };
  if (length != kPlainHeader) return {holds(memory_sum(header)), memory_sum(addresses)};
  std::uint32_t destination;
  std::memcpy(&destination, header.data() + 16, 4);
  const std::uint64_t second = eight_octets(header.data() + 8);
  const std::uint64_t both = (second >> 32) + destination;
  return {holds(added(eight_octets(header.data()), (second & 0xffffffff) + both)), both};
}

bool segment_sum_holds(const Frame& frame, const Layers& layers, Bytes segment, std::uint64_t addresses) {
  const std::uint64_t pseudo = added(addresses, swapped(segment.size() + layers.ip_protocol));
  const std::size_t field = layers.transport == Transport::kTcp ? 16u : 6u;
  std::uint16_t checksum;
  std::memcpy(&checksum, segment.data() + field, sizeof checksum);
  if (layers.transport == Transport::kUdp && checksum == 0) return true;
  return folded(memory_sum(segment, pseudo)) == 0xffff || (frame.may_lack_checksum && checksum == folded(pseudo));
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
  return segment_sum_holds(frame, layers, segment, memory_sum(addresses_at(frame, layers.network, layers.ip_version)));
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
