// SPDX-License-Identifier: Apache-2.0
#include "redis/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace telefence {

Interrupt::Interrupt() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { CHECK(descriptor_ >= 0); }

Interrupt::~Interrupt() { close(descriptor_); }

void Interrupt::raise() {
  // Fails only when it is raised 2^64-1 times already: then it is raised.
  [[maybe_unused]] const int result = eventfd_write(descriptor_, 1);
}

void Interrupt::clear() {
  eventfd_t count = 0;
  // Fails when it was not raised: then there is nothing to clear.
  [[maybe_unused]] const int result = eventfd_read(descriptor_, &count);
}

bool Interrupt::wait(std::uint32_t timeout_ms) const {
  pollfd waited{descriptor_, POLLIN, 0};
  return poll(&waited, 1, static_cast<int>(timeout_ms)) > 0;
}

}  // namespace telefence
