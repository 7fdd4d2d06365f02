// SPDX-License-Identifier: Apache-2.0
// Fuzzes a whole worker with IP packets that are cut in fragments, in tunnels or around them. The input is a script: what is said, how it
// is cut, and in what order the parts come, some twice, some never, some as other ones. The first byte chooses how the worker stands in
// the line.
// Promised of every input:
//   each frame has one fate; each buffer comes back; nothing is written or read beside a frame
//   who only watches lets everything through as it came
//   fragments of flows on which nothing listed was said leave as often as they came, in order, byte for byte
//     but for packets a part of which came as another one: if both are sound, the part that completes them need not
//   a listed message whose parts all came is never whole at its receiver, who keeps parts for 30 s, though parts may come as other ones, too, with
//     too few hops to arrive

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "fuzz_fragments.h"
#include "fuzz_stands.h"
#include "fuzz_tunnel.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence::testing {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kMostSteps = 120;
constexpr std::size_t kMostFrames = 800;
constexpr std::size_t kLongestPayload = 3900;
constexpr std::uint64_t kReceiverWaits = 30'000'000'000;
// FragmentTable: so long a bearer's packet that was refused is known.
constexpr std::uint64_t kBearerWaits = 1'000'000'000;

struct Flow {
  std::uint16_t client = 0, server = 0;
  bool is_udp = true, ipv6 = false, vlan = false;
  bool is_listed = false;
  std::uint32_t sequence = 1000;
  Carrier carrier;
};

// A packet that was sent, and what of it its receiver got.
struct Sent {
  Flow* flow = nullptr;
  bool must_be_refused = false;
  bool has_others = false;                       // a part came as another one, too
  bool is_bearer = false;                        // it is a packet of GTP-U or CAPWAP that was cut
  std::size_t size = 0;                          // of its payload
  std::vector<std::uint64_t> arrived;            // each byte: when it came last; 0: never
};

struct GivenFrame {
  Octets bytes;
  std::size_t sent = 0;  // number of its packet
  std::size_t from = 0, to = 0;
  std::size_t side = 0;
  bool is_around = false;  // what is cut is the tunnel's packet
};

