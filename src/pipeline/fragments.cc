// SPDX-License-Identifier: Apache-2.0
#include "pipeline/fragments.h"

#include "decode/fragment.h"
#include "pipeline/evasions.h"

namespace telefence {

// The addresses (and the tunnel) as a keyed hash, so that nobody can aim at another's packet.
std::uint64_t Fragments::key_of(std::size_t index, std::uint32_t identification) const {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  const std::uint64_t part = std::uint64_t{identification} << 8 | burst_.layers[index].ip_protocol;
  return sessions_.key_of(burst_.frames[index], burst_.layers[index]).forward + part * kOdd;
}

bool Fragments::is_read(std::size_t index) const {
  const std::uint8_t protocol = burst_.layers[index].ip_protocol;
  return (protocol == 6 || protocol == 17) && !burst_.frames[index].truncated;
}

bool Fragments::join(std::size_t index) {
  Layers& layers = burst_.layers[index];
  const Frame& frame = burst_.frames[index];
  const FragmentHeader header = fragment_header(frame, layers);
  const std::uint64_t key = key_of(index, header.identification);
  using Put = FragmentTable::Put;
  const Put put = table_.put(key, header.offset, header.is_last, fragment_payload(frame, layers), burst_.now_ns);
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
    case Put::kWholeOverlaps: break;
  }
  joined_[joined_count_++] = {static_cast<std::uint16_t>(index), key};
  stats_.fragments_joined.add(1);
  const WholePayload whole = read_whole_payload(table_.whole(key), layers.ip_protocol);
  if (!whole.is_known || whole.bytes.empty()) return false;
  layers.transport = whole.transport;
  layers.source_port = whole.source_port;
  layers.destination_port = whole.destination_port;
  burst_.sequences[index] = whole.sequence;
  burst_.payloads[index] = {whole.bytes, whole.transport, whole.source_port, whole.destination_port, Payload::Begins::kPacket};
  burst_.is_joined[index] = burst_.any_joined = true;
  return true;
}

void Fragments::end_of_burst() {
  for (std::size_t i = 0; i < joined_count_; ++i) table_.finish(joined_[i].key, !leaves(burst_.fates[joined_[i].index]));
  joined_count_ = 0;
  table_.end_of_burst();
  stats_.fragments_evicted.set(table_.evicted());
}

}  // namespace telefence
