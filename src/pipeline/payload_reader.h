// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the payload of a frame says: it is read as the protocol that it is, and its events and its fate are noted in the burst. Whether
// it is whole, or stands for a message that was put together, is no matter here. One per worker, used by that thread alone.

#include <cstddef>
#include <cstdint>

#include "pipeline/burst.h"
#include "pipeline/datagram_flows.h"
#include "pipeline/shedder.h"
#include "pipeline/worker_stats.h"
#include "protocols/classify.h"
#include "protocols/protocol.h"

namespace telefence {

class PayloadReader {
 public:
  // What a frame has before anything was read of it.
  static constexpr Fate kUnread = Fate::kForwardedNotRecognised;

  PayloadReader(Burst& burst, DatagramFlows& datagrams, WorkerStats& stats, Shedder& shedder)
      : burst_(burst), datagrams_(datagrams), stats_(stats), shedder_(shedder) {}

  // The whole of a datagram.
  void datagram(std::size_t index, const Classifier& classifier);
  // burst.payloads[index], which may be of other bytes than the frame's own, as `protocol`, or as the one that it is in truth.
  Progress read(std::size_t index, const Classifier& classifier, std::uint8_t protocol);
  // What the last call of read() came to.
  const Step& step() const { return step_; }
  // True when the worker has fallen too far behind to read this payload of `protocol`; then it has its fate.
  bool is_shed(std::size_t index, const Classifier& classifier, std::uint8_t protocol);

 private:
  Progress read_here(std::size_t index, const Classifier& classifier, std::uint8_t protocol);
  Progress read_as(std::uint8_t protocol, std::size_t index);
  std::uint8_t read_as_other(std::uint8_t tried, std::size_t index, const Classifier& classifier, Progress& progress);

  Burst& burst_;
  DatagramFlows& datagrams_;
  WorkerStats& stats_;
  Shedder& shedder_;
  Step step_;
};

}  // namespace telefence
