// SPDX-License-Identifier: Apache-2.0
#include "control/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace telefence {
namespace {

constexpr mode_t kSocketMode = 0660;  // the daemon's user and group
constexpr int kBacklog = 16;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::kInvalid, "a socket path has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                                          " characters, \"" + path + "\" has " + std::to_string(path.size())};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

Result<void> make_directory_of(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code failure;
  if (directory.empty() || std::filesystem::exists(directory, failure)) return {};
  std::filesystem::create_directories(directory, failure);
  if (!failure) return {};
  return Error{ErrorCode::kEnvironment,
               "cannot make the directory " + directory.string() + " for the control socket (" + failure.message() +
                   "); make it once with `sudo install -d -o $USER " + directory.string() +
                   "`, or set listen.control to a path you may write"};
}

bool somebody_listens(const sockaddr_un& address) {
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.number(), generic(address), sizeof address) == 0) return true;
  return errno != ECONNREFUSED && errno != ENOENT;  // EAGAIN: listens, with a full backlog
}

Result<void> clear_the_way(const std::string& path, const sockaddr_un& address) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return Error{ErrorCode::kEnvironment,
                 path + " is there and is not a socket; move it away, or set listen.control to another path"};
  }
  if (somebody_listens(address)) {
    return Error{ErrorCode::kEnvironment,
                 "another telefenced listens on " + path + "; stop it, or set listen.control to another path"};
  }
  unlink(path.c_str());
  return {};
}

Error listening_failed(const std::string& path) {
  return {ErrorCode::kEnvironment, "cannot listen on " + path + " (" + std::strerror(errno) +
                                       "); set listen.control to a path this user may write"};
}

Error connecting_failed(const std::string& path, int error) {
  std::string why = std::strerror(error);
  if (error == ENOENT) why = "there is no such socket; start telefenced, or give the path its listen.control names";
  if (error == ECONNREFUSED) why = "nobody listens there any more; start telefenced";
  if (error == EACCES) why = "this user may not use it; join its group, or use sudo";
  return {ErrorCode::kUnreachable, "cannot reach telefenced on " + path + ": " + why};
}

}  // namespace

Descriptor::~Descriptor() {
  if (is_open()) close(number_);
}

Result<Descriptor> listen_unix(const std::string& path) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return address.error();
  if (const Result<void> made = make_directory_of(path); !made) return made.error();
  if (const Result<void> clear = clear_the_way(path, address.value()); !clear) return clear.error();
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.is_open() || bind(listener.number(), generic(address.value()), sizeof(sockaddr_un)) != 0)
    return listening_failed(path);
  // The mode is set before listen(): nobody can connect in between.
  if (chmod(path.c_str(), kSocketMode) != 0 || listen(listener.number(), kBacklog) != 0) {
    const Error error = listening_failed(path);
    unlink(path.c_str());
    return error;
  }
  return listener;
}

bool who_is_there(const Descriptor& connection, std::uint32_t& user, std::int32_t& process) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(connection.number(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
  user = credentials.uid;
  process = credentials.pid;
  return true;
}

Result<Descriptor> connect_unix(const std::string& path, int timeout_s) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return address.error();
  Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(connection.number(), generic(address.value()), sizeof(sockaddr_un)) != 0)
    return connecting_failed(path, errno);
  timeval limit{};
  limit.tv_sec = timeout_s;
  setsockopt(connection.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(connection.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return connection;
}

}  // namespace telefence
