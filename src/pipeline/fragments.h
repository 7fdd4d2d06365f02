// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP fragments on their way to the protocols: a packet that is whole is read as if it had come in one frame, the one that
// completed it. The others are forwarded as they come; when the packet is refused, the one that completes it is not, so that its
// receiver never has all of it. A segment, or a packet that carries a tunnel, is put together as a frame, which is then read as if it had
// come like that; a segment of a connection that many share leaves like that, too, so that it can wait and be changed. One per worker,
// used by that thread alone.

#include <array>
#include <cstdint>
#include <memory>

#include "decode/fragment.h"
#include "decode/tunnel_path.h"
#include "nic/queue.h"
#include "pipeline/burst.h"
#include "pipeline/stream_lane.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "track/fragment_table.h"
#include "track/session_table.h"

namespace telefence {

class Fragments {
 public:
  Fragments(Burst& burst, const SessionTable& sessions, WorkerStats& stats, StreamLane& lane, FramePool& pool, const FragmentOptions& options)
      : burst_(burst), sessions_(sessions), stats_(stats), lane_(lane), pool_(pool), table_(options) {}

  // True for those that a protocol may have something to read in.
  bool is_read(std::size_t index) const;
  // Requires: is_read(). True when this fragment made its packet whole. Of a datagram burst.payloads and the protocol and ports in .layers are
  // those of the packet; of a segment, and where a tunnel came in fragments, burst.frames and .layers are, too.
  bool join(std::size_t index, const Classifier& classifier);
  // Segments of their own leave in the place of this part of one, which stands in burst.frames: in burst.made. False, and nothing is done:
  // nobody takes it, or it is in a tunnel that admits no second packet. Without room or buffers it is dropped: its sender repeats it.
  bool replace(std::size_t index);
  // False when what came in fragments has told as much in this burst as it may (EventList): the part that completes this packet, in which there
  // may be more to read, is dropped, and its sender repeats it. Where nothing may be changed it is read as far as there is room for events.
  bool is_admitted(std::size_t index);
  // What the list holds behind these was read in what came in fragments.
  struct Told {
    std::size_t events = 0, responses = 0, text = 0;
  };
  Told told_before() const { return {burst_.events.events().size(), burst_.events.responses().size(), burst_.events.arena().size()}; }
  void note_told(const Told& before);
  // What became of the packets is known, and nothing has left yet: parts that came once more share it.
  void settle();
  void end_of_burst();

 private:
  struct Joined {
    std::uint16_t index = 0;
    bool is_bearer = false;
    bool is_tunnel = false;  // it carried another packet
    bool is_absorbed = false;
    bool is_ipv6 = false;
    std::uint64_t key = 0;
    Bytes bytes;
  };

  bool join_part(std::size_t index);
  void note_overlap(std::size_t index);
  void note_again(std::size_t index, std::uint64_t key, std::uint32_t offset, Bytes part);
  std::uint64_t key_of(std::size_t index, std::uint32_t identification) const;
  bool is_taken(std::size_t index, const FragmentHeader& header, Bytes part);
  static std::uint8_t least_hops_left(const Frame& frame, const Layers& layers);
  static FragmentTable::Part part_of(const Frame& frame, const Layers& layers, const FragmentHeader& header, Bytes bytes);
  bool go_on(std::size_t index, std::uint64_t key, FragmentTable::Put put);
  bool go_on_with_other(std::size_t index, std::uint64_t key, FragmentTable::Put put);
  bool may_read_again(std::uint64_t key) const;
  void note_read_again(std::uint64_t key, std::size_t bytes);
  // kWrong: its own checksum says that it is no packet. kMute: nothing is read of it. kPart: a tunnel's, with a part of another packet.
  // kMessage: a segment, or something that a protocol reads, or may read. kNoRoom: there is none to see it.
  enum class Says : std::uint8_t { kWrong, kMute, kPart, kMessage, kNoRoom };
  Says says(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet);
  bool take(std::size_t index, std::uint64_t key);
  // Which of the packets under a number: FragmentTable.
  enum class Source : std::uint8_t { kFirst, kOther };
  bool read(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet, Source source);
  bool has_wrong_sum(std::size_t index, const WholePayload& whole) const;
  bool lacks_sum(std::size_t index, const WholePayload& whole) const;
  void accept(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet, Source source);
  bool leave_unread(std::size_t index, std::uint64_t key);
  bool give_up(std::size_t index, std::uint64_t key, std::uint64_t for_ns = FragmentTable::kRefusedForIpv6);
  struct Standing {
    Frame frame;
    Layers layers;
    std::size_t size = 0;
    bool is_wrong = false;
    bool is_beyond = false;  // what is in it lies behind more headers than are followed
    bool lacks_room = false;
  };
  Standing stand_up(std::size_t index, const FragmentTable::Whole& packet) const;
  enum class Made : std::uint8_t { kNothing, kFrame, kWrong, kBeyond, kNoRoom };
  Made rebuild(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet, Source source);
  bool is_followed(std::size_t index, const FragmentHeader& header, Bytes part);
  bool make_segments(std::size_t index, std::size_t most);
  static std::uint64_t remembered_for(const Joined& one);
  bool is_too_deep(std::size_t index) const;
  bool read_inside(std::size_t index);

  const Classifier* classifier_ = nullptr;  // of join()
  Burst& burst_;
  const SessionTable& sessions_;
  WorkerStats& stats_;
  StreamLane& lane_;
  FramePool& pool_;
  FragmentTable table_;
  // A fragment may complete a packet in which it completes another one, in a tunnel.
  static constexpr std::size_t kMostNested = kMostTunnels + 1;
  std::array<Joined, Burst::kFrames * kMostNested> joined_;
  std::size_t joined_count_ = 0;
  // Parts of these that came once more in this burst: each with the frame that made its packet whole.
  struct Again {
    std::uint16_t index = 0, first = 0;
  };
  std::array<Again, Burst::kFrames * kMostNested> again_;
  std::size_t again_count_ = 0;
  std::array<bool, Burst::kFrames> is_replaced_{};
  bool any_replaced_ = false;
  std::size_t made_bytes_ = 0;
  std::size_t told_ = 0, told_text_ = 0;
  std::size_t overlap_noted_ = Burst::kFrames;  // of this frame
  // Packets that became whole in this burst, and tunnels' packets made of them with the headers in front. The kernel gives what is used.
  static std::size_t room_for(const FragmentTable& table) { return 2 * table.most_bytes() + Burst::kFrames * kMostNested * 4096; }
  std::size_t room_size_ = room_for(table_);
  std::unique_ptr<std::uint8_t[]> room_ = std::make_unique_for_overwrite<std::uint8_t[]>(room_size_);
  std::size_t room_used_ = 0;
  MutableBytes room() const { return MutableBytes(room_.get(), room_size_).subspan(room_used_); }
  // Of FragmentTable::other(), in this burst: at most so much of one number, and of all.
  static constexpr std::size_t kMostAgainOfOne = 1024 * 1024, kMostAgain = 2 * 1024 * 1024;
  struct ReadAgain {
    std::uint64_t key = 0;
    std::size_t bytes = 0;
  };
  std::array<ReadAgain, Burst::kFrames * kMostNested> read_again_;
  std::size_t read_again_count_ = 0;
  std::size_t again_bytes_ = 0;
};

}  // namespace telefence
