// SPDX-License-Identifier: Apache-2.0
// Fuzzes a whole worker with QUIC clients. The input is a script: how the hello of each connection is cut into CRYPTO frames, packets
// and datagrams, in what order those come, which are damaged, repeated, or contradict others, and what the server says. The first
// byte chooses how the worker stands in the line.
// Promised of every input:
//   each frame has one fate; each buffer comes back; nothing is written or read beside a frame
//   no datagram is changed; none leaves more often than it came; who only watches lets everything through
//   datagrams of connections whose name is not listed leave once, in order, also when they share their ports with listed ones
//   of a listed hello that did not contradict itself the server never gets all bytes

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "fuzz_stands.h"
#include "fuzz_tunnel.h"
#include "quic_payloads.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence::testing {
namespace {

constexpr std::size_t kMostSteps = 60;
constexpr std::size_t kMostFrames = 120;  // sealing is what takes time
constexpr std::size_t kConnections = 4;
constexpr std::uint64_t kForgets = 10'000'000'000;  // less than what was kept of a connection is kept for

struct Client {
  std::uint16_t port = 0;
  bool is_listed = false, ipv6 = false;
  bool must_be_refused = false;
  bool may_be_marked = false;
  std::uint32_t version = 1;
  std::uint32_t number = 0;
  Octets first_id, server_id;
  Octets hello;
  std::size_t sent = 0;
  std::vector<bool> arrived;  // at the server
  Carrier carrier;
};

struct GivenDatagram {
  Octets bytes;  // the frame
  std::size_t client = 0;
  std::size_t side = 0;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;  // of the hello, that its server takes
  std::size_t given = 0, left = 0;
};

class Play {
 public:
  Play(World& world, Choices script) : world_(world), script_(script) {
    static constexpr std::uint32_t kVersions[] = {1, 0x6b3343cf, 0xff00001d, 1};
    for (std::size_t i = 0; i < kConnections; ++i) {
      const std::uint8_t shape = script_.octet();
      Client& client = clients_[i];
      client.port = static_cast<std::uint16_t>(42000 + shape % 3);
      client.version = kVersions[shape / 4 % 4];
      client.is_listed = (shape & 0x40) != 0;
      client.ipv6 = (shape & 0x80) != 0;
      const std::uint8_t more = script_.octet();
      const std::string name = std::string(1 + more % 5, 'a') + "." + std::string(client.is_listed ? kListedNames[more % 4] : "good.example");
      client.must_be_refused = client.is_listed && more % 4 < 2 && world_.enforces();
      client.may_be_marked = client.is_listed && more % 4 == 3;
      client.hello = hello_of(name, more);
      client.arrived.resize(client.hello.size());
      client.first_id = Octets(8 + more % 13, static_cast<std::uint8_t>(0x10 + i));
      client.server_id = Octets(more % 3 * 4, static_cast<std::uint8_t>(0x50 + i));
      client.carrier = (more & 0x80) != 0 ? Carrier(script_, static_cast<std::uint32_t>(i), true) : Carrier();
    }
  }

  void run() {
    for (std::size_t i = 0; i < kMostSteps && script_.any_left() && given_.size() < kMostFrames; ++i) step();
    run_worker();
    world_.finish();
    look_at_what_left();
    for (const auto& expected : expected_) promise(is_crowded_ || expected.empty(), "a datagram of an innocent connection did not leave");
  }

 private:
  // The name first, in the middle, or behind a long key share.
  static Octets hello_of(const std::string& name, std::uint8_t more) {
    const Octets share = tls::extension(51, Octets((more & 0x40) != 0 ? 1216 : 36, 0x55));
    const Octets server = tls::server_name(name);
    switch (more >> 4 & 3) {
      case 0: return tls::client_hello(server);
      case 1: return tls::client_hello(tls::join({server, share}));
      case 2: return tls::client_hello(tls::join({share, server}));
      default: return tls::client_hello(tls::join({tls::extension(43, {2, 3, 4}), server, tls::extension(57, Octets(90, 4)), share}));
    }
  }

  void step() {
    const std::uint8_t what = script_.octet();
    Client& client = clients_[what >> 4 & 3];
    switch (what & 15) {
      case 0:
      case 1:
      case 2:
      case 3: send_next(client); break;
      case 4:
      case 5: send_any(client); break;
      case 6: say_short(client, what >> 6 & 1); break;
      case 7: answer(client); break;
      case 8:
      case 9: repeat(); break;
      case 10: pass_time(); break;
      case 11: change_something(); break;
      case 12: say_anything(client); break;
      case 13: give_raw(what >> 6 & 1); break;
      default: send_next(client); break;
    }
    if ((what & 0x80) != 0) run_worker();
  }

