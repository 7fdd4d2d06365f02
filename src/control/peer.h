// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connected tool as the server sees it: bytes in are cut into lines, lines out wait in a bounded buffer. Never blocks. Used by
// the server's thread only.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "control/unix_socket.h"

namespace telefence {

class Peer {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxRequest = 64 * 1024;
  static constexpr std::size_t kMaxWaiting = 256 * 1024;         // bytes kept for a slow reader
  static constexpr std::chrono::seconds kPatience{5};            // without a byte taken: gone

  explicit Peer(Descriptor socket) : socket_(std::move(socket)) {}

  int descriptor() const { return socket_.number(); }
  const Descriptor& socket() const { return socket_; }
  bool wants_to_write() const { return sent_ < out_.size(); }
  // So much waits for it that no more is answered, nor read from it, until it has read: who asks without reading must not make
  // the daemon grow.
  bool is_full() const { return out_.size() - sent_ >= kMaxWaiting; }
  bool wants_to_read() const { return !is_finished_ && !is_full() && in_.size() <= kMaxRequest; }
  bool is_gone(Clock::time_point now) const {
    return is_broken_ || (is_finished_ && !wants_to_write() && !has_request()) ||
           (wants_to_write() && now - last_progress_ > kPatience);
  }

  // Reads what is there.
  void read_some();
  bool has_request() const { return in_.find('\n') <= kMaxRequest; }
  // The next whole request, without its newline.
  std::optional<std::string> next_line();
  // The request is longer than kMaxRequest: answer, send, close.
  bool is_too_long() const { return in_.size() > kMaxRequest && !has_request(); }
  void reply(std::string_view line) { append(line); }
  // No more requests are taken; what waits is sent first.
  void finish();

  void follow() { follows_ = true; }
  bool follows() const { return follows_; }
  // An event line. False: lost, and told of later, since the reader is too slow.
  bool send_event(std::string_view line);
  // So many more were lost before they came here.
  void lose(std::uint64_t count) { lost_ += count; }
  // Tells of losses once all else was taken, although no event follows.
  void tell_losses();

  void write_some(Clock::time_point now);

 private:
  void append(std::string_view line);
  void append_losses();

  Descriptor socket_;
  std::string in_;
  std::string out_;
  std::size_t sent_ = 0;
  std::uint64_t lost_ = 0;
  Clock::time_point last_progress_ = Clock::now();
  bool follows_ = false;
  bool is_broken_ = false;
  bool is_finished_ = false;
};

}  // namespace telefence
