// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connections that carry many users' messages one after another (SMPP and its kin, SIP over TCP): the bytes of both directions in
// order, the frames that wait for a verdict, and how far each direction was read, decided and released. A byte leaves only as the
// verdict on its message wants it, and every later copy of it leaves the same, however it is cut. Sequence numbers, lengths and
// acknowledgements are never changed, so a connection goes on when this filter is taken away.
//
// What is where in a direction, as 64-bit offsets:  acked <= released <= contiguous end,  parsed <= decided <= contiguous end
//   acked     the other end has confirmed what lies before
//   released  what lies before has left
//   parsed    the first message that was not read whole begins here
//   decided   what lies before may leave; beyond `parsed` when a message was let go before it was whole
// A connection with nothing on the way costs an entry of about a hundred bytes; one with something, a Stream for each direction.
// Worker thread; fixed memory; no protocol is known here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/large_memory.h"
#include "decode/layers.h"
#include "track/buffer_pool.h"
#include "track/flow_key.h"
#include "track/held_frames.h"
#include "track/lru_table.h"
#include "track/stream_buffer.h"
#include "track/timer_wheel.h"

namespace telefence {

struct StreamOptions {
  std::uint32_t connections = 65536;
  std::uint32_t directions = 8192;             // with bytes on the way, at a time
  std::uint64_t bytes = 64 * 1024 * 1024;      // of them all
  std::uint32_t held_frames = 2048;            // of them all, from burst to burst; a quarter at most of one direction
  std::uint32_t hold_frames = 256;             // of one direction, behind a missing segment; an eighth of them all at most
  std::uint32_t hold_bytes = 64 * 1024;        // of one direction
  std::uint32_t window_bytes = 256 * 1024;     // of one direction, from the first unconfirmed byte on
  std::uint64_t rest_ns = 200'000'000;         // longest wait for the rest of a message: its receiver waits as well
  std::uint64_t hold_ns = 20'000'000;          // the same when its sender waits for what is held to be confirmed
  std::uint64_t split_ns = 500'000;            // after it what is decided of a frame does not wait for the rest of it
  std::uint64_t hole_ns = 5'000'000'000;       // longest wait for a segment that is missing: its receiver waits as well
  std::uint64_t unheard_ns = 1'000'000'000;    // the same when the other direction is not seen: it may have come another way
};

// How bytes of a stream were changed; the weightier one is the larger.
enum class StreamChange : std::uint8_t { kNone, kTagged, kRestated, kNeutralised };

// Bytes on the way in one direction. What nearly every segment touches lies in its first kBusyBytes.
struct alignas(64) Stream {
  static constexpr std::size_t kBusyBytes = 192;
  // Offsets count from here, so that bytes before the first one have one, too.
  static constexpr std::uint64_t kOrigin = std::uint64_t{1} << 32;
  static constexpr std::size_t kMostChanges = 8;
  struct Changed {
    std::uint64_t start = 0, end = 0;
    StreamChange change = StreamChange::kNone;
    bool is_merged = false;  // of several: what lies between them is as it was
  };

  HeldFrames::Queue held;
  std::uint64_t acked = kOrigin;
  std::uint64_t released = kOrigin;
  std::uint64_t parsed = kOrigin;
  std::uint64_t decided = kOrigin;
  std::uint64_t condemned = 0;  // begin of the message that is refused though it is not whole; 0: none
  std::uint64_t used_ns = 0;
  std::uint64_t expired_ns = 0;  // when the wait for the rest of a message ended in vain; 0: the rest came, or has not ended
  std::uint64_t far_since_ns = 0;  // only segments beyond the window came since then; 0: others, too
  std::uint8_t change_count = 0;
  std::uint8_t reads = 0;    // of the first message not read whole
  std::uint64_t wanted = 0;  // bytes from `parsed` on that are needed to read further; 0: any
  std::uint64_t passed_to = 0;  // what lies before is of a message too long to be read, however much of it is still to come; 0: none
  bool is_paused = false;    // `wanted` is only for the sake of the reader's time: there may be enough already
  std::uint8_t side = 0;
  bool is_used = false;
  std::uint32_t generation = 0;  // of what it was used for: another one is another connection's, or its later bytes
  bool is_touched = false;  // in this burst
  bool is_deferred = false; // whole messages of it wait to be read: it is not let go before
  bool is_due = false;      // what is held has waited long enough, or its sender repeats it
  std::uint32_t origin = 0; // sequence number at kOrigin
  struct MessageConnection* connection = nullptr;
  // Last what is seldom touched: the end of the buffer and the changes.
  StreamBuffer buffer;
  std::array<Changed, kMostChanges> changes;  // not confirmed yet, oldest first

