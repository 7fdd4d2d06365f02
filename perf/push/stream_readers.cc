// SPDX-License-Identifier: Apache-2.0
#include "stream_readers.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <string_view>

#include "base/check.h"

namespace telefence::perf {
namespace {

volatile std::sig_atomic_t is_over = 0;

// One RESP2 value of what came. False: not whole yet.
bool skip_value(std::string_view text, std::size_t& at, std::string& last_id, int depth, double now_ms, Deliveries& sum) {
  const std::size_t end = text.find("\r\n", at);
  if (end == std::string_view::npos) return false;
  long number = 0;
  std::from_chars(text.data() + at + 1, text.data() + end, number);
  const char kind = text[at];
  at = end + 2;
  if (kind == '*') {
    for (long i = 0; i < number; ++i)
      if (!skip_value(text, at, last_id, depth + 1, now_ms, sum)) return false;
  } else if (kind == '$' && number >= 0) {
    if (at + static_cast<std::size_t>(number) + 2 > text.size()) return false;
    const std::string_view value = text.substr(at, static_cast<std::size_t>(number));
    at += value.size() + 2;
    // [[log, [[id, [h, header, b, body, s, signatures]]]]]
    if (depth == 4) last_id = value;
    if (const std::size_t ts = depth == 5 && value.starts_with('{') ? value.find("\"ts\":") : std::string_view::npos; ts != std::string_view::npos) {
      double published = 0;
      std::from_chars(value.data() + ts + 5, value.data() + value.size(), published);
      sum.ms.push_back(static_cast<float>(now_ms - published));
      ++sum.entries;
    }
  }
  return true;
}

using Clock = std::chrono::steady_clock;
// As LogReader.
constexpr std::chrono::milliseconds kBetweenNews{5}, kBetweenManyNews{20};
constexpr std::uint64_t kManyNews = 4;

struct Reader {
  int socket = -1;
  bool has_news = false;  // and has not asked for more
  Clock::time_point asked_at;
  std::chrono::milliseconds nap{};  // since then
  std::string position, buffer;

  void ask() {
    asked_at = Clock::now();
    has_news = false;
    std::string command = "*8\r\n";
    for (const std::string& word : {std::string("XREAD"), std::string("COUNT"), std::string("64"), std::string("BLOCK"), std::string("1000"),
                                    std::string("STREAMS"), std::string("tf:1:log"), position})
      command += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    CHECK(send(socket, command.data(), command.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(command.size()));
  }
  // False: the server is gone.
  bool take(Deliveries& sum) {
    char piece[65536];
    const ssize_t count = recv(socket, piece, sizeof piece, 0);
    if (count <= 0) return false;
    sum.bytes += static_cast<std::uint64_t>(count);
    buffer.append(piece, static_cast<std::size_t>(count));
    const double now_ms = std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
    Deliveries found;
    std::size_t at = 0;
    std::string last = position;
    if (!skip_value(buffer, at, last, 0, now_ms, found)) return true;
    sum.entries += found.entries;
    sum.ms.insert(sum.ms.end(), found.ms.begin(), found.ms.end());
    buffer.clear();
    has_news = position != last;
    nap = found.entries >= kManyNews ? kBetweenManyNews : kBetweenNews;
    position = last;
    if (!has_news) ask();
    return true;
  }
};

}  // namespace

Deliveries read_streams(const std::string& host, std::uint16_t port, const std::string& from, unsigned count, double seconds) {
  std::signal(SIGTERM, [](int) { is_over = 1; });
  std::vector<Reader> readers(count);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &server.sin_addr);
  for (unsigned i = 0; i < count; ++i) {
    readers[i].socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(readers[i].socket, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0);
    const int on = 1;
    setsockopt(readers[i].socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.u32 = i}};
    epoll_ctl(poll, EPOLL_CTL_ADD, readers[i].socket, &event);
    readers[i].position = from;
    readers[i].ask();
  }
  Deliveries sum;
  sum.readers = count;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  epoll_event events[256];
  std::deque<unsigned> napping, napping_long;  // each about in the order of asked_at
  while (is_over == 0 && std::chrono::steady_clock::now() < end) {
    const int ready = epoll_wait(poll, events, 256, napping.empty() && napping_long.empty() ? 100 : 1);
    for (int i = 0; i < ready; ++i) {
      Reader& reader = readers[events[i].data.u32];
      if (!reader.take(sum)) is_over = 1;
      if (reader.has_news) (reader.nap == kBetweenNews ? napping : napping_long).push_back(events[i].data.u32);
    }
    const Clock::time_point now = Clock::now();
    for (std::deque<unsigned>* queue : {&napping, &napping_long})
      for (; !queue->empty() && now - readers[queue->front()].asked_at >= readers[queue->front()].nap; queue->pop_front()) readers[queue->front()].ask();
  }
  for (const Reader& reader : readers) close(reader.socket);
  close(poll);
  return sum;
}

}  // namespace telefence::perf
