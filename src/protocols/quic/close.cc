// SPDX-License-Identifier: Apache-2.0
#include "protocols/quic/close.h"

#include <array>

#include "base/reader.h"

namespace telefence::quic {
namespace {

// RFC 9000, 19.19 and 20.1: CONNECTION_CLOSE of the transport, CONNECTION_REFUSED, because of no frame, without a reason.
constexpr std::array<std::uint8_t, 4> kClose = {0x1c, 0x02, 0x00, 0x00};
constexpr std::uint8_t kIetfCrypto = 0x06;  // as against Google's frames, in which that would say something else
// Beyond what the server may have sent: a client discards a number that it has seen.
constexpr std::uint32_t kNumber = 0x00010000;

void write_id(Writer& out, Bytes id) {
  out.u8(static_cast<std::uint8_t>(id.size()));
  out.bytes(id);
}

}  // namespace

bool write_close(Bytes mark, Bytes datagram, const KeyMaker& key_maker, Protection& protection, Writer& out) {
  Reader reader(mark);
  const Version* const version = version_of(reader.u32());
  LongHeader client;
  if (!reader.ok() || version == nullptr || read_long_header(datagram, client) != HeaderFound::kPacket ||
      client.version != version || version->crypto_frame != kIetfCrypto)
    return false;
  std::array<std::uint8_t, 64> room;
  Writer header(room);
  header.u8(static_cast<std::uint8_t>(0xc0 | version->code_of(PacketType::kInitial) << 4));
  header.u32(client.version_number);
  write_id(header, client.source_id);
  write_id(header, client.destination_id);  // as good as any: the client will not use it any more
  header.u8(0);                             // no token
  const InitialKeys keys = key_maker.make(*version, reader.rest(), Side::kServer);
  return header.ok() && protection.seal({header.written(), kNumber, 4, kClose}, keys, out);
}

}  // namespace telefence::quic
