// SPDX-License-Identifier: Apache-2.0
// A main for fuzzers where libFuzzer is not: runs the files and folders given, then a fixed number of mutations of
// them, or as many as fit into some minutes of this process's CPU time. The mutations depend on nothing but the seed
// and the inputs, so a failure comes again. The input that fails is left in FUZZER-failed.bin.
//
//   x_fuzz_runner [--mutations N | --minutes N] [--seed N] PATH...

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

#include "support/fuzz_protocol.h"

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kLongest = 4096;

const Input* running = nullptr;

void keep_failed_input(int signal) {
  if (running != nullptr) {
    if (std::FILE* file = std::fopen("FUZZER-failed.bin", "wb")) {
      std::fwrite(running->data(), 1, running->size(), file);
      std::fclose(file);
      constexpr char kNote[] = "the failing input is in FUZZER-failed.bin\n";
      (void)!write(STDERR_FILENO, kNote, sizeof kNote - 1);
    }
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const Input& input) {
  running = &input;
  // An exact copy on the heap, so that a sanitizer sees one byte too far.
  const Input exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<std::filesystem::path> files_under(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class Mutator {
 public:
  Mutator(const std::vector<Input>& seeds, std::uint64_t seed) : seeds_(seeds), random_(seed) {}

  Input next() {
    Input input = seeds_[below(seeds_.size())];
    for (std::size_t steps = 1 + below(4); steps > 0; --steps) step(input);
    if (input.size() > kLongest) input.resize(kLongest);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  std::ptrdiff_t at(const Input& input) { return static_cast<std::ptrdiff_t>(below(input.size() + 1)); }

  void step(Input& input) {
    if (input.empty()) input.push_back(0);
    std::uint8_t& byte = input[below(input.size())];
    switch (below(7)) {
      case 0:
        byte = static_cast<std::uint8_t>(byte ^ 1u << below(8));
        return;
      case 1:
        byte = static_cast<std::uint8_t>(random_());
        return;
      case 2: {
        constexpr std::uint8_t kEdges[] = {0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff, '\r', '\n', ':', ' '};
        byte = kEdges[below(std::size(kEdges))];
        return;
      }
      case 3:
        input.resize(below(input.size()));
        return;
      case 4:
        input.insert(input.begin() + at(input), 1 + below(4), static_cast<std::uint8_t>(random_()));
        return;
      case 5:
        copy_part(input, seeds_[below(seeds_.size())]);
        return;
      default:
        copy_part(input, Input(input));
        return;
    }
  }

  void copy_part(Input& input, const Input& from) {
    const std::size_t start = below(from.size());
    const std::size_t length = below(std::min<std::size_t>(from.size() - start, 256) + 1);
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(start);
    input.insert(input.begin() + at(input), first, first + static_cast<std::ptrdiff_t>(length));
  }

  const std::vector<Input>& seeds_;
  std::mt19937_64 random_;
};

struct Options {
  std::size_t mutations = 0;
  std::size_t minutes = 0;
  std::size_t seed = 20260101;
};

// The number that the option at argv[i] names, its value still to be written; null if it names none.
std::size_t* option_of(Options& options, const char* name) {
  if (std::strcmp(name, "--mutations") == 0) return &options.mutations;
  if (std::strcmp(name, "--minutes") == 0) return &options.minutes;
  if (std::strcmp(name, "--seed") == 0) return &options.seed;
  return nullptr;
}

double cpu_minutes() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC / 60; }

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::vector<Input> seeds;
  for (int i = 1; i < argc; ++i) {
    std::size_t* option = option_of(options, argv[i]);
    if (option != nullptr && i + 1 < argc) {
      *option = std::strtoul(argv[++i], nullptr, 10);
      continue;
    }
    for (const auto& path : files_under(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no input files; usage: %s [--mutations N | --minutes N] [--seed N] PATH...\n", argv[0]);
    return 2;
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, keep_failed_input);
  for (const Input& seed : seeds) run(seed);
  Mutator mutator(seeds, options.seed);
  std::size_t done = 0;
  while (done < options.mutations || cpu_minutes() < static_cast<double>(options.minutes)) {
    run(mutator.next());
    ++done;
  }
  std::printf("%zu seeds, %zu mutations, %.1f minutes of CPU time: no broken promise\n", seeds.size(), done,
              cpu_minutes());
  return 0;
}