  void send_next(Client& client) {
    if (client.sent >= client.hello.size()) client.sent = 0;
    const std::size_t count = 1 + script_.octet() * std::size_t{6};
    const std::size_t to = std::min(client.sent + count, client.hello.size());
    send(client, client.sent, to);
    client.sent = to;
  }
  void send_any(Client& client) {
    const std::size_t from = script_.word() % client.hello.size();
    send(client, from, std::min(from + 1 + script_.octet() * std::size_t{6}, client.hello.size()));
  }

  // how: 1 in two frames, the later first; 2 in two packets; 4 behind a 0-RTT packet; 8 with a token; 16 too small; 32 other bytes;
  // 64 damaged; 128 under the server's id.
  void send(Client& client, std::size_t from, std::size_t to) {
    const std::uint8_t how = script_.octet();
    const std::size_t middle = from + (to - from) / 2;
    Octets hello = client.hello;
    if ((how & 32) != 0) hello[middle] = '#', client.must_be_refused = false;
    const auto frame = [&](std::size_t start, std::size_t end) { return crypto_frame(start, Bytes(hello).subspan(start, end - start)); };
    InitialShape shape{.version = client.version, .destination_id = client.first_id, .size = 0};
    if ((how & 8) != 0) shape.token = Octets(40, 7);
    if ((how & 128) != 0) shape.destination_id = client.server_id, shape.key_id = client.first_id;
    Octets datagram;
    if ((how & 4) != 0) datagram = sealed_packet(shape, quic::PacketType::kZeroRtt, 50);
    shape.number = client.number++;
    if ((how & 3) != 0) {
      shape.frames = frame(middle, to);
      if ((how & 2) != 0) {
        append(datagram, initial(shape));
        shape.number = client.number++;
        shape.frames.clear();
      }
      append(shape.frames, frame(from, middle));
    } else {
      shape.frames = frame(from, to);
    }
    if ((how & 16) == 0 && datagram.size() < 1200) shape.size = 1200 - datagram.size();
    append(datagram, initial(shape));
    const bool is_taken = (how & 64) == 0 && datagram.size() >= 1200 && (how & 128) == 0;
    if ((how & 64) != 0) datagram.back() ^= 1;
    give(client, 0, datagram, is_taken ? std::pair{from, to} : std::pair{from, from});
  }

  void say_short(Client& client, std::size_t side) {
    Octets datagram{static_cast<std::uint8_t>(0x40 | script_.octet() % 64)};
    append(datagram, client.first_id);
    datagram.resize(datagram.size() + 20 + script_.octet(), 0x5c);
    give(client, side, datagram, {});
  }
  // The server's Initial, or a packet of another type.
  void answer(Client& client) {
    const std::uint8_t how = script_.octet();
    InitialShape shape{.version = client.version, .destination_id = {}, .source_id = client.server_id, .key_id = client.first_id, .side = quic::Side::kServer};
    if ((how & 3) == 0) return give(client, 1, initial(shape), {});
    shape.destination_id = {1, 2};
    give(client, 1, sealed_packet(shape, (how & 3) == 1 ? quic::PacketType::kHandshake : quic::PacketType::kRetry, 60 + how), {});
    // Its id and its keys are new ones from then on.
    client.must_be_refused = client.must_be_refused && (how & 3) == 1;
  }
  void say_anything(Client& client) {
    const std::string_view text = script_.text(script_.octet());
    give(client, 0, octets_of(text), {});
  }

  void give(Client& client, std::size_t side, const Octets& datagram, std::pair<std::size_t, std::size_t> range) {
    PacketShape shape;
    shape.ipv6 = client.ipv6;
    shape.reversed = side == 1;
    shape.transport = Transport::kUdp;
    shape.source_port = side == 1 ? std::uint16_t{443} : client.port;
    shape.destination_port = side == 1 ? client.port : std::uint16_t{443};
    const std::string payload(as_text(datagram));
    shape.payload = payload;
    shape.client = world_.client;
    shape.identification = static_cast<std::uint16_t>(given_.size() + 1);
    GivenDatagram given{client.carrier.carry(frame_of(shape), side == 1), static_cast<std::size_t>(&client - clients_.data()), side, {}};
    if (range.second > range.first) given.ranges.push_back(range);
    given_.push_back(std::move(given));
    give_again(given_.size() - 1);
  }
  void give_again(std::size_t number) {
    GivenDatagram& given = given_[number];
    ++given.given;
    (given.side == 0 || world_.is_mirror() ? world_.access : world_.core).give(given.bytes, world_.now_ns, 8, false);
    const bool is_innocent = !world_.enforces() || !clients_[given.client].is_listed;
    if (is_innocent && !world_.is_mirror()) expected_[given.side].push_back(number);
  }

