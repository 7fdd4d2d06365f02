// SPDX-License-Identifier: Apache-2.0
// Fuzzes what is made and changed inside tunnels: a frame is judged, whatever decode() makes of it; replies back and onward, with its
// own headers or another frame's as the known way back, must decode to the same tunnels with every length and checksum right.
// Input: a byte whose value modulo 8 is the link type; where it is 128 or more, the second byte says where the other frame
// begins. The rest is a frame.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "enforce/checksum.h"
#include "enforce/tunnelled.h"
#include "enforce/wrap.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace telefence::testing {
namespace {

constexpr std::string_view kText = "an answer of odd length";

[[noreturn]] void broken(const std::string& promise) {
  std::fprintf(stderr, "broken promise: %s\n", promise.c_str());
  std::abort();
}

bool is_whole(const Layers& layers) { return layers.end == DecodeEnd::kPayload || layers.end == DecodeEnd::kNoPayload; }

// outer_problems() has to know whether outer datagrams bear a checksum: they do, then.
void give_checksums(Held& held) {
  TunnelPath path;
  (void)decode(held.frame, path);
  for (const TunnelStep& step : path.all()) {
    const bool is_udp = is_over_udp(step.kind);
    if (is_udp && held.octets[step.at + 6u] == 0) held.octets[step.at + 6u] = 1;
  }
}

// What lies under labels is told by its looks (decode/mpls.cc). Those of a packet are safe, but not those of an Ethernet header whose
// stations were swapped: only its receiver knows.
bool has_pseudowire(const Held& held, const TunnelPath& path) {
  for (std::size_t i = 0; i < path.count; ++i) {
    const bool is_last = i + 1u == path.count;
    const std::size_t next = is_last ? held.layers.network : path.steps[i + 1u].network == TunnelStep::kOnLink ? path.steps[i + 1u].at : path.steps[i + 1u].network;
    if (path.steps[i].kind == TunnelKind::kMpls && path.steps[i].inside != next) return true;
  }
  return false;
}

void check_made(const Held& judged, const Held& source, const Frame& made, Heading heading) {
  TunnelPath path, wanted;
  const Layers layers = decode(made, path);
  (void)decode(source.frame, wanted);
  if (has_pseudowire(source, wanted)) return;
  if (layers.end != DecodeEnd::kPayload || layers.transport != Transport::kTcp) broken("a made frame can't be read");
  if (as_text(payload_of(made, layers)) != kText) broken("a made frame bears something else");
  if (path.count != wanted.count) broken("a made frame lies in other tunnels");
  for (std::size_t i = 0; i < path.count; ++i)
    if (path.steps[i].kind != wanted.steps[i].kind || path.steps[i].id != wanted.steps[i].id) broken("a made frame lies in another tunnel");
  const IpAddress from = heading == Heading::kBack ? destination_address(judged.frame, judged.layers) : source_address(judged.frame, judged.layers);
  if (!(source_address(made, layers) == from)) broken("a made frame comes from somebody else");
  for (const std::string& problem : outer_problems(made, true)) broken(problem);
}

void check_replies(const Held& judged, const Held& other) {
  TunnelHeaders known;
  const bool has_known = is_whole(other.layers) && other.layers.network <= TunnelHeaders::kMostBytes;
  if (has_known) known = other.headers();
  for (const Heading heading : {Heading::kBack, Heading::kOnward}) {
    for (const bool with_known : {false, true}) {
      if (with_known && !has_known) continue;
      Spare out;
      if (!wrap_tcp(judged.frame, judged.layers, heading, {1, 2, kTcpAck}, as_bytes(kText), out.frame, with_known ? &known : nullptr)) {
        if (out.frame.length != 0) broken("what was not made has a length");
        if (heading == Heading::kOnward && judged.layers.network < 1500 && !judged.layers.is_sealed()) broken("no way onward, where the judged frame itself was to go");
        continue;
      }
      const bool same_version = known.ip_version == judged.layers.ip_version;
      if (with_known && !same_version && other.layers.tunnel != TunnelKind::kGtpU) continue;  // its own or the other's, as it fits
      const bool takes_other = with_known && heading == Heading::kBack && known.link == judged.frame.link;
      check_made(judged, takes_other ? other : judged, out.frame, heading);
    }
  }
}

void check_change_in_place(Held& judged) {
  const Octets before = judged.octets;
  const std::uint32_t length = judged.layers.payload_length;
  if (length == 0) return;
  const ChecksumKeeper keeper(judged.frame, judged.layers, {length / 3, length - length / 3});
  for (std::uint32_t i = length / 3; i < length; ++i) payload_of(judged.frame, judged.layers)[i] ^= 0x5a;
  keeper.correct(judged.frame);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (i >= judged.layers.network_end && judged.octets[i] != before[i]) broken("a change behind the packet");
}

void check(const Octets& frame, const Octets& other_frame, LinkType link) {
  const auto hold = [link](Held& held) {
    held.frame.link = link;
    held.layers = decode(held.frame);
    give_checksums(held);
    held.layers = decode(held.frame);
  };
  Held judged(frame), other(other_frame);
  hold(judged), hold(other);
  if (!is_whole(judged.layers)) return;
  check_replies(judged, other);
  check_change_in_place(judged);
}

}  // namespace
}  // namespace telefence::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telefence;
  using namespace telefence::testing;
  if (size < 2 || size > 60'000) return 0;
  const unsigned link = data[0] % 8u;
  const bool is_split = data[0] >= 128 && data[1] + 2u < size;
  const Octets frame = is_split ? Octets(data + 2, data + 2 + data[1]) : Octets(data + 1, data + size);
  const Octets other = is_split ? Octets(data + 2 + data[1], data + size) : frame;
  check(frame, other, link < static_cast<unsigned>(LinkType::kUnknown) ? static_cast<LinkType>(link) : LinkType::kUnknown);
  return 0;
}
