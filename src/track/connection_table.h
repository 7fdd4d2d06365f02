// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connections over datagrams that must be known again: those whose first message is not whole yet, or those that were refused. A
// flow (addresses and ports, one direction) may carry several; their protocol tells them apart by a mark.
//
// Fixed memory in sets, chosen by the sender: when a set is full its oldest entry gives way. So whoever floods the table pushes out
// what shares the sets of his own address, and nobody else, unless he forges addresses all over. Keys are hashes under a secret, so
// nobody can choose where they fall. Worker thread; nothing is allocated after construction.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/large_memory.h"
#include "track/buffer_pool.h"

namespace telefence {

// What one worker remembers of connections over datagrams.
struct DatagramOptions {
  std::size_t unfinished = 32768;           // connections at a time; a power of two
  std::uint64_t bytes = 48 * 1024 * 1024;   // of what was kept of them all
  std::size_t refused = 16384;              // connections remembered; a power of two
};

class ConnectionTable {
 public:
  static constexpr std::size_t kWays = 32;
  static constexpr std::size_t kLongestMark = 32;

  struct Connection {
    std::uint64_t used_ns = 0;
    BufferPool::Block note;       // the caller's to take and give back
    std::uint32_t note_size = 0;
    std::array<std::uint8_t, 8> head{};  // the caller's: what is left of a note that was given back
    std::uint8_t head_size = 0;
    std::uint8_t hops = 0;        // the most TTL or hop limit of a datagram of it
    bool is_done = false;         // the caller's: it is to be erased at the end of the burst
    Bytes mark() const { return Bytes(mark_).first(mark_size_); }
    Bytes note_bytes() const { return {note.bytes, note_size}; }

   private:
    friend class ConnectionTable;
    std::uint8_t mark_size_ = 0;
    std::array<std::uint8_t, kLongestMark> mark_{};
  };

  // Where to look: `sender` chooses the set, `flow` is FlowKey::forward.
  struct Key {
    std::uint64_t sender = 0;
    std::uint64_t flow = 0;
  };

  // entries: a power of two, at least kWays. lives_ns: how long one is known after it was used.
  ConnectionTable(std::size_t entries, std::uint64_t lives_ns);
  static std::uint64_t memory_for(std::size_t entries) { return in_large(entries * sizeof(std::uint64_t)) + in_large(entries * sizeof(Connection)); }  // bytes
  static std::uint64_t memory_for(const DatagramOptions& options) {
    return options.bytes + memory_for(options.unfinished) + memory_for(options.refused);
  }

  // nullptr when there is none, or its time is over. Does not count as use.
  Connection* find(const Key& key, Bytes mark, std::uint64_t now_ns);
  // Those of the flow, the newest first, as many as there is room for. Returns how many.
  std::size_t list(const Key& key, std::uint64_t now_ns, std::span<Connection*> room);

  // Requires: find() gave none; mark.size() <= kLongestMark. `leaving` is called with what gives way, also when its time is over.
  template <typename Leaving>
  Connection& insert(const Key& key, Bytes mark, std::uint64_t now_ns, Leaving leaving) {
    const std::size_t slot = slot_for(key, now_ns);
    if (flows_[slot] != kFree) {
      if (!is_over(connections_[slot], now_ns)) ++evicted_;
      leaving(connections_[slot]);
      erase(connections_[slot]);
    }
    flows_[slot] = flow_of(key);
    Connection& connection = connections_[slot];
    connection.used_ns = now_ns;
    connection.mark_size_ = static_cast<std::uint8_t>(mark.size());
    std::copy(mark.begin(), mark.end(), connection.mark_.begin());
    ++size_;
    return connection;
  }
  // Its note is the caller's to give back before.
  void erase(Connection& connection);

  // An entry that is old, for when memory of notes runs out: the oldest of the next set that holds any. nullptr: all are empty.
  Connection* next_to_go();

  std::size_t size() const { return size_; }
  std::uint64_t evicted() const { return evicted_; }  // before their time

 private:
  static constexpr std::uint64_t kFree = 0;

  static std::uint64_t flow_of(const Key& key) { return key.flow == kFree ? 1 : key.flow; }
  std::size_t set_of(const Key& key) const { return ((key.sender >> 20) & set_mask_) * kWays; }
  bool is_over(const Connection& connection, std::uint64_t now_ns) const { return now_ns - connection.used_ns > lives_ns_; }
  std::size_t slot_for(const Key& key, std::uint64_t now_ns) const;

  LargeArray<std::uint64_t> flows_;  // beside the entries, so that a look-up touches few lines
  LargeArray<Connection> connections_;
  std::size_t set_mask_;
  std::uint64_t lives_ns_;
  std::size_t hand_ = 0;
  std::size_t size_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace telefence
