// SPDX-License-Identifier: Apache-2.0
#include "track/tunnel_returns.h"

#include <algorithm>
#include <cstring>

#include "base/fetch_ahead.h"
#include "base/reader.h"
#include "decode/decode.h"

namespace telefence {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
// Shorter than the inactivity after which base stations give a bearer up, whose TEID may then be another subscriber's.
constexpr std::uint64_t kBearerFor = 10 * kSecond;
// Labels stay as long as routes do.
constexpr std::uint64_t kLabelsFor = 120 * kSecond;
constexpr std::uint64_t kConfirmEvery = 2 * kSecond;
// Where only one direction comes by, nothing can be learned: it must not be tried with every packet.
constexpr std::uint64_t kTryEvery = kSecond / 200;
// A round trip through the slowest network.
constexpr std::uint64_t kSentFor = 10 * kSecond;

// The number by which a packet would be known to its opposite, and the one of the opposite that it repeats.
void read_numbers(const Frame& frame, const Layers& layers, TunnelReturns::Lesson& lesson) {
  if (layers.transport == Transport::kTcp) {
    const TcpHeader header = tcp_header(frame, layers);
    lesson.said = sequence_after(header, layers);
    lesson.repeated = header.acknowledgement;
    lesson.has_said = true;
    lesson.has_repeated = (header.flags & kTcpAck) != 0;
    return;
  }
  constexpr std::uint16_t kDns = 53;
  if (layers.destination_port == kDns || layers.source_port == kDns) {
    Reader reader(payload_of(frame, layers));
    lesson.said = lesson.repeated = reader.u16();  // RFC 1035, 4.1.1
    lesson.has_said = reader.ok() && layers.destination_port == kDns;
    lesson.has_repeated = reader.ok() && layers.source_port == kDns;
    return;
  }
  constexpr std::uint64_t kNone = std::uint64_t{1} << 32;
  lesson.said = lesson.repeated = kNone;
  lesson.has_said = lesson.has_repeated = layers.tunnel == TunnelKind::kGtpU;
}

Bytes bytes_of(const IpAddress& address) { return Bytes(address.bytes).first(address.version == 4 ? 4u : 16u); }

// A bearer is one subscriber's and has one way back. Labels lead to a site, and what comes from it may have come from several: there
// it depends on whom the way is to lead to, as it does without labels. Between an access point and its controller each packet's own
// station stands in front of it, whichever way it goes: there it depends on both ends.
WayBy way_by(const Layers& layers) {
  if (layers.is_in(TunnelKind::kCapwap)) return WayBy::kBothEnds;
  return layers.tunnels == 0 || layers.tunnel == TunnelKind::kMpls ? WayBy::kWhomItLeadsTo : WayBy::kTunnel;
}

// What is given up when its subscriber goes, and given to another.
bool is_one_subscribers(const Layers& layers) {
  constexpr TunnelKinds kSubscribers = tunnels_that(&TunnelTraits::one_subscribers);
  return (layers.tunnel_kinds & kSubscribers) != 0;
}

}  // namespace

TunnelReturns::TunnelReturns(const HashSecret& secret, const ReturnOptions& options)
    : secret_(secret), sent_(2 * std::size_t{options.entries}), returns_(options.entries) {}

std::uint64_t TunnelReturns::memory_for(const ReturnOptions& options) {
  return TimedCache<Sent>::memory_for(2 * std::size_t{options.entries}) + TimedCache<TunnelHeaders>::memory_for(options.entries);
}

// Everything that a tunnel's receiver tells its packets by. Not ports of outer datagrams, which spread load, nor what is in
// extension headers.
std::uint64_t TunnelReturns::direction_of(const Frame& frame, const Layers& layers) const {
  std::uint64_t key = mixed(std::uint64_t{frame.wire} << 48 | std::uint64_t{layers.tunnel_kinds} << 32 |
                                std::uint64_t{layers.inner_vlan} << 16 | layers.vlan,
                            layers.tunnel_id, secret_);
  const auto add_ends = [&](std::uint16_t network) { key = mixed(key, addresses_at(frame, network), secret_); };
  if (layers.tunnels == 0) return key;
  // Both ends of these may share an address with others of their kind, told by their ports; and PPP names the version of what it carries.
  constexpr TunnelKinds kByPort = tunnels_that(&TunnelTraits::told_by_ports);
  const auto add_ports = [&](std::uint16_t at, std::uint32_t id) {
    key = mixed(mixed(key, frame.bytes().subspan(at, 4), secret_), std::uint64_t{layers.ip_version} << 32 | id, secret_);
  };
  if ((layers.tunnel_kinds & kByPort) != 0 && layers.tunnels == 1) {
    add_ports(layers.tunnel_at, layers.tunnel_id);
  } else if ((layers.tunnel_kinds & kByPort) != 0) {
    TunnelPath path;
    (void)decode(frame, path);
    for (const TunnelStep& step : path.all())
      if ((bit_of(step.kind) & kByPort) != 0) add_ports(step.at, step.id);
  }
  if (layers.outer_network != layers.network) add_ends(layers.outer_network);
  if (layers.tunnel_network != layers.outer_network && layers.tunnel_network != layers.network) add_ends(layers.tunnel_network);
  if (layers.tunnel == TunnelKind::kMpls) {
    // All labels: the one at the bottom is the receiver's, and those above it say which receiver.
    Reader reader(frame.bytes().subspan(layers.tunnel_at));
    for (std::uint32_t entry = 0; (entry & 0x100) == 0 && reader.ok();) {
      entry = reader.u32();
      key = mixed(key, entry >> 12, secret_);
    }
  }
  return key;
}

