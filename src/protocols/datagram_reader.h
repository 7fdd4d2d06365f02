// SPDX-License-Identifier: Apache-2.0
#pragma once

// The contract (protocol.h) of a protocol over UDP whose message may be spread over several datagrams, or which needs tools that
// take long to make. The protocol stays without state of its own: what has to be known again is written into a note, which the
// pipeline keeps for it in fixed memory (track/connection_table.h), and nobody else looks into.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "event/event.h"
#include "event/event_list.h"
#include "protocols/protocol.h"

namespace telefence {

// What is remembered of the flow that a datagram belongs to: same addresses and ports, same direction. A flow may carry several
// connections; the protocol tells them apart by a mark of its own making. Views live until the next call that changes something.
class FlowMemory {
 public:
  static constexpr std::size_t kLongestMark = 32;
  static constexpr std::size_t kLongestNote = 32 * 1024;
  // So many may one datagram belong to, and so many of a flow are told.
  static constexpr std::size_t kMostConnections = 8;
  static constexpr std::size_t kMostListed = 64;
  // So much of the beginning of a note is known of a refused connection, too.
  static constexpr std::size_t kHead = 8;

  enum class Standing : std::uint8_t {
    kUnknown,
    kUnfinished,  // its message goes on in other datagrams; `note` is what was kept of it
    kRefused,     // it is over: its datagrams are dropped, and of its note only the head is kept, if that
  };
  // How many hops the datagram has left, as against those that are known of the connection: with many fewer it may not reach whom they
  // reached, or they did not mean to if it has many more. All are read; where bytes contradict each other, the most hops count.
  enum class Hops : std::uint8_t { kSame, kFewer, kMore };
  struct Connection {
    Standing standing = Standing::kUnknown;
    Bytes mark;
    Bytes note;
    Hops hops = Hops::kSame;  // find() tells it
  };

  virtual Connection find(Bytes mark) = 0;
  // All of the flow, unfinished ones first, then the newest first. Returns how many.
  virtual std::size_t list(std::span<Connection> room) = 0;

  // The datagram that is read belongs to this connection: it is dropped when that is, or becomes in this burst, a refused one.
  virtual void belongs_to(Bytes mark) = 0;
  // The message is not whole yet: `note` replaces what was kept; of a refused connection nothing is. Requires: sizes within the
  // limits above.
  virtual void keep(Bytes mark, Bytes note) = 0;
  enum class End : std::uint8_t {
    kRead,
    kGivenUp,  // longer, or in more pieces, than is put together
  };
  // Nothing more is waited for, whether or not anything was kept. It is still found until the end of the burst.
  virtual void finish(Bytes mark, End end) = 0;

  // Things that only the protocol can see and people want to know.
  enum class Sight : std::uint8_t {
    kOpened,        // a sealed packet was opened
    kNotOpened,     // none of the keys that are known here opens it: forged, damaged, of the other side, or from later on
    kTooSmall,      // its receiver will not look at it, so neither was it looked at here
    kInconsistent,  // bytes that were there already came again as other ones: the first copy counts
    kUntried,       // so many packets in the datagram that not all were tried
  };
  static constexpr std::size_t kSights = 5;
  virtual void note(Sight sight) = 0;

 protected:
  ~FlowMemory() = default;
};

// One per worker and protocol, used by that thread alone. Everything it needs is made in its constructor.
class DatagramReader {
 public:
  virtual ~DatagramReader() = default;
  // As Protocol::extract, with a memory.
  virtual Step read(const Payload& payload, FlowMemory& memory, EventList& events) = 0;
  // As Protocol::refuse.
  virtual WrittenRefusal refuse(const Event& event, const Payload& message, const RefusalTerms& terms, Writer& out) = 0;
};

}  // namespace telefence
