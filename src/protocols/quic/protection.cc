// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/protection.h"

#include <algorithm>

#include "base/check.h"

namespace telefence::quic {
namespace {

constexpr std::size_t kLongestNumber = 4;
constexpr std::uint8_t kNumberBits = 0x03;     // of the first byte: length of the packet number, less one
constexpr std::uint8_t kProtectedBits = 0x0f;  // of it, in a long header

// RFC 9001, 5.3: the packet number is laid over the end of the IV.
GcmNonce nonce_of(const InitialKeys& keys, std::uint64_t number) {
  GcmNonce nonce = keys.iv;
  for (std::size_t i = 0; i < sizeof number; ++i)
    nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
  return nonce;
}

// RFC 9000, A.3: of the numbers that end in what was sent, the one nearest to the expected one.
std::uint64_t whole_number(std::uint64_t sent, std::size_t bytes, std::uint64_t expected) {
  const std::uint64_t window = std::uint64_t{1} << (8 * bytes);
  const std::uint64_t half = window / 2;
  const std::uint64_t near = (expected & ~(window - 1)) | sent;
  if (near + half <= expected) return near + window;
  if (near > expected + half && near >= window) return near - window;
  return near;
}

// RFC 9001, 5.4.2: taken as if the packet number had four bytes.
AesBlock sample_at(Bytes packet, std::size_t number_at) {
  AesBlock sample;
  const Bytes bytes = packet.subspan(number_at + kLongestNumber, sample.size());
  std::copy(bytes.begin(), bytes.end(), sample.begin());
  return sample;
}

}  // namespace

Protection::Protection() = default;

bool Protection::open(const LongHeader& header, const InitialKeys& keys, std::uint64_t& expected, Bytes& text) {
  const Bytes packet = header.packet;
  if (packet.size() > kLongestDatagram || packet.size() < header.number_at + kLongestNumber + AesGcm::kTag) return false;
  const AesBlock mask = aes_.encrypt_block(keys.hp, sample_at(packet, header.number_at));
  std::array<std::uint8_t, kLongestDatagram>& plain = room_->header;
  std::copy_n(packet.begin(), header.number_at + kLongestNumber, plain.begin());
  plain[0] = static_cast<std::uint8_t>(plain[0] ^ (mask[0] & kProtectedBits));
  const std::size_t number_size = (plain[0] & kNumberBits) + std::size_t{1};
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < number_size; ++i) {
    plain[header.number_at + i] = static_cast<std::uint8_t>(plain[header.number_at + i] ^ mask[i + 1]);
    sent = sent << 8 | plain[header.number_at + i];
  }
  const std::size_t header_size = header.number_at + number_size;
  const Bytes sealed = packet.subspan(header_size);
  const MutableBytes room = MutableBytes(room_->text).first(sealed.size() - AesGcm::kTag);
  text = room;
  const auto opens = [&](std::uint64_t number) {
    if (!aes_.open(keys.key, nonce_of(keys, number), Bytes(plain).first(header_size), sealed, room)) return false;
    expected = std::max(expected, number + 1);
    return true;
  };
  // What was opened here need not have reached the receiver, so that its numbers may still be those of a connection that begins.
  const std::uint64_t number = whole_number(sent, number_size, expected);
  return opens(number) || (number != sent && opens(sent));
}

bool Protection::seal(const PlainPacket& plain, const InitialKeys& keys, Writer& out) {
  const std::size_t length = plain.number_bytes + plain.text.size() + AesGcm::kTag;
  std::array<std::uint8_t, kLongestDatagram>& room = room_->header;
  CHECK(plain.text.size() + plain.number_bytes >= kLongestNumber && length < 0x4000 && !plain.header.empty());
  CHECK(plain.header.size() + 2 + length <= room.size());
  Writer header(room);
  header.bytes(plain.header);
  header.u16(static_cast<std::uint16_t>(0x4000 | length));  // a variable-length integer of two bytes
  const std::size_t number_at = header.size();
  for (std::size_t i = plain.number_bytes; i-- > 0;) header.u8(static_cast<std::uint8_t>(plain.number >> (8 * i)));
  room[0] = static_cast<std::uint8_t>((room[0] & ~kProtectedBits) | (plain.number_bytes - 1));
  const std::size_t size = header.size();
  const MutableBytes packet = MutableBytes(room).first(size + plain.text.size() + AesGcm::kTag);
  aes_.seal(keys.key, nonce_of(keys, plain.number), Bytes(room).first(size), plain.text, packet.subspan(size));
  const AesBlock mask = aes_.encrypt_block(keys.hp, sample_at(packet, number_at));
  room[0] = static_cast<std::uint8_t>(room[0] ^ (mask[0] & kProtectedBits));
  for (std::size_t i = 0; i < plain.number_bytes; ++i)
    room[number_at + i] = static_cast<std::uint8_t>(room[number_at + i] ^ mask[i + 1]);
  out.bytes(packet);
  return out.ok();
}

}  // namespace telefence::quic
