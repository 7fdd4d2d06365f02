// SPDX-License-Identifier: Apache-2.0
#pragma once

// What protocols over datagrams need to remember: the readers that they made for this worker, messages that are not whole yet, and
// connections that were refused, whose later datagrams are dropped. Nothing is kept of a message that lies whole in one datagram,
// unless it is refused. One per worker, used by that thread alone.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "decide/policy.h"
#include "pipeline/burst.h"
#include "pipeline/shedder.h"
#include "pipeline/worker_stats.h"
#include "protocols/datagram_reader.h"
#include "track/buffer_pool.h"
#include "track/connection_table.h"
#include "track/session_table.h"

namespace telefence {

class DatagramFlows final : private FlowMemory {
 public:
  DatagramFlows(Burst& burst, SessionTable& sessions, WorkerStats& stats, Shedder& shedder, const HashSecret& secret,
                const DatagramOptions& options);
  ~DatagramFlows();

  // The protocol's reader, or nullptr: it has none, or this is no datagram.
  DatagramReader* reader(std::uint8_t protocol, Transport transport) const {
    return transport == Transport::kUdp ? readers_[protocol].get() : nullptr;
  }
  // burst.payloads[frame] by that reader, with the memory of its flow.
  Step read(std::size_t frame, DatagramReader& reader);
  // The fate of a datagram of which something is waited for: also why it can not be.
  Fate fate_of_waiting() const { return fate_; }

  // It was over before this burst, so that the event only repeats it.
  bool was_refused(const Event& event);
  // The connection of this event is over.
  void refuse(const Event& event);
  // After the actions: datagrams that belong to connections refused in this burst or an earlier one are dropped. Also those of
  // this burst that came before the one with the name: so the server does not even begin to answer.
  void drop_refused();
  // Nobody looks at the events any more.
  void end_of_burst();

 private:
  Connection find(Bytes mark) override;
  std::size_t list(std::span<Connection> room) override;
  void belongs_to(Bytes mark) override;
  void keep(Bytes mark, Bytes note) override;
  void finish(Bytes mark, End end) override;
  void note(Sight sight) override;

  struct Belonging {
    std::uint16_t frame = 0;
    std::uint8_t size = 0;
    std::array<std::uint8_t, kLongestMark> bytes{};
    Bytes mark() const { return Bytes(bytes).first(size); }
  };

  ConnectionTable::Key key_of(std::size_t frame);
  ConnectionTable::Connection* refused(std::size_t frame, Bytes mark);
  ConnectionTable::Connection* unfinished(Bytes mark);
  Hops hops_against(const ConnectionTable::Connection& connection);
  ConnectionTable::Connection& begin(Bytes mark);
  bool is_repeated(std::uint16_t frame, const ConnectionTable::Connection& connection) const;
  bool checksum_holds() const;
  bool may_be_kept();
  void give_back(ConnectionTable::Connection& connection);
  void erase(ConnectionTable::Connection& connection);
  bool write(ConnectionTable::Connection& connection, Bytes note);

  Burst& burst_;
  SessionTable& sessions_;
  WorkerStats& stats_;
  Shedder& shedder_;
  const HashSecret secret_;
  std::array<std::unique_ptr<DatagramReader>, kMaxProtocols> readers_;
  BufferPool pool_;
  ConnectionTable unfinished_;
  ConnectionTable refused_;
  std::unique_ptr<Belonging[]> belongings_;
  std::size_t belonging_count_ = 0;
  // Read to their end in this burst: known until its end, in case more of them comes.
  std::array<ConnectionTable::Connection*, Burst::kFrames> done_;
  std::size_t done_count_ = 0;
  // Connections refused in this burst, and by which frame: what stands before that is no repetition.
  struct Refusal {
    std::uint16_t frame = 0;
    const ConnectionTable::Connection* connection = nullptr;
  };
  std::array<Refusal, Burst::kFrames> refusals_;
  std::size_t refusal_count_ = 0;
  std::uint64_t freed_ = 0;  // unfinished ones, for their memory

  // Of the datagram that is being read.
  std::size_t frame_ = 0;
  ConnectionTable::Key key_;
  bool has_key_ = false;
  bool is_checked_ = false;  // its checksum
  bool has_other_hops_ = false;
  Fate fate_ = Fate::kForwardedNeedMore;
};

}  // namespace telefence
