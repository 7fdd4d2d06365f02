// SPDX-License-Identifier: Apache-2.0
#include "city_events.h"

#include <array>
#include <cstring>

#include "memory_source.h"
#include "traffic_parts.h"

namespace telefence::perf {
namespace {

constexpr std::size_t kNetwork = 14, kTransport = kNetwork + 20;

void copy(const Traffic& traffic, std::size_t i, Frame& frame) {
  const std::uint64_t start = traffic.start[i];
  frame.length = static_cast<std::uint32_t>(traffic.start[i + 1] - start);
  frame.tailroom = static_cast<std::uint16_t>(frame.tailroom - frame.length);
  std::memcpy(frame.data, traffic.bytes.data() + start, frame.length);
}

// One INVITE, in which what differs has always the same length and stands in the same places.
class Calls final : public Events {
 public:
  explicit Calls(const Sizes& sizes) : sizes_(sizes) {
    Random random(kSeed);
    const std::string from(11, 'F'), to(11, 'T'), id(16, 'I');
    const std::string sdp =
        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
    add_frame(template_, false, 5060,
              "INVITE sip:+86" + to + "@10.0.0.2;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK" +
                  id + "\r\nMax-Forwards: 70\r\nFrom: <sip:+86" + from + "@10.0.0.1>;tag=" + id + "\r\nTo: <sip:+86" +
                  to + "@10.0.0.2>\r\nCall-ID: " + id +
                  "@10.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:10.0.0.1>\r\n"
                  "Content-Type: application/sdp\r\nContent-Length: " +
                  std::to_string(sdp.size()) + "\r\n\r\n" + sdp,
              random);
    const std::string bytes(template_.bytes.begin(), template_.bytes.end());
    from_ = bytes.find(from);
    to_ = {bytes.find(to), bytes.rfind(to)};
    id_ = {bytes.find(id), bytes.find(id, bytes.find(id) + 16), bytes.rfind(id)};
  }

  bool write(std::uint64_t n, Frame& frame) override {
    copy(template_, 0, frame);
    const bool fraud = (n & 1) != 0;
    const std::uint64_t random = mixed(n);
    put_number(frame.data + from_, fraud ? fraud_caller(n / 2, random) : innocent(random));
    for (const std::size_t at : to_) put_number(frame.data + at, innocent(mixed(random)));
    std::array<char, 16> id;
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<char>('a' + (n >> 4 * i & 15));
    for (const std::size_t at : id_) std::memcpy(frame.data + at, id.data(), id.size());
    add_to_field(frame, kNetwork + 12, static_cast<std::uint32_t>(random & 0xffffff), {kNetwork + 10});
    return fraud;
  }

 private:
  static std::uint64_t innocent(std::uint64_t random) { return 13'100'000'000 + random % 899'999'999; }
  // All listed numbers in turn, in an order that caches do not know; the same as listed_number() and listed_prefix().
  std::uint64_t fraud_caller(std::uint64_t k, std::uint64_t random) const {
    if (sizes_.prefixes != 0 && k % 100 == 0)
      return 18'000'000'000 + k / 100 % sizes_.prefixes * 7 % 100'000 * 10'000 + random % 10'000;
    const std::uint64_t i = k * 7'368'787 % sizes_.numbers;
    return 17'100'000'000 + i * 13 % 899'999'999;
  }
  static void put_number(std::uint8_t* at, std::uint64_t number) {
    for (std::size_t i = 11; i-- > 0; number /= 10) at[i] = static_cast<std::uint8_t>('0' + number % 10);
  }

  Sizes sizes_;
  Traffic template_;
  std::size_t from_ = 0;
  std::array<std::size_t, 2> to_{};
  std::array<std::size_t, 3> id_{};
};

class Messages final : public Events {
 public:
  explicit Messages(Sizes sizes) : traffic_((sizes.blocked = 0.5, smpp_traffic(sizes))) {}
  bool write(std::uint64_t n, Frame& frame) override {
    const std::size_t i = n % traffic_.count();
    copy(traffic_, i, frame);
    add_to_field(frame, kTransport + 4, static_cast<std::uint32_t>(traffic_.moves[i].sequence * (n / traffic_.count())),
                 {kTransport + 16});
    return traffic_.blocked[i];
  }

 private:
  Traffic traffic_;
};

class Visits final : public Events {
 public:
  Visits(Sizes sizes, std::size_t fraud) {
    sizes.blocked = 0;
    innocent_ = visits(sizes);
    sizes.blocked = 1;
    sizes.packets = fraud;
    fraud_ = visits(sizes);
  }
  bool write(std::uint64_t n, Frame& frame) override {
    const std::uint64_t period = n / kVisitsPerHit;
    const bool fraud = n % kVisitsPerHit == mixed(period) % kVisitsPerHit;
    const Traffic& from = fraud ? fraud_ : innocent_;
    const std::uint64_t round = (fraud ? period : n) / from.count();
    copy(from, (fraud ? period : n) % from.count(), frame);
    // In each round others visit.
    const auto more = static_cast<std::uint32_t>((round % 100 << 24) + round / 100 * 0x010203);
    if (frame.data[kNetwork + 9] == 6)
      add_to_field(frame, kNetwork + 12, more, {kNetwork + 10, kTransport + 16});
    else
      add_to_field(frame, kNetwork + 12, more, {kNetwork + 10});
    return fraud;
  }

 private:
  static Traffic visits(const Sizes& sizes) {
    return make(sizes, [&](Traffic& traffic, bool blocked, std::size_t i, Random& random) {
      const std::string name = any_name(sizes, blocked, i, random);
      const std::uint64_t kind = random() % 20;
      if (kind < 12) {
        Build query;
        query.u16(i & 0xffff)
            .u16(0x0100)
            .u16(1)
            .u16(0)
            .u16(0)
            .u16(0)
            .text(in_labels(random_case(name, random)))
            .u16(1)
            .u16(1);
        add_frame(traffic, false, 53, query.out, random);
      } else if (kind < 19) {
        add_frame(traffic, true, 443, client_hello_record(name), random);
      } else {
        add_frame(
            traffic, true, 80,
            "GET /index.html HTTP/1.1\r\nHost: " + name +
                "\r\nUser-Agent: Mozilla/5.0 (Linux; Android 14)\r\nAccept: text/html\r\n"
                "Accept-Language: zh-CN,zh;q=0.9\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
            random);
      }
    });
  }
  Traffic innocent_, fraud_;
};

}  // namespace

std::unique_ptr<Events> city_calls(const Sizes& sizes) { return std::make_unique<Calls>(sizes); }
std::unique_ptr<Events> city_messages(const Sizes& sizes) { return std::make_unique<Messages>(sizes); }
std::unique_ptr<Events> city_visits(const Sizes& sizes, std::size_t fraud) {
  return std::make_unique<Visits>(sizes, fraud);
}

}  // namespace telefence::perf
