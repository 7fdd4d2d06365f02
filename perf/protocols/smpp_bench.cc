// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <string>

#include "extract_bench.h"
#include "protocols/smpp/pdu_builder.h"

namespace telefence::smpp {
extern const Protocol kProtocol;
namespace {

using telefence::Octets;

// 70 characters of the common Chinese block in UCS-2: a short message at its fullest.
TestMessage submit(std::mt19937& random, std::uint32_t sequence) {
  TestMessage message{.sequence = sequence, .data_coding = 8, .text = std::string(140, '\0')};
  for (std::size_t i = 0; i < message.text.size(); i += 2) {
    message.text[i] = static_cast<char>(0x4e + random() % 0x50);
    message.text[i + 1] = static_cast<char>(random() % 256);
  }
  message.destinations = {"861380013" + std::to_string(1000 + random() % 9000)};
  return message;
}

std::vector<Octets> segments(std::size_t count, std::uint32_t each) {
  std::mt19937 random(7);
  std::vector<Octets> all(count);
  for (Octets& segment : all)
    for (std::uint32_t i = 0; i < each; ++i) {
      const Octets one = pdu(submit(random, i));
      segment.insert(segment.end(), one.begin(), one.end());
    }
  return all;
}

void extract_submit(benchmark::State& state) {
  bench_extract(state, kProtocol, segments(4096, 1), Transport::kTcp, 2775);
}
BENCHMARK(extract_submit)->Name("protocols/smpp/extract/submit_sm");

void extract_full_segment(benchmark::State& state) {
  bench_extract(state, kProtocol, segments(1024, 6), Transport::kTcp, 2775);
}
BENCHMARK(extract_full_segment)->Name("protocols/smpp/extract/six_in_a_segment");

void neutralise_submit(benchmark::State& state) {
  Octets message = segments(1, 1).front();
  for (auto _ : state) {
    benchmark::DoNotOptimize(kProtocol.neutralise(Event{}, message, {}));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(neutralise_submit)->Name("protocols/smpp/neutralise/submit_sm");

}  // namespace
}  // namespace telefence::smpp