class Play {
 public:
  Play(World& world, Choices script) : world_(world), script_(script) {
    static constexpr std::uint16_t kPorts[] = {53, 5060, 80, 443, 8123, 2775};
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      const std::uint8_t shape = script_.octet();
      Flow& flow = flows_[i];
      flow.client = static_cast<std::uint16_t>(41000 + i);
      flow.server = kPorts[shape % std::size(kPorts)];
      flow.is_udp = (shape & 0x20) == 0;
      flow.ipv6 = (shape & 0x40) != 0;
      flow.vlan = (shape & 0x80) != 0;
      flow.carrier = Carrier(script_, static_cast<std::uint32_t>(i), true);
    }
  }

  void run() {
    for (std::size_t i = 0; i < kMostSteps && script_.any_left() && given_.size() < kMostFrames; ++i) step();
    run_worker();
    world_.finish();
    look_at_what_left();
    const auto need_not = [&](std::size_t number) { return is_crowded_ || sent_of(number).has_others; };
    for (const auto& expected : expected_)
      promise(std::all_of(expected.begin(), expected.end(), need_not), "a frame of an innocent flow did not leave");
  }

 private:
  void step() {
    const std::uint8_t what = script_.octet();
    Flow& flow = flows_[what >> 4 & 3];
    switch (what & 7) {
      case 0:
      case 1:
      case 2: say(flow, what >> 6 & 1, true); break;
      case 3: repeat(); break;
      case 4: say(flow, what >> 6 & 1, false); break;
      case 5: pass_time(); break;
      case 6: change_something(); break;
      default: give_raw(what >> 6 & 1); break;
    }
    if ((what & 0x80) != 0 || given_.size() % 32 == 31) run_worker();
  }

  void say(Flow& flow, std::size_t side, bool is_cut) {
    const std::uint8_t kind = script_.octet();
    const Wish wish{static_cast<MessageKind>(kind % kMessageKinds), (kind & 0x80) != 0, script_.octet()};
    std::string message = message_of(wish, ++messages_).substr(0, kLongestPayload);
    if (flow.is_udp && wish.kind == MessageKind::kDns) message = message.substr(2);
    const std::size_t size = is_cut ? 8 * (1 + script_.octet() % std::size_t{64}) : 8192;
    const std::uint8_t order = script_.octet();
    const std::uint8_t spoilt = is_cut ? script_.octet() : std::uint8_t{0};
    flow.is_listed = flow.is_listed || wish.is_listed;
    Octets frame = frame_for(flow, side, message);
    flow.sequence += static_cast<std::uint32_t>(message.size());
    Layers layers = decode_of(frame);
    const bool is_around = (spoilt & 0x80) != 0 && carry_to_cut(flow, side, frame, layers);
    if (!flow.is_udp && layers.network_end - std::size_t{layers.transport_at} <= size) return;  // a stream of its own: pipeline_fuzz
    std::vector<FragmentPart> parts = {{frame, 0, layers.network_end - std::size_t{layers.transport_at}}};
    if (parts[0].to > size) parts = cut_in_fragments(frame, layers, size, static_cast<std::uint16_t>(sent_.size() + 1));
    const bool is_bearers = is_around && is_bearer(frame, layers);
    sent_.push_back({&flow, false, (spoilt & 4) != 0 && parts.size() > 1, is_bearers, parts.back().to, std::vector<std::uint64_t>(parts.back().to)});
    const bool is_certain = (spoilt & 0x0c) == 0 || (spoilt & 0x2c) == 0x24;
    sent_.back().must_be_refused = side == 0 && must_be_refused(flow, wish) && is_certain;
    put_in_order(parts, order);
    send(flow, side, parts, spoilt, layers, frame, is_around);
  }

  // Puts the frame into its tunnel, so that it is this one's packets which are cut; layers: of the outermost of them. False, and nothing
  // is changed: no packet carries it.
  bool carry_to_cut(const Flow& flow, std::size_t side, Octets& frame, Layers& layers) const {
    const Octets carried = flow.carrier.carry(frame, side == 1);
    const Layers found = decode_of(carried);
    if (found.tunnels == 0 || found.outer_network == found.network || !is_ours(frame_at(carried), found)) return false;
    frame = carried;
    const bool is_ipv4 = carried[found.outer_network] >> 4 == 4;
    layers = {};
    layers.network = found.outer_network;
    layers.ip_version = is_ipv4 ? 4 : 6;
    layers.ip_protocol = carried[layers.network + (is_ipv4 ? 9u : 6u)];
    layers.transport_at = static_cast<std::uint16_t>(layers.network + (is_ipv4 ? 20 : 40));
    layers.network_end = static_cast<std::uint32_t>(carried.size());
    return true;
  }

  // layers: as carry_to_cut() finds them.
  static bool is_bearer(const Octets& frame, const Layers& layers) {
    if (layers.ip_version != 4 || layers.ip_protocol != 17) return false;
    const auto port_at = [&](std::size_t at) { return frame[layers.transport_at + at] << 8 | frame[layers.transport_at + at + 1]; };
    return port_at(2) == 2152 || port_at(2) == 5247;
  }

  // A whole message of which it is certain what becomes of it.
  bool must_be_refused(const Flow& flow, const Wish& wish) const {
    if (!wish.is_listed || !world_.enforces() || is_changed_) return false;
    const bool is_blocked_name = wish.variant % 4 < 2;
    switch (wish.kind) {
      case MessageKind::kDns: return flow.is_udp && flow.server == 53 && is_blocked_name;
      case MessageKind::kCall: return flow.is_udp && flow.server == 5060;
      case MessageKind::kHttp: return !flow.is_udp && flow.server == 80 && is_blocked_name;
      case MessageKind::kTls: return !flow.is_udp && flow.server == 443 && is_blocked_name;
      default: return false;
    }
  }

  Octets frame_for(const Flow& flow, std::size_t side, const std::string& message) const {
    PacketShape shape;
    shape.ipv6 = flow.ipv6;
    shape.vlan = flow.vlan;
    shape.reversed = side == 1;
    shape.transport = flow.is_udp ? Transport::kUdp : Transport::kTcp;
    shape.source_port = side == 1 ? flow.server : flow.client;
    shape.destination_port = side == 1 ? flow.client : flow.server;
    shape.sequence = flow.sequence;
    shape.payload = message;
    shape.client = world_.client;
    shape.identification = static_cast<std::uint16_t>(sent_.size() + 1);
    return frame_of(shape);
  }

  static void put_in_order(std::vector<FragmentPart>& parts, std::uint8_t order) {
    const std::size_t turn = order / 4 % parts.size();
    switch (order % 4) {
      case 0: break;
      case 1: std::reverse(parts.begin(), parts.end()); break;
      case 2: std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(turn), parts.end()); break;
      default:
        for (std::size_t i = turn % 2; i + 1 < parts.size(); i += 2) std::swap(parts[i], parts[i + 1]);
    }
  }

  // spoilt: 1 a part twice, 2 a part never, 4 a part as another one before it, 8 one that overlaps two, 16 each in a burst of its own, 32 what came as
  // another one had too few hops to arrive.
  void send(Flow& flow, std::size_t side, const std::vector<FragmentPart>& parts, std::uint8_t spoilt, const Layers& layers, const Octets& whole,
            bool is_around) {
    const auto give = [&](const FragmentPart& part) { this->give(flow, side, part, is_around); };
    const std::size_t which = spoilt == 0 ? 0 : script_.below(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const FragmentPart& part = parts[i];
      if (i == which && (spoilt & 2) != 0) continue;
      if (i == which && (spoilt & 4) != 0) {
        Octets other = part.bytes;
        other.back() ^= '#';
        has_wrong_checksums_ = has_wrong_checksums_ || parts.size() == 1;
        if ((spoilt & 32) != 0) set_few_hops(other, layers);
        give({other, 0, 0});
      }
      if (i == which && (spoilt & 8) != 0 && part.from >= 8 && part.to > part.from + 8) {
        const std::size_t from = part.from - 8, to = part.to - (part.to % 8 != 0 ? part.to % 8 : 8);
        if (to > from) give({fragment_of(whole, layers, from, to, true, static_cast<std::uint16_t>(sent_.size())), from, to});
      }
      give(part);
      if (i == which && (spoilt & 1) != 0) give(part);
      if ((spoilt & 16) != 0) run_worker();
    }
  }

  static void set_few_hops(Octets& part, const Layers& layers) {
    constexpr std::uint8_t kFew = 3;
    const std::size_t network = layers.network;
    part[network + (layers.ip_version == 4 ? 8u : 7u)] = kFew;
    if (layers.ip_version != 4) return;
    part[network + 10] = part[network + 11] = 0;
    const std::uint16_t sum = checksum_of(word_sum(Bytes(part).subspan(network, 20)));
    part[network + 10] = static_cast<std::uint8_t>(sum >> 8);
    part[network + 11] = static_cast<std::uint8_t>(sum & 0xff);
  }

  void give(Flow& flow, std::size_t side, const FragmentPart& part, bool is_around) {
    GivenFrame given{is_around ? part.bytes : flow.carrier.carry(part.bytes, side == 1), sent_.size(), part.from, part.to, side, is_around};
    const Layers layers = decode_of(given.bytes);
    // What lies under labels is told by its looks, and may be mistaken for something else: then it passes as it is.
    if (!is_around && flow.carrier.is_there() && !is_ours(frame_at(given.bytes), layers)) sent_.back().must_be_refused = false;
    given_.push_back(std::move(given));
    give_again(given_.size() - 1);
  }
  void give_again(std::size_t number) {
    const GivenFrame& given = given_[number];
    ((given.side == 0 || world_.is_mirror()) ? world_.access : world_.core).give(given.bytes, world_.now_ns, 8, false);
    waiting_.push_back(number);
  }

  void repeat() {
    if (!given_.empty()) give_again(script_.word() % given_.size());
  }
  void pass_time() {
    constexpr std::uint64_t kSteps[] = {100'000, 25'000'000, 1'000'000'000, 6'000'000'000, 20'000'000'000, 61'000'000'000};
    const std::uint8_t how = script_.octet();
    run_worker();
    world_.now_ns += kSteps[how % std::size(kSteps)];
    run_worker();
  }
  void change_something() {
    const std::uint8_t how = script_.octet();
    run_worker();
    switch (how & 3) {
      case 0: is_changed_ = true, world_.swap_sets((how & 4) != 0); break;
      case 1: is_changed_ = true, world_.turn_off(how / 4 % 8); break;
      case 2:
        is_crowded_ = true;
        (((how & 4) != 0) ? world_.access : world_.core).set_room(how / 8 % 4);
        break;
      default: is_changed_ = true, world_.pool.set_limit(world_.pool.out() + how / 4 % 8); break;  // without a buffer there is no answer
    }
    for (Sent& sent : sent_) sent.must_be_refused = sent.must_be_refused && !is_changed_;
  }
  void give_raw(std::size_t side) {
    const std::string_view text = script_.text(script_.octet());
    raw_.emplace_back(text.begin(), text.end());
    run_worker();
    (side == 0 || world_.is_mirror() ? world_.access : world_.core).give(as_bytes(text), world_.now_ns, 0, false);
    run_worker();
  }

  void run_worker() {
    for (const std::size_t number : waiting_) {
      const GivenFrame& given = given_[number];
      const bool is_innocent = !world_.enforces() || !sent_[given.sent - 1].flow->is_listed;
      if (is_innocent && !world_.is_mirror()) expected_[given.side].push_back(number);
    }
    waiting_.clear();
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
    std::deque<std::size_t>& expected = expected_[side];
    const bool is_raw = std::find(raw_.begin(), raw_.end(), bytes) != raw_.end();  // and may be another frame's copy
    const auto need_not = [&](std::size_t number) { return sent_of(number).has_others || (is_crowded_ && is_innocent_frame(side, bytes)); };
    if (!is_raw)
      while (!expected.empty() && given_[expected.front()].bytes != bytes && need_not(expected.front())) expected.pop_front();
    if (!expected.empty() && given_[expected.front()].bytes == bytes) {
      note_arrival(expected.front());
      return expected.pop_front();
    }
    if (is_raw) return;
    for (std::size_t i = 0; i < given_.size(); ++i) {
      if (given_[i].side != side || given_[i].bytes != bytes) continue;
      const bool is_listed = sent_of(i).flow->is_listed;
      promise(is_crowded_ || sent_of(i).has_others || (world_.enforces() && is_listed), "frames of innocent flows leave in another order, or twice");
      return note_arrival(i);
    }
    // Changed, or made here.
    promise(world_.enforces(), "who only watches changes something");
    if (is_marked_part(side, bytes)) return;
    const Layers layers = decode_of(bytes);
    promise(is_ours(frame_at(bytes), layers), "a frame leaves that nobody sent");
    promise(is_of_listed(layers), "a frame that nobody may change was changed");
    if (!has_wrong_checksums_) check_tunnels(bytes, true);  // what was wrong stays wrong
  }

  // A part of a tunnel's packet of a listed flow, in the IP headers of which something was changed.
  bool is_marked_part(std::size_t side, const Octets& bytes) const {
    return std::any_of(given_.begin(), given_.end(), [&](const GivenFrame& given) {
      if (given.side != side || !given.is_around || given.bytes.size() != bytes.size() || !sent_[given.sent - 1].flow->is_listed) return false;
      const std::size_t headers = decode_of(given.bytes).transport_at;
      return std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(headers), bytes.end(), given.bytes.begin() + static_cast<std::ptrdiff_t>(headers));
    });
  }
  bool is_innocent_frame(std::size_t side, const Octets& bytes) const {
    return std::any_of(given_.begin(), given_.end(), [&](const GivenFrame& given) {
      return given.side == side && given.bytes == bytes && (!world_.enforces() || !sent_[given.sent - 1].flow->is_listed);
    });
  }
  // Ports may lie in another fragment, and a SIP response goes to the port that its request names (RFC 3261, 18.2.2).
  bool is_of_listed(const Layers& layers) const {
    const auto is_of = [&](const Flow& flow) { return flow.client == layers.source_port || flow.client == layers.destination_port; };
    const bool has_listed = std::any_of(flows_.begin(), flows_.end(), [](const Flow& flow) { return flow.is_listed; });
    return has_listed && std::none_of(flows_.begin(), flows_.end(), [&](const Flow& flow) { return is_of(flow) && !flow.is_listed; });
  }

  const Sent& sent_of(std::size_t number) const { return sent_[given_[number].sent - 1]; }

  // The model of the receiver.
  void note_arrival(std::size_t number) {
    const GivenFrame& given = given_[number];
    Sent& sent = sent_[given.sent - 1];
    for (std::size_t i = given.from; i < given.to; ++i) sent.arrived[i] = world_.now_ns;
    if (!sent.must_be_refused) return;
    const bool is_whole = std::all_of(sent.arrived.begin(), sent.arrived.end(), [&](std::uint64_t at) {
      return at + (sent.is_bearer ? kBearerWaits : kReceiverWaits) >= world_.now_ns;
    });
    promise(!is_whole, "a message that was to be refused is whole at its receiver");
  }

  static Frame frame_at(const Octets& bytes) {
    Frame frame;
    frame.data = const_cast<std::uint8_t*>(bytes.data());
    frame.length = static_cast<std::uint32_t>(bytes.size());
    return frame;
  }
  static Layers decode_of(const Octets& bytes) { return decode(frame_at(bytes)); }
  bool is_ours(const Frame& frame, const Layers& layers) const {
    if (layers.end != DecodeEnd::kPayload && layers.end != DecodeEnd::kNoPayload && layers.end != DecodeEnd::kFragment) return false;
    return client_of(source_address(frame, layers)) == world_client_ || client_of(destination_address(frame, layers)) == world_client_;
  }
  static std::uint32_t client_of(const IpAddress& address) {
    const std::size_t at = address.version == 4 ? 0 : 12;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | address.bytes[at + i];
    return number;
  }

  World& world_;
  Choices script_;
  std::array<Flow, 4> flows_;
  std::vector<Sent> sent_;
  std::vector<GivenFrame> given_;
  std::vector<std::size_t> waiting_;                // given since the worker ran
  std::array<std::deque<std::size_t>, 2> expected_;  // innocent ones that have not left, by side
  std::vector<Octets> raw_;
  std::uint32_t messages_ = 100;
  bool is_crowded_ = false, is_changed_ = false;
  bool has_wrong_checksums_ = false;  // a packet in one piece was given with another last octet
  const std::uint32_t world_client_ = world_.client;
};

}  // namespace
}  // namespace telefence::testing

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence::testing;
  if (size == 0 || size > 4096) return 0;
  const auto script = std::make_unique<std::vector<std::uint8_t>>(data + 1, data + size);
  Play(world_of(data[0]), Choices(*script)).run();
  return 0;
}