  std::uint64_t end() const { return buffer.contiguous_end(); }
  std::uint32_t sequence_of(std::uint64_t offset) const { return origin + static_cast<std::uint32_t>(offset - kOrigin); }
  // The place nearest to what came last that has this number.
  std::uint64_t offset_of(std::uint32_t sequence) const {
    return end() + static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(sequence - sequence_of(end()))));
  }
};

// What is remembered of one direction as long as the connection is.
struct StreamEnd {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t stream = kNone;
  std::uint32_t next = 0;       // sequence number of the first byte not read
  std::uint32_t confirmed = 0;  // newest acknowledgement by the other end
  std::uint32_t timestamp = 0;  // newest TSval of this end (RFC 7323, 3.2)
  std::uint16_t window = 0;     // its newest window
  static constexpr std::uint16_t kNoLink = 0xffff;
  std::uint16_t link = kNoLink; // by which its frames come in
  std::uint8_t hops = 0;        // TTL or hop limit of its newest segment with bytes; the owner sets it
  std::uint8_t unblocked = 0;   // so many waits in a row ended in vain, and letting go brought the rest at once
  bool is_known = false;        // next is set
  bool is_synced = false;       // a message begins at `next`
  bool is_confirmed = false;
  bool has_timestamps = false;
  bool is_agreed = false;       // the other end said, too, where it begins
  std::uint32_t heard = 0;      // when a frame of it came last, in units of 2^30 ns
};

struct MessageConnection {
  std::array<StreamEnd, 2> ends;
  std::uint64_t first_side = 0;  // FlowKey::forward of ends[0]
  std::uint8_t protocol = 0;
  std::uint32_t used_in = 0;    // burst
  bool is_established = false;  // both ends were heard: no spray of half-open ones can push it out
  bool was_reset = false;       // a reset was seen, and no more bytes since
  std::uint32_t epoch = 0;      // see MessageStreams::forget_all
};

static_assert(LruTable<MessageConnection>::memory_for(1 << 16) / (1 << 16) <= 256, "a connection with nothing on the way is to be cheap");

// How a frame came in.
struct Arrival {
  std::uint64_t now_ns = 0;
  std::uint16_t link = 0;
  bool tells_side = false;  // by this link come frames of one end alone: not so in a capture, or at a mirror port
};

// What bytes of a frame are to be replaced before it leaves, and why.
struct Rewrite {
  Bytes bytes;               // empty: none
  std::uint32_t offset = 0;  // in its payload
  StreamChange change = StreamChange::kNone;
  bool is_tagged = false;
  bool is_merged = false;   // maybe by nothing: what is to be there may be there already
  std::uint8_t unused = 0;  // a struct whose end is not copied is copied in pieces that overlap, which wait for each other

  bool is_none() const { return bytes.empty() && change == StreamChange::kNone && !is_tagged; }
};

class MessageStreams {
 public:
  // So many segments are taken between two calls of end_of_burst().
  static constexpr std::size_t kMostInBurst = kBurstFrames;
  static constexpr unsigned kHeardShift = 30;  // of StreamEnd::heard

  explicit MessageStreams(const StreamOptions& options);
  static std::uint64_t memory_for(const StreamOptions& options);  // bytes

  MessageConnection* find(const FlowKey& flow);
  // Brings what find() and take() of these connections will touch into the cache, all at once.
  void prefetch(std::span<const FlowKey* const> flows);
  // Requires: find() gave nullptr.
  MessageConnection& follow(const FlowKey& flow, std::uint8_t protocol);
  static std::uint8_t side_of(const MessageConnection& connection, const FlowKey& flow) {
    return connection.first_side == flow.forward ? 0 : 1;
  }
  std::size_t size() const { return newcomers_.size() + established_.size(); }

  // The connection was opened, maybe anew: the first byte of this direction has this number, and a message begins with it.
  void open(MessageConnection& connection, std::uint8_t side, std::uint32_t first_sequence);
  // What a segment from `side` says of the other direction and of itself.
  // Returns the connection, which may have moved.
  MessageConnection& note_header(MessageConnection& connection, std::uint8_t side, const Frame& frame, const Layers& layers,
                                 const Arrival& arrival);
  // False: what says that it is from `side` comes from where the other side is. Its bytes harm nobody, its word is not taken.
  static bool is_from(const MessageConnection& connection, std::uint8_t side, const Arrival& arrival) {
    return !arrival.tells_side || connection.ends[1 - side].link != arrival.link;
  }

