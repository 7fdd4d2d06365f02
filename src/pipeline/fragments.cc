// SPDX-License-Identifier: Apache-2.0
#include "pipeline/fragments.h"

#include <algorithm>
#include <span>

#include "decode/decode.h"
#include "decode/fragment.h"
#include "enforce/checksum.h"
#include "enforce/whole_packet.h"
#include "pipeline/evasions.h"

namespace telefence {

// The addresses (and the tunnel) as a keyed hash, so that nobody can aim at another's packet. Over IPv6 the protocol is only that of
// the first part (RFC 8200, 4.5): others may name what they like.
std::uint64_t Fragments::key_of(std::size_t index, std::uint32_t identification) const {
  constexpr std::uint8_t kFragmentHeader = 44;
  Layers layers = burst_.layers[index];
  if (layers.ip_version == 6) layers.ip_protocol = kFragmentHeader;
  // Where the ports would be, so that it is mixed under the secret as they are: its sender chooses it.
  layers.source_port = static_cast<std::uint16_t>(identification);
  layers.destination_port = static_cast<std::uint16_t>(identification >> 16);
  return sessions_.key_of(burst_.frames[index], layers).forward;
}

bool Fragments::is_read(std::size_t index) const {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  return !frame.truncated && may_carry_messages(fragment_header(frame, layers), layers.ip_version);
}

// False for a part that no receiver takes: its packet must not be made of it.
bool Fragments::is_sound(std::size_t index, const FragmentHeader& header, Bytes part) {
  const Layers& layers = burst_.layers[index];
  if (!header_checksum_holds(burst_.frames[index], layers)) {
    burst_.fates[index] = Fate::kForwardedBadChecksum;
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return false;
  }
  if (is_cut_short(burst_.frames[index], layers)) {
    burst_.fates[index] = Fate::kForwardedBadHeader;
    return false;
  }
  // RFC 8200, 4.5: discarded. Over IPv4 receivers cut it (FragmentTable::put).
  const bool is_odd = layers.ip_version == 6 && !header.is_last && part.size() % 8 != 0;
  if (is_odd) stats_.fragments_given_up.add(1);
  return !is_odd;
}

bool Fragments::join(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  const FragmentHeader header = fragment_header(frame, layers);
  const Bytes part = fragment_payload(frame, layers);
  if (!is_sound(index, header, part)) return false;
  const std::uint64_t key = key_of(index, header.identification);
  using Put = FragmentTable::Put;
  if (joined_count_ != 0) note_again(index, key, header.offset, part);
  // A bearer's ends may have labels in front of them. Who has a PPPoE session is a user, who cuts packets himself.
  const bool is_outermost = layers.tunnels == 0 || (layers.outer_network == layers.network && !layers.is_in(TunnelKind::kPppoe));
  const bool is_bearer = is_outermost && begins_bearer(header, part, layers.ip_version);
  const Put put = table_.put(key, header, part, is_bearer, burst_.now_ns);
  if (put == Put::kOverlaps || put == Put::kWholeOverlaps) note_overlap(index);
  switch (put) {
    case Put::kWaits:
    case Put::kOverlaps: return false;
    case Put::kNoRoom: stats_.fragments_given_up.add(1); return false;
    case Put::kRefused: burst_.fates[index] = Fate::kDroppedByVerdict; return false;
    case Put::kWhole:
    case Put::kWholeOverlaps: return take(index, key);
  }
  return false;
}

void Fragments::note_overlap(std::size_t index) {
  stats_.fragments_overlapping.add(1);
  note_evasion(burst_, stats_, index, EvasionKind::kOverlappingFragments);
}

// A part under the identification of a packet that became whole in this burst: once more the same, or something else. It must not make that
// one whole at its receiver when it is refused. It is put like any other all the same: maybe it is of the next packet.
void Fragments::note_again(std::size_t index, std::uint64_t key, std::uint32_t offset, Bytes part) {
  for (std::size_t i = joined_count_; i-- > 0;) {
    const Joined& one = joined_[i];
    if (one.key != key || one.index == index) continue;
    const Bytes there = one.bytes.subspan(std::min<std::size_t>(offset, one.bytes.size()));
    const std::size_t both = std::min(there.size(), part.size());
    if (!std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(both), there.begin())) note_overlap(index);
    if (again_count_ < again_.size()) again_[again_count_++] = {static_cast<std::uint16_t>(index), one.index};
    return;
  }
}

// True for what no receiver takes though its parts do not contradict each other: they are of two packets under one number, the first of which
// never became whole, or some are decoys that go no further than here. What contradicts itself is judged as it is: a receiver may make a
// sound one of it (Enforcer::carry_out). So is what may lack a checksum: it tells nothing then.
bool Fragments::is_wrong(std::size_t index, const FragmentTable::Whole& packet, const WholePayload& whole) const {
  if (packet.is_contradictory || burst_.frames[index].may_lack_checksum || whole.transport == Transport::kNone) return false;
  if (!whole.is_known) return true;
  Layers layers = burst_.layers[index];
  layers.ip_protocol = whole.protocol;
  layers.transport = whole.transport;
  return !segment_checksum_holds(burst_.frames[index], layers, whole.segment);
}

