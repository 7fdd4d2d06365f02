// SPDX-License-Identifier: Apache-2.0
#pragma once

// The lists are read while DPDK starts and the ports are opened, which takes most of a second and one thread: meanwhile no worker polls on
// its core yet. What was read is put in force when the workers are there. The control thread's, but for wait_for_workers().

#include <functional>
#include <future>
#include <span>
#include <thread>

#include "base/result.h"

namespace telefence {

class FirstReading {
 public:
  FirstReading() : has_workers_(workers_.get_future()) {}
  ~FirstReading();  // as abandon(), and waits for the thread
  FirstReading(const FirstReading&) = delete;
  FirstReading& operator=(const FirstReading&) = delete;

  // Once: calls read() on a thread of its own, from now on, which runs on one of these cores; where there is but one, which the start needs, by
  // finish(). What it has to do with workers comes behind wait_for_workers().
  void begin(std::function<Result<void>()> read, std::span<const unsigned> cores);
  // For `read`. False: there will be none.
  bool wait_for_workers() const { return has_workers_.get(); }

  // Once, after begin(): the workers are there, and now need their cores, so the thread goes on where the caller may run. Returns what `read` does.
  Result<void> finish();
  // The start has failed: nobody asks for what was read any more. Does not wait.
  void abandon();

 private:
  void tell(bool has_workers);

  std::promise<bool> workers_;
  std::shared_future<bool> has_workers_;
  bool is_told_ = false;  // the promise is kept
  Result<void> outcome_;
  std::function<Result<void>()> later_;  // for finish() to call
  std::thread thread_;                   // last: it uses the others
};

}  // namespace telefence