  static void note_heard(StreamEnd& end, const Arrival& arrival) { end.heard = static_cast<std::uint32_t>(arrival.now_ns >> kHeardShift); }

  // Bytes of this direction went on beside its stream. When the other end is heard, it will confirm them; else they are passed over.
  // False when what came of it in this burst has no verdict yet, which must come first: unless `is_judged`.
  bool pass_beside(MessageConnection& connection, std::uint8_t side, std::uint32_t sequence, std::uint32_t count, bool is_judged);

  struct Segment {
    MessageConnection* connection = nullptr;
    std::uint8_t side = 0;
    const Frame* frame = nullptr;
    const Layers* layers = nullptr;
    bool holds = false;  // else it is only looked at
    std::uint16_t place = 0;  // in its burst
    std::uint16_t link = 0;   // by which it came in, whatever side that tells
    std::uint64_t now_ns = 0;
  };
  struct Taken {
    enum class What : std::uint8_t {
      kConfirmed,  // a copy of what the other end has confirmed: goes on
      kBefore,     // lies before what is known of the stream: to be judged by itself
      kRepeat,     // a copy of bytes that have left: goes on after `rewrite`
      kWatched,    // goes on; its bytes are there to be read
      kHeld,       // belongs to this until it is released; its bytes are there to be read
      kCopy,       // goes nowhere: its bytes are held already, in other frames
      kNoRoom,     // goes nowhere: there is no room for it, and its sender will repeat it
    } what = What::kNoRoom;
    Stream* stream = nullptr;
    Rewrite rewrite;
    bool is_early = false;  // beyond a hole: its sender should learn of the hole
    bool conflicts = false; // it repeats bytes as other ones
  };
  // A segment with payload whose checksum is right. Valid until end_of_burst().
  Taken take(const Segment& segment);

  StreamEnd& end_of(const Stream& stream) { return stream.connection->ends[stream.side]; }
  // From the first byte of the first message not read to the end of what is there without a hole.
  Bytes unread(const Stream& stream) const { return stream.buffer.view(stream.parsed, stream.end()); }
  // `count` bytes of that were read. The rest waits for more.
  void advance(Stream& stream, std::size_t count);
  // A message of so many bytes begins at `parsed` and is not read: it leaves as it comes, and the next one begins behind it.
  void pass_over(Stream& stream, std::uint64_t length);
  // Counts what came of such a message. True when what is there is all of it.
  bool is_passed_over(Stream& stream);
  // No message begins where one should: nothing is held until one is found again.
  void lose(Stream& stream);
  void set_synced(Stream& stream) { end_of(stream).is_synced = true; }
  // Nothing more is waited for: all that is there may leave, though its last message is not whole.
  void let_go(Stream& stream);
  // Requires: both between parsed and end() at some time of this burst.
  MutableBytes bytes(Stream& stream, std::uint64_t from, std::uint64_t to) { return stream.buffer.mutable_view(from, to); }
  // False: so many are on their way that this one, which changes no bytes, can't be noted.
  bool note_change(Stream& stream, std::uint64_t from, std::uint64_t to, StreamChange change);

  void advance_time(std::uint64_t now_ns);
  // True when the wait of something is over: of a message, of what is decided of a frame, or for a missing segment.
  bool any_due() const { return !due_.empty() || !splits_.empty() || !touched_.empty(); }
  // It was read, though nothing of it came in this burst: settle() looks at it.
  void touch(Stream& stream) {
    if (stream.is_touched) return;
    stream.is_touched = true;
    touched_.push_back(&stream);
  }
  // A direction whose wait is over, to be judged by what is there and let go; nullptr when there is none left.
  Stream* next_due();
  // Directions whose first held frame may have a part that can leave alone, up to Stream::decided.
  std::span<Stream* const> splits() const { return splits_; }
  // nullptr when the first frame has no such part.
  HeldFrame* splittable(Stream& stream);
  // Requires: something is held.
  const HeldFrame& first_held(const Stream& stream) { return held_[stream.held.first]; }
  // The part before Stream::decided is a frame of its own now, `front`, and leaves.
  void release_front(Stream& stream, const Frame& front, const Layers& layers);

