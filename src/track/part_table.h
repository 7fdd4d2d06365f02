// SPDX-License-Identifier: Apache-2.0
#pragma once

// Messages that began in one segment and go on in others: what came of them so far, put together in the order of the stream
// whatever the order of arrival. Only such messages are here: a connection whose messages lie whole in one segment costs nothing.
// Nothing is held back: the verdict on a name concerns the connection, so the segment that completes the name is soon enough.
// Also remembers where connections that were opened a moment ago begin, and where the next message is to begin in those that carry one
// behind the other, so that a segment that overtook the first one is known for what it is, and so few octets that they show nothing are,
// too. Fixed memory; the message that waits longest gives way. Worker thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "decode/layers.h"
#include "track/buffer_pool.h"
#include "track/flow_key.h"
#include "track/lru_table.h"
#include "track/recent_filter.h"
#include "track/stream_buffer.h"
#include "track/timed_cache.h"

namespace telefence {

struct PartOptions {
  std::uint32_t messages = 32768;               // unfinished at a time
  std::uint64_t bytes = 32 * 1024 * 1024;       // of them all
  std::uint32_t longest = 16 * 1024 + 5 * 1024;  // of one: a name lies within 16 KiB, which may be cut into many small records
  std::uint32_t passed = 512;                   // of those, messages let pass and kept for comparison with later copies
  std::uint32_t openings = 1 << 18;             // beginnings of connections remembered, and of next messages; a power of two
  StreamBuffer::Keep keep = StreamBuffer::Keep::kFirst;  // of bytes that come again as other ones before the message is whole
};

// What is to be read at a place of a stream. The owner's to know.
struct Awaited {
  std::uint32_t announced = 0;
  std::uint8_t begins = 0;
  std::uint8_t protocol = 0xff;
};

// One unfinished message. Lives until finish(), or until others need its place; views of its bytes live until end_of_burst().
class PartialMessage {
 public:
  std::uint8_t hops = 0;  // TTL or hop limit of the segment that it began in
  bool is_read = false;   // whole
  bool is_kept = false;   // read in an earlier burst, and kept since its sender may repeat a part of it
  bool is_passed = false; // read in an earlier burst and let pass: kept until its sender goes on, so that no other copy slips past
  bool was_reset = false; // a reset of its connection was seen since
  bool has_other = false; // bytes of it came again as other ones: see PartTable::other()
  std::uint32_t told = 0; // so many bytes of these others, from the beginning on, were read as a message
  Awaited awaited;
  // All bytes from its beginning to the first hole.
  Bytes bytes() const { return buffer_.view(buffer_.base(), buffer_.contiguous_end()); }
  // Sequence number of the first of them.
  std::uint32_t sequence() const { return origin_ + static_cast<std::uint32_t>(buffer_.base() - kOrigin); }
  // True when bytes beyond a hole are there, too.
  bool has_holes() const { return buffer_.has_holes(); }
  // True when all of these come before it.
  bool is_behind(std::uint32_t sequence, std::size_t count) const { return comes_before(sequence, count, this->sequence()); }
  // True when `count` bytes from `sequence` on end at `place` or before.
  static bool comes_before(std::uint32_t sequence, std::size_t count, std::uint32_t place) {
    return static_cast<std::int32_t>(sequence + static_cast<std::uint32_t>(count) - place) <= 0;
  }
  bool holds(std::uint32_t sequence, std::size_t count) const {
    return sequence - this->sequence() < bytes().size() && sequence - this->sequence() + count <= bytes().size();
  }

 private:
  friend class PartTable;
  // Offsets count from here, so that bytes before the beginning have one, too.
  static constexpr std::uint64_t kOrigin = std::uint64_t{1} << 32;
  std::uint64_t offset_of(std::uint32_t sequence) const {
    return kOrigin + static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(sequence - origin_)));
  }

  std::uint32_t origin_ = 0;
  std::uint64_t used_ns_ = 0;
  StreamBuffer buffer_;  // last, since its own last is seldom touched
};

// Where one direction of a connection begins.
struct Opening {
  static constexpr std::uint32_t kMostAhead = 16 * 1024;  // how far behind it bytes may lie that overtook it
  std::uint32_t first = 0;  // sequence number of its first byte
  bool is_opener = false;   // this end sent the first SYN: it chose its port freely
  bool has_begun = false;   // the first byte was seen
  bool is_agreed = false;   // the other end has answered the SYN
  // What a SYN says that `first` is, and how many bytes came with it (RFC 7413).
  struct Asked {
    std::uint32_t first = 0;
    std::uint16_t bytes = 0;
    std::uint16_t way = 0;  // it came by: the answer comes by another one. 0: not known
  };
  Asked asked;         // the newest
  Asked asked_before;  // and the one before
};

// Where, in one direction of a connection, what is to be read next begins.
struct NextMessage {
  std::uint32_t sequence = 0;
  std::uint32_t after = 0;  // the message before it began here
  std::uint32_t body = 0;   // from here on up to `sequence` it is only passed by
  std::uint32_t noted_ms = 0;
  Awaited awaited;
  std::uint8_t hops = 0;  // TTL or hop limit of the segment before it
};

class PartTable {
 public:
  explicit PartTable(const PartOptions& options);
  static std::uint64_t memory_for(const PartOptions& options);  // bytes

