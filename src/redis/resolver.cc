// SPDX-License-Identifier: Apache-2.0
#include "redis/resolver.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "redis/interrupt.h"

namespace telefence {
namespace {

// Who knows addresses from before does not wait long for the same once more.
constexpr std::chrono::milliseconds kPatience{200};

Resolver::Answer look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* first = nullptr;
  Resolver::Answer out;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
  if (error != 0) {
    out.problem = gai_strerror(error);
    out.may_pass = error == EAI_AGAIN || error == EAI_SYSTEM || error == EAI_MEMORY;
    return out;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(first, &freeaddrinfo);
  for (const addrinfo* info = first; info != nullptr; info = info->ai_next) {
    SocketAddress& address = out.addresses.emplace_back();
    address.length = std::min<socklen_t>(info->ai_addrlen, sizeof address.value);
    std::memcpy(&address.value, info->ai_addr, address.length);
  }
  if (out.addresses.empty()) out.problem = "it has no address";
  return out;
}

// Until one of the two is readable; not for longer than this.
void wait_for(int first, int second, Resolver::Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Resolver::Clock::now()).count() + 1;
  std::array<pollfd, 2> waited{{{first, POLLIN, 0}, {second, POLLIN, 0}}};
  poll(waited.data(), second >= 0 ? 2 : 1, static_cast<int>(std::clamp<long long>(left, 0, 60'000)));
}

bool is_readable(int descriptor) {
  pollfd waited{descriptor, POLLIN, 0};
  return descriptor >= 0 && poll(&waited, 1, 0) > 0;
}

}  // namespace

struct Resolver::State {
  struct Name {
    bool is_asked = false;                // a thread looks it up
    std::uint64_t answers = 0;            // so far
    Answer last;                          // of them
    std::vector<SocketAddress> known;     // the last ones that there were
    std::vector<std::shared_ptr<Interrupt>> waiting;
  };
  explicit State(LookUp look_up_) : look_up(std::move(look_up_)) {}

  const LookUp look_up;
  std::mutex mutex;  // of `names`
  std::map<std::pair<std::string, std::uint16_t>, Name> names;
};

Resolver::Resolver(LookUp look_up) : state_(std::make_shared<State>(std::move(look_up))) {}

Resolver& Resolver::shared() {
  static Resolver* const resolver = new Resolver;
  return *resolver;
}

Resolver::Answer Resolver::look_up_by_system(const std::string& host, std::uint16_t port) { return look_up(host, port, 0); }

Result<std::vector<SocketAddress>> Resolver::resolve(const std::string& host, std::uint16_t port, Clock::time_point deadline, int wake) {
  // What is written as an address asks nobody.
  if (Answer written = look_up(host, port, AI_NUMERICHOST); written.problem.empty()) return std::move(written.addresses);
  const auto told = std::make_shared<Interrupt>();
  std::unique_lock<std::mutex> lock(state_->mutex);
  State::Name& name = state_->names[{host, port}];  // stays where it is
  const std::uint64_t before = name.answers;
  name.waiting.push_back(told);
  if (!name.is_asked) {
    name.is_asked = true;
    const auto ask = [state = state_, &name, host, port] {
      pthread_setname_np(pthread_self(), "telefence:dns");
      Answer answer = state->look_up(host, port);
      const std::lock_guard<std::mutex> guard(state->mutex);
      if (answer.problem.empty()) name.known = answer.addresses;
      name.last = std::move(answer);
      ++name.answers;
      name.is_asked = false;
      for (const auto& one : name.waiting) one->raise();
      name.waiting.clear();
    };
    try {
      std::thread(ask).detach();
    } catch (const std::system_error&) {
      name.is_asked = false;  // no thread can be had: as if nobody answered
    }
  }
  const bool is_known = !name.known.empty();
  lock.unlock();
  const Clock::time_point end = is_known ? std::min(deadline, Clock::now() + kPatience) : deadline;
  while (!is_readable(told->descriptor()) && !is_readable(wake) && Clock::now() < end) wait_for(told->descriptor(), wake, end);
  lock.lock();
  std::erase(name.waiting, told);
  const bool is_answered = name.answers != before;
  if (is_answered && name.last.problem.empty()) return name.last.addresses;
  if (!name.known.empty() && (!is_answered || name.last.may_pass)) return name.known;
  return Error{ErrorCode::kUnreachable,
               "can't resolve " + host + ": " + (is_answered ? name.last.problem : "no answer of a name server in time")};
}

}  // namespace telefence
