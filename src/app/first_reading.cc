// SPDX-License-Identifier: Apache-2.0
#include "app/first_reading.h"

#include <pthread.h>

#include <utility>

namespace telefence {

FirstReading::~FirstReading() {
  abandon();
  if (thread_.joinable()) thread_.join();
}

void FirstReading::begin(std::function<Result<void>()> read, std::span<const unsigned> cores) {
  if (cores.size() < 2) {
    later_ = std::move(read);
    return;
  }
  cpu_set_t own;
  CPU_ZERO(&own);
  for (const unsigned core : cores) CPU_SET(core, &own);
  thread_ = std::thread([this, read = std::move(read), own] {
    pthread_setname_np(pthread_self(), "telefence:read");
    (void)pthread_setaffinity_np(pthread_self(), sizeof own, &own);
    outcome_ = read();
  });
}

Result<void> FirstReading::finish() {
  if (later_) {
    tell(true);
    return later_();
  }
  cpu_set_t own;
  CPU_ZERO(&own);
  if (pthread_getaffinity_np(pthread_self(), sizeof own, &own) == 0) (void)pthread_setaffinity_np(thread_.native_handle(), sizeof own, &own);
  tell(true);
  thread_.join();
  return std::move(outcome_);
}

void FirstReading::abandon() { tell(false); }

void FirstReading::tell(bool has_workers) {
  if (is_told_) return;
  workers_.set_value(has_workers);
  is_told_ = true;
}

}  // namespace telefence
