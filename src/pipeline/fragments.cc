// SPDX-License-Identifier: Apache-2.0
#include "pipeline/fragments.h"

#include "decode/fragment.h"
#include "enforce/checksum.h"
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
  return !frame.truncated && may_carry_transport(fragment_header(frame, layers), layers.ip_version);
}

// False for a part that no receiver takes: its packet must not be made of it.
bool Fragments::is_sound(std::size_t index, const FragmentHeader& header, Bytes part) {
  const Layers& layers = burst_.layers[index];
  if (!header_checksum_holds(burst_.frames[index], layers)) {
    burst_.fates[index] = Fate::kForwardedBadChecksum;
    note_evasion(burst_, stats_, index, EvasionKind::kBadChecksum);
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
  const Put put = table_.put(key, header, part, burst_.now_ns);
  if (put == Put::kOverlaps || put == Put::kWholeOverlaps) {
    stats_.fragments_overlapping.add(1);
    note_evasion(burst_, stats_, index, EvasionKind::kOverlappingFragments);
  }
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

// The packet that this fragment made whole.
bool Fragments::take(std::size_t index, std::uint64_t key) {
  Layers& layers = burst_.layers[index];
  joined_[joined_count_++] = {static_cast<std::uint16_t>(index), key};
  stats_.fragments_joined.add(1);
  const FragmentTable::Whole packet = table_.whole(key);
  const WholePayload whole = read_whole_payload(packet.bytes, packet.protocol, layers.ip_version);
  if (!whole.is_known || whole.bytes.empty()) return false;
  layers.ip_protocol = whole.protocol;
  layers.transport = whole.transport;
  layers.source_port = whole.source_port;
  layers.destination_port = whole.destination_port;
  burst_.sequences[index] = whole.sequence;
  burst_.payloads[index] = {whole.bytes, whole.transport, whole.source_port, whole.destination_port, Payload::Begins::kPacket};
  burst_.is_joined[index] = burst_.any_joined = true;
  burst_.joined[index] = whole.segment;
  burst_.is_contradictory[index] = packet.is_contradictory;
  return true;
}

void Fragments::end_of_burst() {
  for (std::size_t i = 0; i < joined_count_; ++i) table_.finish(joined_[i].key, !leaves(burst_.fates[joined_[i].index]));
  joined_count_ = 0;
  table_.end_of_burst();
  stats_.fragments_evicted.set(table_.evicted());
}

}  // namespace telefence
