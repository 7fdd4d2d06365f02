// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <string>

#include "extract_bench.h"

namespace telefence::http {
extern const Protocol kProtocol;
namespace {

Octets octets(const std::string& text) { return {text.begin(), text.end()}; }

// As browsers send them: about 500 bytes, Host in the second line.
std::vector<Octets> requests(std::size_t count) {
  std::mt19937 random(7);
  std::vector<Octets> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(random() % 100000);
    all.push_back(
        octets("GET /shop/" + number + "?from=sms&page=" + std::to_string(i) + " HTTP/1.1\r\nHost: www.shop" + number +
               ".example\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 (Linux; Android 10; K) "
               "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36\r\n"
               "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
               "Accept-Encoding: gzip, deflate\r\nAccept-Language: zh-CN,zh;q=0.9\r\nCookie: id=" +
               std::string(80, 'c') + "\r\n\r\n"));
  }
  return all;
}

std::vector<Octets> noise(std::size_t count) {
  std::mt19937 random(8);
  std::vector<Octets> all(count, Octets(1400));
  for (Octets& segment : all)
    for (std::uint8_t& byte : segment) byte = static_cast<std::uint8_t>(random());
  return all;
}

void extract_request(benchmark::State& state) { bench_extract(state, kProtocol, requests(4096), Transport::kTcp, 80); }
BENCHMARK(extract_request)->Name("protocols/http/extract/request");

void recognise_noise(benchmark::State& state) { bench_recognise(state, kProtocol, noise(1024)); }
BENCHMARK(recognise_noise)->Name("protocols/http/recognise/noise");

void refuse_page(benchmark::State& state) {
  RefusalTerms terms;
  terms.answer = 1;
  bench_refuse(state, kProtocol, requests(1).front(), Transport::kTcp, terms);
}
BENCHMARK(refuse_page)->Name("protocols/http/refuse/page");

}  // namespace
}  // namespace telefence::http
