// SPDX-License-Identifier: Apache-2.0
#pragma once

// Addresses of names, without waiting longer than the caller can: the system's look-up takes as long as name servers make it take, up to
// half a minute, and can't be broken off. So it runs in a thread of its own, one for each name at a time, and hands over what it
// found; whoever can't wait takes what was found last time. So an edge whose name servers are away comes back to its Redis.
// Any thread.

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace telefence {

struct SocketAddress {
  sockaddr_storage value{};
  socklen_t length = 0;
};

class Resolver {
 public:
  using Clock = std::chrono::steady_clock;
  struct Answer {
    std::vector<SocketAddress> addresses;
    std::string problem;       // "" = there are addresses
    bool may_pass = false;     // the problem: no name server answered, which says nothing of the name
  };
  using LookUp = std::function<Answer(const std::string& host, std::uint16_t port)>;  // takes its time

  explicit Resolver(LookUp look_up = look_up_by_system);
  // That of the process; it is never destroyed, since a look-up may outlive everything else.
  static Resolver& shared();

  // kUnreachable says why there are none. `wake`: a descriptor that ends the waiting when it becomes readable; -1 = none.
  Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port, Clock::time_point deadline, int wake);

  static Answer look_up_by_system(const std::string& host, std::uint16_t port);

 private:
  struct State;
  std::shared_ptr<State> state_;  // look-ups under way share it
};

}  // namespace telefence
