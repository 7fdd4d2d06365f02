// SPDX-License-Identifier: Apache-2.0
// A main for fuzzers where libFuzzer is not: runs the files and folders given, then a fixed number of mutations of
// them. The mutations depend on nothing but the seeds, so a failure comes again. The input that fails is left in
// FUZZER-failed.bin.
//
//   x_fuzz_runner [--mutations N] PATH...

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
  explicit Mutator(const std::vector<Input>& seeds) : seeds_(seeds) {}

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
  std::mt19937_64 random_{20260101};
};

}  // namespace

int main(int argc, char** argv) {
  std::size_t mutations = 0;
  std::vector<Input> seeds;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
      mutations = std::strtoul(argv[++i], nullptr, 10);
      continue;
    }
    for (const auto& path : files_under(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no input files; usage: %s [--mutations N] PATH...\n", argv[0]);
    return 2;
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, keep_failed_input);
  for (const Input& seed : seeds) run(seed);
  Mutator mutator(seeds);
  for (std::size_t i = 0; i < mutations; ++i) run(mutator.next());
  std::printf("%zu seeds, %zu mutations: no broken promise\n", seeds.size(), mutations);
  return 0;
}
