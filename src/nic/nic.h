// SPDX-License-Identifier: Apache-2.0
#pragma once

// All of DPDK behind one object: starts it, opens the configured ports, shares their queues out to the workers, and runs the
// workers on their cores. One object per process and, since DPDK cannot be started twice, one start per process. Called from
// the control thread; queues and pool of a worker are used by that worker alone. Everything is allocated in start().
//
// Queues: an in-line pair is served by as many workers as both of its ports have queues for; worker w of a pair uses the same
// queue number on both ports, so with symmetric RSS both directions of a connection meet in one worker. Pairs and mirrors with
// fewer queues than there are workers begin at different workers, so that the load spreads. Each worker that serves a mirror has a
// queue of the port to respond by; where that has too few, fewer workers serve mirrors.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "nic/options.h"
#include "nic/queue.h"
#include "stats/catalog.h"

namespace telefence {

// One direction of a wire as one worker sees it. A mirror has no `out`; it has `respond` where NicOptions says so.
struct QueueLink {
  Queue* in = nullptr;
  Queue* out = nullptr;
  Queue* respond = nullptr;
  std::size_t port = 0;  // of `in`, an index of NicOptions::ports
};

// Figures of one port since start.
struct PortCounts {
  std::uint64_t received = 0, received_bytes = 0;
  std::uint64_t transmitted = 0, transmitted_bytes = 0;
  std::uint64_t missed = 0;           // came in while the receive queue was full
  std::uint64_t no_buffer = 0;        // came in while the pool was empty
  std::uint64_t receive_errors = 0;
  std::uint64_t transmit_errors = 0;
  std::uint64_t too_long = 0;         // were to leave by this port, and are longer than it can send
  std::uint64_t truncated = 0;        // only a part was seen: fit no buffer, or the driver lost the end
  bool link_up = false;
};

class Nic {
 public:
  // Fails with kEnvironment or kInvalid and one sentence: what failed, why, what to do. DPDK prints nothing.
  static Result<std::unique_ptr<Nic>> start(const NicOptions& options);
  ~Nic();
  Nic(const Nic&) = delete;
  Nic& operator=(const Nic&) = delete;

  // What the operator should know though it works: no hugepages, a core shared, a port with fewer queues than workers.
  const std::vector<std::string>& notes() const;

  std::size_t workers() const;
  const std::vector<QueueLink>& links(std::size_t worker) const;
  FramePool& pool(std::size_t worker);

  PortCounts counts(std::size_t port) const;
  std::uint32_t free_frames() const;
  // telefence_port_*: from rte_eth_stats, for each port; and telefence_frames_free. The catalog must not be read after this object is gone.
  void add_metrics(Catalog& catalog) const;

  // Runs work(worker) on each worker's core, in threads named telefence:w0 ...; wait() returns when all have returned.
  Result<void> launch(std::function<void(std::size_t worker)> work);
  void wait();

 private:
  struct Parts;
  explicit Nic(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telefence
