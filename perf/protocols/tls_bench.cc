// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <string>

#include "extract_bench.h"
#include "protocols/tls/hello.h"

namespace telefence::tls {
extern const Protocol kProtocol;
namespace {

// About 520 bytes, as clients pad them; `key_share` bytes of an extension in front of the name.
std::vector<Octets> hellos(std::size_t count, std::size_t key_share) {
  std::mt19937 random(7);
  std::vector<Octets> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "www.shop" + std::to_string(random() % 100000) + ".example";
    all.push_back(record(client_hello(
        join({extension(51, Octets(key_share, 7)), extension(10, {0, 2, 0, 29}), extension(13, Octets(20, 4)),
              server_name(name), extension(43, {2, 3, 4}), extension(21, Octets(300, 0))}))));
  }
  return all;
}

void extract_hello(benchmark::State& state) { bench_extract(state, kProtocol, hellos(4096, 38), Transport::kTcp, 443); }
BENCHMARK(extract_hello)->Name("protocols/tls/extract/hello");

void extract_records(benchmark::State& state) {
  std::vector<Octets> all;
  for (const Octets& hello : hellos(kBurst, 38)) all.push_back(records(Octets(hello.begin() + 5, hello.end()), 100));
  bench_extract(state, kProtocol, all, Transport::kTcp, 443);
}
BENCHMARK(extract_records)->Name("protocols/tls/extract/records_of_100");

void extract_application_data(benchmark::State& state) {
  bench_extract(state, kProtocol, std::vector<Octets>(kBurst, record(Octets(1300, 9), 23)), Transport::kTcp, 443);
}
BENCHMARK(extract_application_data)->Name("protocols/tls/extract/application_data");

}  // namespace
}  // namespace telefence::tls
