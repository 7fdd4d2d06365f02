// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <string>

#include "extract_bench.h"
#include "protocols/sip/sip_text.h"

namespace telefence::sip {
namespace {

using telefence::Octets;

constexpr std::string_view kSessionDescription =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49172 RTP/AVP 0 8 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

// An INVITE as phones send it: about 700 octets with its session description.
Octets invite(std::mt19937& random) {
  const std::string called = "+861380013" + std::to_string(1000 + random() % 9000);
  TestRequest request;
  request.uri = "sip:" + called + "@core.example;user=phone";
  request.to = "To: <sip:" + called + "@core.example>";
  request.call_id = "Call-ID: " + std::to_string(random()) + "@192.0.2.1";
  request.more = {"Max-Forwards: 70", "Contact: <sip:+8610086@192.0.2.1:5060>",
                  "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS", "User-Agent: phone/1.0", "Content-Type: application/sdp"};
  request.length = "Content-Length: " + std::to_string(kSessionDescription.size());
  request.body = kSessionDescription;
  const std::string text = text_of(request);
  return {text.begin(), text.end()};
}

std::vector<Octets> invites(std::size_t count) {
  std::mt19937 random(7);
  std::vector<Octets> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(invite(random));
  return all;
}

void extract_invite(benchmark::State& state) { bench_extract(state, kProtocol, invites(4096), Transport::kUdp, 5060); }
BENCHMARK(extract_invite)->Name("protocols/sip/extract/invite");

void recognise_invite(benchmark::State& state) { bench_recognise(state, kProtocol, invites(4096)); }
BENCHMARK(recognise_invite)->Name("protocols/sip/recognise/invite");

void refuse_invite(benchmark::State& state) {
  bench_refuse(state, kProtocol, invites(1).front(), Transport::kUdp, RefusalTerms{});
}
BENCHMARK(refuse_invite)->Name("protocols/sip/refuse/603");

}  // namespace
}  // namespace telefence::sip
