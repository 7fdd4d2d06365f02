// SPDX-License-Identifier: Apache-2.0
#pragma once

// One input of a pipeline fuzzer, played to a worker. The input is a script: what the two ends of some connections and flows say, and
// how the network cuts, repeats, reorders, changes and delays it.
// Promised of every input:
//   each frame has one fate, or is held; each buffer comes back; nothing is written or read beside a frame
//   what leaves has right checksums, unless it came with wrong ones; in tunnels, right lengths and checksums of every one of them
//   who only watches lets everything through as it came, and says nothing itself
//   frames of connections and flows on which nothing listed was said leave once, in order, byte for byte; where messages of many
//   users are put together before they leave, every byte leaves, and none that did not come
//   what is said in somebody's name goes into the tunnels, and under the ids, in which its receiver expects it
//   of a connection between honest ends, opened before their eyes, whatever the network does with their segments: what is listed of a message
//   never arrives as it was said
// Of a frame in a tunnel, and of segments in IP fragments, all this is promised of the packet that it is, or they are.

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "decode/decode.h"
#include "enforce/outer.h"
#include "enforce/segment.h"
#include "fuzz_fragments.h"
#include "fuzz_tunnel.h"
#include "fuzz_world.h"
#include "tcp_options.h"

namespace telefence::testing {

inline constexpr std::size_t kMostSteps = 300;
inline constexpr std::size_t kMostFrames = 1000;
inline constexpr std::size_t kLongestSegment = 1460;
inline constexpr std::uint16_t kPorts[] = {80, 443, 53, 2775, 5060, 8123};

// One direction of a connection.
struct Way {
  std::uint32_t first = 0;     // sequence number of bytes[0]
  std::string bytes;
  std::vector<bool> changed;   // came, at some time, as another one
  std::vector<bool> came;      // in a frame with a right checksum
  std::vector<bool> left;
  std::size_t sent = 0;
  std::size_t last_left = 0;   // number of the frame that left last
  // Of the receiver, who keeps the first copy of each.
  std::string got;
  std::vector<bool> is_there;
  std::size_t contiguous() const { return static_cast<std::size_t>(std::find(is_there.begin(), is_there.end(), false) - is_there.begin()); }
  // What must not arrive as it was said, and where messages end.
  std::vector<std::pair<std::size_t, std::size_t>> listed;
  std::vector<std::size_t> borders = {0};
  std::size_t segments = 0;    // with bytes
  bool is_whole() const {
    const auto hole = std::find(came.begin(), came.end(), false);
    const bool is_one_piece = std::find(hole, came.end(), true) == came.end();
    return is_one_piece && std::binary_search(borders.begin(), borders.end(), static_cast<std::size_t>(hole - came.begin()));
  }
};

struct Connection {
  std::uint16_t client = 0, server = 0;
  bool ipv6 = false, vlan = false;
  bool is_udp = false;
  bool is_listed = false;  // something listed, or anything whatever, was said
  bool is_shared = false;  // it may be taken for one that many share
  bool is_honest = false;  // what an end confirms has arrived there
  bool is_opened = false;  // both ends agreed, before anything was said
  bool is_sure = false;    // nothing happened that would let a listed message through
  std::uint8_t cut = 0;    // how its segments are cut in IP fragments
  std::uint8_t options = 0;  // of TCP
  Carrier carrier;
  std::array<TunnelRoute, 2> routes;
  std::array<Way, 2> ways;
};

struct Given {
  std::vector<std::uint8_t> bytes;
  Connection* connection = nullptr;
  std::size_t side = 0;
  std::uint32_t sequence = 0;
  std::size_t payload = 0;
  bool has_wrong_checksum = false;
  std::size_t link = 0;  // that it came by: of which side
  std::size_t left = 0;
  std::vector<FragmentPart> parts = {};  // it came in these
  std::size_t parts_left = 0;            // a bit for each
};

struct SegmentWish {
  std::size_t side = 0;
  std::uint32_t sequence = 0;
  std::string payload;
  std::uint8_t flags = kTcpAck | kTcpPsh;
  std::uint8_t hops = 60;
  bool has_wrong_checksum = false, is_truncated = false;
  bool by_other_link = false;
};

inline Frame frame_at(const std::vector<std::uint8_t>& bytes) {
  Frame frame;
  frame.data = const_cast<std::uint8_t*>(bytes.data());
  frame.length = static_cast<std::uint32_t>(bytes.size());
  return frame;
}

// Which of the given frames this one was: what was written into the identification or the flow label.
inline std::size_t number_of(const Frame& frame, const Layers& layers) {
  const Bytes header = frame.bytes().subspan(layers.network);
  const std::size_t at = layers.ip_version == 4 ? 4 : 2;
  return header[at] * std::size_t{256} + header[at + 1];
}

struct PlayOptions {
  bool has_tcp_options = false;    // an octet more for each connection
  bool has_tunnels = false;        // two octets more
  bool has_outer_checksums = true;
  bool has_fragments = false;      // an octet more for each connection
};

class Play {
 public:
  Play(World& world, Choices script, const PlayOptions& options = {}) : world_(world), script_(script), options_(options) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& one = connections_[i];
      const std::uint8_t shape = script_.octet();
      one.client = static_cast<std::uint16_t>(40000 + i);
      one.server = kPorts[shape % std::size(kPorts)];
      one.ipv6 = (shape & 0x40) != 0;
      one.vlan = (shape & 0x80) != 0;
      one.is_shared = one.server == 2775 || one.server == 5060;
      one.is_udp = i >= kTcp;
      one.is_honest = (shape & 0x20) != 0;
      one.is_sure = one.is_honest && world.is_roomy() && world.enforces();
      one.ways[0].first = i % 2 == 0 ? 0xffffff80u : 1000;
      one.ways[1].first = 70000;
      if (options.has_tcp_options) one.options = script_.octet();
      if (options.has_fragments) one.cut = script_.octet();
      if (!options.has_tunnels) continue;
      one.carrier = Carrier(script_, static_cast<std::uint32_t>(i), options.has_outer_checksums);
      PacketShape shape_of_one;
      shape_of_one.ipv6 = one.ipv6;  // not every kind carries either
      for (std::size_t side = 0; side < 2; ++side) one.routes[side] = TunnelRoute::of(one.carrier.carry(frame_of(shape_of_one), side == 1));
    }
  }

  void run() {
    for (std::size_t i = 0; i < kMostSteps && script_.any_left() && given_.size() < kMostFrames; ++i) step();
    run_worker();
    let_time_pass(std::uint64_t{20} * 1'000'000'000);
    world_.finish();
    look_at_what_left();
    check_all_left();
  }

 private:
  static constexpr std::size_t kTcp = 4;

  void step() {
    const std::uint8_t what = script_.octet();
    Connection& one = connections_[what >> 4 & 3];
    const std::size_t side = what >> 6 & 1;
    switch (what & 15) {
      case 0:
      case 1: say(one, side); break;
      case 2: send_next(one, side, 0); break;
      case 3: send_again(one, side, false); break;
      case 4: send_again(one, side, true); break;
      case 5: send_next(one, side, 1 + script_.below(64)); break;
      case 6: open(one); break;
      case 7: send_bare(one, side); break;
      case 8: say_over_udp(connections_[kTcp + (what >> 4 & 1)], side); break;
      case 9: send_spoilt(one, side); break;
      case 10: send_anything(one, side); break;
      case 11: pass_time(); break;
      case 12: change_something(); break;
      case 13: give_raw(side); break;
      case 14: send_all(one, side); break;
      default: send_next(one, side, 0); break;
    }
    if ((what & 0x80) != 0 || given_.size() % 32 == 31) run_worker();
  }

  void say(Connection& one, std::size_t side) {
    const std::uint8_t kind = script_.octet();
    const Wish wish{static_cast<MessageKind>(kind % kMessageKinds), (kind & 0x80) != 0, script_.octet()};
    one.is_listed = one.is_listed || wish.is_listed;
    one.is_shared = one.is_shared || is_shared_kind(wish.kind);
    const std::string message = message_of(wish, (kind & 0x40) != 0 ? 7 : ++messages_);
    if (!has_room(one.ways[side], message)) return;
    if (!belongs(one, side, wish.kind)) one.is_sure = false;
    if (one.is_sure && side == 0 && wish.is_listed) note_listed(one, wish, message);
    append(one.ways[side], message);
    one.ways[side].borders.push_back(one.ways[side].bytes.size());
    if ((kind & 0x20) != 0) send_all(one, side);
  }

  // What such an end says on this port.
  static bool belongs(const Connection& one, std::size_t side, MessageKind kind) {
    const bool is_sms = kind == MessageKind::kSmsShort || kind == MessageKind::kSmsLong || kind == MessageKind::kSmsMany;
    if (side == 1) return (one.server == 2775 && kind == MessageKind::kSmsResponse) || (one.server == 5060 && kind == MessageKind::kCallResponse);
    switch (one.server) {
      case 80: return kind == MessageKind::kHttp;
      case 443: return kind == MessageKind::kTls && one.ways[0].bytes.empty();  // the second one of a connection is for nobody
      case 53: return kind == MessageKind::kDns;
      case 2775: return is_sms || kind == MessageKind::kEnquiry;
      case 5060: return kind == MessageKind::kCall || kind == MessageKind::kCallMessage;
      default: return false;
    }
  }
  // Of a text it is the text, of another message all of it. What is only tagged arrives.
  static void note_listed(Connection& one, const Wish& wish, const std::string& message) {
    const bool is_name = !is_shared_kind(wish.kind), is_sms = one.server == 2775;
    if (wish.kind == MessageKind::kEnquiry || (is_name && wish.variant % 4 == 3) || (is_sms && wish.variant % 4 == 2)) return;
    const std::size_t start = one.ways[0].bytes.size();
    const std::size_t text = is_sms ? message.find(kListedText) : std::string::npos;
    if (text == std::string::npos)
      one.ways[0].listed.emplace_back(start, start + message.size());
    else
      one.ways[0].listed.emplace_back(start + text, start + text + kListedText.size());
  }

  static bool has_room(const Way& way, const std::string& bytes) { return way.bytes.size() + bytes.size() <= 65536; }
  static void append(Way& way, const std::string& bytes) {
    if (!has_room(way, bytes)) return;
    way.bytes += bytes;
    for (auto* const marks : {&way.changed, &way.came, &way.left, &way.is_there}) marks->resize(way.bytes.size());
    way.got.resize(way.bytes.size());
  }

  std::size_t length() {
    const std::size_t wanted = script_.octet();
    return std::min(wanted < 200 ? 1 + wanted : (wanted - 199) * 26, kLongestSegment);
  }

  // From the first byte not sent yet on, or so many bytes behind it.
  void send_next(Connection& one, std::size_t side, std::size_t ahead) {
    Way& way = one.ways[side];
    const std::size_t at = way.sent + ahead;
    if (at >= way.bytes.size()) return;
    const std::size_t count = std::min(length(), way.bytes.size() - at);
    if (ahead == 0) way.sent += count;
    send_part(one, side, at, count, false);
  }
  void send_all(Connection& one, std::size_t side) {
    Way& way = one.ways[side];
    while (way.sent < way.bytes.size() && given_.size() < kMostFrames) {
      const std::size_t count = std::min(kLongestSegment, way.bytes.size() - way.sent);
      send_part(one, side, way.sent, count, false);
      way.sent += count;
    }
  }
  void send_again(Connection& one, std::size_t side, bool changed) {
    Way& way = one.ways[side];
    if (way.bytes.empty()) return;
    const std::size_t at = script_.below(way.bytes.size());
    send_part(one, side, at, std::min(length(), way.bytes.size() - at), changed);
  }
  void send_part(Connection& one, std::size_t side, std::size_t at, std::size_t count, bool changed) {
    Way& way = one.ways[side];
    SegmentWish wish{.side = side, .sequence = way.first + static_cast<std::uint32_t>(at), .payload = way.bytes.substr(at, count)};
    constexpr std::size_t kMostHeld = 200;  // StreamOptions::hold_frames: beyond it frames go on
    if (changed || !one.is_opened || ++way.segments > kMostHeld) one.is_sure = false;
    for (std::size_t i = 0; i < count; ++i) {
      way.came[at + i] = true;
      if (!changed || i % 3 == 1) continue;
      wish.payload[i] = '#';
      way.changed[at + i] = true;
    }
    segment(one, wish);
  }

  void open(Connection& one) {
    const std::uint8_t how = script_.octet();
    if (one.is_opened || (how & 3) < 2) one.is_sure = false;
    one.is_opened = true;
    if ((how & 3) != 0) segment(one, {.side = 0, .sequence = one.ways[0].first - 1, .payload = {}, .flags = kTcpSyn});
    if ((how & 3) != 1) segment(one, {.side = 1, .sequence = one.ways[1].first - 1, .payload = {}, .flags = kTcpSyn | kTcpAck});
  }
  // No payload, any flags.
  void send_bare(Connection& one, std::size_t side) {
    const Way& way = one.ways[side];
    const std::uint8_t flags = script_.octet();
    if ((flags & ~(kTcpPsh | kTcpUrg)) != kTcpAck) one.is_sure = false;
    segment(one, {.side = side, .sequence = way.first + static_cast<std::uint32_t>(way.sent), .payload = {}, .flags = flags});
  }
  // The next part with any flags, too few hops, a wrong checksum, as if its end had been lost on the way here, or from where the other
  // end is.
  void send_spoilt(Connection& one, std::size_t side) {
    Way& way = one.ways[side];
    const std::uint8_t how = script_.octet();
    one.is_sure = false;
    if (way.sent >= way.bytes.size()) return;
    const std::size_t count = std::min(length(), way.bytes.size() - way.sent);
    SegmentWish wish{.side = side, .sequence = way.first + static_cast<std::uint32_t>(way.sent), .payload = way.bytes.substr(way.sent, count)};
    if ((how & 1) != 0) wish.flags = script_.octet();
    if ((how & 2) != 0) wish.hops = 3;
    wish.has_wrong_checksum = (how & 4) != 0;
    wish.is_truncated = (how & 8) != 0;
    wish.by_other_link = (how & 32) != 0 && !options_.has_tunnels;
    // What becomes of the rest of such a connection is nobody's promise.
    if ((wish.flags & (kTcpSyn | kTcpRst)) != 0 || wish.is_truncated || wish.by_other_link) one.is_listed = true;
    if (!wish.has_wrong_checksum)
      for (std::size_t i = 0; i < count; ++i) way.came[way.sent + i] = true;
    if ((how & 16) != 0) way.sent += count;
    segment(one, wish);
  }
  void send_anything(Connection& one, std::size_t side) {
    one.is_listed = one.is_shared = true;
    one.is_sure = false;
    Way& way = one.ways[side];
    const std::string bytes(script_.text(script_.octet()));
    const bool is_ahead = bytes.size() % 2 == 0;
    if (is_ahead) {
      segment(one, {.side = side, .sequence = way.first + static_cast<std::uint32_t>(script_.word()), .payload = bytes});
    } else {
      append(way, bytes);
    }
  }

  void say_over_udp(Connection& one, std::size_t side) {
    const std::uint8_t kind = script_.octet();
    const Wish wish{static_cast<MessageKind>(kind % kMessageKinds), (kind & 0x80) != 0, script_.octet()};
    std::string bytes = message_of(wish, 7);
    if (wish.kind == MessageKind::kDns) bytes = bytes.substr(2);
    one.is_listed = one.is_listed || wish.is_listed;
    if ((kind & 0x40) != 0) bytes.resize(bytes.size() - script_.below(bytes.size()));
    segment(one, {.side = side, .sequence = 0, .payload = bytes.substr(0, kLongestSegment)});
  }

  void pass_time() {
    constexpr std::uint64_t kSteps[] = {100'000, 1'000'000, 25'000'000, 1'000'000'000, 6'000'000'000, 61'000'000'000};
    const std::uint8_t how = script_.octet();
    run_worker();
    let_time_pass(kSteps[how % std::size(kSteps)] * (1 + how / 32));
  }
  void let_time_pass(std::uint64_t ns) {
    // TCP repeats after two minutes at the latest.
    constexpr std::uint64_t kLongestRepetition = std::uint64_t{120} * 1'000'000'000;
    check_nothing_listed_arrived();
    // What is not whole may be let go, or forgotten, in time.
    for (Connection& one : connections_)
      if (!one.ways[0].is_whole() || !one.ways[1].is_whole() || one.ways[0].segments == 0 || ns > kLongestRepetition) one.is_sure = false;
    world_.now_ns += ns;
    run_worker();
  }

  void change_something() {
    const std::uint8_t how = script_.octet();
    for (Connection& one : connections_) one.is_sure = false;
    switch (how & 3) {
      case 0: world_.swap_sets((how & 4) != 0); break;
      case 1: world_.turn_off(how / 4 % 8); break;
      case 2:
        is_crowded_ = true;
        (((how & 4) != 0) ? world_.access : world_.core).set_room(how / 8 % 4);
        break;
      default: world_.pool.set_limit(world_.pool.out() + how / 4 % 8); break;
    }
    run_worker();
  }

  // Any octets as a frame: only that nothing breaks.
  void give_raw(std::size_t side) {
    const std::string_view text = script_.text(script_.octet());
    raw_.emplace_back(text.begin(), text.end());
    for (Connection& one : connections_) one.is_sure = false;
    queue(side).give(as_bytes(text), world_.now_ns, 0, false);
    run_worker();
  }

  GuardedQueue& queue(std::size_t side) { return side == 0 || world_.is_mirror() ? world_.access : world_.core; }

  void segment(Connection& one, const SegmentWish& wish) {
    const bool is_back = wish.side == 1;
    const Way& other = one.ways[1 - wish.side];
    PacketShape shape;
    shape.ipv6 = one.ipv6;
    shape.vlan = one.vlan;
    shape.reversed = is_back;
    shape.transport = one.is_udp ? Transport::kUdp : Transport::kTcp;
    shape.source_port = is_back ? one.server : one.client;
    shape.destination_port = is_back ? one.client : one.server;
    shape.sequence = wish.sequence;
    shape.acknowledgement = other.first + static_cast<std::uint32_t>(one.is_honest ? other.contiguous() : other.sent);
    shape.flags = wish.flags;
    shape.payload = wish.payload;
    shape.client = world_.client;
    shape.identification = static_cast<std::uint16_t>(given_.size() + 1);
    shape.hops = wish.hops;
    shape.urgent = (wish.flags & kTcpUrg) != 0 ? 1 : 0;
    const std::size_t link = wish.by_other_link ? 1 - wish.side : wish.side;
    Given given{frame_of(shape), &one, wish.side, wish.sequence, wish.payload.size(), wish.has_wrong_checksum, link};
    if (one.options != 0 && !one.is_udp) {
      const bool opens = (wish.flags & kTcpSyn) != 0;
      given.bytes = with_tcp_options(given.bytes, tcp_options(one.options, opens, shape.identification, shape.acknowledgement));
    }
    if (wish.has_wrong_checksum) given.bytes[decode(frame_at(given.bytes)).transport_at + (one.is_udp ? 6u : 16u)] ^= 0x55;
    const std::vector<std::uint8_t> inner = given.bytes;
    given.bytes = one.carrier.carry(inner, is_back);
    // What lies under labels is told by its looks, and may be mistaken for something else: then it must pass as it is.
    const Layers layers = decode(frame_at(given.bytes));
    if (one.carrier.is_there() && !is_ours(frame_at(given.bytes), layers)) {
      raw_.push_back(given.bytes);
      given.left = 1;
      one.is_sure = false;
    }
    if (one.carrier.is_there() && layers.is_sealed()) one.is_sure = false;
    if (is_cut(one, wish) && cut(given, inner)) {
      for (const FragmentPart& part : given.parts) queue(link).give(part.bytes, world_.now_ns, 0, false);
      return given_.push_back(std::move(given));
    }
    queue(link).give(given.bytes, world_.now_ns, static_cast<std::uint16_t>(wish.sequence % 3 * 7), wish.is_truncated);
    given_.push_back(std::move(given));
  }

  bool is_cut(const Connection& one, const SegmentWish& wish) const {
    constexpr std::size_t kEach[] = {0, 4, 2, 1};
    const std::size_t each = kEach[one.cut >> 6];
    return each != 0 && given_.size() % each == 0 && !one.is_udp && !wish.is_truncated && !wish.payload.empty();
  }
  // `inner`: the packet in no tunnel. False: it is too short, or a part of it looks like something else in its tunnel.
  bool cut(Given& given, const std::vector<std::uint8_t>& inner) const {
    constexpr std::size_t kMostParts = 60;  // a bit for each
    Connection& one = *given.connection;
    const Layers layers = decode(frame_at(inner));
    const std::size_t whole = layers.network_end - std::size_t{layers.transport_at};
    const std::size_t size = std::max(8 * (std::size_t{1} + one.cut % 64), ((whole + kMostParts - 1) / kMostParts + 7) / 8 * 8);
    if (whole <= size) return false;
    std::vector<FragmentPart> parts = cut_in_fragments(inner, layers, size, static_cast<std::uint16_t>(given_.size() + 1));
    for (FragmentPart& part : parts) {
      part.bytes = one.carrier.carry(part.bytes, given.side == 1);
      if (decode(frame_at(part.bytes)).end != DecodeEnd::kFragment) return false;
    }
    // Where packets are numbered none is added: what would need a second one is let through.
    TunnelPath path;
    const Frame frame = frame_at(given.bytes);
    (void)decode(frame, path);
    if (!may_double(path, frame.bytes())) one.is_sure = false;
    if (given_.size() % 3 == 1) std::reverse(parts.begin(), parts.end());
    if (given_.size() % 3 == 2) std::rotate(parts.begin(), parts.begin() + 1, parts.end());
    given.parts = std::move(parts);
    return true;
  }

  void run_worker() {
    world_.run();
    look_at_what_left();
  }

  void look_at_what_left() {
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}})
      for (const auto& bytes : (side == 0 ? world_.core : world_.access).take_sent()) look_at(side, bytes);
    for (const auto& bytes : world_.respond.take_sent()) look_at_answer(bytes);
  }

  // What leaves by the port that copies are answered by is made here, all of it.
  void look_at_answer(const std::vector<std::uint8_t>& bytes) {
    const Frame frame = frame_at(bytes);
    const Layers layers = decode(frame);
    promise(number_of(frame, layers) == 0, "a copy is sent on");
    check_sums(frame, layers);
  }

  void look_at(std::size_t side, const std::vector<std::uint8_t>& bytes) {
    promise(!world_.is_mirror(), "a mirror port sends");
    if (std::find(raw_.begin(), raw_.end(), bytes) != raw_.end()) return;
    if (options_.has_fragments && is_part(side, bytes)) return;
    const Frame frame = frame_at(bytes);
    const Layers layers = decode(frame);
    if (!is_ours(frame, layers)) return promise(!raw_.empty(), "a frame leaves that nobody sent");
    const std::size_t number = number_of(frame, layers);
    if (number == 0) {
      promise(world_.enforces(), "who only watches says something");
      check_sums(frame, layers);
      return check_route(side, bytes, layers);
    }
    promise(number <= given_.size(), "a frame leaves that nobody sent");
    Given& given = given_[number - 1];
    promise(given.link == side, "a frame leaves by the port that it came in on");
    if (!given.has_wrong_checksum) check_sums(frame, layers);
    if (!given.has_wrong_checksum && options_.has_tunnels) check_tunnels(bytes, options_.has_outer_checksums);
    check_one(given, number, frame, layers);
  }

  // Of what was listed the header may be marked.
  bool is_same_part(const Given& given, const std::vector<std::uint8_t>& was, const std::vector<std::uint8_t>& is) const {
    if (was == is) return true;
    if (!given.connection->is_listed || !world_.enforces() || was.size() != is.size()) return false;
    const Layers layers = decode(frame_at(was)), now = decode(frame_at(is));
    if (number_of(frame_at(was), layers) != number_of(frame_at(is), now)) return false;
    const std::ptrdiff_t headers = layers.transport_at;
    return now.transport_at == headers && std::equal(was.begin() + headers, was.end(), is.begin() + headers);
  }

  // One of a segment's fragments, as it came. Those of the whole of it are what the segment would be.
  bool is_part(std::size_t side, const std::vector<std::uint8_t>& bytes) {
    for (Given& given : given_) {
      for (std::size_t i = 0; i < given.parts.size(); ++i) {
        const std::size_t bit = std::size_t{1} << i;
        if ((given.parts_left & bit) != 0 || given.link != side || !is_same_part(given, given.parts[i].bytes, bytes)) continue;
        given.parts_left |= bit;
        if (given.parts_left + 1 == std::size_t{1} << given.parts.size()) {
          ++given.left;
          const Layers layers = decode(frame_at(given.bytes));
          if (!given.connection->is_listed) check_bytes(given, given.connection->ways[given.side], frame_at(given.bytes), layers);
          arrive(given, frame_at(given.bytes), layers);
        }
        return true;
      }
    }
    return false;
  }

  // At the receiver of a segment.
  static void arrive(const Given& given, const Frame& frame, const Layers& layers) {
    const TcpHeader header = tcp_header(frame, layers);
    if (given.has_wrong_checksum || (header.flags & kTcpAck) == 0 || (header.flags & (kTcpSyn | kTcpRst)) != 0) return;
    Way& way = given.connection->ways[given.side];
    const Bytes payload = payload_of(frame, layers);
    for (std::size_t i = 0; i < payload.size(); ++i) {
      const std::size_t at = header.sequence - way.first + static_cast<std::uint32_t>(i);
      if (at >= way.got.size() || way.is_there[at]) continue;
      way.got[at] = static_cast<char>(payload[i]);
      way.is_there[at] = true;
    }
  }

  bool is_ours(const Frame& frame, const Layers& layers) const {
    if (layers.end != DecodeEnd::kPayload && layers.end != DecodeEnd::kNoPayload) return false;
    const IpAddress addresses[] = {source_address(frame, layers), destination_address(frame, layers)};
    return std::any_of(std::begin(addresses), std::end(addresses), [&](const IpAddress& address) {
      const std::size_t at = layers.ip_version == 4 ? 0 : 12;
      return address.bytes[at] == world_client_[0] && address.bytes[at + 1] == world_client_[1] &&
             address.bytes[at + 2] == world_client_[2] && address.bytes[at + 3] == world_client_[3];
    });
  }

  // Of a frame made here, that left for the end of the other side.
  void check_route(std::size_t side, const std::vector<std::uint8_t>& bytes, const Layers& layers) const {
    if (!options_.has_tunnels) return;
    check_tunnels(bytes, options_.has_outer_checksums);
    // A SIP response goes to the port that its request names (RFC 3261, 18.2.2): whose that is can't be told.
    const std::size_t index = (side == 0 ? layers.source_port : layers.destination_port) - std::size_t{40000};
    const TunnelRoute route = TunnelRoute::of(bytes);
    promise(std::any_of(connections_.begin(), connections_.end(), [&](const Connection& one) {
      return one.routes[side] == route && (index >= connections_.size() || route.is_alike(connections_[index].routes[side]));
    }), "something is said in a tunnel in which its receiver does not expect it");
  }

  static void check_sums(const Frame& frame, const Layers& layers) {
    promise(header_checksum_is_right(frame, layers), "a frame leaves with a wrong header checksum");
    promise(transport_checksum_is_right(frame, layers), "a frame leaves with a wrong checksum");
  }

  void check_one(Given& given, std::size_t number, const Frame& frame, const Layers& layers) {
    Connection& one = *given.connection;
    ++given.left;
    const bool is_same = std::equal(given.bytes.begin(), given.bytes.end(), frame.bytes().begin(), frame.bytes().end()) ||
                         (world_.enforces() && is_without_urgent(given, frame));
    if (!one.is_udp) arrive(given, frame, layers);
    if (!world_.enforces() || (!one.is_listed && (!one.is_shared || one.is_udp || given.payload == 0))) {
      promise(is_same, "a frame that nobody may change was changed");
      promise(given.left == 1, "a frame left twice");
    }
    Way& way = one.ways[given.side];
    if (!world_.enforces() || !one.is_shared) {
      promise(one.is_listed || way.last_left < number, "frames leave in another order");
      way.last_left = number;
    }
    if (one.is_listed || one.is_udp || given.payload == 0) return;
    check_bytes(given, way, frame, layers);
  }

  // Where protocols are read no octet goes another way than the others: the flag may be gone, and nothing else.
  static bool is_without_urgent(const Given& given, const Frame& frame) {
    std::vector<std::uint8_t> bytes = given.bytes;
    Frame copy;
    copy.data = bytes.data();
    copy.length = static_cast<std::uint32_t>(bytes.size());
    const Layers layers = decode(copy);
    if (layers.transport != Transport::kTcp || layers.payload_length == 0) return false;
    clear_urgent(copy, layers);
    return std::equal(bytes.begin(), bytes.end(), frame.bytes().begin(), frame.bytes().end());
  }

  // Of an innocent connection: each byte that leaves came.
  static void check_bytes(const Given& given, Way& way, const Frame& frame, const Layers& layers) {
    const Bytes payload = payload_of(frame, layers);
    const std::uint32_t sequence = tcp_header(frame, layers).sequence;
    promise(sequence - given.sequence <= given.payload && sequence - given.sequence + payload.size() <= given.payload,
            "a frame leaves with bytes that it did not have");
    const std::size_t at = sequence - way.first;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(way.bytes[at + i]);
      promise(payload[i] == byte || (way.changed[at + i] && payload[i] == '#'), "an innocent byte was changed");
      if (!given.has_wrong_checksum) way.left[at + i] = true;
    }
  }

  void check_nothing_listed_arrived() const {
    for (const Connection& one : connections_) {
      if (!one.is_sure) continue;
      const Way& way = one.ways[0];
      for (const auto& [from, to] : way.listed) {
        promise(to > way.contiguous() || way.got.compare(from, to - from, way.bytes, from, to - from) != 0, "a listed message arrived");
      }
    }
  }

  // Of what waits in streams, packets as they came, and segments in place of fragments.
  std::uint64_t lost_for_room() { return world_.fate(Fate::kDroppedStreamFull) + world_.given_up(); }

  void check_all_left() {
    check_nothing_listed_arrived();
    if (is_crowded_ || world_.is_mirror()) return;
    for (const Given& given : given_) {
      const Connection& one = *given.connection;
      const bool must_leave = !world_.enforces() || (!one.is_listed && (!one.is_shared || one.is_udp || given.payload == 0));
      if (must_leave) promise(given.left == 1, "a frame of an innocent connection did not leave");
    }
    if (!world_.enforces() || lost_for_room() != lost_before_) return;
    for (const Connection& one : connections_)
      for (const Way& way : one.ways)
        for (std::size_t i = 0; !one.is_listed && !one.is_udp && i < way.bytes.size(); ++i)
          promise(way.left[i] || !way.came[i], "a byte of an innocent connection did not leave");
  }

  World& world_;
  Choices script_;
  const PlayOptions options_;
  std::array<Connection, kTcp + 2> connections_;
  std::vector<Given> given_;
  std::vector<std::vector<std::uint8_t>> raw_;
  std::uint32_t messages_ = 100;
  bool is_crowded_ = false;
  std::uint64_t lost_before_ = lost_for_room();
  const std::array<std::uint8_t, 4> world_client_ = {
      static_cast<std::uint8_t>(world_.client >> 24), static_cast<std::uint8_t>(world_.client >> 16),
      static_cast<std::uint8_t>(world_.client >> 8), static_cast<std::uint8_t>(world_.client)};
};

}  // namespace telefence::testing
