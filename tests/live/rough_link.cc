// SPDX-License-Identifier: Apache-2.0
// A bad network for the live tests, for kernels without `tc netem`: carries frames between two interfaces, loses some, and delays each by
// a time of its own, so that they overtake one another (netem loss L% delay JITTER JITTER reorder R%).
// Usage: rough_link SEED LOSS_PERCENT JITTER_US REORDER_PERCENT A B [A B]...      Each A-B is one link. Says "ready"; ends on SIGTERM.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  double lost = 0;       // share
  double reordered = 0;  // share that does not wait at all
  std::chrono::microseconds jitter{0};
};

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
    std::fprintf(stderr, "rough_link: cannot open %s: %s\n", name, std::strerror(errno));
    std::exit(1);
  }
  (void)setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  return socket;
}

class RoughLink {
 public:
  RoughLink(const Settings& settings, std::uint64_t seed, std::vector<pollfd> ends)
      : settings_(settings), random_(seed), ends_(std::move(ends)) {}

  [[noreturn]] void run() {
    while (true) {
      timespec wait{};
      (void)ppoll(ends_.data(), ends_.size(), time_to_next(wait) ? &wait : nullptr, nullptr);
      for (std::size_t i = 0; i < ends_.size(); ++i)
        if ((ends_[i].revents & POLLIN) != 0) receive(i);
      send_due();
    }
  }

 private:
  struct Waiting {
    int socket;
    std::vector<char> frame;
  };

  bool time_to_next(timespec& wait) const {
    if (waiting_.empty()) return false;
    const auto left = std::max(Clock::duration{0}, waiting_.begin()->first - Clock::now());
    wait = {0, std::chrono::duration_cast<std::chrono::nanoseconds>(left).count()};
    return true;
  }

  void receive(std::size_t end) {
    std::vector<char> frame(2048);
    for (int i = 0; i < 64; ++i) {
      const ssize_t size = recv(ends_[end].fd, frame.data(), frame.size(), MSG_DONTWAIT);
      if (size <= 0) return;
      if (share_(random_) < settings_.lost) continue;
      const bool waits = share_(random_) >= settings_.reordered;
      const auto delay = std::chrono::duration_cast<Clock::duration>(settings_.jitter * (waits ? 2 * share_(random_) : 0.0));
      waiting_.emplace(Clock::now() + delay, Waiting{ends_[end ^ 1].fd, {frame.begin(), frame.begin() + size}});
    }
  }

  void send_due() {
    const auto now = Clock::now();
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      const Waiting& one = waiting_.begin()->second;
      (void)send(one.socket, one.frame.data(), one.frame.size(), MSG_DONTWAIT);
      waiting_.erase(waiting_.begin());
    }
  }

  Settings settings_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> share_{0, 1};
  std::vector<pollfd> ends_;
  std::multimap<Clock::time_point, Waiting> waiting_;
};

}  // namespace

int main(int count, char** words) {
  if (count < 7 || count % 2 == 0) {
    std::fprintf(stderr, "usage: rough_link SEED LOSS_PERCENT JITTER_US REORDER_PERCENT A B [A B]...\n");
    return 2;
  }
  const Settings settings{std::atof(words[2]) / 100, std::atof(words[4]) / 100, std::chrono::microseconds(std::atoi(words[3]))};
  std::vector<pollfd> ends;
  for (int i = 5; i < count; ++i) ends.push_back({open_interface(words[i]), POLLIN, 0});
  std::puts("ready");
  std::fflush(stdout);
  RoughLink(settings, static_cast<std::uint64_t>(std::atoll(words[1])), std::move(ends)).run();
}
