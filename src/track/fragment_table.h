// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP packets that came in fragments, put together in whatever order their parts come (RFC 791, 3.2; RFC 8200, 4.5). Fixed memory;
// the packet that waits longest gives way. A packet that was refused is remembered, so that no later copy of its missing part
// makes it whole at its receiver.
//
// Two ends have 65,536 identifications for one another over IPv4 (RFC 4963). A core network uses those of a bearer's ends up within a
// second when it carries a hundred thousand packets in it, so parts of its packets, which come right behind one another, are kept so
// long only. Nobody who is in a bearer makes such parts; of other tunnels those who use them do.
//
// Worker thread.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "decode/fragment.h"
#include "track/buffer_pool.h"
#include "track/lru_table.h"
#include "track/stream_buffer.h"
#include "track/timed_cache.h"

namespace telefence {

struct FragmentOptions {
  std::uint32_t packets = 4096;           // unfinished at a time
  std::uint64_t bytes = 8 * 1024 * 1024;  // of them all
};

class FragmentTable {
 public:
  // What became of a packet: refused, or it went on in another shape. No part of it shall pass while its receiver keeps others.
  enum class Gone : std::uint8_t { kRefused, kReplaced };

  explicit FragmentTable(const FragmentOptions& options);
  // Bytes, with as many again for who makes frames of tunnels' packets that are whole.
  static std::uint64_t memory_for(const FragmentOptions& options) {
    return 2 * options.bytes + LruTable<Packet>::memory_for(options.packets) + TimedCache<Gone>::memory_for(gone_for(options));
  }
  // The payloads of all packets that may become whole in a burst.
  std::uint64_t most_bytes() const { return pool_.total(); }

  enum class Put : std::uint8_t {
    kWaits,
    kWhole,     // nothing is missing any more: whole() is it, to be taken or to be noted as wrong
    kOverlaps,  // waits, but bytes that were there already came again as other ones: no sound sender does that
    kWholeOverlaps,  // the same, and nothing is missing any more: whole() is what the first copies say
    kNoRoom,    // no memory, or an end that contradicts another
    kTooManyHoles,
    kRefused,   // part of a packet that was refused
    kReplaced,  // part of a packet that went on in another shape
  };
  // key: of addresses and identification together, and of the protocol where all parts have the same (IPv4). Of a part that others
  // follow only whole units of eight octets count, as receivers have it. is_bearer: begins_bearer().
  Put put(std::uint64_t key, const FragmentHeader& header, Bytes bytes, bool is_bearer, std::uint64_t now_ns);
  // The payload of the packet that put() called whole, and the protocol by its first part. Valid until end_of_burst(), or until more
  // is put after it was noted as wrong.
  struct Whole {
    Bytes bytes;
    std::uint8_t protocol = 0;
    bool is_contradictory = false;  // its parts said two things of the same octets
    bool is_bearer = false;
  };
  Whole whole(std::uint64_t key);
  // The packet is sound, and goes out of the table. What comes under the same key is of another packet, or once more of this one.
  void take(std::uint64_t key);
  // It is none: parts of two packets under one number, or decoys among them. What comes as other bytes, or with another end, takes their
  // place, and makes it whole once more, for a second: what comes later is of another packet.
  void note_wrong(std::uint64_t key, std::uint64_t now_ns);
  static constexpr std::uint64_t kRefusedFor = 30'000'000'000;  // as long as receivers wait: Linux, ip(7), ipfrag_time
  static constexpr std::uint64_t kRefusedForIpv6 = 60'000'000'000;  // RFC 8200, 4.5
  static constexpr std::uint64_t kBriefly = 1'000'000'000;      // where identifications come round soon, see above
  // Neither other packets' parts nor want of memory make it forgotten before; four later refusals that fall into its set do (TimedCache), which
  // is counted: there is place for sixteen times as many as unfinished packets may be.
  void refuse(std::uint64_t key, Gone how, std::uint64_t for_ns, std::uint64_t now_ns);
  // None of its parts is forwarded from now on: whoever puts it together sends it on. Nothing happens to a packet that is not there.
  void absorb(std::uint64_t key);
  bool is_absorbed(std::uint64_t key);
  void end_of_burst();

  std::uint64_t evicted() const { return packets_.evicted() + gave_way_ + gone_.evicted(); }

 private:
  struct Packet {
    StreamBuffer buffer;
    std::uint32_t total = 0;  // bytes of its payload; 0: its last part has not come
    std::uint64_t began_ns = 0;
    bool is_absorbed = false;
    bool is_bearer = false;
    bool is_wrong = false;
    bool has_first = false;
    bool is_contradictory = false;
    std::uint8_t protocol = 0;  // by the first part
  };
  Packet& at(std::uint64_t key, std::uint64_t now_ns);
  void forget(Packet& packet);
  void make_room(const Packet& wanted);
  // A refusal lasts as long as a receiver waits; most packets are whole within a moment.
  static constexpr std::size_t gone_for(const FragmentOptions& options) { return std::bit_ceil(std::size_t{options.packets} * 16); }

  BufferPool pool_;
  LruTable<Packet> packets_;
  TimedCache<Gone> gone_;
  std::uint64_t gave_way_ = 0;  // for want of memory
  bool made_room_ = false;      // in this burst
};

}  // namespace telefence
