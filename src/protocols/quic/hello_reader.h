// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the ClientHello out of the Initials of a client, however it is cut: over CRYPTO frames in any order, over several packets
// of a datagram, over several datagrams, whose destination may be the id that the server chose while the keys are still those of
// the first one (RFC 9000, 7.2). A Retry needs nothing: what follows it is a whole hello under keys of its own id.
//
// The mark of a connection (FlowMemory) is its version and first destination id; its note is what has come of the hello. Worker
// thread; nothing is allocated after construction.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "protocols/datagram_reader.h"
#include "protocols/quic/crypto_stream.h"
#include "protocols/quic/frames.h"
#include "protocols/quic/initial_keys.h"
#include "protocols/quic/long_header.h"
#include "protocols/quic/protection.h"
#include "protocols/wire/client_hello.h"

namespace telefence::quic {

class HelloReader final : public DatagramReader {
 public:
  HelloReader();

  Step read(const Payload& payload, FlowMemory& memory, EventList& events) override;
  WrittenRefusal refuse(const Event& event, const Payload& message, const RefusalTerms& terms, Writer& out) override;

 private:
  // A connection as the mark tells it.
  struct Mark {
    std::array<std::uint8_t, FlowMemory::kLongestMark> bytes{};
    std::uint8_t size = 0;
    Bytes view() const { return Bytes(bytes).first(size); }
    bool operator==(const Mark& other) const { return std::ranges::equal(view(), other.view()); }
  };
  struct Made {
    Mark mark;
    InitialKeys keys;
  };
  // What is known about the datagram that is being read.
  struct Datagram {
    const Payload& payload;
    FlowMemory& memory;
    EventList& events;
    Bytes rest;              // behind the packet that is being read
    unsigned made = 0;       // keys, of ids
    unsigned others = 0;     // tries with keys of other connections of the flow
    bool is_untried = false;
    Made first;              // keys made for the first packet, and for the latest
    Made latest;
    bool told = false;
    bool waits = false;
    bool malformed = false;
  };

  static Mark mark_of(const LongHeader& header);
  bool is_current(const Mark& mark) const;
  void packet(const LongHeader& header, Datagram& datagram);
  bool open(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text);
  const InitialKeys* keys_of(const LongHeader& header, const Mark& mark, Datagram& datagram) const;
  void begin(const Made& made, std::uint64_t expected, Datagram& datagram);
  bool open_as_new(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text);
  bool open_as_other(const LongHeader& header, const Mark& mark, Datagram& datagram, Bytes& text);
  bool resume(const Mark& mark, Datagram& datagram);
  void take_frames(FrameReader frames, Datagram& datagram);
  void settle(Datagram& datagram);
  void judge(Datagram& datagram);
  void keep(Datagram& datagram);
  void tell(const wire::ClientHello& hello, Datagram& datagram);

  const KeyMaker key_maker_;
  Protection protection_;
  std::unique_ptr<CryptoStream> stream_;
  std::unique_ptr<std::array<std::uint8_t, FlowMemory::kLongestNote>> note_;

  // The connection whose packets are being read; none while the mark is empty.
  Mark mark_;
  Mark other_mark_;  // as its packets tell that go to the id which the server chose; empty when none was seen yet
  InitialKeys keys_;
  std::uint64_t expected_ = 0;  // number of its next packet, as Protection::open has it
  bool is_kept_ = false;  // it was known before this datagram
  bool is_told_ = false;  // its name was told before
  bool changed_ = false;  // it is new, or something came that was not there
  bool grew_ = false;     // its expected number did
  bool is_doubtful_ = false;  // what the datagram says of it
};

}  // namespace telefence::quic
