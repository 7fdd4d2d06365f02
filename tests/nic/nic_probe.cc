// SPDX-License-Identifier: Apache-2.0
// Starts the ports given and forwards between each two of them (the last one of an odd number is a mirror), for tests of what
// can happen once per process. Prints "note: ..." lines and "ready", forwards until stdin ends or `--until N` packets came,
// and prints "received N transmitted N" and a line for each port. On failure the sentence on stderr, and the exit code of the error.
//
//   nic_probe [--until N] [--hugepages WISH] [--eal ARGUMENT] [--driver DRIVER] DEVICE...

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "nic/nic.h"

namespace telefence {
namespace {

struct Probe {
  std::uint64_t until = 0;
  std::uint64_t received = 0, transmitted = 0;
};

NicOptions options_of(int argc, char** argv, Probe& probe) {
  NicOptions options;
  options.hugepages = "off";
  std::string driver = "af_packet";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--until" && i + 1 < argc) {
      probe.until = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--hugepages" && i + 1 < argc) {
      options.hugepages = argv[++i];
    } else if (word == "--eal" && i + 1 < argc) {
      options.eal.push_back(argv[++i]);
    } else if (word == "--driver" && i + 1 < argc) {
      driver = argv[++i];
    } else {
      options.ports.push_back({"p" + std::to_string(options.ports.size()), word, driver});
    }
  }
  for (std::size_t i = 0; i + 1 < options.ports.size(); i += 2)
    options.wire.emplace_back(options.ports[i].name, options.ports[i + 1].name);
  if (options.ports.size() % 2 != 0) options.mirror.push_back(options.ports.back().name);
  return options;
}

void forward(const Nic& nic, FramePool& pool, std::size_t worker, Probe& probe) {
  std::array<Frame, 64> frames;
  for (const QueueLink& link : nic.links(worker)) {
    const std::size_t count = link.in->receive(frames);
    const std::size_t sent = link.out == nullptr ? 0 : link.out->transmit({frames.data(), count});
    pool.release({frames.data() + sent, count - sent});
    probe.received += count;
    probe.transmitted += sent;
  }
}

void print_counts(const Nic& nic, std::size_t ports) {
  for (std::size_t i = 0; i < ports; ++i) {
    const PortCounts counts = nic.counts(i);
    std::printf("p%zu: received %llu transmitted %llu missed %llu too_long %llu link %d\n", i,
                static_cast<unsigned long long>(counts.received), static_cast<unsigned long long>(counts.transmitted),
                static_cast<unsigned long long>(counts.missed), static_cast<unsigned long long>(counts.too_long),
                counts.link_up ? 1 : 0);
  }
}

bool input_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

int run(int argc, char** argv) {
  Probe probe;
  const NicOptions options = options_of(argc, argv, probe);
  Result<std::unique_ptr<Nic>> started = Nic::start(options);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return static_cast<int>(started.error().code);
  }
  Nic& nic = *started.value();
  for (const std::string& note : nic.notes()) std::printf("note: %s\n", note.c_str());
  std::printf("ready\n");
  std::fflush(stdout);
  std::atomic<bool> stop = false;
  const Result<void> launched = nic.launch([&](std::size_t worker) {
    while (!stop && (probe.until == 0 || probe.received < probe.until)) forward(nic, nic.pool(worker), worker, probe);
    stop = true;
  });
  if (!launched) return 1;
  while (!stop && !input_ended()) usleep(1000);
  stop = true;
  nic.wait();
  std::printf("received %llu transmitted %llu\n", static_cast<unsigned long long>(probe.received),
              static_cast<unsigned long long>(probe.transmitted));
  print_counts(nic, options.ports.size());
  return 0;
}

}  // namespace
}  // namespace telefence

// Read by LeakSanitizer where it is linked: net_af_xdp of DPDK 22.11 does not give its umem back when it is closed.
extern "C" const char* __lsan_default_suppressions() { return "leak:xsk_umem__create\n"; }

int main(int argc, char** argv) { return telefence::run(argc, argv); }