  // The unfinished message that bytes of this direction belong to, or nullptr. key: FlowKey::forward.
  PartialMessage* find(std::uint64_t key, std::uint64_t now_ns);
  // The same where it was `known` before in this burst, whatever became of it since.
  PartialMessage* find_again(PartialMessage& known, std::uint64_t key) { return messages_.find_again(known, key); }
  // False when no look-up of the next burst is likely to need more than a glance.
  bool is_busy() const { return messages_.size() != 0 || began_lately_; }
  // Brings what find() of these directions will touch into the cache, all at once.
  void prefetch(std::span<const std::uint64_t> keys) const {
    for (const std::uint64_t key : keys) messages_.prefetch_place(key);
    for (const std::uint64_t key : keys) messages_.prefetch_entry(key);
  }
  // One that is known of this direction is forgotten. sequence: of its first byte.
  PartialMessage& begin(std::uint64_t key, std::uint32_t sequence, std::uint64_t now_ns);

  enum class Put : std::uint8_t {
    kTaken,
    kConflict,  // taken, but bytes that were there already came again as other ones
    kTooFar,    // far from the message: nothing was put
    kNoRoom,    // longer than may be, or no memory: nothing was put
    kTooManyHoles,  // the same, but what is there stays of use
  };
  Put put(PartialMessage& message, std::uint32_t sequence, Bytes bytes, std::uint64_t now_ns);
  // True when some of these bytes are there as other ones.
  static bool differs(const PartialMessage& message, std::uint32_t sequence, Bytes bytes) {
    return message.buffer_.differs(message.offset_of(sequence), bytes);
  }
  // Of a message that came as two: the message of the later copies, where put() keeps the first ones. From the same beginning up to the
  // first hole. Empty: there is none any more, or no memory.
  Bytes other(const PartialMessage& message);
  // These bytes count in it; where there is none yet it begins as what is known. False: they say nothing new, or no room.
  bool put_other(PartialMessage& message, std::uint32_t sequence, Bytes bytes);
  // True when this begins at or behind the end of the message.
  static bool is_behind(const PartialMessage& message, std::uint32_t sequence) {
    return message.offset_of(sequence) >= message.buffer_.contiguous_end();
  }
  // Forgets the first `count` bytes: a message before the unfinished one. Requires: count <= bytes().size().
  void skip(PartialMessage& message, std::size_t count);
  // The same, though not all of them may have come yet. False: that is further than may be.
  bool pass_over(PartialMessage& message, std::size_t count);
  // It was read and let pass: it stays for comparison, until its sender goes on or so many others were let pass. Few, so that their
  // memory is still in the cache when the next message needs it: with as many as there is room for, spread messages cost twice as much.
  void keep_passed(PartialMessage& message);
  // The message is read and not needed again, or never will be read.
  void finish(PartialMessage& message);
  // Takes memory back, and sees to it that the next burst finds some: messages that wait longest give way for it.
  void end_of_burst();

  void note_opening(std::uint64_t key, const Opening& opening, std::uint64_t now_ns);
  // A SYN says that the first byte will have this number. Where both ends agree on another one it counts when they agree on it.
  void note_asked(std::uint64_t key, const Opening::Asked& asked, std::uint64_t now_ns);
  // The other end has answered a SYN that says so.
  void note_agreed(std::uint64_t key, std::uint32_t first, std::uint64_t now_ns);
  // Of a direction that was opened a moment ago; nullptr: it was not. Until the next one is noted. A pointer, since a copy that holds
  // nothing is still copied.
  const Opening* opening(std::uint64_t key, std::uint64_t now_ns) {
    if (!opened_lately_.may_hold(key, now_ns)) [[likely]] return nullptr;
    return openings_.find(key, now_ns);
  }
  void note_begun(std::uint64_t key, std::uint64_t now_ns);
  // Brings what opening() touches into the cache when the direction was not opened lately.
  void prefetch_opening(std::uint64_t key) const { opened_lately_.prefetch(key); }

  void note_next(std::uint64_t key, NextMessage next, std::uint64_t now_ns);
  // nullptr: nothing is known of this direction. Until the next one is noted.
  const NextMessage* next(std::uint64_t key, std::uint64_t now_ns) { return nexts_.find(key, now_ns); }
  void forget_next(std::uint64_t key, std::uint64_t now_ns) { nexts_.erase(key, now_ns); }
  // The connection goes on with the body of the message before. next: as it is noted.
  void stays_open(std::uint64_t key, NextMessage next, std::uint64_t now_ns);
  // True when what is noted is so old that bytes which were to come before will not come any more.
  static bool is_stale(const NextMessage& next, std::uint64_t now_ns);
  bool any_next(std::uint64_t now_ns) const { return !nexts_.is_empty(now_ns); }
  void prefetch_next(std::uint64_t key) const { nexts_.prefetch(key); }

  bool keeps_first() const { return options_.keep == StreamBuffer::Keep::kFirst; }
  std::size_t size() const { return messages_.size(); }
  std::uint64_t evicted() const { return freed_; }  // unfinished ones that gave way to others
  // Beginnings of connections and of next messages that gave way before their time.
  std::uint64_t beginnings_evicted() const { return openings_.evicted() + nexts_.evicted(); }
  std::size_t bytes_used() const { return pool_.used(); }

 private:
  void forget_other(PartialMessage& message);

  // The later copies. Few messages come as two, so few of these have to be.
  struct Other {
    StreamBuffer buffer;
  };

  PartOptions options_;
  BufferPool pool_;
  std::size_t reserve_;
  LruTable<PartialMessage> messages_;
  LruTable<Other> others_;
  bool began_in_burst_ = false;
  bool began_lately_ = false;
  struct Passed {
    PartialMessage* message = nullptr;
    std::uint64_t key = 0;
  };
  std::vector<Passed> passed_;  // in a circle
  std::size_t next_passed_ = 0;
  TimedCache<Opening> openings_;
  RecentFilter opened_lately_;
  TimedCache<NextMessage> nexts_;
  std::uint64_t freed_ = 0;
};

}  // namespace telefence
