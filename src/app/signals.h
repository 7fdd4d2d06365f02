// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signals of the daemon. They are blocked in all threads and taken by the main thread in its own time; while that is busy with
// starting or stopping, where a driver, a pipe or a worker may hang for ever, a thread of its own lets them end the process.

#include <chrono>
#include <csignal>
#include <thread>

namespace telefence {

// SIGINT, SIGTERM, SIGHUP. Called before any thread is made, so that all threads inherit the mask. SIGPIPE is ignored.
sigset_t block_signals();

// As long as it lives, each of the signals ends the process as if nobody had blocked it; so does the deadline, with exit code 1
// and a sentence.
class SignalsEndProcess {
 public:
  explicit SignalsEndProcess(const sigset_t& signals);
  SignalsEndProcess(const sigset_t& signals, std::chrono::seconds deadline, const char* what_hangs);
  ~SignalsEndProcess();
  SignalsEndProcess(const SignalsEndProcess&) = delete;
  SignalsEndProcess& operator=(const SignalsEndProcess&) = delete;

 private:
  void wait_for_one(sigset_t signals, int deadline_ms, const char* what_hangs) const;

  int over_ = -1;  // an eventfd(2): the signals are the main thread's again
  std::thread thread_;
};

}  // namespace telefence
