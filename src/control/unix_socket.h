// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unix stream sockets (unix(7)): an owned descriptor, listening and connecting by path. Errors say what to do.

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace telefence {

// Closes what it owns.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// Makes the directory when it is missing, replaces a socket file on which nobody listens, and listens with mode 0660, without
// blocking. A file that is no socket is never touched.
Result<Descriptor> listen_unix(const std::string& path);

// User and process at the other end of a connection. False when the kernel does not say.
bool who_is_there(const Descriptor& connection, std::uint32_t& user, std::int32_t& process);

// Blocking, with a limit on how long one read or write may take.
Result<Descriptor> connect_unix(const std::string& path, int timeout_s);

}  // namespace telefence
