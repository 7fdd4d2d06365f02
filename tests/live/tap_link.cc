// SPDX-License-Identifier: Apache-2.0
// A tapped line for the live tests, for kernels without act_mirred and `tc netem`: carries frames between NEAR and FAR, each DELAY_US
// after it came, and sends a copy of each to COPY at once, as a switch's mirror port does.
// Usage: tap_link DELAY_US NEAR FAR COPY      Says "ready"; ends on SIGTERM.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

int open_interface(const char* name) {
  const int socket = ::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(name));
  const int one = 1;
  const int bytes = 16 * 1024 * 1024;
  if (socket < 0 || address.sll_ifindex == 0 || bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0) {
    std::fprintf(stderr, "tap_link: cannot open %s: %s\n", name, std::strerror(errno));
    std::exit(1);
  }
  (void)setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  return socket;
}

struct Waiting {
  Clock::time_point due;
  int socket;
  std::vector<char> frame;
};

}  // namespace

int main(int count, char** words) {
  if (count != 5) {
    std::fprintf(stderr, "usage: tap_link DELAY_US NEAR FAR COPY\n");
    return 2;
  }
  const std::chrono::microseconds delay(std::atoi(words[1]));
  std::array<pollfd, 2> ends{{{open_interface(words[2]), POLLIN, 0}, {open_interface(words[3]), POLLIN, 0}}};
  const int copy = open_interface(words[4]);
  std::deque<Waiting> waiting;  // the delay is the same for all, so they leave as they came
  std::puts("ready");
  std::fflush(stdout);
  while (true) {
    timespec wait{};
    if (!waiting.empty()) {
      const auto left = std::max(Clock::duration{0}, waiting.front().due - Clock::now());
      wait = {0, std::chrono::duration_cast<std::chrono::nanoseconds>(left).count()};
    }
    (void)ppoll(ends.data(), ends.size(), waiting.empty() ? nullptr : &wait, nullptr);
    for (std::size_t end = 0; end < ends.size(); ++end) {
      std::vector<char> frame(2048);
      for (int i = 0; i < 64; ++i) {
        const ssize_t size = recv(ends[end].fd, frame.data(), frame.size(), MSG_DONTWAIT);
        if (size <= 0) break;
        (void)send(copy, frame.data(), static_cast<std::size_t>(size), MSG_DONTWAIT);
        const int onward = ends[end ^ 1].fd;
        if (delay.count() == 0)
          (void)send(onward, frame.data(), static_cast<std::size_t>(size), MSG_DONTWAIT);
        else
          waiting.push_back({Clock::now() + delay, onward, {frame.begin(), frame.begin() + size}});
      }
    }
    const auto now = Clock::now();
    for (; !waiting.empty() && waiting.front().due <= now; waiting.pop_front())
      (void)send(waiting.front().socket, waiting.front().frame.data(), waiting.front().frame.size(), MSG_DONTWAIT);
  }
}