  void repeat() {
    if (!given_.empty()) give_again(script_.octet() % given_.size());
  }
  void pass_time() {
    constexpr std::uint64_t kSteps[] = {100'000, 25'000'000, 1'000'000'000, 3'000'000'000, 20'000'000'000, 70'000'000'000};
    const std::uint8_t how = script_.octet();
    run_worker();
    const std::uint64_t step = kSteps[how % std::size(kSteps)];
    world_.now_ns += step;
    passed_ns_ += step;
    if (passed_ns_ > kForgets) expect_nothing();
    run_worker();
  }
  void change_something() {
    const std::uint8_t how = script_.octet();
    run_worker();
    expect_nothing();
    switch (how & 3) {
      case 0: world_.swap_sets((how & 4) != 0); break;
      case 1: world_.turn_off(how / 4 % 8); break;
      case 2:
        is_crowded_ = true;
        (((how & 4) != 0) ? world_.access : world_.core).set_room(how / 8 % 4);
        break;
      default: world_.pool.set_limit(world_.pool.out() + how / 4 % 8); break;
    }
  }
  void expect_nothing() {
    for (Client& client : clients_) client.must_be_refused = false;
  }
  void give_raw(std::size_t side) {
    const std::string_view text = script_.text(script_.octet());
    raw_.emplace_back(text.begin(), text.end());
    run_worker();
    (side == 0 || world_.is_mirror() ? world_.access : world_.core).give(as_bytes(text), world_.now_ns, 0, false);
    run_worker();
  }

  void run_worker() {
    world_.run();
    look_at_what_left();
  }
  void look_at_what_left() {
    (void)world_.respond.take_sent();  // pipeline_fuzz looks at answers to copies
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}})
      for (const Octets& bytes : (side == 0 ? world_.core : world_.access).take_sent()) look_at(side, bytes);
  }

  void look_at(std::size_t side, const Octets& bytes) {
    promise(!world_.is_mirror(), "a mirror port sends");
    if (std::find(raw_.begin(), raw_.end(), bytes) != raw_.end()) return;
    const auto found = std::find_if(given_.begin(), given_.end(), [&](const GivenDatagram& given) { return given.side == side && given.bytes == bytes; });
    if (found == given_.end()) return look_at_changed(bytes);
    promise(++found->left <= found->given, "a datagram leaves more often than it came");
    const bool is_innocent = !world_.enforces() || !clients_[found->client].is_listed;
    if (is_innocent) {
      std::deque<std::size_t>& expected = expected_[side];
      const auto number = static_cast<std::size_t>(found - given_.begin());
      while (is_crowded_ && !expected.empty() && expected.front() != number) expected.pop_front();
      promise(!expected.empty() && expected.front() == number, "datagrams of innocent connections leave in another order, or are missing");
      expected.pop_front();
    }
    Client& client = clients_[found->client];
    for (const auto& [from, to] : found->ranges) std::fill(client.arrived.begin() + static_cast<std::ptrdiff_t>(from), client.arrived.begin() + static_cast<std::ptrdiff_t>(to), true);
    const bool is_whole = std::find(client.arrived.begin(), client.arrived.end(), false) == client.arrived.end();
    promise(!client.must_be_refused || !is_whole, "a hello that was to be refused is whole at its server");
  }

  // A mark of the action tag.
  void look_at_changed(const Octets& bytes) const {
    const bool may_change = world_.enforces() && std::any_of(clients_.begin(), clients_.end(), [](const Client& client) { return client.may_be_marked; });
    promise(may_change, "a datagram leaves that nobody sent, or it was changed");
    check_tunnels(bytes, true);
  }

  World& world_;
  Choices script_;
  std::array<Client, kConnections> clients_;
  std::vector<GivenDatagram> given_;
  std::array<std::deque<std::size_t>, 2> expected_;  // of innocent connections, that have not left, by side
  std::vector<Octets> raw_;
  std::uint64_t passed_ns_ = 0;
  bool is_crowded_ = false;
};

}  // namespace
}  // namespace telefence::testing

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence::testing;
  if (size == 0 || size > 2048) return 0;
  const auto script = std::make_unique<std::vector<std::uint8_t>>(data + 1, data + size);
  Play(world_of(data[0]), Choices(*script)).run();
  return 0;
}
