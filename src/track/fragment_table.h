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
// Evaders send decoys: other bytes, or another end, with too few hops to arrive, of a packet that is to arrive. Its receiver, who lacks them, makes
// another one of it than is made here. So a second packet is made beside the first, of those copies that have most hops left, of such as
// have as many the last: from the first contradiction on, and where a packet was whole that its receiver may not have (its parts had more
// and fewer hops left, overlapped or came apart, or its checksum is wrong). Each part that changes it makes it whole once more. Innocent
// packets contradict what was lost before where numbers come round, so nothing is kept from anybody for that alone.
//
// Worker thread.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "decode/fragment.h"
#include "track/fragment_buffer.h"
#include "track/lru_table.h"
#include "track/timed_cache.h"

namespace telefence {

struct FragmentOptions {
  std::uint32_t packets = 4096;           // unfinished at a time, and a quarter as many beside them
  std::uint64_t bytes = 8 * 1024 * 1024;  // of them all
};

class FragmentTable {
 public:
  // What became of a packet: refused, or it went on in another shape. No part of it shall pass while its receiver keeps others.
  enum class Gone : std::uint8_t { kRefused, kReplaced };

  explicit FragmentTable(const FragmentOptions& options);
  // Bytes, with twice as many for packets that are whole, and the frames that are made of tunnels' packets.
  static std::uint64_t memory_for(const FragmentOptions& options) {
    return PagePool::memory_for(options.bytes) + 2 * options.bytes + Packets::memory_for(options.packets) +
           Packets::memory_for(others_for(options)) + TimedCache<Gone>::memory_for(gone_for(options));
  }
  // What all packets may have at a time. In one burst more may become whole, since their memory is used anew.
  std::uint64_t most_bytes() const { return pool_.total(); }

  enum class Put : std::uint8_t {
    kWaits,
    kWhole,             // nothing is missing any more: whole() is it, to be taken
    kContradicts,       // waits, but came as other bytes than what was there already, or with another end: no sound sender does that. Not
                        // told of a bearer's packets: their numbers come round
    kWholeContradicts,  // the same, and nothing is missing any more: whole() is what the first copies say
    kNoRoom,            // no memory, or no part of any packet
    kUnjudged,          // contradicts, and was not put: of the two packets only the first would be known, for want of memory or after too many
                        // of the kind in this burst
    kRefused,           // part of a packet that was refused
    kReplaced,          // part of a packet that went on in another shape
  };
  struct Done {
    Put put;
    bool is_other_whole = false;  // other() is a packet that it was not before
  };
  struct Part {
    FragmentHeader header;
    Bytes bytes;                     // not empty but for parts that no receiver takes
    std::uint8_t hops = 64;          // left, of that header around it that has the fewest
    std::uint8_t hops_around = 255;  // of the outermost tunnel, if any
    bool is_plain = true;            // no options or extension headers: routers and receivers throw many of those away
    bool is_bearer = false;          // begins_bearer()
  };
  // key: of addresses and identification together, and of the protocol where all parts have the same (IPv4). Of a part that others
  // follow only whole units of eight octets count, as receivers have it.
  Done put(std::uint64_t key, Part part, std::uint64_t now_ns);
  // The packet that put() called whole, and the protocol by its first part: written to the beginning of this room. Without bytes when it does not fit.
  struct Whole {
    Bytes bytes;
    std::uint8_t protocol = 0;
    bool is_contradictory = false;  // its parts said two things of the same octets
    bool is_bearer = false;
    bool is_surely_bearer = false;  // and all its parts came equally far, which decoys of a user do not
  };
  Whole whole(std::uint64_t key, MutableBytes room);
  Whole other(std::uint64_t key, MutableBytes room);
  // Of other(): it was not read, for want of room. It is told again when one of its parts comes again.
  void leave_unread(std::uint64_t key);
  // What was whole() goes. What comes under the same key is of another packet, or once more of this one. is_wrong: it is none, but parts of two packets
  // under one number, or decoys among them.
  void take(std::uint64_t key, bool is_wrong, std::uint64_t now_ns);
  static constexpr std::uint64_t kRefusedFor = 30'000'000'000;  // as long as receivers wait: Linux, ip(7), ipfrag_time
  static constexpr std::uint64_t kRefusedForIpv6 = 60'000'000'000;  // RFC 8200, 4.5
  static constexpr std::uint64_t kBriefly = 1'000'000'000;      // where identifications come round soon, see above
  // Neither other packets' parts nor want of memory make it forgotten before; four later refusals that fall into its set do (TimedCache), which
  // is counted: there is place for sixteen times as many as unfinished packets may be.
  void refuse(std::uint64_t key, Gone how, std::uint64_t for_ns, std::uint64_t now_ns);
  // Both packets under this number are forgotten.
  void drop(std::uint64_t key);
  // None of its parts is forwarded from now on: whoever puts it together sends it on. Nothing happens to a packet that is not there.
  void absorb(std::uint64_t key);
  bool is_absorbed(std::uint64_t key);
  void end_of_burst() { copied_ = 0; }

