// SPDX-License-Identifier: Apache-2.0
#include "redis/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "redis/resolver.h"

namespace telefence {
namespace {

Error unreachable(std::string message) { return Error{ErrorCode::kUnreachable, std::move(message)}; }

Error system_error(const char* what, int number) {
  return unreachable(std::string(what) + ": " + std::strerror(number));
}

}  // namespace

void RedisSocket::close() {
  tls_.reset();
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

RedisSocket::Waited RedisSocket::wait(short events, Clock::time_point deadline, int wake) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count() + 1;
    pollfd waited[2] = {{descriptor_, events, 0}, {wake, POLLIN, 0}};
    const int count = poll(waited, wake >= 0 ? 2 : 1, static_cast<int>(std::clamp<long long>(left, 0, 60'000)));
    if (count < 0 && errno == EINTR) continue;
    if (waited[0].revents != 0) return Waited::kReady;
    if (wake >= 0 && waited[1].revents != 0) return Waited::kWoken;
    if (Clock::now() >= deadline) return Waited::kTimeout;
  }
}

Result<void> RedisSocket::connect_one(int family, const void* address, unsigned length, Clock::time_point deadline) {
  close();
  descriptor_ = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return system_error("can't make a socket", errno);
  if (family != AF_UNIX) {
    const int on = 1;
    // Small commands are answered at once only when they are sent at once; a failure costs time, nothing else.
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  // The sockets interface takes every family's address by a pointer to its common head.
  int result = ::connect(descriptor_, static_cast<const sockaddr*>(address), length);
  if (result < 0 && errno == EINPROGRESS) {
    const Waited waited = wait(POLLOUT, deadline, wake_);
    if (waited != Waited::kReady) {
      close();
      return unreachable(waited == Waited::kTimeout ? "no answer to the connection" : "the connection was given up");
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    result = error == 0 ? 0 : -1;
  }
  if (result == 0) return {};
  const int number = errno;
  close();
  return system_error("can't connect", number);
}

Result<void> RedisSocket::connect_tcp(const RedisAddress& address, Clock::time_point deadline) {
  const Result<std::vector<SocketAddress>> addresses = Resolver::shared().resolve(address.host, address.port, deadline, wake_);
  if (!addresses.ok()) return addresses.error();
  Result<void> last;
  for (const SocketAddress& one : addresses.value()) {
    last = connect_one(one.value.ss_family, &one.value, one.length, deadline);
    if (last.ok()) return last;
  }
  return last;
}

Result<void> RedisSocket::connect_tls(const RedisAddress& address, const RedisTls& tls, Clock::time_point deadline) {
  Result<TlsClient> made = TlsClient::make({tls.ca, tls.certificate, tls.key}, address.host, descriptor_);
  if (!made.ok()) {
    close();
    return made.error();
  }
  tls_ = std::make_unique<TlsClient>(std::move(made.value()));
  for (;;) {
    const TlsClient::Step step = tls_->handshake();
    if (step == TlsClient::Step::kDone) return {};
    if (step == TlsClient::Step::kFailed || step == TlsClient::Step::kClosed) {
      const std::string why = tls_->problem();
      close();
      return unreachable("TLS: " + why);
    }
    const Waited waited = wait(step == TlsClient::Step::kWantWrite ? POLLOUT : POLLIN, deadline, wake_);
    if (waited == Waited::kReady) continue;
    close();
    return unreachable(waited == Waited::kTimeout ? "no answer to the TLS greeting" : "the connection was given up");
  }
}

Result<void> RedisSocket::write_tls(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    std::size_t written = 0;
    const TlsClient::Step step = tls_->write(bytes, written);
    bytes.remove_prefix(written);
    if (step == TlsClient::Step::kDone) continue;
    if (step == TlsClient::Step::kFailed || step == TlsClient::Step::kClosed) return unreachable("TLS: " + tls_->problem());
    if (wait(step == TlsClient::Step::kWantRead ? POLLIN : POLLOUT, deadline, -1) == Waited::kTimeout)
      return unreachable("the server takes no bytes");
  }
  return {};
}

Result<std::size_t> RedisSocket::read_tls(std::span<char> to, Clock::time_point deadline) {
  for (;;) {
    std::size_t count = 0;
    const TlsClient::Step step = tls_->read(to, count);
    if (count > 0) return count;
    if (step == TlsClient::Step::kClosed) return unreachable("the server closed the connection");
    if (step == TlsClient::Step::kFailed) return unreachable("TLS: " + tls_->problem());
    if (wait(step == TlsClient::Step::kWantWrite ? POLLOUT : POLLIN, deadline, wake_) != Waited::kReady) return std::size_t{0};
  }
}

Result<void> RedisSocket::connect(const RedisAddress& address, const RedisTls& tls, Clock::time_point deadline, int wake) {
  wake_ = wake;
  if (address.path.empty()) {
    if (auto connected = connect_tcp(address, deadline); !connected.ok() || !address.tls) return connected;
    return connect_tls(address, tls, deadline);
  }
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof name.sun_path) return unreachable("the path of the socket is too long");
  std::memcpy(name.sun_path, address.path.data(), address.path.size());
  return connect_one(AF_UNIX, &name, sizeof name, deadline);
}

Result<void> RedisSocket::write_all(std::string_view bytes, Clock::time_point deadline) {
  if (tls_ != nullptr) return write_tls(bytes, deadline);
  while (!bytes.empty()) {
    const ssize_t written = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno != EAGAIN && errno != EINTR) {
      return system_error("can't write", errno);
    } else if (wait(POLLOUT, deadline, -1) == Waited::kTimeout) {
      return unreachable("the server takes no bytes");
    }
  }
  return {};
}

Result<std::size_t> RedisSocket::read_some(std::span<char> to, Clock::time_point deadline) {
  if (tls_ != nullptr) return read_tls(to, deadline);
  for (;;) {
    const ssize_t count = recv(descriptor_, to.data(), to.size(), 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return unreachable("the server closed the connection");
    if (errno != EAGAIN && errno != EINTR) return system_error("can't read", errno);
    if (wait(POLLIN, deadline, wake_) != Waited::kReady) return std::size_t{0};
  }
}

}  // namespace telefence
