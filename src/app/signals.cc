// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace telefence {
namespace {

constexpr int kNoDeadline = -1;

// The default of these signals, for the whole process: its parent sees by which one it ended.
[[noreturn]] void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  raise(signal);
  _exit(128 + signal);
}

}  // namespace

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

SignalsEndProcess::SignalsEndProcess(const sigset_t& signals)
    : over_(eventfd(0, EFD_CLOEXEC)), thread_([this, signals] { wait_for_one(signals, kNoDeadline, ""); }) {}

SignalsEndProcess::SignalsEndProcess(const sigset_t& signals, std::chrono::seconds deadline, const char* what_hangs)
    : over_(eventfd(0, EFD_CLOEXEC)), thread_([this, signals, deadline, what_hangs] {
        wait_for_one(signals, static_cast<int>(std::chrono::milliseconds(deadline).count()), what_hangs);
      }) {}

SignalsEndProcess::~SignalsEndProcess() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = write(over_, &one, sizeof one);
  thread_.join();
  close(over_);
}

void SignalsEndProcess::wait_for_one(sigset_t signals, int deadline_ms, const char* what_hangs) const {
  pthread_setname_np(pthread_self(), "telefence:sig");
  const int arrived = signalfd(-1, &signals, SFD_CLOEXEC);
  pollfd waits[] = {{arrived, POLLIN, 0}, {over_, POLLIN, 0}};
  const int ready = poll(waits, 2, deadline_ms);
  if (ready == 0) {
    std::fprintf(stderr, "telefenced: %s\n", what_hangs);
    _exit(1);
  }
  signalfd_siginfo what{};
  if (ready > 0 && waits[1].revents == 0 && read(arrived, &what, sizeof what) == sizeof what) end_by(static_cast<int>(what.ssi_signo));
  close(arrived);
}

}  // namespace telefence