std::uint64_t TunnelReturns::return_key(std::uint64_t direction, WayBy by, const IpAddress& leads_to, const IpAddress& from) const {
  if (by == WayBy::kTunnel) return direction;
  const std::uint64_t key = mixed(direction, bytes_of(leads_to), secret_);
  return by == WayBy::kBothEnds ? mixed(key, bytes_of(from), secret_) : key;
}

// By what a packet's direction is known to have been learned: it is the way back of whatever comes from its destination, and its
// own way back leads to its source.
std::uint64_t TunnelReturns::news_key(std::uint64_t direction, const Frame& frame, const Layers& layers) const {
  if (way_by(layers) == WayBy::kTunnel) return direction;
  return return_key(direction, WayBy::kBothEnds, source_address(frame, layers), destination_address(frame, layers));
}

void TunnelReturns::look(const Frame& frame, const Layers& layers, std::uint64_t now_ns, Lesson& lesson) {
  if (layers.tunnel == TunnelKind::kMpls) labels_until_ns_ = now_ns + kSentFor;
  lesson.direction = direction_of(frame, layers);
  lesson.news = news_key(lesson.direction, frame, layers);
  fetch_ahead(&confirmed_[confirmed_at(lesson.news)]);
}

bool TunnelReturns::is_news(const Lesson& lesson, std::uint64_t now_ns) const {
  const Confirmed& entry = confirmed_[confirmed_at(lesson.news)];
  return entry.key != lesson.news || entry.until_ns <= now_ns;
}

void TunnelReturns::begin(Lesson& lesson, const Frame& frame, const Layers& layers, const FlowKey& flow, std::uint64_t now_ns) {
  confirmed_[confirmed_at(lesson.news)] = {lesson.news, now_ns + kTryEvery};
  read_numbers(frame, layers, lesson);
  if (lesson.has_said) sent_.prefetch(lesson.said = mixed(flow.forward, lesson.said, secret_));
  if (lesson.has_repeated) sent_.prefetch(lesson.repeated = mixed(flow.reverse, lesson.repeated, secret_));
}

void TunnelReturns::learn(const Lesson& lesson, const Frame& frame, const Layers& layers, std::uint64_t now_ns) {
  if (lesson.has_said) note_sent(lesson.said, lesson.direction, way_by(layers), now_ns);
  if (!lesson.has_repeated) return;
  const Sent* const opposite = sent_.find(lesson.repeated, now_ns);
  if (opposite == nullptr || opposite->is_ambiguous) return;
  keep(return_key(opposite->direction, opposite->by, destination_address(frame, layers), source_address(frame, layers)), frame, layers, now_ns);
  confirmed_[confirmed_at(lesson.news)] = {lesson.news, now_ns + kConfirmEvery};
}

void TunnelReturns::note_sent(std::uint64_t key, std::uint64_t direction, WayBy by, std::uint64_t now_ns) {
  const Sent* const known = sent_.find(key, now_ns);
  const bool is_ambiguous = known != nullptr && (known->is_ambiguous || known->direction != direction);
  sent_.put(key, {direction, is_ambiguous, by}, now_ns, now_ns + kSentFor);
}

void TunnelReturns::keep(std::uint64_t key, const Frame& frame, const Layers& layers, std::uint64_t now_ns) {
  if (layers.network > TunnelHeaders::kMostBytes) return;
  TunnelHeaders headers;
  (void)decode(frame, headers.path);
  headers.link = frame.link;
  headers.ip_version = layers.ip_version;
  headers.length = static_cast<std::uint8_t>(layers.network);
  std::memcpy(headers.octets.data(), frame.data, layers.network);
  const TunnelHeaders* const known = returns_.find(key, now_ns);
  const bool is_same = known != nullptr && known->length == headers.length && known->path.count == headers.path.count &&
                       std::equal(headers.path.all().begin(), headers.path.all().end(), known->path.all().begin(),
                                  [](const TunnelStep& a, const TunnelStep& b) { return a.kind == b.kind && a.id == b.id; });
  if (!is_same) ++learned_;
  returns_.put(key, headers, now_ns, now_ns + (is_one_subscribers(layers) ? kBearerFor : kLabelsFor));
}

const TunnelHeaders* TunnelReturns::find(const Frame& judged, const Layers& layers, std::uint64_t now_ns) {
  const std::uint64_t direction = direction_of(judged, layers);
  return returns_.find(return_key(direction, way_by(layers), source_address(judged, layers), destination_address(judged, layers)), now_ns);
}

}  // namespace telefence
