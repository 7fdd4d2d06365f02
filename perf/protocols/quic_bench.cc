// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <random>
#include <string>

#include "extract_bench.h"
#include "protocols/datagram_reader.h"
#include "protocols/quic/initial_keys.h"
#include "protocols/tls/hello.h"
#include "support/quic_initial.h"

namespace telefence::quic {
extern const Protocol kProtocol;
namespace {

using testing::crypto_frame;
using testing::initial;
using tls::client_hello;
using tls::extension;
using tls::join;
using tls::server_name;

// About 520 bytes; `key_share` bytes of an extension in front of the name.
Octets hello_of(std::mt19937& random, std::size_t key_share) {
  const std::string name = "www.shop" + std::to_string(random() % 100000) + ".example";
  return client_hello(join({extension(51, Octets(key_share, 7)), extension(10, {0, 2, 0, 29}), extension(13, Octets(20, 4)),
                            server_name(name), extension(43, {2, 3, 4}), extension(57, Octets(300, 0))}));
}

Octets id_of(std::mt19937& random) {
  Octets id(8);
  for (std::uint8_t& byte : id) byte = static_cast<std::uint8_t>(random());
  return id;
}

// A hello in one Initial of 1,200 bytes, in one CRYPTO frame or in many that are shuffled, as Chrome sends it.
std::vector<Octets> hellos(std::size_t count, std::size_t cuts) {
  std::mt19937 random(7);
  std::vector<Octets> all;
  for (std::size_t i = 0; i < count; ++i) {
    const Octets hello = hello_of(random, 38);
    Octets frames;
    if (cuts == 0) frames = crypto_frame(0, hello);
    for (const Octets& frame : cuts == 0 ? std::vector<Octets>() : testing::shuffled_frames(hello, cuts, random)) testing::append(frames, frame);
    all.push_back(initial({.destination_id = id_of(random), .frames = frames}));
  }
  return all;
}

void extract_hello(benchmark::State& state) { bench_extract(state, kProtocol, hellos(1024, 0), Transport::kUdp, 443); }
BENCHMARK(extract_hello)->Name("protocols/quic/extract/hello");

void extract_shuffled(benchmark::State& state) { bench_extract(state, kProtocol, hellos(1024, 12), Transport::kUdp, 443); }
BENCHMARK(extract_shuffled)->Name("protocols/quic/extract/hello_in_shuffled_frames");

// What an attacker may send, and what the server's and later Initials come to.
void extract_not_authentic(benchmark::State& state) {
  std::vector<Octets> all = hellos(1024, 0);
  for (Octets& datagram : all) datagram.back() ^= 1;
  bench_extract(state, kProtocol, all, Transport::kUdp, 443);
}
BENCHMARK(extract_not_authentic)->Name("protocols/quic/extract/not_authentic");

void extract_short_header(benchmark::State& state) {
  bench_extract(state, kProtocol, std::vector<Octets>(kBurst, Octets(1250, 0x45)), Transport::kUdp, 443);
}
BENCHMARK(extract_short_header)->Name("protocols/quic/extract/short_header");

void make_keys(benchmark::State& state) {
  const KeyMaker maker;
  Octets id(8);
  for (auto _ : state) {
    ++id[0];
    benchmark::DoNotOptimize(maker.make(*version_of(1), id, Side::kClient));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(make_keys)->Name("protocols/quic/keys/client");

// One connection, as the pipeline keeps it.
class OneConnection final : public FlowMemory {
 public:
  Connection find(Bytes) override { return size_ == 0 ? Connection{} : Connection{Standing::kUnfinished, mark_, Bytes(*note_).first(size_)}; }
  std::size_t list(std::span<Connection>) override { return 0; }
  void belongs_to(Bytes) override {}
  void keep(Bytes, Bytes note) override {
    std::copy(note.begin(), note.end(), note_->begin());
    size_ = note.size();
  }
  void finish(Bytes, End) override { size_ = 0; }
  void note(Sight) override {}

 private:
  Octets mark_ = Octets(12);
  std::unique_ptr<std::array<std::uint8_t, kLongestNote>> note_ = std::make_unique<std::array<std::uint8_t, kLongestNote>>();
  std::size_t size_ = 0;
};

// Items are hellos of about 1,750 bytes over two datagrams, as with a post-quantum key share.
void read_two_datagrams(benchmark::State& state) {
  std::mt19937 random(7);
  std::vector<std::array<Octets, 2>> all;
  for (std::size_t i = 0; i < 512; ++i) {
    const Octets hello = hello_of(random, 1216);
    const Octets id = id_of(random);
    const Bytes bytes(hello);
    all.push_back({initial({.destination_id = id, .frames = crypto_frame(0, bytes.first(1100))}),
                   initial({.destination_id = id, .number = 1, .frames = crypto_frame(1100, bytes.subspan(1100))})});
  }
  const std::unique_ptr<DatagramReader> reader = kProtocol.make_reader();
  OneConnection memory;
  EventList events;
  std::size_t at = 0;
  for (auto _ : state) {
    events.clear();
    events.begin_frame(0, 0);
    for (const Octets& datagram : all[at]) benchmark::DoNotOptimize(reader->read({datagram, Transport::kUdp, 40000, 443}, memory, events));
    if (events.events().size() != 1) state.SkipWithError("no name was told");
    at = (at + 1) % all.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(read_two_datagrams)->Name("protocols/quic/read/hello_in_two_datagrams");

}  // namespace
}  // namespace telefence::quic
