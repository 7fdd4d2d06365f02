// SPDX-License-Identifier: Apache-2.0
// However a hello is cut into CRYPTO frames, packets and datagrams, and in whatever order they come, it is the same visit: refused
// to its end, or not touched at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filter.h"
#include "pipeline/worker.h"
#include "quic_payloads.h"

namespace telefence {
namespace {

using namespace testing;

Octets hello_of(std::string_view host, std::mt19937& random) {
  const Octets encrypted = tls::extension(0xfe0d, {0, 0, 1, 0, 1, 7, 0, 0, 0, 0});
  const Octets share = tls::extension(51, Octets(random() % 2 == 0 ? 40 : 1216, 0x55));
  // Told when the name is there; whether the real one is hidden must be seen by then.
  std::vector<Octets> front{encrypted, share, tls::extension(43, {2, 3, 4}), tls::extension(16, {0, 3, 2, 'h', '3'})};
  std::shuffle(front.begin(), front.end(), random);
  const Octets parameters = tls::extension(57, Octets(random() % 90, 4));
  return tls::client_hello(tls::join({front[0], front[1], front[2], front[3], tls::server_name(host), parameters}));
}

// The datagrams of one connection that carry all of the hello, each part at least once.
class Sender {
 public:
  // is_answered: the server answers the first datagram before the others are sent, so that its id is known.
  Sender(std::mt19937& random, std::uint32_t version, bool is_answered)
      : random_(random), version_(version), is_answered_(is_answered) {
    for (Octets* id : {&first_id_, &server_id_}) {
      id->resize(8 + random_() % 13);
      for (std::uint8_t& byte : *id) byte = static_cast<std::uint8_t>(random_());
    }
    token_.resize(random_() % 2 * 50);
  }

  std::vector<Octets> send(const Octets& hello) {
    std::vector<Octets> frames = shuffled_frames(hello, random_() % 20, random_);
    const std::size_t datagrams = 1 + random_() % 6;
    std::vector<std::vector<Octets>> packets(datagrams);
    for (const Octets& frame : frames) add(packets[random_() % datagrams], frame);
    std::vector<Octets> out;
    for (std::size_t i = 0; i < datagrams; ++i) out.push_back(datagram(packets[i], i == 0));
    if (out.size() > 1) std::shuffle(out.begin() + 1, out.end(), random_);
    return out;
  }
  // Every byte once more, in other packets.
  std::vector<Octets> send_again(const Octets& hello) {
    number_ += 10;
    return send(hello);
  }

 private:
  // Into the packet that is being filled, or a new one of the same datagram.
  void add(std::vector<Octets>& packets, const Octets& frame) {
    if (packets.empty() || random_() % 3 == 0) packets.emplace_back();
    Octets& packet = packets.back();
    if (random_() % 4 == 0) packet.push_back(0x01);
    if (random_() % 4 == 0) packet.resize(packet.size() + random_() % 20);
    if (random_() % 6 == 0) append(packet, Octets{0x02, 0x01, 0x00, 0x00, 0x01});
    append(packet, frame);
  }
  Octets datagram(const std::vector<Octets>& packets, bool is_first) {
    InitialShape shape{.version = version_, .destination_id = first_id_, .token = token_, .size = 0};
    if (!is_first && is_answered_ && random_() % 3 == 0) {
      shape.destination_id = server_id_;
      shape.key_id = first_id_;
    }
    Octets out;
    if (random_() % 5 == 0) append(out, sealed_packet(shape, quic::PacketType::kZeroRtt, 30 + random_() % 60));
    for (const Octets& frames : packets) {
      shape.number = number_++;
      shape.number_bytes = static_cast<std::uint8_t>(1 + random_() % 4);
      shape.frames = frames;
      append(out, initial(shape));
    }
    if (packets.empty() || out.size() < 1200) {
      shape.number = number_++;
      shape.frames = {0x01};
      shape.size = out.size() < 1150 ? 1200 - out.size() : 60;
      append(out, initial(shape));
    }
    return out;
  }

  std::mt19937& random_;
  std::uint32_t version_;
  bool is_answered_;
  std::uint32_t number_ = 0;
  Octets first_id_;
  Octets server_id_;
  Octets token_;
};

TEST(QuicSpread, CutShuffledDoubledAndSpreadItIsTheSameVisit) {
  Filter filter;
  filter.block([](MatchSetBuilder& b) { Filter::block_domain(b, "evil.example"); });
  std::mt19937 random(23);
  const char* const more = std::getenv("SPREAD_ROUNDS");
  const int rounds = more == nullptr ? 6'000 : std::atoi(more);
  std::uint64_t now_ns = 1'700'000'000'000'000'000;
  for (int round = 0; round < rounds; ++round) {
    const bool evil = round % 2 == 0;
    const std::uint32_t versions[] = {1, 0x6b3343cf, 1, 0xff00001d};
    const Octets hello = hello_of(evil ? "a.b.evil.example" : "a.b.good.example", random);
    enum class Pace { kOneByOne, kFirstAlone, kAllAtOnce };
    const auto pace = static_cast<Pace>(random() % 3);
    Sender sender(random, versions[random() % 4], pace != Pace::kAllAtOnce);
    std::vector<Octets> datagrams = sender.send(hello);
    const std::size_t firsts = datagrams.size();
    for (const Octets& again : sender.send_again(hello)) datagrams.push_back(again);
    filter.core.forget();
    filter.access.forget();
    now_ns += 10'000'000;
    const auto from = static_cast<std::uint16_t>(10'000 + round % 50'000);
    const std::uint64_t records = filter.ring.pushed();
    const std::uint64_t hidden = filter.stats().encrypted_hellos.read();
    const std::uint64_t dropped = filter.fate(Fate::kDroppedByVerdict) + filter.fate(Fate::kDroppedDeadConnection);
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      ASSERT_LE(datagrams[i].size(), 3800u);
      filter.access.give(quic_frame(datagrams[i], from), now_ns);
      if (pace == Pace::kOneByOne || (pace == Pace::kFirstAlone && i == 0)) filter.run();
    }
    filter.run();
    while (filter.ring.front() != nullptr) filter.ring.release();
    const std::uint64_t gone = filter.fate(Fate::kDroppedByVerdict) + filter.fate(Fate::kDroppedDeadConnection) - dropped;
    ASSERT_EQ(filter.core.sent().size() + gone, datagrams.size()) << "round " << round;
    if (evil) {
      ASSERT_EQ(filter.ring.pushed() - records, 1u) << "it is one visit: round " << round;
      ASSERT_EQ(filter.stats().encrypted_hellos.read() - hidden, 1u) << "round " << round;
      ASSERT_GE(gone, 1 + datagrams.size() - firsts) << "all that come again are dropped: round " << round;
    } else {
      ASSERT_EQ(gone, 0u) << "round " << round;
      for (std::size_t i = 0; i < datagrams.size(); ++i)
        ASSERT_EQ(filter.core.sent()[i], quic_frame(datagrams[i], from)) << "round " << round;
    }
  }
  EXPECT_EQ(filter.stats().inconsistent_copies.read(), 0u);
  EXPECT_EQ(filter.free_buffers(), Filter::kBuffers);
}

}  // namespace
}  // namespace telefence