void Fragments::accept(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet) {
  table_.take(key);
  joined_[joined_count_++] = {static_cast<std::uint16_t>(index), packet.is_bearer, key, packet.bytes};
  stats_.fragments_joined.add(1);
  burst_.is_contradictory[index] = packet.is_contradictory || (burst_.is_rebuilt[index] && burst_.is_contradictory[index]);
}

// The packet that this fragment made whole.
bool Fragments::take(std::size_t index, std::uint64_t key) {
  Layers& layers = burst_.layers[index];
  const FragmentTable::Whole packet = table_.whole(key);
  const WholePayload whole = read_whole_payload(packet.bytes, packet.protocol, layers.ip_version);
  const Made made = burst_.is_rebuilt[index] || may_be_tunnel(whole) ? rebuild(index, key, packet) : Made::kNothing;
  if (made == Made::kFrame) return read_inside(index);
  if (made == Made::kWrong || is_wrong(index, packet, whole)) {
    table_.note_wrong(key, burst_.now_ns);
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return false;
  }
  accept(index, key, packet);
  if (!whole.is_known || whole.bytes.empty()) return false;
  layers.ip_protocol = whole.protocol;
  layers.transport = whole.transport;
  layers.source_port = whole.source_port;
  layers.destination_port = whole.destination_port;
  burst_.sequences[index] = whole.sequence;
  burst_.payloads[index] = {whole.bytes, whole.transport, whole.source_port, whole.destination_port, Payload::Begins::kPacket};
  burst_.is_joined[index] = burst_.any_joined = true;
  burst_.joined[index] = whole.segment;
  return true;
}

// kFrame: the packet stands in the burst as a frame. kNothing: there is no tunnel in it after all, or it is longer than the tunnels around it
// can say. kWrong: as is_wrong().
Fragments::Made Fragments::rebuild(std::size_t index, std::uint64_t key, const FragmentTable::Whole& packet) {
  const Layers& layers = burst_.layers[index];
  Frame frame = burst_.frames[index];
  const MutableBytes room = MutableBytes(room_.get(), room_size_).subspan(room_used_);
  const std::size_t size = write_whole_packet(frame, layers, packet.protocol, packet.bytes, room);
  if (size == 0) return Made::kNothing;
  frame.data = room.data();
  frame.length = static_cast<std::uint32_t>(size);
  frame.headroom = frame.tailroom = 0;
  frame.owner = nullptr;
  const Layers inside = decode(frame);
  if (inside.ip_version == 0 || (inside.tunnels <= layers.tunnels && !burst_.is_rebuilt[index])) return Made::kNothing;
  const bool has_sum = !frame.may_lack_checksum && inside.transport != Transport::kNone;
  if (has_sum && !packet.is_contradictory && !checksums_hold(frame, inside)) return Made::kWrong;
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind)
    if (inside.is_in(static_cast<TunnelKind>(kind)) && !layers.is_in(static_cast<TunnelKind>(kind))) stats_.tunnels[kind].add(1);
  room_used_ += size;
  accept(index, key, packet);
  burst_.stand_in(index, frame, inside);
  return Made::kFrame;
}

// True when so many packets were made whole by this fragment, one in another, as there may be.
bool Fragments::is_too_deep(std::size_t index) const {
  return joined_count_ >= kMostNested && joined_[joined_count_ - kMostNested].index == index;
}

// What the innermost packet of the frame that was put together says, which may be the last part of another one.
bool Fragments::read_inside(std::size_t index) {
  const Frame& frame = burst_.frames[index];
  const Layers& layers = burst_.layers[index];
  if (layers.end == DecodeEnd::kFragment) return !is_too_deep(index) && is_read(index) && join(index);
  if (layers.end != DecodeEnd::kPayload) return false;
  burst_.payloads[index] = {payload_of(frame, layers), layers.transport, layers.source_port, layers.destination_port,
                            Payload::Begins::kPacket};
  return true;
}

// Of a copy nothing is kept from anybody.
void Fragments::settle() {
  if (joined_count_ == 0) [[likely]] return;
  const auto is_refused = [&](std::size_t index) { return !burst_.is_copy && !leaves(burst_.fates[index]); };
  for (const Again& one : std::span(again_).first(again_count_))
    if (is_refused(one.first) && leaves(burst_.fates[one.index])) burst_.fates[one.index] = Fate::kDroppedByVerdict;
  for (const Joined& one : std::span(joined_).first(joined_count_))
    if (is_refused(one.index)) table_.refuse(one.key, one.is_bearer && burst_.is_rebuilt[one.index], burst_.now_ns);
  if (burst_.any_rebuilt) [[unlikely]] burst_.put_back();
}

void Fragments::end_of_burst() {
  joined_count_ = again_count_ = room_used_ = 0;
  table_.end_of_burst();
  stats_.fragments_evicted.set(table_.evicted());
}

}  // namespace telefence