  // Decides how much of each direction that was touched may leave. After the verdicts.
  void settle(std::uint64_t now_ns);
  struct Released {
    Frame frame;
    Layers layers;
    Rewrite rewrite;
    std::uint16_t link = 0;  // by which it came in
    static constexpr std::uint16_t kNoPlace = 0xffff;
    std::uint16_t place = kNoPlace;  // in this burst, when it came in it and can leave with it
    bool is_late = false;    // undecided: it waited too long
    bool is_unread = false;  // where no message is known to begin
    bool is_made = false;    // part of another frame, which is counted
    bool is_refused = false; // goes nowhere: its sender will repeat it
  };
  std::span<Released> released() { return {released_.data(), released_count_}; }
  void clear_released() { released_count_ = 0; }
  // Everything that is held, as it is.
  void release_all();
  // Everything that is held goes on as it is, and no position is known any more: packets will pass unseen. Connections stay known,
  // and are found again at a later message.
  void forget_all();
  // Requires: nothing is released that was not taken.
  void end_of_burst();

  bool is_idle() const { return held_.held() == 0; }
  std::size_t held_received() const { return held_.received(); }

  Rewrite rewrite_of(const Stream& stream, std::uint64_t start, std::uint64_t end, bool differs) const;

  struct Counts {
    std::uint64_t inconsistent = 0;  // bytes that came again as other ones
    std::uint64_t no_room = 0;
    std::uint64_t late = 0;          // messages let go before they were whole, or too long to be read
    std::uint64_t holes = 0;         // missing segments that were waited for in vain
    std::uint64_t lost = 0;          // positions lost: no message where one should begin, or bytes that were never seen
    std::uint64_t evicted = 0;       // connections that gave way to others
  };
  Counts counts() const;

 private:
  Stream* activate(MessageConnection& connection, std::uint8_t side, std::uint64_t now_ns);
  Stream* spare_stream();
  void deactivate(Stream& stream);
  void confirm(MessageConnection& connection, std::uint8_t side, std::uint32_t acknowledgement);
  void jump(Stream& stream, std::uint64_t offset);
  MessageConnection& promoted(MessageConnection& connection);
  MessageConnection* renewed(MessageConnection* connection) const;
  Taken put(const Segment& segment, Stream& stream, std::uint64_t start, std::uint64_t stop);
  Taken no_room(const Segment& segment, Stream& stream, std::uint64_t start, std::uint64_t stop);
  bool waits_for_nearer(Stream& stream, const Segment& segment);
  bool is_lacking(const Stream& stream, std::uint64_t now_ns) const;
  void refuse_early(Stream& stream);
  bool has_room_for_early(const Stream& stream, std::uint64_t stop) const;
  bool has_its_share(const Stream& stream) const { return stream.held.count >= std::max(options_.held_frames / 4, 1u); }
  void make_due(Stream& stream);
  void leave(MessageConnection& connection);
  enum class Which : std::uint8_t { kDecided, kBegun, kAll };
  void release_excess(std::uint64_t now_ns);
  void release_ready(Stream& stream, Which which);
  void trim(Stream& stream);
  std::uint64_t longest_wait(const Stream& stream) const;
  std::uint64_t longest_hole(const Stream& stream) const;
  static bool is_heard(const MessageConnection& connection, std::uint8_t side) {
    return connection.ends[side].is_confirmed || connection.ends[1 - side].is_known;
  }
  void note_wait(Stream& stream, std::uint64_t now_ns);
  void wake(std::uint32_t index, std::uint64_t now_ns);
  void wake_split(std::uint32_t index, std::uint64_t now_ns);
  void watch(Stream& stream, std::uint64_t now_ns);
  std::uint32_t index_of(const Stream& stream) const { return static_cast<std::uint32_t>(&stream - streams_.get()); }

  StreamOptions options_;
  BufferPool pool_;
  LruTable<MessageConnection> newcomers_;
  LruTable<MessageConnection> established_;
  LargeArray<Stream> streams_;
  std::vector<std::uint32_t> free_streams_;
  std::uint32_t hand_ = 0;
  HeldFrames held_;
  TimerWheel timers_;        // of waits
  TimerWheel split_timers_;  // of what is decided of a frame: these are short, and must not stand behind a long one
  std::vector<Stream*> touched_, due_, splits_;
  std::vector<Released> released_;
  std::size_t released_count_ = 0;
  std::uint32_t burst_ = 1;
  std::uint32_t epoch_ = 0;
  Counts counts_;
};

}  // namespace telefence