  std::uint64_t evicted() const { return packets_.evicted() + others_.evicted() + gave_way_ + gone_.evicted(); }

 private:
  struct PacketState {
    std::uint32_t total = 0;  // bytes of its payload; 0: its last part has not come
    std::uint64_t began_ns = 0;
    std::uint64_t last_ns = 0;  // of the part that came last: its receiver may have begun with it
    std::uint8_t least_hops = 255, most_hops = 0;  // left of its parts
    std::uint8_t around = 255;                     // of the tunnel; 255: no part has come
    std::uint8_t total_hops = 0;                   // of the part that told the end
    std::uint8_t first_hops = 0;                   // and of the one that told the protocol
    std::uint8_t protocol = 0;
    bool is_absorbed = false;
    bool is_bearer = false;
    bool is_odd = false;  // its receiver may have another one
    bool has_first = false;
    bool is_contradictory = false;
    bool is_unread = false;  // of other(), though it was told
  };
  struct Packet : PacketState {
    FragmentBuffer buffer;

    void start(std::uint64_t now_ns);
    void note(const Part& part);
    void note_first(const Part& part);
    bool ends_elsewhere(const Part& part, std::uint32_t end) const;
    bool is_whole() const { return total != 0 && (total + PagePool::kUnit - 1) / PagePool::kUnit == buffer.units(); }
    bool is_surely_bearer() const { return is_bearer && least_hops == most_hops; }
    std::uint64_t waits_for() const;
  };
  using Packets = LruTable<Packet>;
  Packet& at(std::uint64_t key, std::uint64_t now_ns);
  Packet* other_of(std::uint64_t key, std::uint64_t now_ns);
  Packet* make_other(std::uint64_t key, Packet& of);
  void forget(Packets& table, Packet& packet);
  void forget_what_is_over(std::uint64_t now_ns);
  Put add(Packet& packet, const Part& part, std::uint32_t end, bool contradicts, const Packet* other);
  bool replace(Packet& packet, const Part& part, std::uint32_t end, const Packet& first);
  bool make_room(Packet& packet, std::uint32_t from, std::uint32_t to, const Packet* spared);
  Whole copy(Packet& packet, MutableBytes room);
  static constexpr std::size_t others_for(const FragmentOptions& options) { return std::max<std::size_t>(options.packets / 4, 4); }
  // A refusal lasts as long as a receiver waits; most packets are whole within a moment.
  static constexpr std::size_t gone_for(const FragmentOptions& options) { return std::bit_ceil(std::size_t{options.packets} * 16); }

  PagePool pool_;
  Packets packets_;
  Packets others_;  // see above
  TimedCache<Gone> gone_;
  std::uint64_t gave_way_ = 0;  // for want of memory
  // Whoever contradicts long packets, again and again, must not keep the worker from its others.
  static constexpr std::size_t kMostCopied = 512 * 1024;
  std::size_t copied_ = 0;  // in this burst
};

}  // namespace telefence
