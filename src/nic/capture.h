// SPDX-License-Identifier: Apache-2.0
#pragma once

// A capture file as a port, without DPDK: `telefenced replay` and `inspect` run the same worker over it. Receives the packets
// of a pcap or pcapng file (also packed with gzip or zstd) of any link type, with its nanosecond times and frame numbers; what is
// transmitted goes to a pcap file of the same link type, or nowhere. It is also the pool for the frames that the worker makes. A packet that the capture
// cut is marked truncated, as is one longer than a buffer. A burst ends where nothing came for a while, so that what waits in
// the filter waits no longer than it would on a wire. Buffers are allocated in open() and reused. One thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "nic/queue.h"

namespace telefence {

struct CaptureCounts {
  std::uint64_t received = 0;
  std::uint64_t transmitted = 0;
};

class Capture final : public Queue, public FramePool {
 public:
  // output: "" = what is transmitted is counted and thrown away. held: so many frames may stay with the worker beyond a burst.
  // Errors: no such file, not a capture, output not writable.
  static Result<std::unique_ptr<Capture>> open(const std::string& input, const std::string& output = "", std::size_t held = 0);
  ~Capture() override;

  std::size_t receive(std::span<Frame> frames) override;
  std::size_t transmit(std::span<Frame> frames) override;
  std::uint64_t now_ns() const override { return last_time_ns_; }
  bool finished() const override { return has_ended_ && next_.data == nullptr; }

  bool take(Frame& frame) override;
  void release(std::span<Frame> frames) override;

  // After the end: writes out what is buffered, and says whether the whole input was read and the whole output written. A
  // file that is cut short gives an error that tells after which frame; what was read until there is valid.
  Result<void> close();

  const CaptureCounts& counts() const { return counts_; }

 private:
  struct Files;
  // What a buffer's packet looked like on the wire.
  struct Original {
    std::uint32_t captured = 0;
    std::uint32_t on_wire = 0;
  };

  Capture(std::string input, std::unique_ptr<Files> files, std::size_t buffers);
  bool next_frame(Frame& frame);
  bool use_buffer(Frame& frame);
  void take_over(Frame& frame, Frame& read);

  const std::string input_;
  const std::size_t buffers_;
  std::unique_ptr<Files> files_;
  LinkType link_ = LinkType::kUnknown;
  std::unique_ptr<std::uint8_t[]> memory_;
  std::vector<std::uint32_t> free_;  // the buffer used last is the next one taken: it is still in the cache
  std::vector<Original> originals_;
  std::uint64_t last_time_ns_ = 0;
  Frame next_;  // that was read, and begins the next burst; without data: none
  CaptureCounts counts_;
  bool has_ended_ = false;
  std::optional<Error> error_;
};

}  // namespace telefence
