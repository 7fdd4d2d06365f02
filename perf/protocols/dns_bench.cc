// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "extract_bench.h"
#include "protocols/dns/query.h"

namespace telefence::dns {
extern const Protocol kProtocol;
namespace {

std::string random_label(std::mt19937& random, unsigned least, unsigned most) {
  std::string label(least + random() % (most - least + 1), ' ');
  for (char& c : label) c = static_cast<char>('a' + random() % 26);
  return label;
}

std::vector<Octets> queries(std::size_t count) {
  std::mt19937 random(7);
  std::vector<Octets> all;
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = static_cast<unsigned>(i & 0xffff);
    all.push_back(Message()
                      .header(id, kRecursionDesired, 1, 0, 0, 1)
                      .question({"www", random_label(random, 4, 16), "example"}, i % 2 == 0 ? 1 : 28)
                      .opt(1232)
                      .bytes());
  }
  return all;
}

void extract_query(benchmark::State& state) { bench_extract(state, kProtocol, queries(4096), Transport::kUdp, 53); }
BENCHMARK(extract_query)->Name("protocols/dns/extract/query");

void extract_longest_name(benchmark::State& state) {
  const std::string label(63, 'x');
  const auto longest = Message().header(1, 0, 1).question({label, label, label, std::string(61, 'y')}).bytes();
  bench_extract(state, kProtocol, std::vector<Octets>(kBurst, longest), Transport::kUdp, 53);
}
BENCHMARK(extract_longest_name)->Name("protocols/dns/extract/longest_name");

void refuse_query(benchmark::State& state) {
  bench_refuse(state, kProtocol, queries(1).front(), Transport::kUdp, RefusalTerms{});
}
BENCHMARK(refuse_query)->Name("protocols/dns/refuse/nxdomain");

}  // namespace
}  // namespace telefence::dns
