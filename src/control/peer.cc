// SPDX-License-Identifier: Apache-2.0
#include "control/peer.h"

#include <sys/socket.h>

#include <cerrno>

namespace telefence {

void Peer::read_some() {
  if (!is_finished_ && in_.size() > kMaxRequest) return;  // it waits in the kernel
  char bytes[16 * 1024];
  const ssize_t got = recv(socket_.number(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (got > 0) {
    if (!is_finished_) in_.append(bytes, static_cast<std::size_t>(got));
    return;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // The other side has ended; there may be requests of it left to answer, but a follower has nothing more to say.
  if (got == 0 && !follows_)
    is_finished_ = true;
  else
    is_broken_ = true;
}

void Peer::finish() {
  is_finished_ = true;
  in_.clear();
}

std::optional<std::string> Peer::next_line() {
  const std::size_t end = in_.find('\n');
  if (end > kMaxRequest) return std::nullopt;
  std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  return line;
}

void Peer::append(std::string_view line) {
  if (!wants_to_write()) {
    out_.clear();
    sent_ = 0;
    last_progress_ = Clock::now();
  }
  out_.append(line).push_back('\n');
}

void Peer::append_losses() {
  if (lost_ == 0) return;
  append("{\"event_type\":\"lost\",\"count\":" + std::to_string(lost_) + "}");
  lost_ = 0;
}

bool Peer::send_event(std::string_view line) {
  if (out_.size() - sent_ + line.size() > kMaxWaiting) {
    ++lost_;
    return false;
  }
  append_losses();
  append(line);
  return true;
}

void Peer::tell_losses() {
  if (!wants_to_write()) append_losses();
}

void Peer::write_some(Clock::time_point now) {
  if (!wants_to_write()) return;
  const ssize_t put = send(socket_.number(), out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put > 0) {
    sent_ += static_cast<std::size_t>(put);
    last_progress_ = now;
    // A reader that never quite catches up must not make the buffer grow at its sent end.
    if (sent_ > kMaxWaiting) {
      out_.erase(0, sent_);
      sent_ = 0;
    }
  } else if (put < 0 && errno != EAGAIN && errno != EINTR) {
    is_broken_ = true;
  }
}

}  // namespace telefence
