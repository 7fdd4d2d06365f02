// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes the Initials of a QUIC client for tests: frames, packets sealed with the keys of any connection id, datagrams. That the
// sealing is right is shown by the vectors of the standards (tests/protocols/quic/vectors_test.cc).

#include <algorithm>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "protocols/quic/initial_keys.h"
#include "protocols/quic/protection.h"

namespace telefence::testing {

using Octets = std::vector<std::uint8_t>;

inline void append(Octets& out, Bytes more) { out.insert(out.end(), more.begin(), more.end()); }

// In two bytes, or in as many as the number needs.
inline void append_varint(Octets& out, std::uint64_t value, int least_bytes = 1) {
  const int bytes = std::max(least_bytes, value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x40000000 ? 4 : 8);
  const int code = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  out[out.size() - static_cast<std::size_t>(bytes)] |= static_cast<std::uint8_t>(code << 6);
}

inline Octets crypto_frame(std::uint64_t offset, Bytes bytes) {
  Octets out;
  out.reserve(bytes.size() + 17);
  out.push_back(0x06);
  append_varint(out, offset);
  append_varint(out, bytes.size());
  append(out, bytes);
  return out;
}

inline Octets octets_of(std::string_view text) { return {text.begin(), text.end()}; }

struct InitialShape {
  std::uint32_t version = 1;
  Octets destination_id = {1, 2, 3, 4, 5, 6, 7, 8};
  Octets source_id = {9, 10, 11, 12};
  Octets token = {};
  Octets key_id = {};  // what the keys come from when it is not destination_id
  quic::Side side = quic::Side::kClient;
  std::uint32_t number = 0;
  std::uint8_t number_bytes = 1;
  Octets frames = {};
  std::size_t size = 1200;  // of the packet, by padding; 0: as small as it is
};

inline Octets initial(const InitialShape& shape) {
  static quic::Protection protection;
  static const quic::KeyMaker key_maker;
  const quic::Version& version = *quic::version_of(shape.version);
  Octets header{static_cast<std::uint8_t>(0xc0 | version.code_of(quic::PacketType::kInitial) << 4)};
  for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<std::uint8_t>(shape.version >> shift));
  header.push_back(static_cast<std::uint8_t>(shape.destination_id.size()));
  append(header, shape.destination_id);
  header.push_back(static_cast<std::uint8_t>(shape.source_id.size()));
  append(header, shape.source_id);
  append_varint(header, shape.token.size());
  append(header, shape.token);
  Octets frames = shape.frames;
  const std::size_t around = header.size() + 2 + shape.number_bytes + AesGcm::kTag;
  frames.resize(std::max({frames.size(), std::size_t{4}, shape.size > around ? shape.size - around : 0}));
  Octets out(around + frames.size());
  Writer writer(out);
  const quic::InitialKeys keys =
      key_maker.make(version, shape.key_id.empty() ? shape.destination_id : shape.key_id, shape.side);
  CHECK(protection.seal({header, shape.number, shape.number_bytes, frames}, keys, writer));
  return out;
}

// A packet of another long-header type, sealed with keys that nobody here has.
inline Octets sealed_packet(const InitialShape& shape, quic::PacketType type, std::size_t size) {
  Octets out = initial({.version = shape.version, .destination_id = shape.destination_id, .source_id = shape.source_id, .size = 0});
  const quic::Version& version = *quic::version_of(shape.version);
  out[0] = static_cast<std::uint8_t>(0xc0 | version.code_of(type) << 4);
  out.resize(7 + shape.destination_id.size() + shape.source_id.size());
  append_varint(out, size, 2);
  out.resize(out.size() + size, 0xa5);
  return out;
}

// Pieces of a handshake message as CRYPTO frames: borders at random, some twice, in any order.
inline std::vector<Octets> shuffled_frames(Bytes handshake, std::size_t cuts, std::mt19937& random) {
  std::vector<std::size_t> borders{0, handshake.size()};
  for (; cuts > 0; --cuts) borders.push_back(random() % handshake.size());
  std::sort(borders.begin(), borders.end());
  std::vector<Octets> frames;
  for (std::size_t i = 0; i + 1 < borders.size(); ++i)
    if (borders[i] != borders[i + 1])
      frames.push_back(crypto_frame(borders[i], handshake.subspan(borders[i], borders[i + 1] - borders[i])));
  for (auto extra = random() % 3; extra > 0; --extra) {  // cut otherwise, and overlapping
    const std::size_t start = random() % handshake.size();
    const std::size_t length = 1 + random() % std::min<std::size_t>(handshake.size() - start, 200);
    frames.push_back(crypto_frame(start, handshake.subspan(start, length)));
  }
  std::shuffle(frames.begin(), frames.end(), random);
  return frames;
}

}  // namespace telefence::testing
