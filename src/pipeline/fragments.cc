// SPDX-License-Identifier: Apache-2.0
#include "pipeline/fragments.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.h"
#include "base/uncleared.h"
#include "decode/decode.h"
#include "decode/fragment.h"
#include "enforce/checksum.h"
#include "enforce/segment.h"
#include "enforce/whole_packet.h"
#include "pipeline/evasions.h"

namespace telefence {
namespace {

// Of a packet that leaves in place of fragments: every link carries so much (RFC 8200, 5), with tunnels around it as well.
constexpr std::size_t kLongestMade = 1280;
constexpr std::size_t kFrameRoom = 1600;  // FramePool::take

}  // namespace

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
    case Put::kTooManyHoles:
      stats_.fragments_given_up.add(1);
      if (burst_.may_change) burst_.fates[index] = Fate::kDroppedStreamFull;  // no packet that is to arrive has so many
      return false;
    case Put::kRefused: burst_.fates[index] = Fate::kDroppedByVerdict; return false;
    case Put::kReplaced: burst_.fates[index] = Fate::kDroppedCopy; return false;
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
  joined_[joined_count_++] = {static_cast<std::uint16_t>(index), packet.is_bearer, false, key, packet.bytes};
  stats_.fragments_joined.add(1);
  burst_.is_contradictory[index] = packet.is_contradictory || (burst_.is_rebuilt[index] && burst_.is_contradictory[index]);
}

// The packet that this fragment made whole.
bool Fragments::take(std::size_t index, std::uint64_t key) {
  Layers& layers = burst_.layers[index];
  const FragmentTable::Whole packet = table_.whole(key);
  const WholePayload whole = read_whole_payload(packet.bytes, packet.protocol, layers.ip_version);
  const bool is_segment = whole.is_known && whole.transport == Transport::kTcp;
  const Made made = burst_.is_rebuilt[index] || is_segment || may_be_tunnel(whole) ? rebuild(index, key, packet) : Made::kNothing;
  if (made == Made::kFrame) return read_inside(index);
  if (made == Made::kWrong || is_wrong(index, packet, whole)) {
    table_.note_wrong(key, burst_.now_ns);
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
    return false;
  }
  accept(index, key, packet);
  if (!whole.is_known || is_segment || whole.bytes.empty()) return false;
  layers.ip_protocol = whole.protocol;
  layers.transport = whole.transport;
  layers.source_port = whole.source_port;
  layers.destination_port = whole.destination_port;
  burst_.payloads[index] = {whole.bytes, whole.transport, whole.source_port, whole.destination_port, Payload::Begins::kPacket};
  burst_.is_joined[index] = burst_.any_joined = true;
  burst_.joined[index] = whole.segment;
  return true;
}

// kFrame: the packet stands in the burst as a frame. kNothing: there is no segment or tunnel in it after all, or it is longer than a packet or
// the tunnels around it can say. kWrong: as is_wrong().
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
  const bool is_deeper = inside.tunnels > layers.tunnels;
  if (inside.ip_version == 0 || (!is_deeper && inside.transport != Transport::kTcp && !burst_.is_rebuilt[index])) return Made::kNothing;
  const bool has_sum = !frame.may_lack_checksum && inside.transport != Transport::kNone;
  if (has_sum && !packet.is_contradictory && !checksums_hold(frame, inside)) return Made::kWrong;
  for (std::size_t kind = 1; kind < kTunnelKindCount; ++kind)
    if (inside.is_in(static_cast<TunnelKind>(kind)) && !layers.is_in(static_cast<TunnelKind>(kind))) stats_.tunnels[kind].add(1);
  room_used_ += size;
  accept(index, key, packet);
  joined_[joined_count_ - 1].is_tunnel = is_deeper;
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

bool Fragments::replace(std::size_t index) {
  Frame rest = burst_.frames[index];
  Layers layers = burst_.layers[index];
  const std::size_t most = std::min(layers.network + kLongestMade, kFrameRoom) - std::min<std::size_t>(layers.payload, kFrameRoom);
  if (!checksums_hold(rest, layers) || most < layers.payload) return false;
  const std::size_t count = (layers.payload_length + most - 1) / most;
  const std::size_t bytes = count * layers.payload + layers.payload_length;
  if (count > burst_.made.size() - burst_.made_count || made_bytes_ + bytes > EventList::kBurstBytes) return false;
  const auto made = std::span(burst_.made).subspan(burst_.made_count, count);
  const std::size_t taken = pool_.take_some(made);
  Layers unused;
  const auto split = [&](Frame& front) { return split_segment(rest, layers, static_cast<std::uint32_t>(most), front, unused); };
  if (taken < count || (count > 1 && !split(made[0]))) {
    pool_.release(made.first(taken));
    return false;
  }
  for (std::size_t i = 1; i + 1 < count; ++i) CHECK(split(made[i]));
  Frame& last = made[count - 1];
  std::memcpy(last.data, rest.data, rest.length);
  rest.data = last.data;
  rest.headroom = last.headroom;
  rest.tailroom = static_cast<std::uint16_t>(last.tailroom - rest.length);
  rest.owner = last.owner;
  last = rest;
  for (Frame& one : made.first(count - 1)) one.is_made = true;
  burst_.made_count += count;
  made_bytes_ += bytes;
  burst_.held[index] = burst_.any_held = true;  // the last of them has its fate
  is_replaced_[index] = any_replaced_ = true;
  stats_.fragments_replaced.add(1);
  return true;
}

// See FragmentTable. What is cut around a tunnel is cut by its ends, and every other packet of theirs would be in the way of what was replaced.
bool Fragments::is_brief(const Joined& one) const {
  if (!burst_.is_rebuilt[one.index]) return false;
  return one.is_tunnel && (one.is_bearer || is_replaced_[one.index]);
}

// Of a copy nothing is kept from anybody.
void Fragments::settle() {
  if (joined_count_ == 0) [[likely]] return;
  const auto is_refused = [&](std::size_t index) { return !burst_.is_copy && !leaves(burst_.fates[index]); };
  for (const Again& one : std::span(again_).first(again_count_)) {
    if ((!is_refused(one.first) && !is_replaced_[one.first]) || !leaves(burst_.fates[one.index])) continue;
    burst_.fates[one.index] = is_replaced_[one.first] ? Fate::kDroppedCopy : Fate::kDroppedByVerdict;
  }
  for (const Joined& one : std::span(joined_).first(joined_count_)) {
    using Gone = FragmentTable::Gone;
    if (is_replaced_[one.index] || is_refused(one.index))
      table_.refuse(one.key, is_replaced_[one.index] ? Gone::kReplaced : Gone::kRefused, is_brief(one), burst_.now_ns);
  }
  if (burst_.any_rebuilt) [[unlikely]] burst_.put_back();
}

void Fragments::end_of_burst() {
  for (std::size_t i = 0; any_replaced_ && i < burst_.count; ++i)
    if (is_replaced_[i]) pool_.release({&burst_.frames[i], 1});
  if (any_replaced_) is_replaced_.fill(false);
  any_replaced_ = false;
  made_bytes_ = 0;
  joined_count_ = again_count_ = room_used_ = 0;
  table_.end_of_burst();
  stats_.fragments_evicted.set(table_.evicted());
}

}  // namespace telefence
