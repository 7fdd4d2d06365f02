// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tool may ask the daemon over its unix socket: one JSON object per line each way. Request: {"command": "test", ...};
// reply: {"ok": true, ...} or {"ok": false, "code": 3, "error": "..."}. Commands: status, test, reload, bypass, events (a stream).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace telefence {

// Who asks, as the kernel says (unix(7), SO_PEERCRED).
struct Requester {
  std::uint32_t user = 0;
  std::int32_t process = 0;
  // "root (process 4711)".
  std::string name() const;
};

// Serves one unix socket from one thread of its own. Handlers run on that thread.
class ControlServer {
 public:
  explicit ControlServer(std::string path);
  ~ControlServer();  // stops

  // `handler` gets the request line and returns the reply line (both without newline).
  using Handler = std::function<std::string(std::string_view request, const Requester& who)>;
  void on(std::string command, Handler handler);
  void on(std::string command, std::function<std::string(std::string_view request)> handler);
  Result<void> start();
  void stop();
  // Sends a line to every client that asked for {"command":"events"}. Any thread; never blocks: a slow client loses lines, and is
  // told how many with {"event_type":"lost","count":N}.
  void broadcast(std::string_view line);
  // Lines that did not reach a client that follows. Any thread.
  std::uint64_t events_lost() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The tool's side: sends one request and returns the reply line. Error kUnreachable when there is no daemon.
Result<std::string> ask_daemon(const std::string& path, std::string_view request);

// The tool's side of events: calls `begun` once the daemon sends them, then `line` for each until it returns false. Error kUnreachable
// when there is no daemon, or when it goes away.
Result<void> follow_daemon(const std::string& path, const std::function<void()>& begun,
                           const std::function<bool(std::string_view line)>& line);

}  // namespace telefence
