// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fuzzer's bytes as a script of datagrams: it says what stands in packets, and they are sealed here, so that what is behind the seal is
// reached. With a model of what a receiver puts together, which the reader must agree with.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "memory.h"
#include "protocols/quic/frames.h"
#include "protocols/quic/google_hello.h"
#include "protocols/quic/hello_reader.h"
#include "protocols/wire/client_hello.h"
#include "support/quic_initial.h"

namespace telefence::quic {

// One connection as its receiver sees it: bytes of CRYPTO frames, the first copy of each.
class ReceiverModel {
 public:
  using Octets = testing::Octets;

  void take(Bytes frames, std::uint8_t crypto_frame) {
    FrameReader reader(frames, crypto_frame);
    CryptoFrame frame;
    while (reader.next(frame)) {
      if (frame.offset >= CryptoStream::kLongest) continue;
      for (std::size_t i = 0; i < frame.bytes.size() && frame.offset + i < CryptoStream::kLongest; ++i)
        bytes_.emplace(frame.offset + i, frame.bytes[i]);
    }
  }

  // At the end of a datagram: the name that is to be told, if one is.
  bool tells(std::string& name) {
    Octets handshake;
    for (const auto& [at, byte] : bytes_) {
      if (at != handshake.size()) break;
      handshake.push_back(byte);
    }
    wire::ClientHello hello;
    const bool is_hello = !handshake.empty() && handshake[0] == wire::kClientHello;
    const auto found = handshake.empty() ? wire::HelloFound::kCut
                       : is_hello        ? wire::read_client_hello(handshake, hello)
                                         : read_google_hello(handshake, hello);
    const bool tells = !told_ && (found == wire::HelloFound::kWhole || found == wire::HelloFound::kNamed);
    if (tells) name = hello.server_name;
    told_ = told_ || tells;
    const bool is_too_long = found == wire::HelloFound::kCut && handshake.size() == CryptoStream::kLongest;
    is_open_ = found != wire::HelloFound::kWhole && found != wire::HelloFound::kMalformed && !is_too_long;
    if (!is_open_) *this = ReceiverModel();
    return tells;
  }
  // Its keys are known, so that its packets may go to another id.
  bool is_open() const { return is_open_; }

 private:
  std::map<std::uint64_t, std::uint8_t> bytes_;
  bool told_ = false;
  bool is_open_ = false;
};

// Each datagram: one byte of choices, and packets: a byte of choices, two bytes of length, frames.
class Script {
 public:
  using Octets = testing::Octets;

  // "" or what went wrong.
  std::string run(Bytes script) {
    Reader reader(script);
    for (int count = 0; count < 64 && !reader.at_end(); ++count) {
      const std::string wrong = datagram(reader);
      if (!wrong.empty()) return wrong + ", datagram " + std::to_string(count);
    }
    return {};
  }

 private:
  static constexpr std::uint32_t kVersions[] = {1, 0x6b3343cf, 0xff00001d, 0x54303530};

  std::string datagram(Reader& reader) {
    const std::uint8_t choices = reader.u8();
    const std::size_t connection = choices & 1;
    const bool to_server_id = (choices & 2) != 0 && models_[connection].is_open();
    testing::InitialShape shape;
    shape.version = kVersions[choices >> 2 & 3];
    if (begun_[connection]) shape.version = versions_[connection];
    shape.destination_id = connection == 0 ? Octets(8, 0xa0) : Octets(13, 0xb0);
    if (to_server_id) {
      shape.key_id = shape.destination_id;
      shape.destination_id = connection == 0 ? Octets(9, 0x50) : Octets();
    }
    Octets bytes;
    for (int packets = 1 + (choices >> 4 & 3); packets > 0 && !reader.at_end(); --packets) packet(reader, shape, connection, bytes);
    shape.frames = {1};
    shape.size = bytes.size() < 1140 ? 1200 - bytes.size() : 60;
    testing::append(bytes, initial(shape));  // so that no datagram is too small
    begun_[connection] = true;
    versions_[connection] = shape.version;
    return compare(bytes, connection);
  }

  void packet(Reader& reader, testing::InitialShape& shape, std::size_t connection, Octets& bytes) {
    const std::uint8_t choices = reader.u8();
    const std::size_t length = reader.u16() % 3000;
    const Bytes frames = reader.bytes(std::min(length, reader.remaining()));
    shape.frames.assign(frames.begin(), frames.end());
    shape.number_bytes = static_cast<std::uint8_t>(1 + (choices & 3));
    shape.number = choices >> 2;
    shape.size = 0;
    Octets sealed = initial(shape);
    const bool is_damaged = (choices & 0xc0) == 0xc0;
    if (is_damaged) sealed.back() ^= 1;
    testing::append(bytes, sealed);
    if (is_damaged) return;
    Octets padded = shape.frames;
    padded.resize(std::max<std::size_t>(padded.size(), 4));
    models_[connection].take(padded, version_of(shape.version)->crypto_frame);
  }

  std::string compare(const Octets& bytes, std::size_t connection) {
    static HelloReader reader;  // without a memory of its own
    static EventList events;
    events.clear();
    events.begin_frame(0, 0);
    const Step step = reader.read({bytes, Transport::kUdp, 40000, 443}, memory_, events);
    if (step.consumed > bytes.size()) return "consumed is more than there is";
    std::string name;
    const bool tells = models_[connection].tells(name);
    if (events.events().size() != (tells ? 1u : 0u)) return tells ? "a name is not told" : "a name is told that is not there";
    if (tells) {
      const auto& visit = std::get<UrlVisit>(events.events().front().what);
      if (visit.host != name) return "another name is told";
      if (step.progress != Progress::kDone) return "a name is told, but more is waited for";
      if (visit.connection.size() < 4) return "the connection has no mark";
    }
    if (memory_.unfinished() > 2) return "more connections are kept than there are";
    return {};
  }

  testing::MapMemory memory_;
  ReceiverModel models_[2];
  bool begun_[2] = {};
  std::uint32_t versions_[2] = {};
};

}  // namespace telefence::quic
